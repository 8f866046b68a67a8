/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What stands before an instruction's ModRM byte: prefixes, VEX or EVEX, opcode.
 * The decoder's own, shared by its files.
 */
#ifndef ISAHP_CORE_ENCODING_H
#define ISAHP_CORE_ENCODING_H

#include "instruction.h"

/**
 * struct isahp_encoding - what the bytes have said so far
 * @bytes: of the instruction,
 * @count: how many there are, and
 * @at: how many have been looked at.
 * @is_64: 64-bit code.
 * @is_vex: VEX or EVEX.
 * @is_evex: EVEX.
 * @operand_size: there is a prefix 66.
 * @address_size: there is a prefix 67.
 * @lock: there is a prefix F0.
 * @rex_seen: there is REX, directly before the opcode.
 * @repeat: the last of F2 and F3 as VEX.pp has it, or 0.
 * @segment: enum isahp_segment_register; ISAHP_SEGMENTS: no override.
 * @space: enum isahp_opcode_space; ISAHP_SPACES: none of ours.
 * @opcode: the opcode byte.
 * @pp: mandatory prefix, as VEX.pp has it.
 * @w: REX.W, VEX.W or EVEX.W.
 * @length: VEX.L or EVEX.L'L.
 * @r: what extends ModRM.reg, where it belongs in the number: 8 and 16;
 * @x: likewise SIB.index;
 * @b: likewise ModRM.rm and SIB.base.
 * @vvvv: a register's number.
 * @v2: EVEX.V', as 16.
 * @evex_b: EVEX.b.
 * @evex_z: EVEX.z.
 * @evex_aaa: EVEX.aaa.
 * @modrm: the ModRM byte; of opcodes without one REX.B is in its lowest bit.
 */
struct isahp_encoding {
	const __u8 *bytes;
	__u8 count;
	__u8 at;
	bool is_64;
	bool is_vex;
	bool is_evex;
	bool operand_size;
	bool address_size;
	bool lock;
	bool rex_seen;
	__u8 repeat;
	__u8 segment;
	__u8 space;
	__u8 opcode;
	__u8 pp;
	__u8 w;
	__u8 length;
	__u8 r;
	__u8 x;
	__u8 b;
	__u8 vvvv;
	__u8 v2;
	__u8 evex_b;
	__u8 evex_z;
	__u8 evex_aaa;
	__u8 modrm;
};

static inline bool isahp_encoding_has(const struct isahp_encoding *d,
				      unsigned int bytes)
{
	return d->at + bytes <= d->count;
}

/**
 * isahp_encoding_take - all up to the opcode
 * @d: @bytes, @count, @is_64, @segment say ISAHP_SEGMENTS; all else 0.
 *
 * Return: false where the bytes end before that.
 */
bool isahp_encoding_take(struct isahp_encoding *d);

#endif /* ISAHP_CORE_ENCODING_H */
