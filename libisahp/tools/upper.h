/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Are the upper halves of the wide registers clean when a function is left?
 *
 * While YMM0 to 15 have upper halves in use, SSE code runs slowly (SDM vol. 1,
 * 14.1.2 and Intel's optimization manual, "Mixing AVX code with SSE code"), and
 * XSAVE has more to write: whoever uses them ends with VZEROUPPER.
 */
#ifndef ISAHP_TOOL_UPPER_H
#define ISAHP_TOOL_UPPER_H

#include "code.h"

/**
 * upper_check - look for ways out of a function with upper halves in use
 * @code: all that can run from @entry on.
 * @entry: the function; they are clean when it begins.
 * @budget: steps that may yet be made; counted down.
 * @dirty: is told of each way out: the instruction that leaves, and the one
 *	that was first to dirty them on one path to it. Nonzero ends.
 *
 * Follows every path, through calls too: a callee may clean or dirty them.
 *
 * Return: what @dirty returned last, else 0; -E2BIG; -ENOMEM.
 */
int upper_check(const struct code *code, uint64_t entry, size_t *budget,
		int (*dirty)(void *arg, uint64_t leaves, uint64_t since),
		void *arg);

#endif /* ISAHP_TOOL_UPPER_H */
