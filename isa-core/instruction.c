// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * One pass: prefixes and opcode, ModRM, the row among those of the opcode, and
 * then its operands.
 */
#include "encoding.h"

#define MOD(d) ((d)->modrm >> 6)
#define REG(d) ((d)->modrm >> 3 & 7)
#define RM(d) ((d)->modrm & 7)

/* --- bytes --------------------------------------------------------------- */

/* Little endian, as who executes this. */
#define TAKE(bits) \
static inline __u##bits take_##bits(struct isahp_encoding *d) \
{ \
	__u##bits v; \
\
	__builtin_memcpy(&v, d->bytes + d->at, sizeof(v)); \
	d->at += sizeof(v); \
	return v; \
}
TAKE(16)
TAKE(32)
TAKE(64)
#undef TAKE

/* One byte more and it would be too long for any CPU. */
static inline enum isahp_decoded too_short(const struct isahp_encoding *d)
{
	return d->count == ISAHP_INSTRUCTION_MAX ? ISAHP_DECODED_FOREIGN :
						   ISAHP_DECODED_SHORT;
}

/* --- the row ------------------------------------------------------------- */

static inline __u32 where_of(const struct isahp_encoding *d)
{
	bool is_register = MOD(d) == 3;
	/* Between registers EVEX.b takes the length's bits for the rounding. */
	unsigned int length = d->evex_b && is_register ? 2 : d->length;
	bool o16 = d->operand_size && !d->w;

	return 1u << (ISAHP_WHERE_PP + d->pp) | 1u << (ISAHP_WHERE_W + d->w) |
	       1u << (ISAHP_WHERE_O16 + o16) | 1u << (ISAHP_WHERE_L + length) |
	       1u << (ISAHP_WHERE_REGISTER + is_register) |
	       1u << (ISAHP_WHERE_64 + d->is_64) |
	       1u << (ISAHP_WHERE_REG + REG(d)) | 1u << (ISAHP_WHERE_RM + RM(d));
}

static inline const struct isahp_form *find_form(const struct isahp_encoding *d,
						 unsigned int number)
{
	unsigned int i = isahp_form_starts[number - 1];
	unsigned int end = isahp_form_starts[number];
	__u32 where;

	/* Most instructions are the only ones of their opcode. */
	if (!isahp_forms[i].rejected)
		return &isahp_forms[i];
	where = where_of(d);
	for (; i < end; i++)
		if (!(where & isahp_forms[i].rejected))
			return &isahp_forms[i];
	return NULL;
}

/* --- memory -------------------------------------------------------------- */

static inline bool take_displacement(struct isahp_encoding *d, unsigned int size,
				     struct isahp_instruction *in)
{
	if (!isahp_encoding_has(d, size))
		return false;
	if (size == 1)
		in->displacement = (__s8)d->bytes[d->at++];
	else if (size == 2)
		in->displacement = (__s16)take_16(d);
	else if (size == 4)
		in->displacement = (__s32)take_32(d);
	return true;
}

static bool take_memory_16(struct isahp_encoding *d, struct isahp_instruction *in)
{
	/* SDM vol. 2A, table 2-1: BX, BP, SI and DI are registers 3, 5, 6, 7. */
	static const __u8 base[8] = { 3, 3, 5, 5, 6, 7, 5, 3 };
	static const __u8 index[8] = { 6, 7, 6, 7,
				       ISAHP_REGISTER_NONE, ISAHP_REGISTER_NONE,
				       ISAHP_REGISTER_NONE, ISAHP_REGISTER_NONE };
	unsigned int size = MOD(d);

	in->base = base[RM(d)];
	in->index = index[RM(d)];
	if (MOD(d) == 0 && RM(d) == 6) {
		in->base = ISAHP_REGISTER_NONE;
		size = 2;
	}
	return take_displacement(d, size, in);
}

static inline bool take_memory(struct isahp_encoding *d, bool is_vsib,
			       struct isahp_instruction *in)
{
	unsigned int size = MOD(d) == 2 ? 4 : MOD(d);
	__u8 sib;

	in->base = RM(d) | d->b;
	if (RM(d) == ISAHP_REGISTER_RSP) {
		if (!isahp_encoding_has(d, 1))
			return false;
		sib = d->bytes[d->at++];
		in->scale = sib >> 6;
		in->index = (sib >> 3 & 7) | d->x;
		/* R12 can be an index, RSP can not. */
		if (is_vsib)
			in->index |= d->v2;
		else if (in->index == ISAHP_REGISTER_RSP)
			in->index = ISAHP_REGISTER_NONE;
		in->base = (sib & 7) | d->b;
		if ((sib & 7) == ISAHP_REGISTER_RBP && MOD(d) == 0) {
			in->base = ISAHP_REGISTER_NONE;
			size = 4;
		}
	} else if (RM(d) == ISAHP_REGISTER_RBP && MOD(d) == 0) {
		in->base = d->is_64 ? ISAHP_REGISTER_RIP : ISAHP_REGISTER_NONE;
		size = 4;
	}
	return take_displacement(d, size, in);
}

/* EVEX: an 8-bit displacement counts operands (SDM vol. 2A, 2.7.5). */
static void scale_displacement(const struct isahp_form *form,
			       struct isahp_instruction *in)
{
	struct isahp_operand op;
	unsigned int i;

	if (in->flags & ISAHP_INSTRUCTION_BROADCAST) {
		in->displacement *= form->element >> 4;
		return;
	}
	if (form->flags & ISAHP_FORM_T1S) {
		in->displacement *= form->element & 0xf;
		return;
	}
	for (i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		op = isahp_instruction_operand(in, i);
		if (op.class == ISAHP_OPERAND_MEMORY)
			in->displacement *= op.size;
	}
}

/*
 * What the stack's registers point at is in the stack's segment. R12 and R13 are
 * none of them (APM vol. 3, 1.2.4; SDM vol. 1, 3.7.4).
 */
static inline void set_segment(const struct isahp_encoding *d,
			       struct isahp_instruction *in)
{
	if (d->segment < ISAHP_SEGMENTS)
		in->segment = d->segment;
	else if (in->base == ISAHP_REGISTER_RSP || in->base == ISAHP_REGISTER_RBP)
		in->segment = ISAHP_SS;
	else
		in->segment = ISAHP_DS;
}

static inline bool take_rm(struct isahp_encoding *d,
			   const struct isahp_form *form,
			   struct isahp_instruction *in)
{
	if (MOD(d) == 3) {
		in->rm = RM(d);
		if (!(form->flags & ISAHP_FORM_K_RM))
			in->rm |= d->b;
		/* EVEX.X is the fifth bit of a vector register. */
		if (d->is_evex && form->flags & ISAHP_FORM_VECTOR_RM)
			in->rm |= d->x << 1;
		return true;
	}
	if (in->address_size == 2) {
		if (!take_memory_16(d, in))
			return false;
	} else if (!take_memory(d, form->flags & ISAHP_FORM_VSIB, in)) {
		return false;
	}
	if (d->is_evex && MOD(d) == 1)
		scale_displacement(form, in);
	return true;
}

/* --- immediates ---------------------------------------------------------- */

static unsigned int immediate_size(const struct isahp_form *form,
				   const struct isahp_instruction *in)
{
	unsigned int size = 0;

	if (form->flags & (ISAHP_FORM_IMM8 | ISAHP_FORM_IMM8S | ISAHP_FORM_IS4))
		size = 1;
	else if (form->flags & ISAHP_FORM_IMM16)
		size = 2;
	else if (form->flags & ISAHP_FORM_IMMZ)
		size = in->operand_size == 2 ? 2 : 4;
	else if (form->flags & ISAHP_FORM_IMMV)
		size = in->operand_size;
	else if (form->flags & ISAHP_FORM_ABSOLUTE)
		size = in->address_size;
	return size;
}

static bool take_immediate(struct isahp_encoding *d, const struct isahp_form *form,
			   struct isahp_instruction *in)
{
	bool is_signed = form->flags & (ISAHP_FORM_IMM8S | ISAHP_FORM_IMMZ);
	bool second = form->flags & ISAHP_FORM_IMM8_2;
	unsigned int size = immediate_size(form, in);

	if (!isahp_encoding_has(d, size + second))
		return false;
	switch (size) {
	case 1:
		in->immediate = d->bytes[d->at++];
		if (is_signed)
			in->immediate = (__s8)in->immediate;
		break;
	case 2:
		in->immediate = take_16(d);
		if (is_signed)
			in->immediate = (__s16)in->immediate;
		break;
	case 4:
		in->immediate = take_32(d);
		if (is_signed)
			in->immediate = (__s32)in->immediate;
		break;
	default:
		in->immediate = take_64(d);
	}
	if (second)
		in->immediate |= (__u64)d->bytes[d->at++] << 32;
	if (form->flags & ISAHP_FORM_IS4) {
		/* In 32-bit code there are eight of them (SDM vol. 2, VBLENDVPS). */
		in->is4 = (in->immediate >> 4) & (d->is_64 ? 15 : 7);
		in->immediate &= 15;
	}
	return true;
}

/* --- what makes an encoding undefined ------------------------------------- */

/* SDM vol. 2A, 2.3.6, and each instruction's page: LOCK. */
static bool lock_is_allowed(const struct isahp_encoding *d,
			    const struct isahp_form *form)
{
	return form->flags & ISAHP_FORM_LOCK && MOD(d) != 3;
}

/* SDM vol. 2A, 2.7.11: what EVEX.aaa and z may be. */
static bool mask_is_allowed(const struct isahp_encoding *d,
			    const struct isahp_form *form)
{
	if (!d->evex_aaa)
		return !d->evex_z && !(form->flags & ISAHP_FORM_MUST_MASK);
	if (!(form->flags & ISAHP_FORM_MASK))
		return false;
	if (!d->evex_z)
		return true;
	/* Nothing is zeroed in memory. */
	return form->flags & ISAHP_FORM_ZEROING &&
	       (MOD(d) == 3 ||
		isahp_form_kinds[form->operand[0]].place != ISAHP_PLACE_RM);
}

static bool evex_b_is_allowed(const struct isahp_encoding *d,
			      const struct isahp_form *form)
{
	if (MOD(d) != 3)
		return !d->evex_b ? d->length != 3 :
		       d->length != 3 && form->flags & ISAHP_FORM_BROADCAST;
	if (!d->evex_b)
		return d->length != 3;
	return form->flags & (ISAHP_FORM_ROUNDING | ISAHP_FORM_SAE |
			      ISAHP_FORM_IGNORED_B);
}

/* A register in VEX.vvvv is an operand, or 1111. */
static bool vvvv_is_allowed(const struct isahp_encoding *d,
			    const struct isahp_form *form)
{
	if (form->flags & ISAHP_FORM_K_VVVV)
		return !d->is_64 || (d->vvvv < 8 && !d->v2);
	if (form->flags & ISAHP_FORM_VVVV)
		return true;
	return !d->vvvv && (!d->v2 || form->flags & ISAHP_FORM_VSIB);
}

static bool registers_are_allowed(const struct isahp_encoding *d,
				  const struct isahp_form *form)
{
	if (form->flags & ISAHP_FORM_K_REG && d->r)
		return false;
	/* There are no more than 16 general registers. */
	return !(form->flags & ISAHP_FORM_GPR_REG && d->r & 16);
}

static inline bool is_allowed(const struct isahp_encoding *d,
			      const struct isahp_form *form)
{
	if (d->lock && !lock_is_allowed(d, form))
		return false;
	if (!d->is_vex)
		/* SDM and APM differ on near branches of 16 bits. */
		return !(form->flags & ISAHP_FORM_F64 && d->operand_size &&
			 d->is_64 && !d->w);
	if (!vvvv_is_allowed(d, form) || !registers_are_allowed(d, form))
		return false;
	return !d->is_evex || (mask_is_allowed(d, form) &&
			       evex_b_is_allowed(d, form));
}

/*
 * Of a gather no two of destination, indices and mask are the same register (SDM
 * vol. 2, VGATHERDPS); and there is a SIB byte, and no address of 16 bits.
 */
static bool vsib_is_allowed(const struct isahp_encoding *d,
			    const struct isahp_form *form,
			    const struct isahp_instruction *in)
{
	if (RM(d) != ISAHP_REGISTER_RSP || in->address_size == 2)
		return false;
	if (isahp_form_kinds[form->operand[0]].place != ISAHP_PLACE_REG)
		return true;
	if (in->reg == in->index)
		return false;
	return d->is_evex || (in->vvvv != in->reg && in->vvvv != in->index);
}

/* --- operands ------------------------------------------------------------ */

static inline void set_sizes(const struct isahp_encoding *d,
			     const struct isahp_form *form,
			     struct isahp_instruction *in)
{
	bool default_64 = form->flags & (ISAHP_FORM_D64 | ISAHP_FORM_F64);

	if (d->is_64) {
		in->operand_size = d->w ? 8 : d->operand_size ? 2 :
				   default_64 ? 8 : 4;
		in->address_size = d->address_size ? 4 : 8;
	} else {
		in->operand_size = d->operand_size ? 2 : 4;
		in->address_size = d->address_size ? 2 : 4;
	}
}

static void set_vex(const struct isahp_encoding *d, const struct isahp_form *form,
		    struct isahp_instruction *in)
{
	unsigned int length = d->length;

	in->flags |= ISAHP_INSTRUCTION_VEX;
	in->vvvv = d->vvvv | (form->flags & ISAHP_FORM_VSIB ? 0 : d->v2);
	if (!d->is_64)
		in->vvvv &= 7;
	in->opmask = d->evex_aaa;
	if (d->evex_z)
		in->flags |= ISAHP_INSTRUCTION_ZEROING;
	if (d->evex_b && MOD(d) != 3) {
		in->flags |= ISAHP_INSTRUCTION_BROADCAST;
	} else if (d->evex_b) {
		length = 2;
		if (form->flags & ISAHP_FORM_ROUNDING) {
			in->flags |= ISAHP_INSTRUCTION_ROUNDING;
			in->rounding = d->length;
		} else if (form->flags & ISAHP_FORM_SAE) {
			in->flags |= ISAHP_INSTRUCTION_SAE;
		}
	}
	/* Who neither has operands of that length nor a row for it ignores it. */
	if (form->flags & ISAHP_FORM_LENGTH ||
	    form->rejected & 7u << ISAHP_WHERE_L)
		in->vector_size = 16 << length;
}

/* Without REX 4 to 7 are AH, CH, DH and BH. */
static inline __u8 byte_register(const struct isahp_encoding *d, __u8 n)
{
	return !d->rex_seen && n >= 4 && n < 8 ? n - 4 + ISAHP_REGISTER_AH : n;
}

static void set_byte_registers(const struct isahp_encoding *d,
			       const struct isahp_form *form,
			       struct isahp_instruction *in)
{
	if (form->flags & (ISAHP_FORM_BYTE_REG | ISAHP_FORM_BYTE_OPCODE))
		in->reg = byte_register(d, in->reg);
	if (form->flags & ISAHP_FORM_BYTE_RM && MOD(d) == 3)
		in->rm = byte_register(d, in->rm);
}

static inline bool take_operands(struct isahp_encoding *d,
				 const struct isahp_form *form,
				 bool has_modrm,
				 struct isahp_instruction *in)
{
	set_sizes(d, form, in);
	if (d->is_vex)
		set_vex(d, form, in);
	if (has_modrm) {
		in->reg = REG(d) | d->r;
		if (!take_rm(d, form, in))
			return false;
	} else if (form->flags & (ISAHP_FORM_REG_OPCODE | ISAHP_FORM_BYTE_OPCODE)) {
		in->reg = (d->opcode & 7) | d->b;
	}
	set_segment(d, in);
	if (form->flags & (ISAHP_FORM_BYTE_REG | ISAHP_FORM_BYTE_RM |
			   ISAHP_FORM_BYTE_OPCODE))
		set_byte_registers(d, form, in);
	return !(form->flags & ISAHP_FORM_IMMEDIATES) || take_immediate(d, form, in);
}

/* --- all together -------------------------------------------------------- */

static inline void set_repeat(const struct isahp_encoding *d,
			      const struct isahp_form *form,
			      struct isahp_instruction *in)
{
	/* Where another prefix makes another instruction of it, it is none. */
	if (form->rejected & 1u << ISAHP_WHERE_PP)
		return;
	in->flags |= d->repeat == 2 ? ISAHP_INSTRUCTION_REP :
				      ISAHP_INSTRUCTION_REPNE;
}

static inline enum isahp_decoded describe(struct isahp_encoding *d, unsigned int index,
					  struct isahp_instruction *ret)
{
	bool has_modrm = !(index & ISAHP_FORM_PLAIN);
	const struct isahp_form *form;

	if (has_modrm) {
		if (!isahp_encoding_has(d, 1))
			return too_short(d);
		d->modrm = d->bytes[d->at++];
	} else {
		d->modrm = d->b >> 3;	/* for ISAHP_WHERE_RM */
	}
	form = find_form(d, index & ~ISAHP_FORM_PLAIN);
	if (!form || !is_allowed(d, form))
		return ISAHP_DECODED_FOREIGN;
	*ret = (struct isahp_instruction){
		.form = form - isahp_forms,
		.vector_size = 16,
		.rm = ISAHP_REGISTER_NONE,
		.base = ISAHP_REGISTER_NONE,
		.index = ISAHP_REGISTER_NONE,
		.flags = d->lock ? ISAHP_INSTRUCTION_LOCK : 0,
	};
	if (!take_operands(d, form, has_modrm, ret))
		return too_short(d);
	if (form->flags & ISAHP_FORM_VSIB && !vsib_is_allowed(d, form, ret))
		return ISAHP_DECODED_FOREIGN;
	if (d->repeat)
		set_repeat(d, form, ret);
	ret->length = d->at;
	return ISAHP_DECODED;
}

enum isahp_decoded isahp_instruction_decode(const __u8 *bytes, size_t count,
					    enum isahp_code_mode mode,
					    struct isahp_instruction *ret)
{
	struct isahp_encoding d = {
		.bytes = bytes,
		.count = count < ISAHP_INSTRUCTION_MAX ? count :
							 ISAHP_INSTRUCTION_MAX,
		.is_64 = mode == ISAHP_CODE_64,
		.segment = ISAHP_SEGMENTS,
	};
	unsigned int index;

	if (!isahp_encoding_take(&d))
		return too_short(&d);
	if (d.space == ISAHP_SPACES)
		return ISAHP_DECODED_FOREIGN;
	index = isahp_form_index[d.space * 256 + d.opcode];
	return index ? describe(&d, index, ret) : ISAHP_DECODED_FOREIGN;
}
