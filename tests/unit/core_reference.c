// SPDX-License-Identifier: MIT
#include "core_reference.h"

/* --- VNNI: SDM vol. 2C, VPDPBUSD to VPDPWSSDS -------------------------------- */

static __s64 saturated(__s64 sum)
{
	return sum > 0x7fffffff ? 0x7fffffff : sum < -0x80000000LL ? -0x80000000LL : sum;
}

static __u32 dot(unsigned int operation, __u32 sum, __u32 a, __u32 b)
{
	__s64 total = (__s32)sum;

	if (operation == ISAHP_OP_VPDPBUSD || operation == ISAHP_OP_VPDPBUSDS)
		for (unsigned int i = 0; i < 32; i += 8)
			total += (__s64)(__u8)(a >> i) * (__s8)(b >> i);
	else
		for (unsigned int i = 0; i < 32; i += 16)
			total += (__s64)(__s16)(a >> i) * (__s16)(b >> i);
	if (operation == ISAHP_OP_VPDPBUSDS || operation == ISAHP_OP_VPDPWSSDS)
		return saturated(total);
	return total;
}

static bool is_dot(unsigned int operation)
{
	return operation == ISAHP_OP_VPDPBUSD || operation == ISAHP_OP_VPDPBUSDS ||
	       operation == ISAHP_OP_VPDPWSSD || operation == ISAHP_OP_VPDPWSSDS;
}

/* --- VP2INTERSECT: SDM vol. 2C ------------------------------------------------ */

static bool is_intersection(unsigned int operation)
{
	return operation == ISAHP_OP_VP2INTERSECTD || operation == ISAHP_OP_VP2INTERSECTQ;
}

static void intersect(unsigned int bytes, unsigned int element, const union isahp_vector *a,
		      const union isahp_vector *b, __u64 ret[2])
{
	ret[0] = ret[1] = 0;
	for (unsigned int i = 0; i < bytes / element; i++)
		for (unsigned int j = 0; j < bytes / element; j++) {
			if (memcmp(a->b + i * element, b->b + j * element, element))
				continue;
			ret[0] |= 1ULL << i;
			ret[1] |= 1ULL << j;
		}
}

/* --- operands ----------------------------------------------------------------- */

static bool second_source(const struct test_case *c, unsigned int element,
			  union isahp_vector *ret)
{
	const struct isahp_instruction *in = &c->code.in;
	bool broadcast = in->flags & ISAHP_INSTRUCTION_BROADCAST;
	unsigned int size = broadcast ? element : in->vector_size;

	if (in->rm != ISAHP_REGISTER_NONE) {
		*ret = c->simd.v[in->rm];
		return true;
	}
	if (case_ops.load((void *)c, c->target[0], ret, size) != size)
		return false;
	for (unsigned int i = size; i < in->vector_size; i++)
		ret->b[i] = ret->b[i - size];
	return true;
}

bool reference_has(unsigned int row)
{
	unsigned int operation = isahp_forms[row].operation;

	/* What masks do is not written down here a second time. */
	return (is_dot(operation) && !(isahp_forms[row].flags & ISAHP_FORM_MASK)) ||
	       is_intersection(operation);
}

bool reference_case(const struct test_case *c, struct isahp_simd *ret)
{
	const struct isahp_instruction *in = &c->code.in;
	unsigned int operation = isahp_instruction_operation(in);
	unsigned int element = operation == ISAHP_OP_VP2INTERSECTQ ? 8 : 4;
	union isahp_vector b, *to = &ret->v[in->reg];
	const union isahp_vector *a = &c->simd.v[in->vvvv];

	if (!second_source(c, element, &b))
		return false;
	*ret = c->simd;
	if (is_intersection(operation)) {
		intersect(in->vector_size, element, a, &b, &ret->k[in->reg & 6]);
		return true;
	}
	for (unsigned int i = 0; i < in->vector_size / 4u; i++)
		to->d[i] = dot(operation, c->simd.v[in->reg].d[i], a->d[i], b.d[i]);
	/* VEX: what is above is zero. */
	memset(to->b + in->vector_size, 0, 64 - in->vector_size);
	return true;
}
