// SPDX-License-Identifier: MIT
/*
 * An application that does at once and at random all that the library offers,
 * while features are taken away for real: a variant's code is on a page for its
 * feature, and between the acknowledgement of the feature's removal and its
 * return the page can not be read. Who is still inside, or enters, crashes.
 *
 * Calls nest deeper than there are slots, end by longjmp(), by the thread's end,
 * happen in signal handlers; fibers wait inside regions and go on elsewhere;
 * operations come and go, are measured, are bound to their results; callbacks
 * veto and repack; the host changes its mind, commits, asks again.
 *
 * --without-waiting takes pages away without an acknowledgement: that has to
 * crash, or the test proves nothing.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <isa-core/cpuid.h>
#include "everything.h"
#include "lib_shim.h"

#define VIOLATION 3

uint64_t seed;

static struct lib_shim shim;
static struct isahp_features all;
static bool expect_violation;

static struct {
	unsigned long prepared, acks, aborted, committed;
} host;

void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "seed %#llx: %s\n", (unsigned long long)seed, what);
	_exit(1);
}

/* A removed page was used: what this is all about. */
static void on_violation(int signal)
{
	static const char text[] = "a removed page was used\n";

	(void)signal;
	(void)!write(2, text, sizeof(text) - 1);
	_exit(expect_violation ? 0 : VIOLATION);
}

static void protect(const struct isahp_features *rest, int how)
{
	int i;

	for (i = 0; i < KINDS; i++)
		if (!isahp_features_subset(&needs[i], rest))
			check(!mprotect(page[i], PAGE, how), "mprotect()");
}

static struct isahp_features some(struct rng *r)
{
	struct isahp_features set = isahp_features_none();
	uint32_t n = 1 + below(r, 2);

	while (n--)
		set = isahp_features_or(&set, &needs[below(r, KINDS)]);
	/* Bound operations veto that of SSE3: seldom. */
	if (below(r, 4) && isahp_features_has(&set, ISAHP_FEATURE_SSE3))
		set = needs[POPCNT];
	return set;
}

static bool acknowledged(struct rng *r, __u64 n)
{
	if (expect_violation) {
		usleep(300);
		return true;
	}
	return lib_shim_answered(&shim, n, ISAHP_ACK, 50 + below(r, 300));
}

static void one_removal(struct rng *r)
{
	struct isahp_features leaving = some(r);
	struct isahp_features rest = isahp_features_without(&all, &leaving);
	__u64 n;

	host.prepared++;
	n = lib_shim_prepare(&shim, &leaving, 1 + below(r, 200));
	if (!below(r, 8)) {
		/* Something else instead. */
		usleep(below(r, 300));
		leaving = some(r);
		rest = isahp_features_without(&all, &leaving);
		n = lib_shim_prepare(&shim, &leaving, 1 + below(r, 50));
	}
	if (!below(r, 8) || !acknowledged(r, n)) {
		host.aborted++;
		lib_shim_abort(&shim, &all);
		usleep(below(r, 300));
		return;
	}
	host.acks++;
	protect(&rest, PROT_NONE);
	if (!below(r, 4)) {
		host.committed++;
		lib_shim_commit(&shim, &rest);
	}
	usleep(below(r, 400));
	protect(&rest, PROT_READ | PROT_EXEC);
	if (below(r, 2))
		lib_shim_abort(&shim, &all);
	else
		lib_shim_announce(&shim, &all);
	usleep(below(r, 400));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(void)
{
	printf("%lu removals: %lu acknowledged, %lu called off, %lu committed\n"
	       "%llu calls, %llu jumps, %llu ends, %llu in fibers, %llu of them "
	       "elsewhere, %llu measured, %llu created, %llu vetoes, %llu packed\n",
	       host.prepared, host.acks, host.aborted, host.committed,
	       (unsigned long long)done.calls, (unsigned long long)done.jumps,
	       (unsigned long long)done.ends, (unsigned long long)done.fibers,
	       (unsigned long long)done.elsewhere, (unsigned long long)done.measured,
	       (unsigned long long)done.created, (unsigned long long)done.vetoes,
	       (unsigned long long)done.packed);
}

static int run_all(double seconds)
{
	struct isahp_options o = { .size = sizeof(o), .loopback = shim.path };
	struct rng r = rng_new(0);
	double end = now() + seconds;

	make_operations(&r);
	check(!isahp_start(&o), "isahp_start()");
	application_begin();
	while (now() < end)
		one_removal(&r);
	application_end();
	check(!isahp_stop(), "isahp_stop()");
	lib_shim_stop(&shim);
	report();
	return host.acks && done.jumps && done.ends && done.fibers &&
			       done.measured && done.created && done.packed &&
			       !expect_violation ?
		       0 :
		       1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'd' },
		{ "without-waiting", no_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	double seconds = 4;
	int c;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 's')
			seconds = atof(optarg);
		else if (c == 'd')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'w')
			expect_violation = true;
		else
			return 2;
	}
	printf("seed %#llx, %g s\n", (unsigned long long)seed, seconds);
	fflush(stdout);
	signal(SIGSEGV, on_violation);
	all = isahp_cpuid_features();
	all = isahp_features_enabled(&all, isahp_cpuid_xcr0());
	lib_shim_start(&shim, &all);
	return run_all(seconds);
}
