// SPDX-License-Identifier: MIT
#include "core_case_mask.h"
#include "core_random.h"

static __u64 draw_active(void)
{
	__u64 prefix = (1ULL << case_below(17)) - 1;

	switch (case_below(8)) {
	case 0:
		return 0;
	case 1:
	case 2:
		return ~0ULL;
	case 3:
		return prefix;
	case 4:
		return ~prefix;
	default:
		return random64();
	}
}

/* The sign bits of a vector's elements, the rest of which does not matter. */
static void put_signs(union isahp_vector *v, unsigned int element, __u64 active)
{
	for (unsigned int i = 0; i < 64 / element; i++) {
		__u8 *top = &v->b[i * element + element - 1];

		*top = (*top & 0x7f) | (active >> i & 1) << 7;
	}
}

static bool is_whole(const struct test_case *c, unsigned int size)
{
	__u32 memory = (uintptr_t)native_memory, address = c->target[0];

	if (c->segments.used ||
	    (c->code.mode == ISAHP_CODE_32 && c->code.in.segment != ISAHP_DS) ||
	    case_offset(c, c->code.in.segment, address) >>
		    (8 * c->code.in.address_size - 1))
		return false;
	return address >= memory && address + size <= memory + NATIVE_MEMORY_SIZE;
}

static bool is_vsib(const struct isahp_instruction *in)
{
	return isahp_instruction_form(in)->flags & ISAHP_FORM_VSIB;
}

/*
 * Where the first active element faults, Zen 4 has cleared what lies before it. That
 * is of no effect, and the emulator does nothing at all then: it is clear already.
 */
static void put_vsib_signs(union isahp_vector *v, unsigned int element)
{
	__u64 active = draw_active();

	put_signs(v, element, active);
	for (unsigned int i = 0; i < 64 / element && !(active >> i & 1); i++)
		memset(v->b + i * element, 0, element);
}

/* Of a gather or scatter, with the opmask or vector that goes with it. */
static void set_vsib_mask(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;

	if (in->opmask)
		c->simd.k[in->opmask] = draw_active();
	else
		put_vsib_signs(&c->simd.v[in->vvvv],
			       isahp_instruction_operand(in, 1).size);
}

void case_mask(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;

	if (is_vsib(in))
		set_vsib_mask(c);
	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_MASKMOVDQU:
		/* What is masked out raises faults on some CPUs: unit/core_masked. */
		put_signs(&c->simd.v[in->rm], 1,
			  is_whole(c, 16) ? draw_active() : ~0ULL);
		c->regs.gpr[ISAHP_REGISTER_RDI] =
			case_offset(c, in->segment, c->target[0]);
		break;
	case ISAHP_OP_VMASKMOVPS:
	case ISAHP_OP_VPMASKMOVD:
		put_signs(&c->simd.v[in->vvvv], 4, draw_active());
		break;
	case ISAHP_OP_VMASKMOVPD:
	case ISAHP_OP_VPMASKMOVQ:
		put_signs(&c->simd.v[in->vvvv], 8, draw_active());
		break;
	}
}

static bool has_mask(const struct isahp_instruction *in)
{
	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_VMASKMOVPD:
	case ISAHP_OP_VMASKMOVPS:
	case ISAHP_OP_VPMASKMOVD:
	case ISAHP_OP_VPMASKMOVQ:
		return true;
	default:
		return in->opmask;
	}
}

void case_leave(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	__u64 end = (1ULL << 47) - case_below(64);

	if (case_below(64) || in->address_size != 8 || !has_mask(in) ||
	    in->rm != ISAHP_REGISTER_NONE || in->base >= ISAHP_REGISTER_RIP)
		return;
	c->regs.gpr[in->base] += end - c->target[0];
	c->not_canonical = true;
}

/* --- indices that are those of a vector ------------------------------------ */

struct indices {
	unsigned int size;
	unsigned int element;	/* in memory */
	unsigned int scale;
	__u64 at_target;	/* the index that leads there */
	__s64 wild;		/* one in so many */
	__u32 target;
};

/* Most lie beside the target, few leave memory, or the address space. */
static __u64 draw_index(const struct indices *s, bool is_active)
{
	__s64 end = (uintptr_t)native_memory + NATIVE_MEMORY_SIZE - s->target;
	__s64 offset = (__s64)case_below(400) - 200;

	if (!is_active && case_below(2))
		return random64();
	if (!case_below(s->wild))
		return s->size == 8 ? s->at_target + (1ULL << (62 - s->scale)) :
				      s->at_target ^ 0x80000000;
	if (!case_below(s->wild))
		offset = end - case_below(2 * s->element);
	else if (!case_below(s->wild))
		offset = end - NATIVE_MEMORY_SIZE - case_below(2 * s->element);
	else if (!case_below(3))
		offset &= 0xf;
	return s->at_target + (offset >> s->scale);
}

/* VPGATHERDD, VSCATTERQPS: by the letter behind the verb. */
static unsigned int index_size(const char *name)
{
	return strstr(name, "ERQ") ? 8 : 4;
}

static bool is_active(const struct test_case *c, const struct indices *s,
		      unsigned int i)
{
	const struct isahp_instruction *in = &c->code.in;

	if (in->opmask)
		return c->simd.k[in->opmask] >> i & 1;
	return c->simd.v[in->vvvv].b[i * s->element % 64 + s->element - 1] >> 7;
}

/* The displacement becomes small; there is no immediate behind it. */
static bool set_displacement(struct test_case *c)
{
	__s32 small = (__s32)case_below(0x2000) - 0x1000;

	memcpy(c->code.bytes + c->code.count - 4, &small, 4);
	return encode_again(&c->code);
}

bool case_aim_vector(struct test_case *c)
{
	struct isahp_instruction *in = &c->code.in;
	bool is_store = isahp_instruction_operand(in, 0).class == ISAHP_OPERAND_MEMORY;
	struct indices s = {
		.element = isahp_instruction_operand(in, !is_store).size,
		.scale = in->scale,
		.target = c->target[0],
		.wild = case_below(4) ? 400 : 12,
	};
	union isahp_vector *v = &c->simd.v[in->index];
	__u64 offset;

	s.size = index_size(encode_name(in->form));
	if (in->base == ISAHP_REGISTER_NONE && !set_displacement(c))
		return false;
	offset = case_offset(c, in->segment, c->target[0]) - (__s64)in->displacement;
	if (in->base == ISAHP_REGISTER_NONE) {
		s.at_target = offset >> in->scale;
	} else {
		/* Far from the base, as far as indices reach. */
		s.at_target = s.size == 8 ? random64() : (__u64)(__s32)random64();
		c->regs.gpr[in->base] = offset - (s.at_target << in->scale);
		if (c->code.mode == ISAHP_CODE_32)
			c->regs.gpr[in->base] = (__u32)c->regs.gpr[in->base];
	}
	for (unsigned int i = 0; i < 64 / s.size; i++) {
		__u64 index = draw_index(&s, is_active(c, &s, i));

		memcpy(v->b + i * s.size, &index, s.size);
	}
	memset(v->b + c->simd.bytes, 0, 64 - c->simd.bytes);
	return true;
}
