/* SPDX-License-Identifier: MIT */
/*
 * A removal does not wait for the end of a long call: it is acknowledged while
 * the call goes on, which ends on another variant, with the right result.
 */
#define _GNU_SOURCE /* memfd_create() */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <mathlib/mathlib.h>

#include "lib_fixture.h"

/* 64 MB of memory, seen again and again. */
#define REAL_BYTES ((size_t)64 << 20)
#define BYTES ((size_t)1 << 30)
#define SIDE ((size_t)3072)
/* A call that was too short to tell anything is repeated. */
#define ATTEMPTS 8

struct call {
	void (*run)(void *data);
	void *data;
	pthread_t thread;
	clockid_t clock;
	bool started;
	bool done;
};

static volatile double sink;

static void *repeated(void)
{
	int fd = memfd_create("operand", 0);
	uint8_t *p;
	size_t i;

	cr_assert(fd >= 0 && !ftruncate(fd, (off_t)REAL_BYTES));
	p = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	cr_assert_neq(p, MAP_FAILED);
	for (i = 0; i < BYTES; i += REAL_BYTES)
		cr_assert_neq(mmap(p + i, REAL_BYTES, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, fd, 0), MAP_FAILED);
	close(fd);
	return p;
}

static void *calling(void *arg)
{
	struct call *c = arg;

	__atomic_store_n(&c->started, true, __ATOMIC_RELEASE);
	c->run(c->data);
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(struct call *c)
{
	return __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
}

/* 0 once it has ended. */
static long long used_ns(const struct call *c)
{
	struct timespec t;

	if (clock_gettime(c->clock, &t))
		return 0;
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Was it inside the call for long after the acknowledgement? */
static bool goes_on(struct call *c)
{
	long long until = used_ns(c) + 5000000;

	while (!is_done(c)) {
		if (used_ns(c) >= until)
			return true;
		usleep(100);
	}
	return false;
}

static bool attempt(void (*run)(void *), void *data)
{
	struct call c = { .run = run, .data = data };
	int clock;
	bool on;
	__u64 n;

	cr_assert_eq(pthread_create(&c.thread, NULL, calling, &c), 0);
	while (!__atomic_load_n(&c.started, __ATOMIC_ACQUIRE))
		sched_yield();
	clock = pthread_getcpuclockid(c.thread, &c.clock);
	/* All that is not of x86-64's base depends on it. */
	n = lib_shim_prepare(&shim, &sse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	on = !clock && goes_on(&c);
	pthread_join(c.thread, NULL);
	lib_shim_abort(&shim, &all);
	return on;
}

static void acknowledged_meanwhile(struct isahp_operation *op, void (*run)(void *))
{
	const struct isahp_variant *best;
	void *data = repeated();
	int i;

	start(0);
	best = isahp_operation_variant(op);
	for (i = 0; i < ATTEMPTS; i++) {
		/* The one before was called off. */
		eventually(isahp_operation_variant(op) == best);
		if (attempt(run, data))
			break;
	}
	cr_assert_lt(i, ATTEMPTS, "%s holds up a removal", op->name);
	munmap(data, BYTES);
}

#define PIECES(name, call)                                                     \
	static void name##_run(void *p)                                        \
	{                                                                      \
		call;                                                          \
	}                                                                      \
	Test(mathlib_pieces, name##_does_not_hold_up_a_removal)                \
	{                                                                      \
		acknowledged_meanwhile(&ml_##name##_operation, name##_run);    \
	}

TestSuite(mathlib_pieces, .init = setup, .fini = teardown, .timeout = 100);

PIECES(sdot, sink = (double)ml_sdot(BYTES / 4, p, p))
PIECES(ddot, sink = ml_ddot(BYTES / 8, p, p))
PIECES(saxpy, ml_saxpy(BYTES / 8, 0, p, (float *)p + BYTES / 8))
PIECES(daxpy, ml_daxpy(BYTES / 16, 0, p, (double *)p + BYTES / 16))
PIECES(snrm2, sink = (double)ml_snrm2(BYTES / 4, p))
PIECES(dnrm2, sink = ml_dnrm2(BYTES / 8, p))
PIECES(sgemv, ml_sgemv(BYTES / 4096 - 8, 1024, 1, p, 1024, p, 0, p))
PIECES(dgemv, ml_dgemv(BYTES / 8192 - 8, 1024, 1, p, 1024, p, 0, p))
PIECES(popcount, cr_assert_eq(ml_popcount(p, BYTES), 0))
PIECES(hamming, cr_assert_eq(ml_hamming(p, p, BYTES), 0))
PIECES(crc32c, sink = ml_crc32c(0, p, BYTES))
PIECES(base64_encode, sink = (double)ml_base64_encode((uint8_t *)p + BYTES / 2,
						      BYTES / 8 * 3, p))
PIECES(igemm, ml_igemm(SIDE, SIDE, SIDE, p, SIDE, p, SIDE, 0,
		       (int32_t *)p + REAL_BYTES / 8, SIDE))

PIECES(sexp, ml_sexp(BYTES / 8, p, (float *)p + BYTES / 8))
PIECES(dexp, ml_dexp(BYTES / 16, p, (double *)p + BYTES / 16))
PIECES(slog, ml_slog(BYTES / 8, p, (float *)p + BYTES / 8))
PIECES(dlog, ml_dlog(BYTES / 16, p, (double *)p + BYTES / 16))
PIECES(ssin, ml_ssin(BYTES / 8, p, (float *)p + BYTES / 8))
PIECES(dsin, ml_dsin(BYTES / 16, p, (double *)p + BYTES / 16))

static char *text;

static void base64_decode_run(void *p)
{
	size_t length, bad;

	cr_assert_eq(ml_base64_decode(text, BYTES, p, &length, &bad), 0);
	cr_assert_eq(length, BYTES / 4 * 3);
}

Test(mathlib_pieces, base64_decode_does_not_hold_up_a_removal)
{
	text = repeated();
	memset(text, 'A', REAL_BYTES);
	acknowledged_meanwhile(&ml_base64_decode_operation, base64_decode_run);
}

/* --- transforms: one of 2^22 elements, and the plan beforehand -------------------- */

#define FFT_LENGTH ((size_t)1 << 22)

static struct ml_sfft *sfft_plan;
static struct ml_dfft *dfft_plan;

static void sfft_run(void *p)
{
	ml_sfft(sfft_plan, p, p, (float *)p + REAL_BYTES / 4);
}

static void dfft_run(void *p)
{
	ml_dfft(dfft_plan, p, p, (double *)p + REAL_BYTES / 8);
}

Test(mathlib_pieces, sfft_does_not_hold_up_a_removal)
{
	cr_assert_eq(ml_sfft_create(FFT_LENGTH, &sfft_plan), 0);
	acknowledged_meanwhile(&ml_sfft_operation, sfft_run);
	ml_sfft_destroy(sfft_plan);
}

Test(mathlib_pieces, dfft_does_not_hold_up_a_removal)
{
	cr_assert_eq(ml_dfft_create(FFT_LENGTH, &dfft_plan), 0);
	acknowledged_meanwhile(&ml_dfft_operation, dfft_run);
	ml_dfft_destroy(dfft_plan);
}

/* --- control: a variant called in one region over all of it --------------------- */

static void whole_run(void *p)
{
	sink = (double)ml_popcount_piece(p, BYTES);
}

Test(mathlib_pieces, one_region_over_all_of_it_does)
{
	void *data = repeated();

	start(0);
	cr_assert_not(attempt(whole_run, data));
	munmap(data, BYTES);
}
