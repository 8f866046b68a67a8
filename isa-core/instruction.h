/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Decoding the instructions of forms.def, and no others.
 *
 * Nothing here knows registers or memory: bytes go in, a description comes out.
 * What the table has no row for is foreign, and so is what a CPU would refuse,
 * so that a #UD which is none of ours stays what it is.
 */
#ifndef ISAHP_CORE_INSTRUCTION_H
#define ISAHP_CORE_INSTRUCTION_H

#include "env.h"
#include "form.h"

/* SDM vol. 2A, 2.3.11: longer ones are #GP, not #UD. */
#define ISAHP_INSTRUCTION_MAX 15

/**
 * enum isahp_code_mode - what CS says of the code
 * @ISAHP_CODE_32: compatibility mode, 32-bit operands and addresses by default.
 * @ISAHP_CODE_64: 64-bit mode.
 */
enum isahp_code_mode {
	ISAHP_CODE_32,
	ISAHP_CODE_64,
};

/* In the order in which instructions number them (SDM vol. 2D, table B-8). */
enum isahp_segment_register {
	ISAHP_ES,
	ISAHP_CS,
	ISAHP_SS,
	ISAHP_DS,
	ISAHP_FS,
	ISAHP_GS,
	ISAHP_SEGMENTS
};

/* General registers are 0 to 15, opmasks 0 to 7, vector registers 0 to 31. */
#define ISAHP_REGISTER_RAX 0
#define ISAHP_REGISTER_RCX 1
#define ISAHP_REGISTER_RDX 2
#define ISAHP_REGISTER_RSP 4
#define ISAHP_REGISTER_RBP 5
#define ISAHP_REGISTER_RDI 7
/* AH, CH, DH, BH: the second byte of general register n - ISAHP_REGISTER_AH. */
#define ISAHP_REGISTER_AH 32
#define ISAHP_REGISTER_RIP 64
#define ISAHP_REGISTER_NONE 255

/* struct isahp_instruction.flags */
#define ISAHP_INSTRUCTION_LOCK		1
#define ISAHP_INSTRUCTION_REPNE		2	/* F2, F3: prefixes, that is, and */
#define ISAHP_INSTRUCTION_REP		4	/* not a part of the opcode */
#define ISAHP_INSTRUCTION_VEX		8	/* VEX or EVEX: clears upper bits */
#define ISAHP_INSTRUCTION_BROADCAST	16
#define ISAHP_INSTRUCTION_ZEROING	32	/* what @opmask leaves out */
#define ISAHP_INSTRUCTION_ROUNDING	64	/* as in @rounding, and as SAE */
#define ISAHP_INSTRUCTION_SAE		128	/* suppress all exceptions */

/**
 * struct isahp_instruction - one decoded instruction
 * @form: number of its row in isahp_forms.
 * @length: in bytes.
 * @flags: ISAHP_INSTRUCTION_*.
 * @operand_size: 2, 4 or 8 bytes, of operands of ISAHP_SIZE_V.
 * @address_size: 2, 4 or 8 bytes.
 * @vector_size: 16, 32 or 64 bytes, of operands of ISAHP_SIZE_X. 16 where the
 *	encoding has no length, or ignores it.
 * @reg: register in ModRM.reg, or in the opcode.
 * @rm: register in ModRM.rm, or ISAHP_REGISTER_NONE: it is memory, as @base and
 *	the following say.
 * @vvvv: register in VEX.vvvv or EVEX.vvvv.
 * @is4: vector register in the immediate byte.
 * @opmask: 1 to 7; 0: all elements are active.
 * @rounding: as MXCSR.RC, if ISAHP_INSTRUCTION_ROUNDING.
 * @segment: enum isahp_segment_register, defaults resolved. Strings' source and
 *	XLAT have it too.
 * @base: general register, ISAHP_REGISTER_RIP or _NONE.
 * @index: general register or ISAHP_REGISTER_NONE; with VSIB a vector register.
 * @scale: what @index is shifted left by.
 * @displacement: sign-extended, and multiplied (EVEX disp8*N).
 * @immediate: extended as the form says: of I to 64 bits with zeroes, of Iz, sIb
 *	and J with the sign. A second one (Ib2) is in bits 32 to 39. An absolute
 *	address.
 *
 * What an instruction has no use for is 0, or ISAHP_REGISTER_NONE for registers
 * of an address and for @rm.
 */
struct isahp_instruction {
	__u16 form;
	__u8 length;
	__u8 flags;
	__u8 operand_size;
	__u8 address_size;
	__u8 vector_size;
	__u8 reg;
	__u8 rm;
	__u8 vvvv;
	__u8 is4;
	__u8 opmask;
	__u8 rounding;
	__u8 segment;
	__u8 base;
	__u8 index;
	__u8 scale;
	__s32 displacement;
	__s64 immediate;
};

/**
 * enum isahp_decoded - what became of the bytes
 * @ISAHP_DECODED: the description is complete.
 * @ISAHP_DECODED_FOREIGN: no instruction that isahp knows.
 * @ISAHP_DECODED_SHORT: the bytes end before the instruction does, or before it
 *	can be told from others.
 */
enum isahp_decoded {
	ISAHP_DECODED,
	ISAHP_DECODED_FOREIGN,
	ISAHP_DECODED_SHORT,
};

/**
 * isahp_instruction_decode - describe the instruction at the front
 * @bytes: from its first one on, any number of them.
 * @count: how many; of more than ISAHP_INSTRUCTION_MAX the rest is not looked at.
 * @mode: enum isahp_code_mode.
 * @ret: filled in on ISAHP_DECODED, else undefined.
 *
 * Context: any.
 *
 * Return: enum isahp_decoded.
 */
enum isahp_decoded isahp_instruction_decode(const __u8 *bytes, size_t count,
					    enum isahp_code_mode mode,
					    struct isahp_instruction *ret);

/** isahp_instruction_form - its row */
static inline const struct isahp_form *
isahp_instruction_form(const struct isahp_instruction *in)
{
	return &isahp_forms[in->form];
}

/** isahp_instruction_operation - enum isahp_form_operation */
static inline unsigned int
isahp_instruction_operation(const struct isahp_instruction *in)
{
	return isahp_forms[in->form].operation;
}

/** isahp_instruction_feature - as isahp_form_feature() */
static inline __u8 isahp_instruction_feature(const struct isahp_instruction *in)
{
	return isahp_form_feature(isahp_instruction_form(in), in->vector_size);
}

/** isahp_instruction_features - as isahp_form_features() */
static inline struct isahp_features
isahp_instruction_features(const struct isahp_instruction *in)
{
	return isahp_form_features(isahp_instruction_form(in), in->vector_size);
}

/**
 * struct isahp_operand - one of an instruction's operands
 * @class: enum isahp_operand_class; ISAHP_OPERAND_NONE behind the last.
 * @number: of a register.
 * @size: bytes that are read or written, of a register maybe more than that; 0
 *	for an address. Of what is broadcast: all that becomes of it.
 * @access: ISAHP_OPERAND_READ and _WRITE.
 */
struct isahp_operand {
	__u8 class;
	__u8 number;
	__u8 size;
	__u8 access;
};

/**
 * isahp_instruction_operand - the n-th operand
 * @in: decoded.
 * @n: less than ISAHP_FORM_OPERANDS.
 *
 * Where memory is, and what an immediate is, @in says. Memory at an absolute
 * address (moffs) has neither base nor index, and its address in @in->immediate.
 */
struct isahp_operand isahp_instruction_operand(const struct isahp_instruction *in,
					       unsigned int n);

#endif /* ISAHP_CORE_INSTRUCTION_H */
