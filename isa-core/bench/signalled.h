/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef BENCH_SIGNALLED_H
#define BENCH_SIGNALLED_H

#include "ahead.h"

#define SIGNALLED_MAX 4096 /* bytes of code */

/**
 * signalled_finish - somebody who finishes what trapped, and more if they like
 * @info: siginfo_t and
 * @context: ucontext_t of a SIGILL.
 *
 * While it is called the copy is as the original, so that it can be read.
 *
 * Return: false if it was not finished.
 */
typedef bool signalled_finish(void *info, void *context);

/**
 * struct signalled - a loop of which each lost instruction is a SIGILL
 * @original: its code, from the first byte that is executed,
 * @size: to behind the last one.
 * @copy: where UD2 stands in place of what is lost.
 * @function: @loop's in there.
 * @loop: which.
 * @finish: who finishes; NULL: that one instruction is carried out here.
 * @planted: the copy once more.
 * @traps: UD2 that were finished.
 */
struct signalled {
	const __u8 *original;
	size_t size;
	__u8 *copy;
	__u64 (*function)(const void *in, void *out, __u64 count);
	const struct loop *loop;
	signalled_finish *finish;
	__u8 planted[SIGNALLED_MAX];
	__u64 traps;
};

/**
 * signalled_start - make the copy, and be the handler of SIGILL
 * @s: overwritten. One at a time.
 * @ahead: of the loop; its registers are used.
 * @finish: may be NULL.
 *
 * Return: false, and a line on stderr, if the code can not be elsewhere.
 */
bool signalled_start(struct signalled *s, struct ahead *ahead,
		     signalled_finish *finish);

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
