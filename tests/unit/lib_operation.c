// SPDX-License-Identifier: MIT
/* Operations without any source of events: a plain dispatcher. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include "libisahp/env.h"
#include "libisahp/operation.h"

static int plain(void)
{
	return 0;
}

static int better(void)
{
	return 1;
}

static const struct isahp_variant variants[] = {
	ISAHP_VARIANT("sse3", better, 10, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", plain, 100, ISAHP_SET_NONE),
	ISAHP_VARIANT("worse", better, 200, ISAHP_SET(SSE3, SSSE3)),
	ISAHP_VARIANT("equal", better, 10, ISAHP_SET(SSE3)),
};

static struct isahp_operation operation(void)
{
	return (struct isahp_operation)ISAHP_OPERATION_INIT("test", variants, 4, 0);
}

static struct isahp_features set_of(const char *list)
{
	struct isahp_features set;

	cr_assert_eq(isahp_env_features(list, &set), 0);
	return set;
}

/* Where a registered operation is when these features are usable. */
static const struct isahp_variant *chosen(const struct isahp_operation *op,
					  const char *list)
{
	isahp_library_init();
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = set_of(list);
	isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
	return isahp_operation_variant(op);
}

Test(choose, takes_the_cheapest_usable)
{
	struct isahp_operation op = operation();

	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_expect_eq(chosen(&op, ""), &variants[1]);
	cr_expect_eq(chosen(&op, "ssse3"), &variants[1]);
	/* The first of equals; and newer is not better: cost decides. */
	cr_expect_eq(chosen(&op, "pni"), &variants[0]);
	cr_expect_eq(chosen(&op, "pni,ssse3"), &variants[0]);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

Test(set, holds_what_it_names)
{
	static const struct isahp_features set =
		ISAHP_SET(SSE3, AVX2, FMA, RDPID, AMX_TILE, CLZERO, BMI2, GFNI);
	unsigned int i, n = 0;

	for (i = 0; i < ISAHP_FEATURE_MAX; i++)
		n += isahp_features_has(&set, i);
	cr_expect_eq(n, 8);
	cr_expect(isahp_features_has(&set, ISAHP_FEATURE_SSE3));
	cr_expect(isahp_features_has(&set, ISAHP_FEATURE_RDPID));
	cr_expect(isahp_features_has(&set, ISAHP_FEATURE_CLZERO));
}

Test(environment, parses_lists)
{
	struct isahp_features set;

	set = set_of("avx2, fma");
	cr_expect(isahp_features_has(&set, ISAHP_FEATURE_AVX2));
	cr_expect(isahp_features_has(&set, ISAHP_FEATURE_FMA));
	set = set_of("");
	cr_expect(isahp_features_empty(&set));
	cr_expect_eq(isahp_env_features("avx2,nonsense,fma", &set), -EINVAL);
	cr_expect(isahp_features_has(&set, ISAHP_FEATURE_FMA));
}

static struct isahp_library read_environment(const char *name, const char *value)
{
	struct isahp_library lib = { .environment = 0 };

	setenv(name, value, 1);
	isahp_env_read(&lib);
	free((void *)lib.force);
	return lib;
}

Test(environment, forbids_with_dependents)
{
	struct isahp_library lib = read_environment("ISAHP_FORBID", "avx2");

	cr_expect(isahp_features_has(&lib.never, ISAHP_FEATURE_AVX2));
	cr_expect(isahp_features_has(&lib.never, ISAHP_FEATURE_AVX512F));
	cr_expect_not(isahp_features_has(&lib.never, ISAHP_FEATURE_AVX));
	cr_expect_eq(lib.environment, 0);
}

Test(environment, nonsense_is_an_error)
{
	unsetenv("ISAHP_GP");
	cr_expect_eq(read_environment("ISAHP_GP", "qsbr").environment, -EINVAL);
	unsetenv("ISAHP_GP");
	cr_expect_eq(read_environment("ISAHP_DISABLE", "yes").environment, -EINVAL);
	unsetenv("ISAHP_DISABLE");
	cr_expect_eq(read_environment("ISAHP_FORBID", "axv2").environment, -EINVAL);
}

static const struct isahp_variant *where_forced(const char *force, const char *usable)
{
	struct isahp_operation op = operation();
	const struct isahp_variant *v;

	isahp_library_init();
	setenv("ISAHP_FORCE", force, 1);
	isahp_env_read(&isahp_library);
	cr_assert_eq(isahp_library.environment, 0);
	cr_assert_eq(isahp_operation_register(&op), 0);
	v = chosen(&op, usable);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
	free((void *)isahp_library.force);
	isahp_library.force = NULL;
	return v;
}

Test(environment, forces_a_variant)
{
	cr_expect_eq(where_forced("test=worse", "pni,ssse3"), &variants[2]);
	cr_expect_eq(where_forced("other=x, test=plain", "pni"), &variants[1]);
	cr_expect_eq(where_forced("test=worse,test=equal", "pni,ssse3"), &variants[3]);
}

Test(environment, forces_nothing_that_can_not_be)
{
	/* Not usable, not there, not this operation: as if nothing was said. */
	cr_expect_eq(where_forced("test=worse", "pni"), &variants[0]);
	cr_expect_eq(where_forced("test=wor", "pni,ssse3"), &variants[0]);
	cr_expect_eq(where_forced("tes=worse", "pni,ssse3"), &variants[0]);
	cr_expect_eq(where_forced("test2=worse", "pni,ssse3"), &variants[0]);
}

Test(environment, that_forces_nonsense_is_an_error)
{
	static const char *const nonsense[] = { "test", "=plain", "test=", "a=b,c",
						"a=b=c", "=" };
	size_t i;

	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		cr_expect_eq(read_environment("ISAHP_FORCE", nonsense[i]).environment,
			     -EINVAL, "%s", nonsense[i]);
	cr_expect_eq(read_environment("ISAHP_FORCE", " a=b,\tc=d ").environment, 0);
}

Test(operation, refuses_what_is_not_one)
{
	struct isahp_operation op = operation();

	cr_expect_eq(isahp_operation_register(NULL), -EINVAL);
	op.name = NULL;
	cr_expect_eq(isahp_operation_register(&op), -EINVAL);
	op = operation();
	op.variants = NULL;
	cr_expect_eq(isahp_operation_register(&op), -EINVAL);
	op = operation();
	op.variant_count = 0;
	cr_expect_eq(isahp_operation_register(&op), -EINVAL);
	op.variant_count = 1; /* needs SSE3: nothing to fall back to */
	cr_expect_eq(isahp_operation_register(&op), -EINVAL);
	op = operation();
	op.flags = 1u << 31;
	cr_expect_eq(isahp_operation_register(&op), -EINVAL);
	op = operation();
	op.size--;
	cr_expect_eq(isahp_operation_register(&op), -EINVAL);
	op = operation();
	op.variant_size--;
	cr_expect_eq(isahp_operation_register(&op), -EINVAL);
}

/* What a program of tomorrow is compiled with. */
struct longer_variant {
	struct isahp_variant known;
	uint64_t unknown;
};

struct longer_operation {
	struct isahp_operation known;
	uint64_t unknown;
};

Test(operation, may_be_longer_than_the_library_knows)
{
	static struct longer_variant longer[] = {
		{ ISAHP_VARIANT("plain", plain, 100, ISAHP_SET_NONE), 0 },
		{ ISAHP_VARIANT("sse3", better, 10, ISAHP_SET(SSE3)), 0 },
	};
	struct longer_operation op = {
		ISAHP_OPERATION_INIT("longer", &longer[0].known, 2, 0), 0
	};

	op.known.size = sizeof(op);
	op.known.variant_size = sizeof(longer[0]);
	cr_assert_eq(isahp_operation_register(&op.known), 0);
	cr_expect_eq(chosen(&op.known, "pni"), &longer[1].known);
	cr_expect_eq(chosen(&op.known, ""), &longer[0].known);
	cr_assert_eq(isahp_operation_unregister(&op.known), 0);
	/* It asks for something that nobody here knows. */
	op.unknown = 1;
	cr_expect_eq(isahp_operation_register(&op.known), -E2BIG);
	op.unknown = 0;
	longer[1].unknown = 1;
	cr_expect_eq(isahp_operation_register(&op.known), -E2BIG);
}

Test(operation, is_registered_once)
{
	struct isahp_operation op = operation();

	cr_expect_eq(isahp_operation_unregister(&op), -ENOENT);
	cr_expect_null(isahp_operation_variant(&op));
	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_expect_eq(isahp_operation_register(&op), -EEXIST);
	cr_expect_not_null(isahp_operation_variant(&op));
	cr_expect_eq(isahp_operation_unregister(&op), 0);
	cr_expect_eq(isahp_operation_unregister(&op), -ENOENT);
	cr_expect_null(isahp_operation_variant(&op));
}

Test(operation, runs_its_fallback_while_it_is_not_registered)
{
	struct isahp_operation op = operation();
	struct isahp_region region;

	cr_expect_eq(isahp_enter(&op, &region), (isahp_fn)plain);
	isahp_leave(&region);
	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_expect_eq(isahp_enter(&op, &region), (isahp_fn)better);
	isahp_leave(&region);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
	cr_expect_eq(isahp_enter(&op, &region), (isahp_fn)plain);
	isahp_leave(&region);
}

Test(operation, is_not_given_back_from_inside)
{
	struct isahp_operation op = operation();
	struct isahp_region region;
	int rc;

	cr_assert_eq(isahp_operation_register(&op), 0);
	isahp_enter(&op, &region);
	rc = isahp_operation_unregister(&op);
	cr_expect(rc == -EDEADLK || rc == -EBUSY, "%d", rc);
	isahp_leave(&region);
	/* The address may be used again. */
	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

struct inside {
	struct isahp_operation *op;
	pthread_barrier_t met;
};

static void *stays_inside(void *arg)
{
	struct inside *s = arg;
	struct isahp_region region;

	isahp_enter(s->op, &region);
	pthread_barrier_wait(&s->met);
	pthread_barrier_wait(&s->met);
	isahp_leave(&region);
	return NULL;
}

Test(operation, may_be_waited_for_again)
{
	struct isahp_operation op = operation();
	struct inside s = { .op = &op };
	pthread_t thread;

	pthread_barrier_init(&s.met, NULL, 2);
	cr_assert_eq(isahp_operation_register(&op), 0);
	pthread_create(&thread, NULL, stays_inside, &s);
	pthread_barrier_wait(&s.met);
	cr_expect_eq(isahp_operation_unregister(&op), -EBUSY);
	cr_expect_null(isahp_operation_variant(&op));
	pthread_barrier_wait(&s.met);
	pthread_join(thread, NULL);
	cr_expect_eq(isahp_operation_unregister(&op), 0);
	cr_expect_eq(isahp_operation_unregister(&op), -ENOENT);
}

/* From what is gone when it returns. */
static struct isahp_operation *create_from_the_stack(void)
{
	char name[] = "created", plain_name[] = "plain", better_name[] = "sse3";
	struct longer_variant mine[] = {
		{ ISAHP_VARIANT(plain_name, plain, 100, ISAHP_SET_NONE), 0 },
		{ ISAHP_VARIANT(better_name, better, 10, ISAHP_SET(SSE3)), 0 },
	};
	struct isahp_operation_spec spec = {
		.size = sizeof(spec), .variant_size = sizeof(mine[0]), .name = name,
		.variants = &mine[0].known, .variant_count = 2,
	};
	struct isahp_operation *op = NULL;

	cr_assert_eq(isahp_operation_create(&spec, &op), 0);
	memset(mine, 0xff, sizeof(mine));
	memset(name, 'x', sizeof(name));
	memset(plain_name, 'x', sizeof(plain_name));
	memset(better_name, 'x', sizeof(better_name));
	return op;
}

Test(operation, is_created_from_what_need_not_stay)
{
	struct isahp_operation *op = create_from_the_stack();
	struct isahp_region region;

	cr_expect_str_eq(op->name, "created");
	cr_expect_str_eq(chosen(op, "pni")->name, "sse3");
	cr_expect_eq(isahp_enter(op, &region), (isahp_fn)better);
	isahp_leave(&region);
	cr_expect_str_eq(chosen(op, "")->name, "plain");
	cr_expect_eq(isahp_enter(op, &region), (isahp_fn)plain);
	isahp_leave(&region);
	cr_expect_eq(isahp_operation_register(op), -EEXIST);
	cr_expect_eq(isahp_operation_unregister(op), -EINVAL);
	cr_assert_eq(isahp_operation_destroy(op), 0);
}

Test(operation, is_destroyed_only_where_it_was_created)
{
	struct isahp_operation op = operation();

	cr_expect_eq(isahp_operation_destroy(NULL), -ENOENT);
	cr_expect_eq(isahp_operation_destroy(&op), -ENOENT);
	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_expect_eq(isahp_operation_destroy(&op), -EINVAL);
	cr_expect_not_null(isahp_operation_variant(&op));
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

Test(operation, is_not_created_from_nonsense)
{
	struct isahp_operation_spec spec = {
		.size = sizeof(spec), .variant_size = sizeof(variants[0]),
		.name = "test", .variants = variants, .variant_count = 4,
	};
	struct isahp_operation *op = (void *)&spec;

	cr_expect_eq(isahp_operation_create(NULL, &op), -EINVAL);
	cr_expect_eq(isahp_operation_create(&spec, NULL), -EINVAL);
	spec.size--;
	cr_expect_eq(isahp_operation_create(&spec, &op), -EINVAL);
	spec.size++;
	spec.variant_size--;
	cr_expect_eq(isahp_operation_create(&spec, &op), -EINVAL);
	spec.variant_size++;
	spec.flags = 1u << 31;
	cr_expect_eq(isahp_operation_create(&spec, &op), -EINVAL);
	spec.flags = 0;
	spec.name = NULL;
	cr_expect_eq(isahp_operation_create(&spec, &op), -EINVAL);
	cr_expect_eq(op, (void *)&spec, "untouched");
}

Test(operation, is_destroyed_when_the_last_has_left)
{
	struct isahp_operation *op = create_from_the_stack();
	struct inside s = { .op = op };
	pthread_t thread;

	pthread_barrier_init(&s.met, NULL, 2);
	pthread_create(&thread, NULL, stays_inside, &s);
	pthread_barrier_wait(&s.met);
	cr_expect_eq(isahp_operation_destroy(op), -EBUSY);
	cr_expect_str_eq(op->name, "created");
	pthread_barrier_wait(&s.met);
	pthread_join(thread, NULL);
	cr_expect_eq(isahp_operation_destroy(op), 0);
}

Test(interest, is_closed_over_dependencies)
{
	static const struct isahp_variant vaes[] = {
		ISAHP_VARIANT("vaes", better, 1, ISAHP_SET(VAES)),
		ISAHP_VARIANT("plain", plain, 2, ISAHP_SET_NONE),
	};
	struct isahp_operation op = ISAHP_OPERATION_INIT("vaes", vaes, 2, 0);
	struct isahp_features needs, interest;

	cr_assert_eq(isahp_operation_register(&op), 0);
	needs = isahp_operations_needs();
	interest = isahp_operations_interest();
	cr_expect(isahp_features_has(&needs, ISAHP_FEATURE_VAES));
	cr_expect_not(isahp_features_has(&needs, ISAHP_FEATURE_AVX2));
	/* VAES goes when AVX2 goes. */
	cr_expect(isahp_features_has(&interest, ISAHP_FEATURE_AVX2));
	cr_expect(isahp_features_has(&interest, ISAHP_FEATURE_AES));
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

Test(start, without_a_source_is_a_plain_dispatcher)
{
	struct isahp_options o = { .size = sizeof(o), .device = "", .loopback = "" };
	struct isahp_status s = { .size = sizeof(s) };
	struct isahp_operation op = operation();

	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_assert_eq(isahp_start(&o), 0);
	cr_assert_eq(isahp_status(&s), 0);
	cr_expect_eq(s.source, ISAHP_SOURCE_CPU);
	cr_expect(isahp_features_has(&s.interest, ISAHP_FEATURE_SSSE3));
	cr_expect_eq(isahp_operation_variant(&op), &variants[0]);
	cr_expect_eq(isahp_fd(), -ENODEV);
	cr_expect_eq(isahp_dispatch(0), -ENODEV);
	cr_expect_eq(isahp_start(&o), -EALREADY);
	cr_expect_eq(isahp_stop(), 0);
	cr_expect_eq(isahp_stop(), -EALREADY);
	cr_expect_eq(isahp_operation_variant(&op), &variants[0]);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

Test(start, refuses_what_it_does_not_know)
{
	struct isahp_options o = { .size = 4 };

	cr_expect_eq(isahp_start(&o), -EINVAL);
	o.size = sizeof(o);
	o.flags = 1u << 31;
	cr_expect_eq(isahp_start(&o), -EINVAL);
}

Test(start, says_that_a_named_source_is_not_there)
{
	struct isahp_options o = { .size = sizeof(o),
				   .loopback = "/nonexistent/socket" };

	cr_expect_eq(isahp_start(&o), -ENOENT);
	o.loopback = "";
	o.device = "/nonexistent/device";
	cr_expect_eq(isahp_start(&o), -ENOENT);
	o.device = "/dev/null"; /* there, but not one of ours */
	cr_expect_eq(isahp_start(&o), -ENOTTY);
}

Test(status, fills_in_what_the_caller_knows)
{
	struct isahp_status s = { .size = 4 };

	cr_expect_eq(isahp_status(NULL), -EINVAL);
	cr_expect_eq(isahp_status(&s), -EINVAL);
	s.size = offsetof(struct isahp_status, usable);
	s.swaps = 77;
	cr_expect_eq(isahp_status(&s), 0);
	cr_expect_eq(s.swaps, 77);
}
