/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Loops of real code that are carried out here in four ways: by the CPU, by
 * isahp_run(), by QEMU's translator, and with one signal for each instruction.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <isa-core/run.h>

#define LOOPS 4

/* What is one sample: so many runs at a time, the best of so many times. */
#define LOOP_REPEATS 8
#define LOOP_TURNS 3

/**
 * struct loop - one of them
 * @name: for a row.
 * @function: takes the next three. It is a leaf, lies in one piece, and refers to
 *	nothing by RIP: a copy elsewhere computes the same.
 * @in: read.
 * @out: @out_size bytes that it writes; NULL for none.
 * @count: of something.
 * @out_size: in bytes.
 * @needs: features without which this CPU can not run it.
 * @of_libc: it is libc's, which has it on CPUs of these features alone.
 */
struct loop {
	const char *name;
	__u64 (*function)(const void *in, void *out, __u64 count);
	const void *in;
	void *out;
	__u64 count;
	size_t out_size;
	struct isahp_features needs;
	bool of_libc;
};

/** loop_get - the n-th of LOOPS, ready to be run */
const struct loop *loop_get(unsigned int n);

/**
 * loop_lost - what loops do without
 *
 * What a host of AVX2's generation has, one of the generation before has not, and
 * can go under a guest (of BMI1 all but TZCNT).
 */
struct isahp_features loop_lost(void);

/**
 * loop_result - what a run of it came to
 * @loop: its @out is looked at.
 * @returned: by @function.
 */
__u64 loop_result(const struct loop *loop, __u64 returned);

/**
 * loop_execute - have whatever executes this program carry it out
 * @loop: one that can.
 * @ret_result: loop_result()'s.
 *
 * Return: CPU time of each of LOOP_REPEATS runs in ns, in the fastest of some turns.
 */
double loop_execute(const struct loop *loop, __u64 *ret_result);

/**
 * loop_choose_strlen - have libc choose AVX2's strlen(), also where there is more
 * @argv: of main(); this program begins anew with another environment, unless it
 *	has it already.
 */
void loop_choose_strlen(char **argv);

/**
 * loop_cpu_ns - CPU time of this thread
 *
 * Nothing here waits: who else runs on this CPU does not count.
 */
double loop_cpu_ns(void);

/* loop_code.c */
__u64 loop_bits(const void *words, void *unused, __u64 count);
__u64 loop_dot(const void *vectors, void *unused, __u64 count);
__u64 loop_aes(const void *key, void *blocks, __u64 count);

#define LOOP_AES_KEYS 11	/* of AES-128 */
#define LOOP_AES_BLOCK 16

#endif /* BENCH_LOOP_H */
