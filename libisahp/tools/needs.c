// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stddef.h>
#include <isa-core/features.h>

#include "needs.h"
#include "needs_table.h"

#define FEATURES 3

struct row {
	bool known;
	const char *source;
	/* One more than the feature's number, so that 0 is none. */
	unsigned char feature[FEATURES];
};

#define NUMBER(f) (ISAHP_FEATURE_##f + 1)
#define ISAHP_FEATURE_NONE -1
#define ROW(set, source, f, g, h)                                              \
	[ZYDIS_ISA_SET_##set] = { true, source,                                \
				  { NUMBER(f), NUMBER(g), NUMBER(h) } },
static const struct row rows[ZYDIS_ISA_SET_MAX_VALUE + 1] = { NEEDS_TABLE(ROW) };
#undef ROW

#define ROW(set, mnemonic, source, f, g)                                       \
	{ ZYDIS_ISA_SET_##set, ZYDIS_MNEMONIC_##mnemonic,                      \
	  { true, source, { NUMBER(f), NUMBER(g) } } },
static const struct {
	ZydisISASet set;
	ZydisMnemonic mnemonic;
	struct row row;
} mnemonics[] = { NEEDS_MNEMONIC_TABLE(ROW) };
#undef ROW

#define MNEMONICS (sizeof(mnemonics) / sizeof(mnemonics[0]))

static const struct row *row_of(const ZydisDecodedInstruction *in)
{
	static const struct row unknown;
	size_t i;

	for (i = 0; i < MNEMONICS; i++)
		if (mnemonics[i].mnemonic == in->mnemonic &&
		    mnemonics[i].set == in->meta.isa_set)
			return &mnemonics[i].row;
	if ((size_t)in->meta.isa_set > ZYDIS_ISA_SET_MAX_VALUE)
		return &unknown;
	return &rows[in->meta.isa_set];
}

bool needs_of(const ZydisDecodedInstruction *in, struct isahp_features *ret_set)
{
	const struct row *row = row_of(in);
	size_t i;

	*ret_set = isahp_features_none();
	for (i = 0; i < FEATURES; i++)
		if (row->feature[i])
			isahp_features_add(ret_set, row->feature[i] - 1U);
	return row->known;
}

const char *needs_source(const ZydisDecodedInstruction *in)
{
	return row_of(in)->source;
}
