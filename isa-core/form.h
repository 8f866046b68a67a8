/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is known of the form of an instruction: a row of forms.def, where all
 * columns are explained.
 */
#ifndef ISAHP_CORE_FORM_H
#define ISAHP_CORE_FORM_H

#include "env.h"
#include <isahp/features.h>

/** enum isahp_form_operation - what an instruction does, whatever its operands are */
enum isahp_form_operation {
#define OPERATION(name) ISAHP_OP_##name,
#include "forms.def"
	ISAHP_OP_COUNT
};

/**
 * enum isahp_opcode_space - where an opcode byte is looked up
 *
 * Legacy, VEX and EVEX encodings have maps of their own, of 256 opcodes each.
 */
enum isahp_opcode_space {
	ISAHP_SPACE_LEG,
	ISAHP_SPACE_LEG_0F,
	ISAHP_SPACE_LEG_0F38,
	ISAHP_SPACE_LEG_0F3A,
	ISAHP_SPACE_VEX_0F,
	ISAHP_SPACE_VEX_0F38,
	ISAHP_SPACE_VEX_0F3A,
	ISAHP_SPACE_EVEX_0F,
	ISAHP_SPACE_EVEX_0F38,
	ISAHP_SPACE_EVEX_0F3A,
	ISAHP_SPACES
};

/* struct isahp_form.flags: how its rows' operands are encoded ... */
#define ISAHP_FORM_IMM8		(1u << 0)	/* a byte, zero-extended */
#define ISAHP_FORM_IMM8S	(1u << 1)	/* a byte, sign-extended */
#define ISAHP_FORM_IMM16	(1u << 2)
#define ISAHP_FORM_IMMZ		(1u << 3)	/* 2 or 4 bytes, sign-extended */
#define ISAHP_FORM_IMMV		(1u << 4)	/* 2, 4 or 8 bytes */
#define ISAHP_FORM_IMM8_2	(1u << 5)	/* a second one, of a byte */
#define ISAHP_FORM_ABSOLUTE	(1u << 6)	/* an address */
#define ISAHP_FORM_IS4		(1u << 7)
#define ISAHP_FORM_IMMEDIATES	0xffu
#define ISAHP_FORM_BYTE_REG	(1u << 8)	/* 4 to 7 are AH to BH without REX */
#define ISAHP_FORM_BYTE_RM	(1u << 9)
#define ISAHP_FORM_BYTE_OPCODE	(1u << 10)
#define ISAHP_FORM_REG_OPCODE	(1u << 11)
#define ISAHP_FORM_GPR_REG	(1u << 12)
#define ISAHP_FORM_VVVV		(1u << 13)
#define ISAHP_FORM_K_REG	(1u << 14)	/* 0 to 7 */
#define ISAHP_FORM_K_RM		(1u << 15)
#define ISAHP_FORM_K_VVVV	(1u << 16)
#define ISAHP_FORM_VSIB		(1u << 17)
#define ISAHP_FORM_VECTOR_RM	(1u << 30)	/* 0 to 31 */
#define ISAHP_FORM_LENGTH	(1u << 18)	/* an operand is as long as a vector */
/* ... and its column `flags`. */
#define ISAHP_FORM_LOCK		(1u << 19)
#define ISAHP_FORM_D64		(1u << 20)
#define ISAHP_FORM_F64		(1u << 21)
#define ISAHP_FORM_MASK		(1u << 22)	/* KM, KZ, KR */
#define ISAHP_FORM_ZEROING	(1u << 23)	/* KZ */
#define ISAHP_FORM_MUST_MASK	(1u << 24)	/* KR */
#define ISAHP_FORM_BROADCAST	(1u << 25)
#define ISAHP_FORM_ROUNDING	(1u << 26)
#define ISAHP_FORM_SAE		(1u << 27)
#define ISAHP_FORM_IGNORED_B	(1u << 28)
#define ISAHP_FORM_T1S		(1u << 29)

/* Of an operand in isahp_form_kind.size: not bytes, but as the instruction has it. */
enum isahp_form_size {
	ISAHP_SIZE_V = 128,
	ISAHP_SIZE_Z,
	ISAHP_SIZE_Y,
	ISAHP_SIZE_X,
	ISAHP_SIZE_X2,
	ISAHP_SIZE_X4,
	ISAHP_SIZE_X8,
};

/** enum isahp_place - which bits name an operand */
enum isahp_place {
	ISAHP_PLACE_NONE,
	ISAHP_PLACE_REG,
	ISAHP_PLACE_RM,
	ISAHP_PLACE_VVVV,
	ISAHP_PLACE_IS4,
	ISAHP_PLACE_OPCODE,
	ISAHP_PLACE_IMMEDIATE,
	ISAHP_PLACE_IMMEDIATE2,
	ISAHP_PLACE_ABSOLUTE,
	ISAHP_PLACE_FIXED,
};

/**
 * enum isahp_operand_class - what an operand is
 *
 * Of a place ISAHP_PLACE_RM that may be memory it is what a register there is.
 */
enum isahp_operand_class {
	ISAHP_OPERAND_NONE,
	ISAHP_OPERAND_GPR,
	ISAHP_OPERAND_VECTOR,
	ISAHP_OPERAND_OPMASK,
	ISAHP_OPERAND_MEMORY,
	ISAHP_OPERAND_ADDRESS,
	ISAHP_OPERAND_IMMEDIATE,
	ISAHP_OPERAND_RELATIVE,
};

/*
 * The operands of forms.def.
 *
 * X(name, place, class, size, flags)
 */
#define ISAHP_FORM_KINDS(X) \
X(__, NONE, NONE, 0, 0) \
X(A, RM, ADDRESS, 0, 0) \
X(AL, FIXED, GPR, 1, 0) \
X(By, VVVV, GPR, ISAHP_SIZE_Y, ISAHP_FORM_VVVV) \
X(CL, FIXED, GPR, 1, 0) \
X(Eb, RM, GPR, 1, ISAHP_FORM_BYTE_RM) \
X(Ed, RM, GPR, 4, 0) \
X(Eq, RM, GPR, 8, 0) \
X(Ev, RM, GPR, ISAHP_SIZE_V, 0) \
X(Ew, RM, GPR, 2, 0) \
X(Ey, RM, GPR, ISAHP_SIZE_Y, 0) \
X(Gb, REG, GPR, 1, ISAHP_FORM_GPR_REG | ISAHP_FORM_BYTE_REG) \
X(Gd, REG, GPR, 4, ISAHP_FORM_GPR_REG) \
X(Gq, REG, GPR, 8, ISAHP_FORM_GPR_REG) \
X(Gv, REG, GPR, ISAHP_SIZE_V, ISAHP_FORM_GPR_REG) \
X(Gy, REG, GPR, ISAHP_SIZE_Y, ISAHP_FORM_GPR_REG) \
X(Hdq, VVVV, VECTOR, 16, ISAHP_FORM_VVVV) \
X(Hqq, VVVV, VECTOR, 32, ISAHP_FORM_VVVV) \
X(Hx, VVVV, VECTOR, ISAHP_SIZE_X, ISAHP_FORM_VVVV | ISAHP_FORM_LENGTH) \
X(Hzz, VVVV, VECTOR, 64, ISAHP_FORM_VVVV) \
X(Ib, IMMEDIATE, IMMEDIATE, 1, ISAHP_FORM_IMM8) \
X(Ib2, IMMEDIATE2, IMMEDIATE, 1, ISAHP_FORM_IMM8_2) \
X(Iv, IMMEDIATE, IMMEDIATE, ISAHP_SIZE_V, ISAHP_FORM_IMMV) \
X(Iw, IMMEDIATE, IMMEDIATE, 2, ISAHP_FORM_IMM16) \
X(Iz, IMMEDIATE, IMMEDIATE, ISAHP_SIZE_Z, ISAHP_FORM_IMMZ) \
X(Jb, IMMEDIATE, RELATIVE, 1, ISAHP_FORM_IMM8S) \
X(Jz, IMMEDIATE, RELATIVE, ISAHP_SIZE_Z, ISAHP_FORM_IMMZ) \
X(KH, VVVV, OPMASK, 8, ISAHP_FORM_K_VVVV) \
X(KU, RM, OPMASK, 8, ISAHP_FORM_K_RM) \
X(KV, REG, OPMASK, 8, ISAHP_FORM_K_REG) \
X(KWb, RM, OPMASK, 1, ISAHP_FORM_K_RM) \
X(KWd, RM, OPMASK, 4, ISAHP_FORM_K_RM) \
X(KWq, RM, OPMASK, 8, ISAHP_FORM_K_RM) \
X(KWw, RM, OPMASK, 2, ISAHP_FORM_K_RM) \
X(Lx, IS4, VECTOR, ISAHP_SIZE_X, ISAHP_FORM_IS4 | ISAHP_FORM_LENGTH) \
X(Mb, RM, MEMORY, 1, 0) \
X(Md, RM, MEMORY, 4, 0) \
X(Mdq, RM, MEMORY, 16, 0) \
X(Mq, RM, MEMORY, 8, 0) \
X(Mqq, RM, MEMORY, 32, 0) \
X(Mv, RM, MEMORY, ISAHP_SIZE_V, 0) \
X(Mw, RM, MEMORY, 2, 0) \
X(Mx, RM, MEMORY, ISAHP_SIZE_X, ISAHP_FORM_LENGTH) \
X(My, RM, MEMORY, ISAHP_SIZE_Y, 0) \
X(ONE, FIXED, IMMEDIATE, 1, 0) \
X(Ob, ABSOLUTE, MEMORY, 1, ISAHP_FORM_ABSOLUTE) \
X(Ov, ABSOLUTE, MEMORY, ISAHP_SIZE_V, ISAHP_FORM_ABSOLUTE) \
X(Rd, RM, GPR, 4, 0) \
X(Rq, RM, GPR, 8, 0) \
X(Sd, RM, MEMORY, 4, ISAHP_FORM_VSIB) \
X(Sq, RM, MEMORY, 8, ISAHP_FORM_VSIB) \
X(Udq, RM, VECTOR, 16, ISAHP_FORM_VECTOR_RM) \
X(Ux, RM, VECTOR, ISAHP_SIZE_X, ISAHP_FORM_VECTOR_RM | ISAHP_FORM_LENGTH) \
X(Vdq, REG, VECTOR, 16, 0) \
X(Vqq, REG, VECTOR, 32, 0) \
X(Vx, REG, VECTOR, ISAHP_SIZE_X, ISAHP_FORM_LENGTH) \
X(Vzz, REG, VECTOR, 64, 0) \
X(Wb, RM, VECTOR, 1, ISAHP_FORM_VECTOR_RM) \
X(Wd, RM, VECTOR, 4, ISAHP_FORM_VECTOR_RM) \
X(Wdq, RM, VECTOR, 16, ISAHP_FORM_VECTOR_RM) \
X(Wq, RM, VECTOR, 8, ISAHP_FORM_VECTOR_RM) \
X(Wqq, RM, VECTOR, 32, ISAHP_FORM_VECTOR_RM) \
X(Ww, RM, VECTOR, 2, ISAHP_FORM_VECTOR_RM) \
X(Wx, RM, VECTOR, ISAHP_SIZE_X, ISAHP_FORM_VECTOR_RM | ISAHP_FORM_LENGTH) \
X(Wx2, RM, VECTOR, ISAHP_SIZE_X2, ISAHP_FORM_VECTOR_RM | ISAHP_FORM_LENGTH) \
X(Wx4, RM, VECTOR, ISAHP_SIZE_X4, ISAHP_FORM_VECTOR_RM | ISAHP_FORM_LENGTH) \
X(Wx8, RM, VECTOR, ISAHP_SIZE_X8, ISAHP_FORM_VECTOR_RM | ISAHP_FORM_LENGTH) \
X(Wzz, RM, VECTOR, 64, ISAHP_FORM_VECTOR_RM) \
X(Zb, OPCODE, GPR, 1, ISAHP_FORM_BYTE_OPCODE) \
X(Zv, OPCODE, GPR, ISAHP_SIZE_V, ISAHP_FORM_REG_OPCODE) \
X(Zy, OPCODE, GPR, ISAHP_SIZE_Y, ISAHP_FORM_REG_OPCODE) \
X(rAX, FIXED, GPR, ISAHP_SIZE_V, 0) \
X(sIb, IMMEDIATE, IMMEDIATE, 1, ISAHP_FORM_IMM8S)

enum isahp_form_kinds {
#define ISAHP_FORM_KIND(name, place, class, size, flags) ISAHP_KIND_##name,
	ISAHP_FORM_KINDS(ISAHP_FORM_KIND)
#undef ISAHP_FORM_KIND
	ISAHP_KINDS
};

/**
 * struct isahp_form_kind - a row of ISAHP_FORM_KINDS
 * @place: enum isahp_place.
 * @class: enum isahp_operand_class.
 * @size: bytes, or enum isahp_form_size.
 */
struct isahp_form_kind {
	__u8 place;
	__u8 class;
	__u8 size;
};

/** isahp_form_kinds - by enum isahp_form_kinds */
extern const struct isahp_form_kind isahp_form_kinds[ISAHP_KINDS];

/*
 * What a form needs: the feature it is of with vectors of 128 bits, the one with
 * longer ones, and others which must be there as well: SDM vol. 2, the column
 * CPUID of each page, and vol. 1, 14.3, 15.2 and 15.4. SSE, SSE2 and what else
 * x86-64 always has is BASE.
 *
 * X(name, narrow, wide, with, AVX512VL where shorter than 512 bits)
 */
#define ISAHP_FORM_FEATURES(X) \
X(BASE, NONE, NONE, NONE, false) \
X(ABM, ABM, ABM, NONE, false) \
X(ADX, ADX, ADX, NONE, false) \
X(AES, AES, AES, NONE, false) \
X(AES_AVX, AES, AES, AVX, false) \
X(AVX, AVX, AVX, NONE, false) \
X(AVX2, AVX2, AVX2, NONE, false) \
X(AVX512BW, AVX512BW, AVX512BW, NONE, true) \
X(AVX512BW_N, AVX512BW, AVX512BW, NONE, false) \
X(AVX512CD, AVX512CD, AVX512CD, NONE, true) \
X(AVX512DQ, AVX512DQ, AVX512DQ, NONE, true) \
X(AVX512DQ_N, AVX512DQ, AVX512DQ, NONE, false) \
X(AVX512F, AVX512F, AVX512F, NONE, true) \
X(AVX512F_N, AVX512F, AVX512F, NONE, false) \
X(AVX512_BF16, AVX512_BF16, AVX512_BF16, NONE, true) \
X(AVX512_BITALG, AVX512_BITALG, AVX512_BITALG, NONE, true) \
X(AVX512_GFNI, GFNI, GFNI, AVX512F, true) \
X(AVX512_IFMA, AVX512IFMA, AVX512IFMA, NONE, true) \
X(AVX512_VAES, VAES, VAES, AVX512F, true) \
X(AVX512_VBMI, AVX512VBMI, AVX512VBMI, NONE, true) \
X(AVX512_VBMI2, AVX512_VBMI2, AVX512_VBMI2, NONE, true) \
X(AVX512_VNNI, AVX512_VNNI, AVX512_VNNI, NONE, true) \
X(AVX512_VP2INTERSECT, AVX512_VP2INTERSECT, AVX512_VP2INTERSECT, NONE, true) \
X(AVX512_VPCLMULQDQ, VPCLMULQDQ, VPCLMULQDQ, AVX512F, true) \
X(AVX512_VPOPCNTDQ, AVX512_VPOPCNTDQ, AVX512_VPOPCNTDQ, NONE, true) \
X(AVX_AVX2, AVX, AVX2, NONE, false) \
X(AVX_VNNI, AVX_VNNI, AVX_VNNI, NONE, false) \
X(BMI1, BMI1, BMI1, NONE, false) \
X(BMI2, BMI2, BMI2, NONE, false) \
X(CX16, CX16, CX16, NONE, false) \
X(F16C, F16C, F16C, NONE, false) \
X(FMA, FMA, FMA, NONE, false) \
X(GFNI, GFNI, GFNI, NONE, false) \
X(GFNI_AVX, GFNI, GFNI, AVX, false) \
X(LAHF_LM, LAHF_LM, LAHF_LM, NONE, false) \
X(MOVBE, MOVBE, MOVBE, NONE, false) \
X(PCLMULQDQ, PCLMULQDQ, PCLMULQDQ, NONE, false) \
X(PCLMULQDQ_AVX, PCLMULQDQ, VPCLMULQDQ, AVX, false) \
X(POPCNT, POPCNT, POPCNT, NONE, false) \
X(SHA_NI, SHA_NI, SHA_NI, NONE, false) \
X(SSE3, SSE3, SSE3, NONE, false) \
X(SSE4A, SSE4A, SSE4A, NONE, false) \
X(SSE4_1, SSE4_1, SSE4_1, NONE, false) \
X(SSE4_2, SSE4_2, SSE4_2, NONE, false) \
X(SSSE3, SSSE3, SSSE3, NONE, false) \
X(VAES_VEX, AES, VAES, AVX, false)

enum isahp_form_feature {
#define ISAHP_FORM_FEATURE(name, ...) ISAHP_FORM_FEATURE_##name,
	ISAHP_FORM_FEATURES(ISAHP_FORM_FEATURE)
#undef ISAHP_FORM_FEATURE
	ISAHP_FORM_FEATURE_COUNT
};

/* Instead of the number of a feature. */
#define ISAHP_FEATURE_NONE 255

#define ISAHP_FORM_OPERANDS 4

/* Bits of an operand in struct isahp_form.access, two each, the first lowest. */
#define ISAHP_OPERAND_READ 1
#define ISAHP_OPERAND_WRITE 2

/**
 * struct isahp_form - a row of forms.def
 * @rejected: bits that the column `where` excludes, by ISAHP_WHERE_*.
 * @flags: ISAHP_FORM_*.
 * @operation: enum isahp_form_operation.
 * @operand: enum isahp_form_kinds; the last ones may be ISAHP_KIND___.
 * @access: ISAHP_OPERAND_READ and _WRITE of each operand.
 * @element: bytes of an element of the result, 0 where no opmask can be named;
 *	in the upper half those that are broadcast.
 * @feature: enum isahp_form_feature.
 */
struct isahp_form {
	__u32 rejected;
	__u32 flags;
	__u16 operation;
	__u8 operand[ISAHP_FORM_OPERANDS];
	__u8 access;
	__u8 element;
	__u8 feature;
};

/*
 * What is known of an encoding when its row is looked for has one bit in each of
 * these fields.
 */
#define ISAHP_WHERE_PP		0	/* none, 66, F3, F2 */
#define ISAHP_WHERE_W		4	/* 0, 1 */
#define ISAHP_WHERE_O16		6	/* no, yes */
#define ISAHP_WHERE_L		8	/* 128, 256, 512 */
#define ISAHP_WHERE_REGISTER	11	/* no, yes: ModRM.mod is 3 */
#define ISAHP_WHERE_64		13	/* 32-bit code, 64-bit code */
#define ISAHP_WHERE_REG		15	/* ModRM.reg */
#define ISAHP_WHERE_RM		23	/* ModRM.rm; without ModRM REX.B */
#define ISAHP_WHERE_ALL		0x7fffffffu

/** isahp_forms - the rows, @isahp_form_count of them */
extern const struct isahp_form isahp_forms[];
extern const __u16 isahp_form_count;

/*
 * isahp_form_index[space * 256 + opcode] is the number of an opcode, 0 for none;
 * its rows are those from isahp_form_starts[number - 1] to before
 * isahp_form_starts[number].
 */
#define ISAHP_FORM_PLAIN 0x8000	/* added to the number: there is no ModRM byte */
extern const __u16 isahp_form_index[ISAHP_SPACES * 256];
extern const __u16 isahp_form_starts[];

/**
 * isahp_form_feature - the feature that a form is of
 * @form: a row.
 * @vector_size: bytes.
 *
 * Return: enum isahp_feature; ISAHP_FEATURE_NONE for what x86-64 always has.
 */
__u8 isahp_form_feature(const struct isahp_form *form, unsigned int vector_size);

/**
 * isahp_form_features - all features that must be there
 * @form: a row.
 * @vector_size: bytes.
 */
struct isahp_features isahp_form_features(const struct isahp_form *form,
					  unsigned int vector_size);

#endif /* ISAHP_CORE_FORM_H */
