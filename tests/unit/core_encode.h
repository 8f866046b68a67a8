/* SPDX-License-Identifier: MIT */
/* Machine code for a row of forms.def, with operands at random. */
#ifndef TEST_CORE_ENCODE_H
#define TEST_CORE_ENCODE_H

#include <isa-core/instruction.h>

/**
 * struct encoded - an instruction
 * @bytes: its code, @count of them, at address @address.
 * @mode: enum isahp_code_mode.
 * @in: as it is decoded.
 */
struct encoded {
	unsigned char bytes[ISAHP_INSTRUCTION_MAX];
	size_t count;
	__u64 address;
	enum isahp_code_mode mode;
	struct isahp_instruction in;
};

/** encode_name - a row's mnemonic */
const char *encode_name(unsigned int row);

/** encode_space - where a row's opcode is: enum isahp_opcode_space */
unsigned int encode_space(unsigned int row);

/**
 * encode_row - one of the encodings of a row
 * @row: number in isahp_forms.
 * @mode: enum isahp_code_mode.
 * @ret: @address is the caller's.
 *
 * Registers, addresses, immediates and prefixes are drawn by core_random.h.
 *
 * Return: false if there is none in that mode; or none was drawn that decodes to
 * the row, of a hundred.
 */
bool encode_row(unsigned int row, enum isahp_code_mode mode, struct encoded *ret);

/** encode_seed - what encode_row() draws from here on */
void encode_seed(__u64 seed);

/**
 * encode_immediate - change the immediate byte
 * @code: of a row that has one.
 * @value: of it.
 * @second: of the second one, where there are two.
 *
 * Return: false if it is another row now.
 */
bool encode_immediate(struct encoded *code, unsigned int value, unsigned int second);

/** encode_immediates - how many immediate bytes a row has: 0, 1 or 2 */
unsigned int encode_immediates(unsigned int row);

/** encode_again - bytes were changed; false if it is another row now */
bool encode_again(struct encoded *code);

/**
 * encode_aim - make the memory operand lie at an address
 * @code: its displacement is changed where no register can be.
 * @gpr: general registers; base or index are changed.
 * @target: linear, below 2 GiB.
 * @base: of its segment.
 *
 * Return: false where it can not: base and index are the same, say.
 */
bool encode_aim(struct encoded *code, __u64 *gpr, __u32 target, __u64 base);

#endif /* TEST_CORE_ENCODE_H */
