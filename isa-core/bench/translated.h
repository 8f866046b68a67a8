/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef BENCH_TRANSLATED_H
#define BENCH_TRANSLATED_H

#include <sys/types.h>

#include "loop.h"

#define TRANSLATED_BY "qemu-x86_64 -cpu max"
#define TRANSLATED_OPTION "--child"

/**
 * struct translated - this very program, in another process
 * @pid: of QEMU.
 * @ask: where it reads which loop is wanted, and
 * @answer: where it writes what came of it.
 */
struct translated {
	pid_t pid;
	int ask;
	int answer;
};

/**
 * translated_start - begin this program once more, with QEMU for its CPU
 * @t: overwritten.
 *
 * Return: false, and a line on stderr, where there is no qemu-x86_64.
 */
bool translated_start(struct translated *t);

/**
 * translated_can - whether a loop is the same code there
 * @t: started.
 * @n: of loop_get(). libc chooses among its own by the CPU.
 *
 * Return: false, and a line on stderr, if it is not.
 */
bool translated_can(struct translated *t, unsigned int n);

/**
 * translated_run - loop_execute() there
 * @t: started.
 * @n: of loop_get().
 * @ret_result: as there.
 *
 * Return: as there, or a negative number if QEMU has ended.
 */
double translated_run(struct translated *t, unsigned int n, __u64 *ret_result);

/** translated_end - let it go */
void translated_end(struct translated *t);

/** translated_serve - be the other one: main() with TRANSLATED_OPTION */
int translated_serve(void);

#endif /* BENCH_TRANSLATED_H */
