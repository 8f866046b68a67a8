// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "encoding.h"

/* --- prefixes ------------------------------------------------------------ */

enum prefix {
	PREFIX_NONE,
	PREFIX_OPERAND,
	PREFIX_ADDRESS,
	PREFIX_LOCK,
	PREFIX_REPNE,
	PREFIX_REP,
	PREFIX_SEGMENT,		/* and its number */
};

static const __u8 prefixes[256] = {
	[0x66] = PREFIX_OPERAND,
	[0x67] = PREFIX_ADDRESS,
	[0xf0] = PREFIX_LOCK,
	[0xf2] = PREFIX_REPNE,
	[0xf3] = PREFIX_REP,
	[0x26] = PREFIX_SEGMENT + ISAHP_ES,
	[0x2e] = PREFIX_SEGMENT + ISAHP_CS,
	[0x36] = PREFIX_SEGMENT + ISAHP_SS,
	[0x3e] = PREFIX_SEGMENT + ISAHP_DS,
	[0x64] = PREFIX_SEGMENT + ISAHP_FS,
	[0x65] = PREFIX_SEGMENT + ISAHP_GS,
};

static void legacy_prefix(struct isahp_encoding *d, __u8 prefix)
{
	switch (prefix) {
	case PREFIX_OPERAND:
		d->operand_size = true;
		break;
	case PREFIX_ADDRESS:
		d->address_size = true;
		break;
	case PREFIX_LOCK:
		d->lock = true;
		break;
	case PREFIX_REPNE:
		d->repeat = 3;
		break;
	case PREFIX_REP:
		d->repeat = 2;
		break;
	default:
		/*
		 * In 64-bit mode the overrides of ES, CS, SS and DS are ignored,
		 * and do not undo one of FS or GS (APM vol. 3, 1.2.4).
		 */
		prefix -= PREFIX_SEGMENT;
		if (!d->is_64 || prefix >= ISAHP_FS)
			d->segment = prefix;
	}
}

/* Gives the first byte that is no prefix; false where there is none. */
static inline bool take_prefixes(struct isahp_encoding *d, __u8 *ret_byte)
{
	__u8 byte, prefix, rex = 0;

	for (;;) {
		if (!isahp_encoding_has(d, 1))
			return false;
		byte = d->bytes[d->at++];
		prefix = prefixes[byte];
		if (prefix) {
			legacy_prefix(d, prefix);
			/* REX counts directly before the opcode alone. */
			rex = 0;
		} else if (d->is_64 && (byte & 0xf0) == 0x40) {
			rex = byte;
		} else {
			break;
		}
	}
	d->rex_seen = rex;
	d->w = rex >> 3 & 1;
	d->r = rex << 1 & 8;
	d->x = rex << 2 & 8;
	d->b = rex << 3 & 8;
	*ret_byte = byte;
	return true;
}

/* --- opcodes ------------------------------------------------------------- */

static inline bool take_legacy(struct isahp_encoding *d, __u8 byte)
{
	d->space = ISAHP_SPACE_LEG;
	if (byte == 0x0f) {
		if (!isahp_encoding_has(d, 1))
			return false;
		byte = d->bytes[d->at++];
		d->space = ISAHP_SPACE_LEG_0F;
		if (byte == 0x38 || byte == 0x3a) {
			d->space = byte == 0x38 ? ISAHP_SPACE_LEG_0F38 :
						  ISAHP_SPACE_LEG_0F3A;
			if (!isahp_encoding_has(d, 1))
				return false;
			byte = d->bytes[d->at++];
		}
	}
	d->opcode = byte;
	d->pp = d->repeat ? d->repeat : d->operand_size;
	return true;
}

/* VEX and EVEX stand behind no prefix of these (SDM vol. 2A, 2.3.2 to 2.3.4). */
static bool may_be_vex(const struct isahp_encoding *d)
{
	return !d->operand_size && !d->repeat && !d->lock && !d->rex_seen;
}

/* W, vvvv and pp are where they are in both (SDM vol. 2A, figure 2-9). */
static void take_last_payload(struct isahp_encoding *d, __u8 byte)
{
	d->vvvv = ~byte >> 3 & 0xf;
	d->pp = byte & 3;
}

static bool take_vex2(struct isahp_encoding *d)
{
	__u8 byte = d->bytes[d->at];

	if (!isahp_encoding_has(d, 2))
		return false;
	d->is_vex = true;
	d->space = ISAHP_SPACE_VEX_0F;
	d->r = (~byte & 0x80) >> 4;
	d->length = byte >> 2 & 1;
	take_last_payload(d, byte);
	d->opcode = d->bytes[d->at + 1];
	d->at += 2;
	return true;
}

static bool take_vex3(struct isahp_encoding *d)
{
	__u8 map = d->bytes[d->at] & 0x1f;
	__u8 rxb = ~d->bytes[d->at], byte;

	if (!isahp_encoding_has(d, 3))
		return false;
	d->is_vex = true;
	if (map >= 1 && map <= 3)
		d->space = ISAHP_SPACE_VEX_0F + map - 1;
	d->r = (rxb & 0x80) >> 4;
	d->x = (rxb & 0x40) >> 3;
	d->b = (rxb & 0x20) >> 2;
	byte = d->bytes[d->at + 1];
	d->w = byte >> 7;
	d->length = byte >> 2 & 1;
	take_last_payload(d, byte);
	d->opcode = d->bytes[d->at + 2];
	d->at += 3;
	return true;
}

/* SDM vol. 2A, 2.7.1 and table 2-36. */
static bool take_evex(struct isahp_encoding *d)
{
	const __u8 *p = d->bytes + d->at;
	__u8 map;

	if (!isahp_encoding_has(d, 4))
		return false;
	d->is_vex = true;
	d->is_evex = true;
	map = p[0] & 0xf;
	if (map >= 1 && map <= 3 && p[1] & 4)
		d->space = ISAHP_SPACE_EVEX_0F + map - 1;
	d->r = (~p[0] & 0x80) >> 4 | (~p[0] & 0x10);
	d->x = (~p[0] & 0x40) >> 3;
	d->b = (~p[0] & 0x20) >> 2;
	d->w = p[1] >> 7;
	take_last_payload(d, p[1]);
	d->v2 = (~p[2] & 8) << 1;
	d->evex_z = p[2] >> 7;
	d->length = p[2] >> 5 & 3;
	d->evex_b = p[2] >> 4 & 1;
	d->evex_aaa = p[2] & 7;
	d->opcode = p[3];
	d->at += 4;
	return true;
}

static bool take_vex(struct isahp_encoding *d, __u8 byte)
{
	bool taken;

	d->space = ISAHP_SPACES;
	switch (byte) {
	case 0xc5:
		taken = take_vex2(d);
		break;
	case 0xc4:
		taken = take_vex3(d);
		break;
	default:
		taken = take_evex(d);
	}
	if (!may_be_vex(d))
		d->space = ISAHP_SPACES;
	/* 32-bit code has eight registers of each kind, whatever these bits are. */
	if (!d->is_64) {
		d->r = 0;
		d->b = 0;
		d->v2 = 0;
	}
	return taken;
}

/* In 32-bit code they are LDS, LES and BOUND where memory follows. */
static inline bool take_opcode(struct isahp_encoding *d, __u8 byte)
{
	if (byte != 0xc4 && byte != 0xc5 && byte != 0x62)
		return take_legacy(d, byte);
	if (!isahp_encoding_has(d, 1))
		return false;
	if (d->is_64 || d->bytes[d->at] >= 0xc0)
		return take_vex(d, byte);
	d->space = ISAHP_SPACES;
	return true;
}

bool isahp_encoding_take(struct isahp_encoding *d)
{
	__u8 byte;

	return take_prefixes(d, &byte) && take_opcode(d, byte);
}
