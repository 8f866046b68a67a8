// SPDX-License-Identifier: MIT
/*
 * One input says how a small library, which is part of this program, is spoilt:
 * bytes of it are overwritten, and its end is cut off. Whatever the file says,
 * `isahp show` and `isahp check` end, and touch nothing outside of it.
 */
#include <libisahp/tools/tool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tool_image_seeds.h"

/* Enough for the seeds, and short enough for any number of rounds. */
#define BUDGET 4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each edit: 3 bytes where, 1 byte how many, and what. */
static void spoil(uint8_t *file, size_t file_size, const uint8_t *data, size_t size)
{
	while (size > 4) {
		size_t at = data[0] | data[1] << 8 | (size_t)data[2] << 16;
		size_t n = data[3] % 16 + 1;

		data += 4;
		size -= 4;
		if (n > size)
			n = size;
		at %= file_size;
		if (n > file_size - at)
			n = file_size - at;
		memcpy(file + at, data, n);
		data += n;
		size -= n;
	}
}

static void look(const uint8_t *file, size_t size)
{
	struct tool_options options = { .budget = BUDGET, .rest = true };
	const char *why = NULL;
	struct image *im;
	json_t *o;

	if (image_open(file, size, &im, &why)) {
		if (!why)
			abort();
		return;
	}
	if (!tool_show("f", im, &o, &why))
		json_decref(o);
	if (!tool_check("f", im, &options, &o, &why))
		json_decref(o);
	else if (!why)
		abort();
	image_close(im);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct seed *seed;
	size_t length;
	uint8_t *file;

	if (size < 4)
		return 0;
	seed = &seeds[data[0] % (sizeof(seeds) / sizeof(seeds[0]))];
	length = data[1] | data[2] << 8;
	/* Of its own size, so that AddressSanitizer sees what goes beyond. */
	length = data[3] & 1 && length < seed->size ? seed->size - length : seed->size;
	file = malloc(length);
	if (!file)
		abort();
	memcpy(file, seed->bytes, length);
	spoil(file, length, data + 4, size - 4);
	look(file, length);
	free(file);
	return 0;
}
