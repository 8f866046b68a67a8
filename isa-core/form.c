// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "form.h"
#include "features.h"

const struct isahp_form_kind isahp_form_kinds[ISAHP_KINDS] = {
#define KIND(name, place, class, size, flags) \
	{ ISAHP_PLACE_##place, ISAHP_OPERAND_##class, size },
	ISAHP_FORM_KINDS(KIND)
#undef KIND
};

/* --- words of forms.def -------------------------------------------------- */

enum kind_flags {
#define KIND(name, place, class, size, flags) KIND_FLAGS_##name = flags,
	ISAHP_FORM_KINDS(KIND)
#undef KIND
};

/* Of a field of so many bits only those of the value are left. */
#define ONLY(field, bits, value) \
	(ISAHP_WHERE_ALL & ~(((1u << (bits)) - 1 - (value)) << ISAHP_WHERE_##field))
#define ONLY_REG(value) ONLY(REG, 8, value)
#define ONLY_RM(value) ONLY(RM, 8, value)

enum where {
	ANY = ISAHP_WHERE_ALL,
	NP = ONLY(PP, 4, 1),
	P66 = ONLY(PP, 4, 2),
	PF3 = ONLY(PP, 4, 4),
	PF2 = ONLY(PP, 4, 8),
	N66 = ONLY(PP, 4, 3),
	NF3 = ONLY(PP, 4, 11),
	W0 = ONLY(W, 2, 1),
	W1 = ONLY(W, 2, 2),
	N16 = ONLY(O16, 2, 1),
	O16 = ONLY(O16, 2, 2),
	L0 = ONLY(L, 3, 1),
	L1 = ONLY(L, 3, 2),
	L2 = ONLY(L, 3, 4),
	L12 = ONLY(L, 3, 6),
	MEM = ONLY(REGISTER, 2, 1),
	REG = ONLY(REGISTER, 2, 2),
	M32 = ONLY(64, 2, 1),
	M64 = ONLY(64, 2, 2),
	R0 = ONLY_REG(1),
	R1 = ONLY_REG(2),
	R2 = ONLY_REG(4),
	R3 = ONLY_REG(8),
	R4 = ONLY_REG(16),
	R5 = ONLY_REG(32),
	R6 = ONLY_REG(64),
	R7 = ONLY_REG(128),
	R01 = ONLY_REG(1 + 2),
	R46 = ONLY_REG(16 + 64),
	R034567 = ONLY_REG(255 - 2 - 4),
	RM2 = ONLY_RM(4),
	RM3 = ONLY_RM(8),
	B0 = ONLY_RM(1),
	B1 = ONLY_RM(2),
};

/* The lower half of struct isahp_form.element stands above the flags. */
#define ELEMENT(bytes) ((__u64)(bytes) << 32)
#define BROADCAST(bytes) ((__u64)(bytes) << 36 | ISAHP_FORM_BROADCAST)

#define LOCK ISAHP_FORM_LOCK
#define D64 ISAHP_FORM_D64
#define F64 ISAHP_FORM_F64
#define EL8 ELEMENT(1)
#define EL16 ELEMENT(2)
#define EL32 ELEMENT(4)
#define EL64 ELEMENT(8)
#define KM ISAHP_FORM_MASK
#define KZ (ISAHP_FORM_MASK | ISAHP_FORM_ZEROING)
#define KR (ISAHP_FORM_MASK | ISAHP_FORM_MUST_MASK)
#define B16 BROADCAST(2)
#define B32 BROADCAST(4)
#define B64 BROADCAST(8)
#define ER ISAHP_FORM_ROUNDING
#define SAE ISAHP_FORM_SAE
#define IGNORED_B ISAHP_FORM_IGNORED_B
#define T1S ISAHP_FORM_T1S

/* Two bits for each operand: what its letter says. */
#define ACCESS(a, b, c, d) ((a) | (b) << 2 | (c) << 4 | (d) << 6)
#define R ISAHP_OPERAND_READ
#define W ISAHP_OPERAND_WRITE
#define M (R | W)

enum access {
	ACCESS_n = 0,
	ACCESS_r = ACCESS(R, 0, 0, 0),
	ACCESS_w = ACCESS(W, 0, 0, 0),
	ACCESS_m = ACCESS(M, 0, 0, 0),
	ACCESS_rr = ACCESS(R, R, 0, 0),
	ACCESS_wr = ACCESS(W, R, 0, 0),
	ACCESS_mr = ACCESS(M, R, 0, 0),
	ACCESS_mm = ACCESS(M, M, 0, 0),
	ACCESS_rrr = ACCESS(R, R, R, 0),
	ACCESS_wrr = ACCESS(W, R, R, 0),
	ACCESS_wwr = ACCESS(W, W, R, 0),
	ACCESS_mrr = ACCESS(M, R, R, 0),
	ACCESS_mrm = ACCESS(M, R, M, 0),
	ACCESS_wrrr = ACCESS(W, R, R, R),
	ACCESS_mrrr = ACCESS(M, R, R, R),
};

/* --- the rows ------------------------------------------------------------ */

#define FLAGS_OF(a, b, c, d) \
	(KIND_FLAGS_##a | KIND_FLAGS_##b | KIND_FLAGS_##c | KIND_FLAGS_##d)

const struct isahp_form isahp_forms[] = {
#define FORM(mnemonic, operation, where, a, b, c, d, access, feature, flags) \
	{ ISAHP_WHERE_ALL & ~(where), \
	  (__u32)FLAGS_OF(a, b, c, d) | (__u32)((flags) & 0xffffffffULL), \
	  ISAHP_OP_##operation, \
	  { ISAHP_KIND_##a, ISAHP_KIND_##b, ISAHP_KIND_##c, ISAHP_KIND_##d }, \
	  ACCESS_##access, (__u8)((__u64)(flags) >> 32), \
	  ISAHP_FORM_FEATURE_##feature },
#include "forms.def"
};

const __u16 isahp_form_count = sizeof(isahp_forms) / sizeof(isahp_forms[0]);

/* --- the index ----------------------------------------------------------- */

/*
 * The compiler counts: each row is the next enumerator, named for its line, and
 * an opcode is equal to its first row.
 */
#define LINE_NAME(line) ROW_OF_LINE_##line
#define LINE_OF(line) LINE_NAME(line)

enum row {
#define OPCODE(space, byte) \
	FIRST_##space##_##byte, \
	BEFORE_##space##_##byte = FIRST_##space##_##byte - 1,
#define PLAIN(space, byte) OPCODE(space, byte)
#define FORM(...) LINE_OF(__LINE__),
#include "forms.def"
	ROWS
};

enum number {
#define OPCODE(space, byte) NUMBER_##space##_##byte,
#define PLAIN(space, byte) OPCODE(space, byte)
#include "forms.def"
};

const __u16 isahp_form_starts[] = {
#define OPCODE(space, byte) FIRST_##space##_##byte,
#define PLAIN(space, byte) OPCODE(space, byte)
#include "forms.def"
	ROWS
};

const __u16 isahp_form_index[ISAHP_SPACES * 256] = {
#define OPCODE(space, byte) \
	[ISAHP_SPACE_##space * 256 + 0x##byte] = NUMBER_##space##_##byte + 1,
#define PLAIN(space, byte) \
	[ISAHP_SPACE_##space * 256 + 0x##byte] = \
		(NUMBER_##space##_##byte + 1) | ISAHP_FORM_PLAIN,
#include "forms.def"
};

/* --- features ------------------------------------------------------------ */

static const struct need {
	__u8 narrow;
	__u8 wide;
	__u8 with;
	bool vl;
} needs[] = {
#define NEED(name, narrow, wide, with, vl) \
	{ ISAHP_FEATURE_##narrow, ISAHP_FEATURE_##wide, ISAHP_FEATURE_##with, vl },
	ISAHP_FORM_FEATURES(NEED)
#undef NEED
};

__u8 isahp_form_feature(const struct isahp_form *form, unsigned int vector_size)
{
	const struct need *need = &needs[form->feature];

	return vector_size > 16 ? need->wide : need->narrow;
}

struct isahp_features isahp_form_features(const struct isahp_form *form,
					  unsigned int vector_size)
{
	const struct need *need = &needs[form->feature];
	struct isahp_features set = isahp_features_none();
	__u8 first = isahp_form_feature(form, vector_size);

	if (first != ISAHP_FEATURE_NONE)
		isahp_features_add(&set, first);
	if (need->with != ISAHP_FEATURE_NONE)
		isahp_features_add(&set, need->with);
	if (need->vl && vector_size < 64)
		isahp_features_add(&set, ISAHP_FEATURE_AVX512VL);
	return set;
}
