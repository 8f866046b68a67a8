/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be said about one variant's code. */
#ifndef ISAHP_TOOL_FINDING_H
#define ISAHP_TOOL_FINDING_H

#include <isahp/features.h>

#include "code.h"
#include "operation.h"

/**
 * enum finding_kind - what it is
 * @FINDING_MISSING: an instruction needs what is not declared.
 * @FINDING_UNNAMED: it needs what isahp has no name for.
 * @FINDING_UNKNOWN: bytes that are no known instruction.
 * @FINDING_DIRTY: left with upper halves of wide registers in use.
 * @FINDING_NO_CODE: the variant's function is not in this file.
 * @FINDING_OUTSIDE: control goes to where the file has no code: a weak function
 *	that a static program came without is called at address 0.
 * @FINDING_INDIRECT_CALL: not followed: through a register or a pointer.
 * @FINDING_INDIRECT_JUMP: not followed: likewise.
 * @FINDING_EXTERNAL: not followed: in another object.
 * @FINDING_IFUNC: not followed: chosen by a resolver at start.
 * @FINDING_INTERPOSABLE: followed here, but looked up by name when loaded.
 *
 * From FINDING_NO_CODE on: a warning, unless strict.
 */
enum finding_kind {
	FINDING_MISSING,
	FINDING_UNNAMED,
	FINDING_UNKNOWN,
	FINDING_DIRTY,
	FINDING_NO_CODE,
	FINDING_OUTSIDE,
	FINDING_INDIRECT_CALL,
	FINDING_INDIRECT_JUMP,
	FINDING_EXTERNAL,
	FINDING_IFUNC,
	FINDING_INTERPOSABLE,
};

/** finding_is_warning - is it a matter of what was not looked at? */
static inline bool finding_is_warning(enum finding_kind kind)
{
	return kind >= FINDING_NO_CODE;
}

/**
 * struct finding - one
 * @kind: and
 * @address: of the instruction.
 * @since: DIRTY: the instruction that dirtied them.
 * @missing: MISSING: the features.
 * @name: of what is called, or NULL.
 */
struct finding {
	enum finding_kind kind;
	uint64_t address;
	uint64_t since;
	struct isahp_features missing;
	const char *name;
};

/**
 * finding_each - look for all of them in a variant's code
 * @code: all that can run in it.
 * @v: the variant.
 * @rep_bsf: take TZCNT for BSF.
 * @budget: as upper_check()'s.
 * @fn: is told; nonzero ends.
 *
 * Return: what @fn returned last, else 0; -E2BIG; -ENOMEM.
 */
int finding_each(const struct code *code, const struct variant *v, bool rep_bsf,
		 size_t *budget, int (*fn)(void *arg, const struct finding *f),
		 void *arg);

#endif /* ISAHP_TOOL_FINDING_H */
