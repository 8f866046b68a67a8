// SPDX-License-Identifier: MIT
/*
 * What the header is where there is nothing to swap: a plain dispatcher, without
 * the library. Compiled as C and C++, with ISAHP_PLAIN, for 32 bits and for
 * another architecture. A plain program: exit 0 or 1.
 */
#include <isahp/emulation.h>
#include <isahp/isahp.h>
#include <stdio.h>

#if ISAHP_SWAPS_
#error "this is to be a plain dispatcher"
#endif

static int failures;

#define EXPECT(ok) expect(ok, #ok, __LINE__)

static void expect(int ok, const char *what, int line)
{
	if (ok)
		return;
	printf("line %d: failed: %s\n", line, what);
	failures++;
}

static int dear(int x)
{
	return x + 1;
}

static int needs_sse3(int x)
{
	return x + 2;
}

static int cheap(int x)
{
	return x + 3;
}

static const struct isahp_variant variants[] = {
	ISAHP_VARIANT("sse3", needs_sse3, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("dear", dear, 9, ISAHP_SET_NONE),
	ISAHP_VARIANT("cheap", cheap, 8, ISAHP_SET_NONE),
	ISAHP_VARIANT("as cheap", dear, 8, ISAHP_SET_NONE),
};

ISAHP_OPERATION_DECLARE(add, int, (int x), (x))
ISAHP_OPERATION_DEFINE(add,
	ISAHP_VARIANT("sse3", needs_sse3, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("dear", dear, 9, ISAHP_SET_NONE),
	ISAHP_VARIANT("cheap", cheap, 8, ISAHP_SET_NONE));

static int call(struct isahp_operation *op, int x)
{
	struct isahp_region r;
	int (*fn)(int) = (int (*)(int))isahp_enter(op, &r);

	x = fn(x);
	isahp_leave(&r);
	return x;
}

static void defined(void)
{
	struct isahp_region r;
	isahp_mark_t mark = isahp_mark();
	isahp_fn fn = isahp_enter(&add_operation, &r);

	EXPECT(add(1) == 4);
	EXPECT(fn == (isahp_fn)cheap);
	EXPECT(!isahp_poll(&add_operation, &r));
	EXPECT(isahp_resume(&add_operation, &r) == fn);
	isahp_leave(&r);
	isahp_unwind(mark);
}

/* A later header's: the variants are longer than this one knows. */
struct longer {
	struct isahp_variant known;
	uint64_t more[3];
};

static void registered(void)
{
	static const struct longer longer[] = {
		{ ISAHP_VARIANT("sse3", needs_sse3, 1, ISAHP_SET(SSE3)), { 1, 2, 3 } },
		{ ISAHP_VARIANT("dear", dear, 9, ISAHP_SET_NONE), { 1, 2, 3 } },
		{ ISAHP_VARIANT("cheap", cheap, 8, ISAHP_SET_NONE), { 1, 2, 3 } },
	};
	struct isahp_operation op =
		ISAHP_OPERATION_INIT("longer", &longer[0].known, 3, 0);

	op.variant_size = sizeof(longer[0]);
	EXPECT(call(&op, 1) == 2); /* the first that needs nothing */
	EXPECT(!isahp_operation_variant(&op));
	EXPECT(isahp_operation_cost(&op, 0) == -ENOENT);
	EXPECT(isahp_operation_unregister(&op) == -ENOENT);
	EXPECT(!isahp_operation_register(&op));
	EXPECT(isahp_operation_register(&op) == -EEXIST);
	EXPECT(call(&op, 1) == 4); /* the cheapest */
	EXPECT(isahp_operation_variant(&op) == &longer[2].known);
	EXPECT(isahp_operation_cost(&op, 1) == 9);
	EXPECT(isahp_operation_cost(&op, 3) == -EINVAL);
	EXPECT(isahp_operation_destroy(&op) == -EINVAL);
	EXPECT(!isahp_operation_unregister(&op));
	EXPECT(call(&op, 1) == 2);
	op.variant_count = 1;
	EXPECT(isahp_operation_register(&op) == -EINVAL);
}

static void created(void)
{
	char name[] = "gone soon";
	struct isahp_operation_spec spec = {
		sizeof(spec), sizeof(variants[0]), name, variants, 4, 0,
	};
	struct isahp_operation *op = NULL;

	EXPECT(!isahp_operation_create(&spec, &op));
	name[0] = 0;
	EXPECT(op->name[0] == 'g' && op->variants != variants);
	EXPECT(call(op, 1) == 4);
	EXPECT(isahp_operation_variant(op)->name[0] == 'c');
	EXPECT(isahp_operation_unregister(op) == -EINVAL);
	EXPECT(!isahp_operation_destroy(op));
	spec.flags = 1u << 31;
	EXPECT(isahp_operation_create(&spec, &op) == -EINVAL);
}

static void probe(isahp_fn fn, void *arg)
{
	(void)fn;
	(void)arg;
}

static int callback(const struct isahp_change *change, void *arg)
{
	(void)arg;
	return isahp_veto(change, 0, NULL);
}

static void followed(void)
{
	struct isahp_status status;
	struct isahp_emulation_status emulated;

	emulated.size = sizeof(emulated);
	status.size = sizeof(status) + 8;
	EXPECT(!isahp_callback_add(callback, NULL, 0));
	EXPECT(!isahp_start(NULL));
	EXPECT(isahp_fd() == -ENODEV && isahp_dispatch(-1) == -ENODEV);
	EXPECT(isahp_deadline() == 0);
	EXPECT(isahp_late(NULL, 0, sizeof(struct isahp_late)) == 0);
	EXPECT(isahp_late(NULL, 1, sizeof(struct isahp_late)) == -EINVAL);
	EXPECT(isahp_emulation_install(NULL) == -EOPNOTSUPP);
	EXPECT(isahp_emulation_remove() == -ENOENT && !isahp_emulation_signal(NULL, NULL));
	EXPECT(!isahp_emulation_status(&emulated) && !emulated.installed);
	EXPECT(!isahp_status(&status));
	EXPECT(status.size == sizeof(status) && status.source == ISAHP_SOURCE_CPU);
	EXPECT(!status.usable.word[0] && !status.error && !status.reason[0]);
	EXPECT(isahp_operation_measure(&add_operation, probe, NULL) == -EOPNOTSUPP);
	EXPECT(callback(NULL, NULL) == -EPERM);
	EXPECT(!isahp_callback_remove(callback, NULL));
	EXPECT(!isahp_stop());
}

int main(void)
{
	defined();
	registered();
	created();
	followed();
	return failures ? 1 : 0;
}
