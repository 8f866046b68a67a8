/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TZCNT is REP BSF: where it is not known BSF runs, which differs when the
 * source is zero, and in flags. Compilers make use of that: asked to count the
 * trailing zeros of what is not zero they write REP BSF for any CPU, since
 * where it is TZCNT it is faster. Only for a source that may be zero BMI1 is
 * needed.
 */
#ifndef ISAHP_TOOL_NONZERO_H
#define ISAHP_TOOL_NONZERO_H

#include "code.h"

/**
 * nonzero_find - which TZCNTs do the same as BSF
 * @code: whose nodes' @harmless is set where on each path the source has been
 *	found not to be zero, and nobody looks at the flags.
 * @entry: where it begins.
 * @budget: steps that may yet be made; counted down.
 *
 * -E2BIG; -ENOMEM.
 */
int nonzero_find(struct code *code, uint64_t entry, size_t *budget);

#endif /* ISAHP_TOOL_NONZERO_H */
