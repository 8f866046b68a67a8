// SPDX-License-Identifier: MIT
#include "core_encode.h"
#include "core_random.h"

#include <string.h>

#define ATTEMPTS 100

static const char *const names[] = {
#define FORM(mnemonic, operation, where, a, b, c, d, access, feature, flags) \
	#mnemonic,
#include <isa-core/forms.def>
};

const char *encode_name(unsigned int row)
{
	return names[row];
}

/* The place of a row in the index, which leads from opcodes to rows. */
static unsigned int place_of(unsigned int row)
{
	static __u16 places[sizeof(names) / sizeof(names[0])];
	static bool known;

	for (unsigned int i = 0; !known && i < ISAHP_SPACES * 256; i++) {
		unsigned int number = isahp_form_index[i] & ~ISAHP_FORM_PLAIN;

		for (unsigned int r = number ? isahp_form_starts[number - 1] : 0;
		     number && r < isahp_form_starts[number]; r++)
			places[r] = i;
	}
	known = true;
	return places[row];
}

unsigned int encode_space(unsigned int row)
{
	return place_of(row) / 256;
}

void encode_seed(__u64 seed)
{
	random_state = seed;
}

static unsigned int below(unsigned int n)
{
	return random64() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

/* --- what the row allows -------------------------------------------------- */

/* One of the values that a field may have; -1: none of those in @among. */
static int draw(const struct isahp_form *form, unsigned int field, unsigned int among)
{
	unsigned int allowed = ~(form->rejected >> field) & among, n;

	if (!allowed)
		return -1;
	do
		n = below(8);
	while (!(allowed >> n & 1));
	return n;
}

static bool is_restricted(const struct isahp_form *form, unsigned int field,
			  unsigned int all)
{
	return form->rejected >> field & all;
}

static void put(struct encoded *code, unsigned int byte)
{
	if (code->count < sizeof(code->bytes))
		code->bytes[code->count++] = byte;
}

/* --- prefixes and opcode -------------------------------------------------- */

static void put_escape(struct encoded *code, unsigned int space)
{
	if (space != ISAHP_SPACE_LEG)
		put(code, 0x0f);
	if (space == ISAHP_SPACE_LEG_0F38)
		put(code, 0x38);
	else if (space == ISAHP_SPACE_LEG_0F3A)
		put(code, 0x3a);
}

/* Of segments and address size. FS and GS are null in 32-bit code, or GS is not. */
static void put_address_prefixes(struct encoded *code)
{
	static const unsigned char overrides[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	bool is_64 = code->mode == ISAHP_CODE_64;

	if (one_in(8))
		put(code, is_64 ? (one_in(2) ? 0x65 : 0x2e) : overrides[below(6)]);
	if (one_in(8))
		put(code, 0x67);
}

static bool takes_repeat(const struct isahp_form *form)
{
	switch (form->operation) {
	case ISAHP_OP_MOVS:
	case ISAHP_OP_CMPS:
	case ISAHP_OP_STOS:
	case ISAHP_OP_LODS:
	case ISAHP_OP_SCAS:
		return true;
	default:
		return false;
	}
}

static void put_legacy(struct encoded *code, const struct isahp_form *form,
		       unsigned int place, bool memory)
{
	static const unsigned char mandatory[] = { 0, 0x66, 0xf3, 0xf2 };
	bool is_64 = code->mode == ISAHP_CODE_64;
	bool free_pp = !is_restricted(form, ISAHP_WHERE_PP, 15);
	int pp = draw(form, ISAHP_WHERE_PP, 15);
	int w = draw(form, ISAHP_WHERE_W, is_64 ? 3 : 1);

	if (free_pp && !one_in(takes_repeat(form) ? 2 : 8))
		pp = below(2);
	put_address_prefixes(code);
	if (form->flags & ISAHP_FORM_LOCK && memory && one_in(3))
		put(code, 0xf0);
	if (pp >= 2 && one_in(4))
		put(code, 0x66);
	if (pp > 0)
		put(code, mandatory[pp]);
	if (is_64 && (w > 0 || one_in(2)))
		put(code, 0x40 | (w > 0) << 3 | below(8));
	put_escape(code, place / 256);
	put(code, place % 256);
}

/* SDM vol. 2A, figure 2-9; what extends a register is inverted. */
static void put_vex(struct encoded *code, const struct isahp_form *form,
		    unsigned int place)
{
	bool is_64 = code->mode == ISAHP_CODE_64;
	unsigned int rxb = is_64 ? below(8) << 5 : 0xe0;
	unsigned int vvvv = form->flags & (ISAHP_FORM_VVVV | ISAHP_FORM_K_VVVV) ?
				    below(is_64 ? 16 : 8) : 0;
	int w = draw(form, ISAHP_WHERE_W, 3), l = draw(form, ISAHP_WHERE_L, 3);
	int pp = draw(form, ISAHP_WHERE_PP, 15);

	put_address_prefixes(code);
	put(code, 0xc4);
	put(code, rxb | (place / 256 - ISAHP_SPACE_VEX_0F + 1));
	put(code, (w > 0) << 7 | (~vvvv & 15) << 3 | (l > 0) << 2 | pp);
	put(code, place % 256);
}

/* SDM vol. 2A, 2.7.1 and table 2-36; the row is drawn again if that is undefined. */
static void put_evex(struct encoded *code, const struct isahp_form *form,
		     unsigned int place)
{
	bool is_64 = code->mode == ISAHP_CODE_64;
	bool has_vvvv = form->flags & (ISAHP_FORM_VVVV | ISAHP_FORM_K_VVVV);
	unsigned int vvvv = has_vvvv ? below(is_64 ? 16 : 8) : 0;
	bool has_v2 = has_vvvv || form->flags & ISAHP_FORM_VSIB;
	unsigned int v2 = has_v2 && is_64 ? below(2) : 0;
	unsigned int rxb = is_64 ? below(16) << 4 : 0xf0;
	int w = draw(form, ISAHP_WHERE_W, 3), l = draw(form, ISAHP_WHERE_L, 7);
	int pp = draw(form, ISAHP_WHERE_PP, 15);
	unsigned int aaa = form->flags & ISAHP_FORM_MASK && one_in(2) ? below(8) : 0;
	unsigned int z = aaa && form->flags & ISAHP_FORM_ZEROING ? below(2) : 0;
	unsigned int b = form->flags & (ISAHP_FORM_BROADCAST | ISAHP_FORM_ROUNDING |
					ISAHP_FORM_SAE) ? one_in(3) : 0;

	/* Between registers it is a rounding. */
	if (b && form->flags & ISAHP_FORM_ROUNDING && one_in(2))
		l = below(4);
	put_address_prefixes(code);
	put(code, 0x62);
	put(code, rxb | (place / 256 - ISAHP_SPACE_EVEX_0F + 1));
	put(code, (w > 0) << 7 | (~vvvv & 15) << 3 | 4 | pp);
	put(code, z << 7 | l << 5 | b << 4 | !v2 << 3 | aaa);
	put(code, place % 256);
}

/* --- operands that are the same register ------------------------------------- */

/* R of what is to be repeated, to B or to vvvv; bits 4 and 3 of a number. */
static void alias_vex(unsigned char *p, bool evex, unsigned int which, bool has_vvvv)
{
	unsigned char *modrm = p + (evex ? 5 : 4);
	unsigned int reg = (*modrm >> 3 & 7) | (~p[1] >> 7 & 1) << 3 |
			   (evex ? ~p[1] >> 4 & 1 : 0) << 4;

	if (which & 1 && has_vvvv) {
		p[2] = (p[2] & 0x87) | (~reg & 15) << 3;
		if (evex)
			p[3] = (p[3] & ~8) | !(reg >> 4) << 3;
	}
	if (which & 2 && *modrm >> 6 == 3) {
		*modrm = (*modrm & ~7) | (reg & 7);
		p[1] = (p[1] & ~0x20) | !(reg >> 3 & 1) << 5;
		if (evex)
			p[1] = (p[1] & ~0x40) | !(reg >> 4) << 6;
	}
}

/* One case in four: what is drawn alike once in sixteen times is too seldom. */
static void alias(struct encoded *code, const struct isahp_form *form,
		  unsigned int place, unsigned int prefix, unsigned int modrm)
{
	bool has_vvvv = form->flags & (ISAHP_FORM_VVVV | ISAHP_FORM_K_VVVV);

	if (!one_in(4))
		return;
	if (place / 256 >= ISAHP_SPACE_VEX_0F)
		alias_vex(code->bytes + prefix, place / 256 >= ISAHP_SPACE_EVEX_0F,
			  1 + below(3), has_vvvv);
	else if (code->bytes[modrm] >> 6 == 3)
		code->bytes[modrm] = (code->bytes[modrm] & ~7) |
				     (code->bytes[modrm] >> 3 & 7);
}

/* --- a whole instruction -------------------------------------------------- */

static void put_all(struct encoded *code, const struct isahp_form *form,
		    unsigned int place)
{
	int is_register = draw(form, ISAHP_WHERE_REGISTER, 3);
	int reg = draw(form, ISAHP_WHERE_REG, 255), rm = draw(form, ISAHP_WHERE_RM, 255);
	unsigned int prefix = 0, modrm;

	code->count = 0;
	if (place / 256 < ISAHP_SPACE_VEX_0F)
		put_legacy(code, form, place, is_register == 0);
	else if (place / 256 < ISAHP_SPACE_EVEX_0F)
		put_vex(code, form, place);
	else
		put_evex(code, form, place);
	modrm = code->count;
	if (!(isahp_form_index[place] & ISAHP_FORM_PLAIN)) {
		put(code, (is_register ? 3 : below(3)) << 6 | reg << 3 | rm);
		while (code->bytes[prefix] != 0xc4 && code->bytes[prefix] != 0x62)
			if (++prefix == modrm)
				break;
		alias(code, form, place, prefix, modrm);
	}
	/* SIB, displacement, immediates. */
	while (code->count < sizeof(code->bytes))
		put(code, random64() & 0xff);
}

bool encode_row(unsigned int row, enum isahp_code_mode mode, struct encoded *ret)
{
	const struct isahp_form *form = &isahp_forms[row];
	unsigned int place = place_of(row);

	ret->mode = mode;
	if (draw(form, ISAHP_WHERE_64, mode == ISAHP_CODE_64 ? 2 : 1) < 0)
		return false;
	for (int i = 0; i < ATTEMPTS; i++) {
		put_all(ret, form, place);
		if (isahp_instruction_decode(ret->bytes, ret->count, mode, &ret->in) !=
			    ISAHP_DECODED || ret->in.form != row)
			continue;
		ret->count = ret->in.length;
		return true;
	}
	return false;
}

/* --- addresses ------------------------------------------------------------ */

static unsigned int immediate_bytes(const struct encoded *code)
{
	const struct isahp_form *form = &isahp_forms[code->in.form];
	unsigned int bytes = form->flags & ISAHP_FORM_IMM8_2 ? 1 : 0;

	if (form->flags & (ISAHP_FORM_IMM8 | ISAHP_FORM_IMM8S | ISAHP_FORM_IS4))
		bytes += 1;
	if (form->flags & ISAHP_FORM_IMM16)
		bytes += 2;
	if (form->flags & ISAHP_FORM_IMMZ)
		bytes += code->in.operand_size == 2 ? 2 : 4;
	if (form->flags & ISAHP_FORM_IMMV)
		bytes += code->in.operand_size;
	return bytes;
}

bool encode_again(struct encoded *code)
{
	unsigned int row = code->in.form;

	return isahp_instruction_decode(code->bytes, code->count, code->mode,
					&code->in) == ISAHP_DECODED &&
	       code->in.form == row && code->in.length == code->count;
}

unsigned int encode_immediates(unsigned int row)
{
	unsigned int flags = isahp_forms[row].flags;

	if (!(flags & (ISAHP_FORM_IMM8 | ISAHP_FORM_IMM8S)))
		return 0;
	return flags & ISAHP_FORM_IMM8_2 ? 2 : 1;
}

bool encode_immediate(struct encoded *code, unsigned int value, unsigned int second)
{
	unsigned int n = encode_immediates(code->in.form);

	code->bytes[code->count - n] = value;
	if (n == 2)
		code->bytes[code->count - 1] = second;
	return encode_again(code);
}

bool encode_aim(struct encoded *code, __u64 *gpr, __u32 target, __u64 base)
{
	struct isahp_instruction *in = &code->in;
	__u64 offset = code->mode == ISAHP_CODE_64 ? target - base : (__u32)(target - base);
	__u64 rest = (__s64)in->displacement;
	__u32 displacement;
	size_t size;

	if (isahp_forms[in->form].flags & ISAHP_FORM_ABSOLUTE) {
		memcpy(code->bytes + code->count - in->address_size, &offset,
		       in->address_size);
		return encode_again(code);
	}
	if (in->base == in->index && in->base != ISAHP_REGISTER_NONE)
		return false;
	if (in->base < ISAHP_REGISTER_RIP) {
		if (in->index != ISAHP_REGISTER_NONE)
			rest += gpr[in->index] << in->scale;
		gpr[in->base] = offset - rest;
		if (code->mode == ISAHP_CODE_32)
			gpr[in->base] = (__u32)gpr[in->base];
		return true;
	}
	/* Small enough that a displacement reaches the target. */
	if (in->index != ISAHP_REGISTER_NONE) {
		gpr[in->index] &= 0xffff;
		offset -= gpr[in->index] << in->scale;
	}
	if (in->base == ISAHP_REGISTER_RIP)
		offset -= code->address + code->count;
	displacement = offset;
	size = in->address_size == 2 ? 2 : 4;
	memcpy(code->bytes + code->count - immediate_bytes(code) - size, &displacement,
	       size);
	return encode_again(code);
}
