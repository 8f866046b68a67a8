// SPDX-License-Identifier: MIT
/*
 * Writes what the emulator's fuzzers begin with: for each row of forms.def an input
 * of fuzz/core_emulate that is one such instruction, and one of fuzz/core_run that
 * has it among others.
 *
 * Usage: core_form_seeds EMULATE_FOLDER RUN_FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/core_encode.h"
#include "../unit/core_random.h"

#define ATTEMPTS 60
#define ROWS 6	/* of a run */

struct input {
	unsigned char bytes[400];
	size_t count;
};

static void put(struct input *i, const void *bytes, size_t count)
{
	if (count > sizeof(i->bytes) - i->count)
		count = sizeof(i->bytes) - i->count;
	memcpy(i->bytes + i->count, bytes, count);
	i->count += count;
}

static void put_byte(struct input *i, unsigned int byte)
{
	unsigned char c = byte;

	put(i, &c, 1);
}

static void put_random(struct input *i, size_t count)
{
	while (count--)
		put_byte(i, random64());
}

static bool write_to(const char *folder, unsigned int row, const struct input *i)
{
	char path[4096];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/%u-%s", folder, row, encode_name(row));
	f = fopen(path, "wb");
	if (!f)
		return false;
	good = fwrite(i->bytes, 1, i->count, f) == i->count;
	return !fclose(f) && good;
}

/* Memory, if any, where registers lead that point to it. */
static bool is_near(const struct isahp_instruction *in)
{
	if (isahp_forms[in->form].flags & ISAHP_FORM_ABSOLUTE)
		return false;
	if (in->rm != ISAHP_REGISTER_NONE)
		return true;
	return in->base != ISAHP_REGISTER_RIP && in->displacement >= -64 &&
	       in->displacement <= 64;
}

/* The nearest of some. */
static bool encode(unsigned int row, enum isahp_code_mode mode, struct encoded *ret)
{
	struct encoded code;
	bool found = false;

	for (int i = 0; i < ATTEMPTS && !(found && is_near(&ret->in)); i++) {
		code.address = 0x10000;
		if (!encode_row(row, mode, &code))
			continue;
		*ret = code;
		found = true;
	}
	return found;
}

static struct input one_instruction(const struct encoded *code)
{
	struct input i = { .count = 0 };

	put_byte(&i, 4 | 2 | code->mode);
	put_byte(&i, 255);
	put_byte(&i, 1);
	put_byte(&i, code->count);
	put(&i, code->bytes, code->count);
	put_random(&i, 120);
	return i;
}

static struct input run_of(unsigned int row, enum isahp_code_mode mode)
{
	struct input i = { .count = 0 };
	struct encoded code;

	put_byte(&i, (mode == ISAHP_CODE_32) | 4 | (random64() & 16));
	put_byte(&i, 4 | random64() % 3);
	put_byte(&i, 0);
	put_random(&i, 16);
	put_byte(&i, 0x80);
	put_byte(&i, 0x1f);
	put_random(&i, 2);
	for (int n = 0; n < ROWS; n++)
		if (encode(n ? random64() % isahp_form_count : row, mode, &code))
			put(&i, code.bytes, code.count);
	/* JMP to the beginning. */
	put_byte(&i, 0xeb);
	put_byte(&i, 23 - (i.count + 1));
	put_random(&i, sizeof(i.bytes) - i.count);
	return i;
}

int main(int argc, char **argv)
{
	bool good = argc == 3;

	random_state = 1;
	encode_seed(1);
	for (unsigned int row = 0; good && row < isahp_form_count; row++) {
		enum isahp_code_mode mode = ISAHP_CODE_64;
		struct encoded code;
		struct input i;

		if (!encode(row, mode, &code)) {
			mode = ISAHP_CODE_32;
			if (!encode(row, mode, &code))
				continue;
		}
		i = one_instruction(&code);
		good = write_to(argv[1], row, &i);
		i = run_of(row, mode);
		good &= write_to(argv[2], row, &i);
	}
	if (!good)
		fprintf(stderr, "Usage: core_form_seeds EMULATE_FOLDER RUN_FOLDER\n");
	return good ? 0 : 1;
}
