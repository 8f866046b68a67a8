/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Decoding those instructions that isahp can carry out itself, and no others.
 *
 * Nothing here knows registers or memory: bytes go in, a description comes out.
 * What the tables have no row for is foreign, so that a #UD which is none of
 * ours stays what it is.
 */
#ifndef ISAHP_CORE_INSTRUCTION_H
#define ISAHP_CORE_INSTRUCTION_H

#include "env.h"
#include <isahp/features.h>

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

/* Instead of the number of a general register, 0 to 15. */
#define ISAHP_REGISTER_RIP 16
#define ISAHP_REGISTER_NONE 17

#define ISAHP_REGISTER_RSP 4
#define ISAHP_REGISTER_RBP 5

/** enum isahp_operation - what an instruction does, whatever its operands are */
enum isahp_operation {
	ISAHP_OPERATION_POPCNT,		/* SDM vol. 2B, POPCNT */
	ISAHP_OPERATION_MOVBE_LOAD,	/* SDM vol. 2B, MOVBE */
	ISAHP_OPERATION_MOVBE_STORE,
};

/**
 * struct isahp_instruction - one decoded instruction
 * @feature: enum isahp_feature that it belongs to.
 * @operation: enum isahp_operation.
 * @length: in bytes.
 * @operand_size: 2, 4 or 8 bytes.
 * @reg: general register in ModRM.reg.
 * @rm: general register in ModRM.rm, or ISAHP_REGISTER_NONE: the operand is in
 *	memory, as the following say.
 * @address_size: 2, 4 or 8 bytes.
 * @segment: enum isahp_segment_register, defaults resolved.
 * @base: general register, ISAHP_REGISTER_RIP or _NONE.
 * @index: general register or ISAHP_REGISTER_NONE.
 * @scale: what @index is shifted left by.
 * @displacement: sign-extended.
 */
struct isahp_instruction {
	__u8 feature;
	__u8 operation;
	__u8 length;
	__u8 operand_size;
	__u8 reg;
	__u8 rm;
	__u8 address_size;
	__u8 segment;
	__u8 base;
	__u8 index;
	__u8 scale;
	__s32 displacement;
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

/** isahp_instruction_features - every feature that has a row in the tables */
struct isahp_features isahp_instruction_features(void);

#endif /* ISAHP_CORE_INSTRUCTION_H */
