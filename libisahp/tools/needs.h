/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which features an instruction needs. */
#ifndef ISAHP_TOOL_NEEDS_H
#define ISAHP_TOOL_NEEDS_H

#include <stdbool.h>
#include <Zydis/Zydis.h>
#include <isahp/features.h>

/**
 * needs_of - features without which an instruction is not there, or another one
 * @in: as Zydis decoded it, with TZCNT and LZCNT told from BSF and BSR.
 * @ret_set: the features, without what they depend on.
 *
 * Return: false when isahp has no name for what it needs.
 */
bool needs_of(const ZydisDecodedInstruction *in, struct isahp_features *ret_set);

/** needs_source - where it is written; NULL: nowhere */
const char *needs_source(const ZydisDecodedInstruction *in);

#endif /* ISAHP_TOOL_NEEDS_H */
