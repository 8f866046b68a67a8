// SPDX-License-Identifier: MIT
/*
 * Writes isa-core/selftest.def: has the CPU carry out an instruction of each
 * operation of forms.def, and of some operations one that ends in an exception.
 *
 *	build/dev/tests/record_selftest >isa-core/selftest.def
 *
 * A vector is recorded where CPU and emulator agree; what the two never agree on
 * is named, be it that this CPU has no such instruction. Estimates are left out:
 * CPUs differ.
 */
#include <stdio.h>

#include "core_encode.h"
#include "core_estimate.h"
#include "core_selftest_native.h"

#define ATTEMPTS 200
#define FAULTS 6	/* of so many operations one has an exception as well */

/* Whose memory a seed can place. */
static bool is_placed(const struct encoded *code)
{
	const struct isahp_instruction *in = &code->in;
	unsigned int address = code->mode == ISAHP_CODE_64 ? 8 : 4;
	bool is_vsib = isahp_forms[in->form].flags & ISAHP_FORM_VSIB;

	if (isahp_forms[in->form].flags & ISAHP_FORM_ABSOLUTE)
		return false;
	if (in->segment == ISAHP_FS || in->segment == ISAHP_GS || in->segment == ISAHP_CS ||
	    in->address_size != address)
		return false;
	if (in->rm != ISAHP_REGISTER_NONE)
		return true;
	if (in->base == ISAHP_REGISTER_NONE && in->index == ISAHP_REGISTER_NONE)
		return !in->displacement;
	return in->base < 16 && (is_vsib || in->base != in->index);
}

/* The CPU's digest, if the emulator has the same. */
static bool try(const struct encoded *code, struct isahp_selftest_vector *v,
		enum isahp_emulated *ret_outcome)
{
	struct isahp_selftest native, emulated;

	*v = (struct isahp_selftest_vector){
		.mode = code->mode, .seed = v->seed, .count = code->count,
	};
	memcpy(v->bytes, code->bytes, code->count);
	if (!selftest_native_has(&code->in) || !isahp_selftest_begin(v, &native) ||
	    !isahp_selftest_begin(v, &emulated))
		return false;
	native.regs.simd = &native.simd;
	isahp_selftest_emulate(&emulated);
	if (emulated.outcome == ISAHP_EMULATE_FOREIGN || !selftest_native(v, &native))
		return false;
	v->digest = isahp_selftest_digest(&native);
	*ret_outcome = native.outcome;
	return v->digest == isahp_selftest_digest(&emulated);
}

static void print(const struct isahp_selftest_vector *v, unsigned int row, bool done)
{
	printf("VECTOR(%d, %u, 0x%016llx, %u,", v->mode == ISAHP_CODE_64 ? 64 : 32,
	       v->seed, v->digest, v->count);
	for (unsigned int i = 0; i < v->count; i++)
		printf(" 0x%02x%s", v->bytes[i], i + 1 < v->count ? "," : ")");
	printf("\t/* %s%s */\n", encode_name(row), done ? "" : ", an exception");
}

/* The n-th of an operation's rows, again from the first one behind the last. */
static unsigned int row_of(unsigned int operation, unsigned int n)
{
	unsigned int rows = 0, row;

	for (row = 0; row < isahp_form_count; row++)
		rows += isahp_forms[row].operation == operation;
	n %= rows;
	for (row = 0; isahp_forms[row].operation != operation || n--; row++)
		;
	return row;
}

static bool encode(unsigned int row, struct encoded *code)
{
	code->address = ISAHP_SELFTEST_CODE;
	if (!encode_row(row, ISAHP_CODE_64, code) &&
	    !encode_row(row, ISAHP_CODE_32, code))
		return false;
	/* A small frame: level and size. Other levels are left to the CPU. */
	if (isahp_forms[row].operation == ISAHP_OP_ENTER) {
		memset(code->bytes + code->count - 3, 0, 3);
		code->bytes[code->count - 3] = 16;
	}
	return encode_again(code) && is_placed(code);
}

static bool record(unsigned int operation, bool done)
{
	struct isahp_selftest_vector v;
	enum isahp_emulated outcome;
	struct encoded code;

	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		unsigned int row = row_of(operation, operation + i);

		v.seed = operation << 8 | i;
		encode_seed(v.seed);
		if (!encode(row, &code) || !try(&code, &v, &outcome) ||
		    done != (outcome == ISAHP_EMULATE_DONE))
			continue;
		print(&v, row, done);
		return true;
	}
	return false;
}

int main(void)
{
	if (!selftest_native_init()) {
		fprintf(stderr, "record_selftest: this needs a CPU with AVX-512, and "
				"addresses that are taken\n");
		return 2;
	}
	puts("/* SPDX-License-Identifier: GPL-2.0-only OR MIT */\n"
	     "/*\n"
	     " * What a CPU made of an instruction of each operation: see selftest.h.\n"
	     " * Recorded on a Zen 4 by record_selftest.\n"
	     " *\n"
	     " * VECTOR(mode, seed, digest, count, bytes ...)\n"
	     " */\n"
	     "#ifndef VECTOR\n"
	     "#define VECTOR(...)\n"
	     "#endif\n");
	for (unsigned int i = 0; i < ISAHP_OP_COUNT; i++) {
		if (estimate_is(i) || !isahp_emulate_executes(i))
			continue;
		if (!record(i, true))
			fprintf(stderr, "not recorded: %s\n", encode_name(row_of(i, 0)));
		if (i % FAULTS == 0)
			record(i, false);
	}
	puts("\n#undef VECTOR");
	return 0;
}
