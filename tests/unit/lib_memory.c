// SPDX-License-Identifier: MIT
/*
 * Without memory: each allocation of the library fails once, from the first to
 * the last, and each time the caller hears of it and nothing has happened.
 */
#include "lib_fixture.h"

/* Linked with --wrap: the library's calls come here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static __thread unsigned int allocations;	/* of this thread */
static __thread unsigned int fail_at;		/* the one that fails; 0: none */
static __thread bool failed;

static bool fails(void)
{
	if (++allocations != fail_at)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

static void arm(unsigned int n)
{
	allocations = 0;
	fail_at = n;
	failed = false;
}

#define VARIANTS 100 /* more than come out of one refill of descriptors */

static struct isahp_variant variants[VARIANTS];

static void make_variants(void)
{
	struct isahp_variant plain =
		ISAHP_VARIANT("plain", which_plain, 1, ISAHP_SET_NONE);
	struct isahp_variant other =
		ISAHP_VARIANT("popcnt", which_plain, 2, ISAHP_SET(POPCNT));
	int i;

	for (i = 0; i < VARIANTS; i++)
		variants[i] = i ? other : plain;
}

/*
 * do_it() is run with the first, second, ... allocation failing, until none does
 * any more. Returns how many there were.
 */
static unsigned int walk(int (*do_it)(void), void (*undo)(void))
{
	struct isahp_status before = status(), after;
	unsigned int n;
	int rc;

	for (n = 1;; n++) {
		arm(n);
		rc = do_it();
		arm(0);
		if (!rc)
			break;
		cr_assert_eq(rc, -ENOMEM);
		after = status();
		cr_assert(isahp_features_equal(&before.interest, &after.interest));
		cr_assert_eq(before.swaps, after.swaps);
		cr_assert_lt(n, 100);
	}
	undo();
	after = status();
	cr_assert(isahp_features_equal(&before.interest, &after.interest));
	return n - 1;
}

static struct isahp_operation op;

static int registers(void)
{
	struct isahp_operation made =
		ISAHP_OPERATION_INIT("registered", variants, VARIANTS, 0);
	int rc;

	op = made;
	rc = isahp_operation_register(&op);
	if (rc) {
		cr_assert(failed);
		cr_assert_null(op.current);
		cr_assert_eq(isahp_operation_unregister(&op), -ENOENT);
	}
	return rc;
}

static void unregisters(void)
{
	cr_assert_not_null(isahp_operation_variant(&op));
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

TestSuite(memory, .init = setup, .fini = teardown, .timeout = 60);

Test(memory, for_an_operation_is_missing)
{
	make_variants();
	cr_expect_geq(walk(registers, unregisters), 2);
}

static struct isahp_operation *created;

static int creates(void)
{
	struct isahp_operation_spec spec = {
		.size = sizeof(spec), .variant_size = sizeof(variants[0]),
		.name = "created", .variants = variants, .variant_count = VARIANTS,
	};
	int rc = isahp_operation_create(&spec, &created);

	if (rc)
		cr_assert_null(created);
	return rc;
}

static void destroys(void)
{
	cr_assert_eq(isahp_operation_destroy(created), 0);
}

Test(memory, for_a_created_operation_is_missing)
{
	make_variants();
	cr_expect_geq(walk(creates, destroys), 3);
}

static unsigned int told;

static int callback(const struct isahp_change *change, void *arg)
{
	(void)change;
	told |= 1u << (intptr_t)arg;
	return 0;
}

static int adds(void)
{
	return isahp_callback_add(callback, NULL, 0);
}

static void removes(void)
{
	cr_assert_eq(isahp_callback_remove(callback, NULL), 0);
	cr_assert_eq(isahp_callback_remove(callback, NULL), -ENOENT);
}

Test(memory, for_a_callback_is_missing)
{
	cr_expect_eq(walk(adds, removes), 2);
}

Test(memory, is_not_needed_to_remove_a_callback)
{
	start(ISAHP_START_NO_THREAD);
	while (isahp_dispatch(0) > 0)
		;
	cr_assert_eq(isahp_callback_add(callback, (void *)1, 0), 0);
	cr_assert_eq(isahp_callback_add(callback, (void *)2, 0), 0);
	arm(1);
	cr_expect_eq(isahp_callback_remove(callback, (void *)1), 0);
	cr_expect(failed);
	arm(0);
	cr_expect_eq(isahp_callback_remove(callback, (void *)1), -ENOENT);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect_eq(isahp_dispatch(LONG_MS), 1);
	cr_expect_eq(told, 1u << 2);
	/* The next one that is added or removed takes it out for good. */
	cr_expect_eq(isahp_callback_remove(callback, (void *)2), 0);
}

static void calls_it(isahp_fn fn, void *arg)
{
	(void)arg;
	((int (*)(void))fn)();
}

static int measures(void)
{
	return isahp_operation_measure(&which_operation, calls_it, NULL);
}

static void nothing(void)
{
}

Test(memory, to_measure_is_missing)
{
	cr_expect_eq(walk(measures, nothing), 1);
}

Test(memory, is_not_needed_for_a_swap)
{
	__u64 n;

	start(ISAHP_START_NO_THREAD);
	while (isahp_dispatch(0) > 0)
		;
	cr_expect_eq(which(), 2);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	arm(1);
	cr_expect_eq(isahp_dispatch(LONG_MS), 1);
	cr_expect_eq(which(), 1);
	if (mode_is_urcu()) {
		/* A grace period wants some: refused, and made good for. */
		cr_expect(failed);
		cr_expect(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
		cr_expect_eq(status().veto, -ENOMEM);
	} else {
		cr_expect_eq(allocations, 0);
	}
	arm(0);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}
