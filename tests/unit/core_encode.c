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
	if (is_64 && one_in(8))
		put(code, one_in(2) ? 0x65 : 0x2e);
	if (is_64 && one_in(8))
		put(code, 0x67);
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

	if (is_64 && one_in(8))
		put(code, one_in(2) ? 0x65 : 0x67);
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

	if (is_64 && one_in(8))
		put(code, one_in(2) ? 0x65 : 0x67);
	put(code, 0x62);
	put(code, rxb | (place / 256 - ISAHP_SPACE_EVEX_0F + 1));
	put(code, (w > 0) << 7 | (~vvvv & 15) << 3 | 4 | pp);
	put(code, z << 7 | l << 5 | b << 4 | !v2 << 3 | aaa);
	put(code, place % 256);
}

/* --- a whole instruction -------------------------------------------------- */

static void put_all(struct encoded *code, const struct isahp_form *form,
		    unsigned int place)
{
	int is_register = draw(form, ISAHP_WHERE_REGISTER, 3);
	int reg = draw(form, ISAHP_WHERE_REG, 255), rm = draw(form, ISAHP_WHERE_RM, 255);

	code->count = 0;
	if (place / 256 < ISAHP_SPACE_VEX_0F)
		put_legacy(code, form, place, is_register == 0);
	else if (place / 256 < ISAHP_SPACE_EVEX_0F)
		put_vex(code, form, place);
	else
		put_evex(code, form, place);
	if (!(isahp_form_index[place] & ISAHP_FORM_PLAIN))
		put(code, (is_register ? 3 : below(3)) << 6 | reg << 3 | rm);
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

bool encode_aim(struct encoded *code, __u64 *gpr, __u32 target, __u64 gs_base)
{
	struct isahp_instruction *in = &code->in;
	__u64 offset = target - (in->segment == ISAHP_GS ? gs_base : 0);
	__u64 rest = (__s64)in->displacement;
	__u32 displacement;

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
	memcpy(code->bytes + code->count - immediate_bytes(code) - 4, &displacement, 4);
	return encode_again(code);
}
