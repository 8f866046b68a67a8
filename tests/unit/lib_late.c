// SPDX-License-Identifier: MIT
/* Who is late, and being told so. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include "lib_fixture.h"

static int other_plain(void)
{
	return 0;
}

ISAHP_OPERATION_DECLARE(other, int, (void), ())
ISAHP_OPERATION_DEFINE(other,
	ISAHP_VARIANT("plain", other_plain, 100, ISAHP_SET_NONE));

TestSuite(late, .init = setup, .fini = teardown, .timeout = 60);

/* A thread inside, whose number is known. */
struct inside {
	struct isahp_operation *op;
	pthread_t thread;
	pthread_barrier_t barrier;
	pid_t tid;
	int regions;
};

static void *inside_thread(void *arg)
{
	struct inside *in = arg;
	struct isahp_region region[ISAHP_SLOTS + 1];
	int i;

	in->tid = (pid_t)syscall(SYS_gettid);
	for (i = 0; i < in->regions; i++)
		isahp_enter(in->op, &region[i]);
	pthread_barrier_wait(&in->barrier);
	pthread_barrier_wait(&in->barrier);
	while (i--)
		isahp_leave(&region[i]);
	return NULL;
}

static void begin(struct inside *in, struct isahp_operation *op, int regions)
{
	in->op = op;
	in->regions = regions;
	pthread_barrier_init(&in->barrier, NULL, 2);
	cr_assert_eq(pthread_create(&in->thread, NULL, inside_thread, in), 0);
	pthread_barrier_wait(&in->barrier);
}

static void finish(struct inside *in)
{
	pthread_barrier_wait(&in->barrier);
	pthread_join(in->thread, NULL);
}

/* What the callback saw. */
static struct isahp_late list[4];
static int count, told, kinds;

static int callback(const struct isahp_change *change, void *arg)
{
	(void)arg;
	__atomic_or_fetch(&kinds, 1 << change->kind, __ATOMIC_RELAXED);
	if (change->kind != ISAHP_CALLBACK_LATE)
		return 0;
	cr_expect(isahp_features_has(&change->before, ISAHP_FEATURE_SSSE3));
	cr_expect_not(isahp_features_has(&change->after, ISAHP_FEATURE_SSSE3));
	count = isahp_late(list, 4, sizeof(list[0]));
	__atomic_add_fetch(&told, 1, __ATOMIC_RELEASE);
	return 0;
}

static int times_told(void)
{
	return __atomic_load_n(&told, __ATOMIC_ACQUIRE);
}

Test(late, who_is_inside_at_the_deadline_is_named)
{
	struct inside late, elsewhere;
	__u64 n;

	cr_assert_eq(isahp_callback_add(callback, NULL, 0), 0);
	start(0);
	begin(&late, &which_operation, 1);
	begin(&elsewhere, &other_operation, 1);
	n = lib_shim_prepare(&shim, &ssse3, SHORT_MS);
	eventually(times_told() == 1);
	cr_expect_eq(count, 1);
	cr_expect_eq(list[0].tid, late.tid);
	cr_expect_str_eq(list[0].operation, "which");
	cr_expect_str_eq(list[0].variant, "ssse3");
	cr_expect_gt(list[0].ns, 0);
	cr_expect_lt(list[0].ns, 60000000000ULL);
	finish(&elsewhere);
	finish(&late);
	/* It is waited for on, and told of once. */
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect_eq(times_told(), 1);
	eventually(isahp_late(NULL, 0, sizeof(list[0])) == 0);
}

Test(late, who_is_out_in_time_is_nobody_s_concern)
{
	struct inside in;
	__u64 n;

	cr_assert_eq(isahp_callback_add(callback, NULL, 0), 0);
	start(0);
	begin(&in, &which_operation, 1);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	/* Before the deadline too one may ask. */
	eventually(isahp_late(list, 4, sizeof(list[0])) == 1);
	cr_expect_eq(list[0].tid, in.tid);
	finish(&in);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	eventually(isahp_late(NULL, 0, sizeof(list[0])) == 0);
	cr_expect_not(kinds & 1 << ISAHP_CALLBACK_LATE);
}

Test(late, more_than_fit_are_counted)
{
	struct inside in[3];
	int i;

	start(0);
	for (i = 0; i < 3; i++)
		begin(&in[i], &which_operation, 1);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(isahp_late(NULL, 0, sizeof(list[0])) == 3);
	memset(list, 0x55, sizeof(list));
	cr_expect_eq(isahp_late(list, 2, sizeof(list[0])), 3);
	cr_expect_str_eq(list[1].operation, "which");
	cr_expect_eq(list[2].tid, 0x55555555);
	for (i = 0; i < 3; i++)
		finish(&in[i]);
}

Test(late, more_regions_than_slots_have_no_name)
{
	struct inside in;
	int i;

	start(0);
	begin(&in, &other_operation, ISAHP_SLOTS + 1);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(isahp_late(list, 4, sizeof(list[0])) == 1);
	cr_expect_eq(list[0].tid, in.tid);
	for (i = 0; i < 2; i++)
		cr_expect_str_eq(i ? list[0].operation : list[0].variant, "");
	finish(&in);
}

Test(late, an_older_and_a_newer_caller_are_served)
{
	struct {
		struct isahp_late known;
		uint64_t added;
	} newer[2];
	struct inside in;

	memset(newer, 0x55, sizeof(newer));
	start(0);
	begin(&in, &which_operation, 1);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(isahp_late(&newer[0].known, 2, sizeof(newer[0])) == 1);
	cr_expect_eq(newer[0].known.tid, in.tid);
	cr_expect_eq(newer[0].added, 0);
	cr_expect_eq(newer[1].known.tid, 0);
	finish(&in);
	cr_expect_eq(isahp_late(list, 4, 8), -EINVAL);
	cr_expect_eq(isahp_late(NULL, 1, sizeof(list[0])), -EINVAL);
}
