// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "instruction.h"

static __u8 size_of(const struct isahp_instruction *in, __u8 size)
{
	switch (size) {
	case ISAHP_SIZE_V:
		return in->operand_size;
	case ISAHP_SIZE_Z:
		return in->operand_size == 2 ? 2 : 4;
	case ISAHP_SIZE_Y:
		return in->operand_size == 8 ? 8 : 4;
	case ISAHP_SIZE_X:
		return in->vector_size;
	case ISAHP_SIZE_X2:
		return in->vector_size / 2;
	case ISAHP_SIZE_X4:
		return in->vector_size / 4;
	case ISAHP_SIZE_X8:
		return in->vector_size / 8;
	default:
		return size;
	}
}

static void of_rm(const struct isahp_instruction *in, struct isahp_operand *op)
{
	op->number = in->rm;
	if (in->rm == ISAHP_REGISTER_NONE && op->class != ISAHP_OPERAND_ADDRESS)
		op->class = ISAHP_OPERAND_MEMORY;
}

struct isahp_operand isahp_instruction_operand(const struct isahp_instruction *in,
					       unsigned int n)
{
	const struct isahp_form *form = isahp_instruction_form(in);
	const struct isahp_form_kind *kind = &isahp_form_kinds[form->operand[n]];
	struct isahp_operand op = {
		.class = kind->class,
		.size = size_of(in, kind->size),
		.access = form->access >> 2 * n & 3,
	};

	switch (kind->place) {
	case ISAHP_PLACE_REG:
	case ISAHP_PLACE_OPCODE:
		op.number = in->reg;
		break;
	case ISAHP_PLACE_RM:
		of_rm(in, &op);
		break;
	case ISAHP_PLACE_VVVV:
		op.number = in->vvvv;
		break;
	case ISAHP_PLACE_IS4:
		op.number = in->is4;
		break;
	case ISAHP_PLACE_FIXED:
		op.number = form->operand[n] == ISAHP_KIND_CL ? ISAHP_REGISTER_RCX :
								ISAHP_REGISTER_RAX;
		break;
	}
	return op;
}
