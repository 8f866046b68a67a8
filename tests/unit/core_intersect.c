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

#define CASES 20000

/* Of @count bytes from a linear address on, those that can be read. */
static size_t reachable(__u64 address, size_t count)
{
	__u64 end = (uintptr_t)native_memory + NATIVE_MEMORY_SIZE;

	if (address < (uintptr_t)native_memory - NATIVE_PAGE || address >= end)
		return 0;
	return address + count <= end ? count : end - address;
}

/* The second source. Memory is all of it, or an element that is repeated. */
static bool take(const struct test_case *c, unsigned int unit, union isahp_vector *ret,
		 __u64 *ret_fault)
{
	const struct isahp_instruction *in = &c->code.in;
	bool repeated = in->flags & ISAHP_INSTRUCTION_BROADCAST;
	size_t size = repeated ? unit : in->vector_size, reached;

	if (in->rm != ISAHP_REGISTER_NONE) {
		*ret = c->simd.v[in->rm];
		return true;
	}
	reached = reachable(c->target[0], size);
	*ret_fault = c->target[0] + reached;
	if (reached < size)
		return false;
	memcpy(ret, case_world + (c->target[0] - ((uintptr_t)native_memory - NATIVE_PAGE)),
	       size);
	for (size_t i = size; i < in->vector_size; i++)
		ret->b[i] = ret->b[i - size];
	return true;
}

static __u64 element(const union isahp_vector *v, unsigned int unit, unsigned int i)
{
	return unit == 4 ? v->d[i] : v->q[i];
}

static void intersect(const struct test_case *c, unsigned int unit,
		      const union isahp_vector *b, struct isahp_simd *ret)
{
	const union isahp_vector *a = &c->simd.v[c->code.in.vvvv];
	unsigned int n = c->code.in.vector_size / unit;
	unsigned int base = c->code.in.reg / 2 * 2;

	ret->k[base] = 0;
	ret->k[base + 1] = 0;
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < n; j++)
			if (element(a, unit, i) == element(b, unit, j)) {
				ret->k[base] |= 1u << i;
				ret->k[base + 1] |= 1u << j;
			}
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
	union isahp_vector b;
	__u64 fault = 0;

	regs.simd = &simd;
	r = isahp_emulate_instruction(&e, &c->code.in);
	if (take(c, unit, &b, &fault)) {
		cr_assert_eq(r, ISAHP_EMULATE_DONE);
		intersect(c, unit, &b, &expected);
		cr_assert_eq(regs.rip, c->regs.rip + c->code.count);
		count.done++;
		count.hits += expected.k[c->code.in.reg] != 0;
		count.odd += c->code.in.reg & 1;
	} else {
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
