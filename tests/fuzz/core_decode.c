// SPDX-License-Identifier: MIT
/*
 * One input is code, in 32-bit or 64-bit mode. Whatever it says, the decoder
 * looks at no byte that is not there, what it describes is within its bounds, and
 * a shorter piece of an instruction is never another one.
 */
#include <isa-core/instruction.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static int is_size(unsigned int size)
{
	return size == 2 || size == 4 || size == 8;
}

static void check_registers(const struct isahp_instruction *in)
{
	const struct isahp_form *form = isahp_instruction_form(in);
	unsigned int i;

	require(in->base < 16 || in->base == ISAHP_REGISTER_RIP ||
		in->base == ISAHP_REGISTER_NONE);
	require(in->index < (form->flags & ISAHP_FORM_VSIB ? 32 : 16) ||
		in->index == ISAHP_REGISTER_NONE);
	require(in->scale < 4 && in->segment < ISAHP_SEGMENTS);
	for (i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		struct isahp_operand op = isahp_instruction_operand(in, i);

		switch (op.class) {
		case ISAHP_OPERAND_GPR:
			require(op.number < 16 ||
				(op.size == 1 && op.number >= ISAHP_REGISTER_AH &&
				 op.number < ISAHP_REGISTER_AH + 4));
			require(op.size == 1 || is_size(op.size));
			break;
		case ISAHP_OPERAND_VECTOR:
			require(op.number < 32 && op.size <= 64 && op.size);
			break;
		case ISAHP_OPERAND_OPMASK:
			require(op.number < 8);
			break;
		case ISAHP_OPERAND_MEMORY:
			require(op.size && op.size <= 64);
			break;
		default:
			require(op.class <= ISAHP_OPERAND_RELATIVE);
		}
	}
}

static void check(const struct isahp_instruction *in, const uint8_t *code,
		  size_t count, enum isahp_code_mode mode)
{
	const struct isahp_form *form = isahp_instruction_form(in);
	struct isahp_instruction again;

	require(in->length && in->length <= count &&
		in->length <= ISAHP_INSTRUCTION_MAX);
	require(in->form < isahp_form_count && form->operation < ISAHP_OP_COUNT);
	require(is_size(in->operand_size) && is_size(in->address_size));
	require(in->vector_size == 16 || in->vector_size == 32 ||
		in->vector_size == 64);
	require(in->opmask < 8 && in->rounding < 4);
	check_registers(in);
	require(isahp_instruction_decode(code, in->length, mode, &again) ==
		ISAHP_DECODED);
	require(!memcmp(in, &again, sizeof(again)));
	require(isahp_instruction_decode(code, in->length - 1, mode, &again) ==
		ISAHP_DECODED_SHORT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isahp_instruction in;
	uint8_t *code;
	int mode;

	/* A copy of its very size, which the sanitizer guards. */
	code = malloc(size ? size : 1);
	if (!code)
		return 0;
	memcpy(code, data, size);
	for (mode = ISAHP_CODE_32; mode <= ISAHP_CODE_64; mode++)
		if (isahp_instruction_decode(code, size, mode, &in) == ISAHP_DECODED)
			check(&in, code, size, mode);
	free(code);
	return 0;
}
