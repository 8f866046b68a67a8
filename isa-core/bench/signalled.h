/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef BENCH_SIGNALLED_H
#define BENCH_SIGNALLED_H

#include "ahead.h"

/**
 * struct signalled - a loop of which each lost instruction is a SIGILL
 * @original: its code, from the first byte that is executed,
 * @size: to behind the last one.
 * @copy: where UD2 stands in place of what is lost.
 * @function: @loop's in there.
 * @loop: which.
 * @traps: UD2 that were carried out.
 */
struct signalled {
	const __u8 *original;
	size_t size;
	__u8 *copy;
	__u64 (*function)(const void *in, void *out, __u64 count);
	const struct loop *loop;
	__u64 traps;
};

/**
 * signalled_start - make the copy, and be the handler of SIGILL
 * @s: overwritten. One at a time.
 * @ahead: of the loop; its registers are used.
 *
 * Return: false, and a line on stderr, if the code can not be elsewhere.
 */
bool signalled_start(struct signalled *s, struct ahead *ahead);

/**
 * signalled_run - once through it
 * @s: started.
 * @ret_result: loop_result()'s.
 *
 * Return: CPU time in ns.
 */
double signalled_run(struct signalled *s, __u64 *ret_result);

/** signalled_end - no longer be the handler */
void signalled_end(struct signalled *s);

#endif /* BENCH_SIGNALLED_H */
