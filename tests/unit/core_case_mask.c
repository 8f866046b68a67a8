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

static bool is_whole(__u32 address, unsigned int size)
{
	__u32 memory = (uintptr_t)native_memory;

	return address >= memory && address + size <= memory + NATIVE_MEMORY_SIZE;
}

void case_mask(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;

	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_MASKMOVDQU:
		/* What is masked out raises faults on some CPUs: unit/core_masked. */
		put_signs(&c->simd.v[in->rm], 1,
			  is_whole(c->target[0], 16) ? draw_active() : ~0ULL);
		c->regs.gpr[ISAHP_REGISTER_RDI] =
			c->target[0] - (in->segment == ISAHP_GS ? NATIVE_GS_BASE : 0);
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
