// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "instruction.h"
#include "features.h"

/* --- the table ----------------------------------------------------------- */

/* Opcode maps (SDM vol. 2D, A.1): what stands before the opcode byte. */
enum map {
	MAP_PRIMARY,
	MAP_0F,
	MAP_0F38,
	MAP_0F3A,
};

/* Which of F2 and F3 makes another instruction of an opcode. */
enum repeat {
	REPEAT_NONE,
	REPEAT_F2,
	REPEAT_F3,
};

#define ROW_MEMORY_ONLY 1

/* All of these have a ModRM byte and no immediate, and take 66 and REX.W for
 * the size of their operand. */
static const struct row {
	__u8 map;
	__u8 opcode;
	__u8 repeat;
	__u8 flags;
	__u8 operation;
	__u8 feature;
} rows[] = {
	{ MAP_0F, 0xb8, REPEAT_F3, 0, ISAHP_OPERATION_POPCNT,
	  ISAHP_FEATURE_POPCNT },
	/* With F2 it is CRC32, with ModRM.mod 3 undefined. */
	{ MAP_0F38, 0xf0, REPEAT_NONE, ROW_MEMORY_ONLY,
	  ISAHP_OPERATION_MOVBE_LOAD, ISAHP_FEATURE_MOVBE },
	{ MAP_0F38, 0xf1, REPEAT_NONE, ROW_MEMORY_ONLY,
	  ISAHP_OPERATION_MOVBE_STORE, ISAHP_FEATURE_MOVBE },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *find_row(__u8 map, __u8 opcode, __u8 repeat)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].map == map && rows[i].opcode == opcode &&
		    rows[i].repeat == repeat)
			return &rows[i];
	return NULL;
}

struct isahp_features isahp_instruction_features(void)
{
	struct isahp_features set = isahp_features_none();
	size_t i;

	for (i = 0; i < ROWS; i++)
		isahp_features_add(&set, rows[i].feature);
	return set;
}

/* --- bytes --------------------------------------------------------------- */

struct cursor {
	const __u8 *bytes;
	__u8 count;
	__u8 at;
	bool is_short;
};

/* Behind the end: 0, and remembered. */
static __u8 take(struct cursor *c)
{
	if (c->at < c->count)
		return c->bytes[c->at++];
	c->is_short = true;
	return 0;
}

static __s32 take_displacement(struct cursor *c, unsigned int size)
{
	__u32 value = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		value |= (__u32)take(c) << 8 * i;
	switch (size) {
	case 1:
		return (__s8)value;
	case 2:
		return (__s16)value;
	default:
		return (__s32)value;
	}
}

/* --- prefixes ------------------------------------------------------------ */

#define REX_B 1
#define REX_X 2
#define REX_R 4
#define REX_W 8

struct prefixes {
	bool operand_size;
	bool address_size;
	bool lock;
	__u8 repeat;
	__u8 segment;	/* ISAHP_SEGMENTS: no override */
	__u8 rex;	/* its low four bits */
};

/* In 64-bit mode the overrides of ES, CS, SS and DS are ignored, and do not
 * undo one of FS or GS (APM vol. 3, 1.2.4). */
static bool segment_prefix(__u8 byte, bool is_64, struct prefixes *p)
{
	static const __u8 override[ISAHP_SEGMENTS] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65
	};
	unsigned int i;

	for (i = 0; i < ISAHP_SEGMENTS; i++) {
		if (byte != override[i])
			continue;
		if (!is_64 || i == ISAHP_FS || i == ISAHP_GS)
			p->segment = i;
		return true;
	}
	return false;
}

static bool legacy_prefix(__u8 byte, bool is_64, struct prefixes *p)
{
	switch (byte) {
	case 0x66:
		p->operand_size = true;
		return true;
	case 0x67:
		p->address_size = true;
		return true;
	case 0xf0:
		p->lock = true;
		return true;
	case 0xf2:
		p->repeat = REPEAT_F2;
		return true;
	case 0xf3:
		p->repeat = REPEAT_F3;
		return true;
	default:
		return segment_prefix(byte, is_64, p);
	}
}

/* Returns the first byte that is no prefix. */
static __u8 take_prefixes(struct cursor *c, bool is_64, struct prefixes *p)
{
	__u8 byte;

	for (;;) {
		byte = take(c);
		if (c->is_short)
			return 0;
		if (legacy_prefix(byte, is_64, p)) {
			/* REX counts directly before the opcode alone. */
			p->rex = 0;
		} else if (is_64 && (byte & 0xf0) == 0x40) {
			p->rex = byte & 0xf;
		} else {
			return byte;
		}
	}
}

/* --- ModRM --------------------------------------------------------------- */

static void memory_16(struct cursor *c, __u8 mod, __u8 rm,
		      struct isahp_instruction *in)
{
	/* SDM vol. 2A, table 2-1: BX, BP, SI and DI are registers 3, 5, 6, 7. */
	static const __u8 base[8] = { 3, 3, 5, 5, 6, 7, 5, 3 };
	static const __u8 index[8] = { 6, 7, 6, 7,
				       ISAHP_REGISTER_NONE, ISAHP_REGISTER_NONE,
				       ISAHP_REGISTER_NONE, ISAHP_REGISTER_NONE };

	in->base = base[rm];
	in->index = index[rm];
	if (mod == 0 && rm == 6) {
		in->base = ISAHP_REGISTER_NONE;
		mod = 2;
	}
	in->displacement = mod ? take_displacement(c, mod) : 0;
}

static void take_sib(struct cursor *c, __u8 *mod, __u8 rex,
		     struct isahp_instruction *in)
{
	__u8 sib = take(c);
	__u8 index = (sib >> 3 & 7) | (rex & REX_X ? 8 : 0);

	in->scale = sib >> 6;
	/* R12 can be an index, RSP can not. */
	in->index = index == ISAHP_REGISTER_RSP ? ISAHP_REGISTER_NONE : index;
	in->base = (sib & 7) | (rex & REX_B ? 8 : 0);
	if ((sib & 7) == ISAHP_REGISTER_RBP && *mod == 0) {
		in->base = ISAHP_REGISTER_NONE;
		*mod = 2;
	}
}

static void memory_32_64(struct cursor *c, __u8 mod, __u8 rm, __u8 rex, bool is_64,
			 struct isahp_instruction *in)
{
	static const __u8 size[] = { 0, 1, 4 };

	if (rm == ISAHP_REGISTER_RSP) {
		take_sib(c, &mod, rex, in);
	} else if (rm == ISAHP_REGISTER_RBP && mod == 0) {
		in->base = is_64 ? ISAHP_REGISTER_RIP : ISAHP_REGISTER_NONE;
		mod = 2;
	} else {
		in->base = rm | (rex & REX_B ? 8 : 0);
	}
	in->displacement = take_displacement(c, size[mod]);
}

/* What the stack's registers point at is in the stack's segment. R12 and R13
 * are none of them (APM vol. 3, 1.2.4; SDM vol. 1, 3.7.4). */
static __u8 default_segment(const struct isahp_instruction *in)
{
	return in->base == ISAHP_REGISTER_RSP || in->base == ISAHP_REGISTER_RBP ?
		       ISAHP_SS : ISAHP_DS;
}

static void take_modrm(struct cursor *c, const struct prefixes *p, bool is_64,
		       struct isahp_instruction *in)
{
	__u8 modrm = take(c);
	__u8 mod = modrm >> 6, rm = modrm & 7;

	in->reg = (modrm >> 3 & 7) | (p->rex & REX_R ? 8 : 0);
	in->rm = ISAHP_REGISTER_NONE;
	in->base = ISAHP_REGISTER_NONE;
	in->index = ISAHP_REGISTER_NONE;
	in->scale = 0;
	in->displacement = 0;
	in->segment = ISAHP_DS;
	if (mod == 3) {
		in->rm = rm | (p->rex & REX_B ? 8 : 0);
		return;
	}
	if (in->address_size == 2)
		memory_16(c, mod, rm, in);
	else
		memory_32_64(c, mod, rm, p->rex, is_64, in);
	in->segment = p->segment < ISAHP_SEGMENTS ? p->segment :
						    default_segment(in);
}

/* --- all together -------------------------------------------------------- */

/* Returns the opcode; in the maps that are not known it is of no matter. */
static __u8 take_opcode(struct cursor *c, __u8 byte, enum map *ret_map)
{
	*ret_map = MAP_PRIMARY;
	if (byte != 0x0f)
		return byte;
	byte = take(c);
	*ret_map = byte == 0x38 ? MAP_0F38 : byte == 0x3a ? MAP_0F3A : MAP_0F;
	return *ret_map == MAP_0F ? byte : take(c);
}

enum isahp_decoded isahp_instruction_decode(const __u8 *bytes, size_t count,
					    enum isahp_code_mode mode,
					    struct isahp_instruction *ret)
{
	struct cursor c = {
		.bytes = bytes,
		.count = count < ISAHP_INSTRUCTION_MAX ? count :
							 ISAHP_INSTRUCTION_MAX,
	};
	struct prefixes p = { .segment = ISAHP_SEGMENTS };
	bool is_64 = mode == ISAHP_CODE_64;
	const struct row *row;
	enum map map;
	__u8 opcode;

	opcode = take_opcode(&c, take_prefixes(&c, is_64, &p), &map);
	if (c.is_short)
		goto out_short;
	row = find_row(map, opcode, p.repeat);
	if (!row || p.lock)
		return ISAHP_DECODED_FOREIGN;
	ret->feature = row->feature;
	ret->operation = row->operation;
	ret->operand_size = p.rex & REX_W ? 8 : p.operand_size ? 2 : 4;
	ret->address_size = is_64 ? (p.address_size ? 4 : 8) :
				    (p.address_size ? 2 : 4);
	take_modrm(&c, &p, is_64, ret);
	if (c.is_short)
		goto out_short;
	if (row->flags & ROW_MEMORY_ONLY && ret->rm != ISAHP_REGISTER_NONE)
		return ISAHP_DECODED_FOREIGN;
	ret->length = c.at;
	return ISAHP_DECODED;

out_short:
	/* One byte more and it would be too long for any CPU. */
	return c.count == ISAHP_INSTRUCTION_MAX ? ISAHP_DECODED_FOREIGN :
						  ISAHP_DECODED_SHORT;
}
