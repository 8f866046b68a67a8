// SPDX-License-Identifier: MIT
/*
 * What libisahp costs: calls, beside function pointers, ifuncs and liburcu-memb;
 * and swaps, beside membarrier and liburcu-memb's grace periods.
 *
 * A *call* is that of an application: the library's inline read side, out of the
 * public header, in a program that links the shared library.
 *
 * A *swap* is the removal of a feature as the library carries it out between an
 * event and its acknowledgement, by its own code: operations are put on variants
 * without the feature (publish), readers are made to see it (barrier), and who is
 * still inside is waited for, with the library's own pauses (drain). What is not
 * in it: hearing of the event, the application's callbacks, and answering. The
 * swap back, to the variants with the feature, is not timed, and each timed
 * reader has called one of those before it is removed.
 *
 * *One membarrier* is membarrier(PRIVATE_EXPEDITED) by the same thread beside the
 * same reader. *One busy reader* calls an operation of about 100 ns all the time,
 * on the other CPU; for liburcu, the same callee in sections of its own.
 *
 * To reach what a removal is made of, the library is linked as a shared object
 * that hides nothing (isahp_open); otherwise it is the one that is installed.
 */
#include <stdio.h>
#include "library.h"

static int measure(struct bench *b)
{
	struct children *children;
	bool two = bench_cpus() >= 2;

	if (!two)
		fprintf(stderr,
			"bench_library: one CPU: what needs two is not measured\n");
	children = two ? children_start() : NULL;
	if (two && !children)
		return 1;
	bench_pin(0);
	bench_calls(b);
	bench_written(b);
	if (!two)
		return 0;
	bench_scaling(b);
	bench_swaps(b);
	bench_children(b, children);
	bench_crowd(b);
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench b;
	int rc;

	bench_init(&b, "library");
	rc = bench_arguments(&b, "What libisahp's calls and swaps cost, beside their peers.",
			     argc, argv);
	if (rc)
		return rc - 1;
	if (measure(&b))
		return 1;
	return bench_end(&b, 0);
}
