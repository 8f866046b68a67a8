// SPDX-License-Identifier: MIT
/*
 * VP2INTERSECT, which few CPUs have: not against the CPU but against the words of
 * SDM vol. 2C. What it computes unit/core_lanes shows by other instructions; here
 * it is where operands come from, which opmasks they go to, and that nothing else
 * changes.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core_case.h"
#include "core_random.h"
#include "core_reference.h"

#define CASES 20000

/* The first byte of the second source that can not be read. */
static __u64 fault_of(const struct test_case *c, unsigned int unit)
{
	const struct isahp_instruction *in = &c->code.in;
	union isahp_vector b;

	return c->target[0] +
	       case_ops.load((void *)c, c->target[0], &b,
			     in->flags & ISAHP_INSTRUCTION_BROADCAST ? unit :
								       in->vector_size);
}

static struct {
	unsigned long done, faults, hits, odd;
} count;

static void show(const struct test_case *c, unsigned int unit)
{
	struct isahp_registers regs = c->regs;
	struct isahp_simd simd = c->simd, expected = c->simd;
	struct isahp_emulation e = {
		.mode = c->code.mode,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &case_ops,
		.env = (void *)c,
	};
	enum isahp_emulated r;
	__u64 fault;

	regs.simd = &simd;
	r = isahp_emulate_instruction(&e, &c->code.in);
	if (reference_case(c, &expected)) {
		cr_assert_eq(r, ISAHP_EMULATE_DONE);
		cr_assert_eq(regs.rip, c->regs.rip + c->code.count);
		count.done++;
		count.hits += expected.k[c->code.in.reg] != 0;
		count.odd += c->code.in.reg & 1;
	} else {
		fault = fault_of(c, unit);
		cr_assert_eq(r, ISAHP_EMULATE_UNREACHED);
		cr_assert_eq(e.address, fault, "%llx, not %llx", e.address, fault);
		cr_assert_eq(regs.rip, c->regs.rip);
		count.faults++;
	}
	cr_assert(!memcmp(simd.v, expected.v, sizeof(simd.v)));
	cr_assert(!memcmp(simd.k, expected.k, sizeof(simd.k)));
	cr_assert_eq(simd.mxcsr, expected.mxcsr);
	cr_assert(!memcmp(regs.gpr, c->regs.gpr, sizeof(regs.gpr)));
	cr_assert_eq(regs.rflags, c->regs.rflags);
}

/* What is not aligned, or not within a segment, is other tests' affair. */
static bool is_plain(const struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;

	return !c->segments.used && !c->not_canonical && in->address_size != 2 &&
	       (c->code.mode == ISAHP_CODE_64 || in->segment < ISAHP_FS);
}

/* Equal elements at other places, not at the same ones only. */
static void shuffle(struct test_case *c)
{
	for (int i = 0; i < ISAHP_SIMD_VECTORS; i++)
		for (int j = 0; j < 4; j++)
			c->simd.v[i].q[case_below(8)] = c->simd.v[case_below(32)].q[case_below(8)];
}

static void show_operation(unsigned int operation, unsigned int unit)
{
	struct test_case c = { .simd = { .bytes = 64, .mxcsr = 0x1f80 } };
	unsigned int row = 0;

	memset(&count, 0, sizeof(count));
	case_prepare();
	while (isahp_forms[row].operation != operation)
		row++;
	for (unsigned long i = 0; i < random_cases(CASES); i++) {
		if (!case_draw(&c, row, i % 3 ? ISAHP_CODE_64 : ISAHP_CODE_32) ||
		    !is_plain(&c))
			continue;
		c.regs.rflags &= ~(__u64)ISAHP_FLAG_AC;
		shuffle(&c);
		show(&c, unit);
	}
	printf("%lu done, %lu with equal elements, %lu of odd opmasks, %lu faults\n",
	       count.done, count.hits, count.odd, count.faults);
	cr_assert(count.hits && count.odd && count.faults);
}

Test(intersect, writes_a_pair_of_opmasks_for_dwords)
{
	show_operation(ISAHP_OP_VP2INTERSECTD, 4);
}

Test(intersect, writes_a_pair_of_opmasks_for_qwords)
{
	show_operation(ISAHP_OP_VP2INTERSECTQ, 8);
}
