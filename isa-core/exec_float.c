// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Vector instructions of floating point: lanes_float.def, MXCSR and #XM. */
#include "exec_float.h"
#include "lanes_float.h"

enum {
#define LANES(name, ...) PACKED_##name,
#include "lanes_float.def"
#define LANES_SCALAR(name, ...) SCALAR_##name,
#include "lanes_float.def"
};

#define ROW(name, function, element, sources, immediate, result, also) \
	{ \
		#name, isahp_lanes_##function, element, \
		ISAHP_LANES_##sources | (also), ISAHP_LANES_##immediate, \
		ISAHP_LANES_TO_##result, \
	},

static const struct isahp_lanes_operation operations[] = {
#define LANES(name, function, element, sources, immediate, result) \
	[PACKED_##name] = ROW(name, function, element, sources, immediate, result, 0)
#include "lanes_float.def"
#define LANES_SCALAR(name, function, element, sources, immediate, result) \
	[SCALAR_##name] = ROW(name, function, element, sources, immediate, result, \
			      ISAHP_LANES_S)
#include "lanes_float.def"
};

/* Numbers of rows, and 1 more. */
static const __u8 numbers[ISAHP_OP_COUNT] = {
#define LANES(name, ...) [ISAHP_OP_##name] = PACKED_##name + 1,
#include "lanes_float.def"
#define LANES_SCALAR(name, ...) [ISAHP_OP_##name] = SCALAR_##name + 1,
#include "lanes_float.def"
};

_Static_assert(sizeof(operations) / sizeof(operations[0]) < 256, "fits a byte");

const struct isahp_lanes_operation *isahp_exec_float_operation(unsigned int operation)
{
	unsigned int number = numbers[operation];

	return number ? &operations[number - 1] : NULL;
}

/* Of conversions from and to general registers it is these that count. */
static unsigned int size_of(const struct isahp_instruction *in,
			    const struct isahp_lanes_operation *operation)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FORM_OPERANDS; i++)
		if (exec_kind(in, i)->class == ISAHP_OPERAND_GPR)
			return isahp_instruction_operand(in, i).size;
	if (!(operation->sources & ISAHP_LANES_S))
		return in->vector_size;
	/* It narrows: one element of the source. */
	return operation->result == ISAHP_LANES_TO_PART ? 2 * operation->element :
							  operation->element;
}

void isahp_exec_float_set(const struct isahp_instruction *in,
			  const struct isahp_lanes_operation *operation,
			  struct isahp_lanes *ret)
{
	bool vex = in->flags & ISAHP_INSTRUCTION_VEX;

	ret->bytes = size_of(in, operation);
	switch (isahp_instruction_operation(in)) {
	/* SDM vol. 2A, CMPPS: eight predicates without VEX. */
	case ISAHP_OP_CMPPD:
	case ISAHP_OP_CMPPS:
	case ISAHP_OP_CMPSD:
	case ISAHP_OP_CMPSS:
		ret->imm &= vex ? 31 : 7;
		break;
	}
}

struct isahp_fp isahp_exec_float_begin(const struct isahp_instruction *in, __u32 mxcsr)
{
	struct isahp_fp fp = isahp_fp_begin(mxcsr);

	if (in->flags & ISAHP_INSTRUCTION_ROUNDING)
		isahp_fp_suppress(&fp, in->rounding);
	else if (in->flags & ISAHP_INSTRUCTION_SAE)
		isahp_fp_suppress(&fp, fp.rounding);
	return fp;
}

bool isahp_exec_float_end(const struct isahp_instruction *in, const struct isahp_fp *fp,
			  __u32 *mxcsr)
{
	if (in->flags & (ISAHP_INSTRUCTION_ROUNDING | ISAHP_INSTRUCTION_SAE))
		return true;
	return !isahp_fp_end(fp, mxcsr);
}
