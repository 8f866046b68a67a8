// SPDX-License-Identifier: MIT
/*
 * The decoder against the CPU: what it calls foreign raises #UD, and what it
 * decodes does not. Bits that are reserved, registers that do not exist, masks,
 * broadcasts and lengths where there are none: here is who decides on them.
 *
 * Each encoding is executed as it is. Memory is at an address where there is
 * none: a page fault says as well as success that the encoding is good.
 *
 * AMD's CPUs ignore some bits that Intel's manual and Zydis have undefined. Such
 * encodings are foreign: no assembler makes them, and the vendors differ. They
 * are counted, and on Intel's CPUs they are differences.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>

#include "core_native.h"

static struct isahp_features here;
static unsigned long good, undefined, ignored, missing, wrong;

static unsigned int below(unsigned int n)
{
	return (unsigned int)random() % n;
}

static void setup(void)
{
	const char *text = getenv("ISAHP_SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) :
				   (unsigned int)getpid();

	printf("ISAHP_SEED=%u\n", seed);
	srandom(seed);
#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("AddressSanitizer does not follow jumps out of signals that end "
		     "code with a stack of its own");
#endif
	if (!native_init())
		cr_skip_test("this machine lets nobody execute drawn instructions");
	here = isahp_cpuid_features();
}

/* --- one encoding --------------------------------------------------------- */

/* Addresses of 64-bit code are not canonical; those of 32-bit code are low. */
static int execute(enum isahp_code_mode mode, const __u8 *b, size_t length)
{
	struct isahp_registers regs = { .rflags = 0x202 };
	int i;

	for (i = 0; i < 16; i++)
		regs.gpr[i] = mode == ISAHP_CODE_64 ? 0x4000000000000000ULL : 0;
	return native_run(mode, b, length, &regs);
}

static void say(const char *what, enum isahp_code_mode mode, const __u8 *b,
		size_t length)
{
	size_t i;

	if (wrong++ >= 20)
		return;
	printf("%s (%d-bit code):", what, mode == ISAHP_CODE_64 ? 64 : 32);
	for (i = 0; i < length; i++)
		printf(" %02x", b[i]);
	printf("\n");
}

static bool is_here(const struct isahp_instruction *in)
{
	struct isahp_features needs = isahp_instruction_features(in);

	return isahp_features_subset(&needs, &here);
}

/* --- what AMD ignores ------------------------------------------------------ */

/* EVEX.z without a mask; EVEX.b between registers, but for rounding and SAE. */
static bool without_evex_bits(__u8 *b)
{
	bool had_b = b[3] & 0x10 && b[5] >= 0xc0, had_z = b[3] & 0x80 && !(b[3] & 7);

	if (had_b)
		b[3] &= ~0x10;
	if (had_z)
		b[3] &= ~0x80;
	/* The length's bits meant nothing beside it. */
	if (had_b && (b[3] & 0x60) == 0x60)
		b[3] &= ~0x20;
	return had_b || had_z;
}

/* The fourth bit of an opmask's number; W of VPERMQ and VPERMPD. */
static bool without_vex_bits(__u8 *b)
{
	__u8 vvvv = b[2] & 0x40, r = b[1] & 0x80;

	b[1] |= 0x80;
	b[2] |= 0x40;
	if ((b[1] & 0x1f) == 3 && b[3] <= 1) {
		b[2] |= 0x80;
		return true;
	}
	return !vvvv || !r;
}

static bool amd_ignores(enum isahp_code_mode mode, const __u8 *b)
{
	__u8 copy[ISAHP_INSTRUCTION_MAX];
	struct isahp_instruction in;
	__u32 flags;

	if (isahp_cpuid_vendor() != ISAHP_VENDOR_AMD)
		return false;
	memcpy(copy, b, sizeof(copy));
	if (b[0] == 0x62 ? !without_evex_bits(copy) :
	    b[0] == 0xc4 ? !without_vex_bits(copy) : true)
		return false;
	if (isahp_instruction_decode(copy, sizeof(copy), mode, &in) != ISAHP_DECODED)
		return false;
	flags = isahp_instruction_form(&in)->flags;
	return b[0] == 0x62 || flags & (ISAHP_FORM_K_REG | ISAHP_FORM_K_VVVV) ||
	       in.vector_size == 32;
}

/* --- one encoding, continued ------------------------------------------------ */

static void check(enum isahp_code_mode mode, const __u8 *b)
{
	struct isahp_instruction in;

	if (isahp_instruction_decode(b, ISAHP_INSTRUCTION_MAX, mode, &in) !=
	    ISAHP_DECODED) {
		undefined++;
		if (execute(mode, b, ISAHP_INSTRUCTION_MAX) == SIGILL)
			return;
		if (amd_ignores(mode, b))
			ignored++;
		else
			say("foreign, and executes", mode, b, 10);
	} else if (!is_here(&in)) {
		missing++;
	} else {
		good++;
		if (execute(mode, b, in.length) == SIGILL)
			say("decoded, and is undefined", mode, b, in.length);
	}
}

/* Extensions that are not in forms.def, with opcodes in the same maps. */
static bool has_more(void)
{
	static const __u8 more[] = {
		ISAHP_FEATURE_AMX_TILE, ISAHP_FEATURE_APX_F, ISAHP_FEATURE_AVX10,
		ISAHP_FEATURE_AVX512ER, ISAHP_FEATURE_AVX512PF,
		ISAHP_FEATURE_AVX512_4FMAPS, ISAHP_FEATURE_AVX512_4VNNIW,
		ISAHP_FEATURE_AVX512_FP16, ISAHP_FEATURE_AVX_IFMA,
		ISAHP_FEATURE_AVX_NE_CONVERT, ISAHP_FEATURE_AVX_VNNI_INT16,
		ISAHP_FEATURE_AVX_VNNI_INT8, ISAHP_FEATURE_CMPCCXADD,
		ISAHP_FEATURE_FMA4, ISAHP_FEATURE_KEYLOCKER, ISAHP_FEATURE_SHA512,
		ISAHP_FEATURE_SM3, ISAHP_FEATURE_SM4,
	};
	size_t i;

	for (i = 0; i < sizeof(more); i++)
		if (isahp_features_has(&here, more[i]))
			return true;
	return false;
}

/* --- all opcodes ------------------------------------------------------------ */

struct point {
	unsigned int map, opcode, pp, w, length, modrm;
};

static void put_vex(__u8 *b, const struct point *p, enum isahp_code_mode mode)
{
	unsigned int vvvv = below(2) ? 15 : below(16);
	unsigned int rxb = mode == ISAHP_CODE_64 ? below(8) : 6 | below(2);

	b[0] = 0xc4;
	b[1] = rxb << 5 | p->map;
	b[2] = p->w << 7 | vvvv << 3 | p->length << 2 | p->pp;
	b[3] = p->opcode;
	b[4] = p->modrm;
}

static void put_evex(__u8 *b, const struct point *p, enum isahp_code_mode mode)
{
	unsigned int vvvv = below(2) ? 15 : below(16);
	unsigned int rxbr = mode == ISAHP_CODE_64 ? below(16) : 12 | below(4);
	unsigned int aaa = below(2) ? 0 : below(8);

	b[0] = 0x62;
	b[1] = rxbr << 4 | (below(64) ? p->map : p->map | 8);
	b[2] = p->w << 7 | vvvv << 3 | (below(64) ? 4 : 0) | p->pp;
	b[3] = (!below(4)) << 7 | p->length << 5 | (!below(3)) << 4 |
	       (below(4) ? 8 : 0) | aaa;
	b[4] = p->opcode;
	b[5] = p->modrm;
}

typedef void (*put_fn)(__u8 *b, const struct point *p, enum isahp_code_mode mode);

/* Registers 1 and 2, or memory at RAX, with an index register or without. */
static unsigned int draw_modrm(void)
{
	static const __u8 forms[] = { 0xc1, 0xc2, 0x00, 0x04 };

	return forms[below(sizeof(forms))];
}

/* A scatter in 32-bit code could reach what is mapped there. */
static bool is_harmless(const struct point *p, enum isahp_code_mode mode)
{
	return mode == ISAHP_CODE_64 || p->map != 2 || p->opcode < 0xa0 ||
	       p->opcode > 0xa3;
}

static void walk_opcode(put_fn put, struct point p, unsigned int lengths)
{
	__u8 b[ISAHP_INSTRUCTION_MAX];
	unsigned int reg;
	int mode;

	for (p.pp = 0; p.pp < 4; p.pp++)
		for (p.w = 0; p.w < 2; p.w++)
			for (p.length = 0; p.length < lengths; p.length++)
				for (reg = 0; reg < 16; reg++) {
					mode = reg & 1;
					p.modrm = draw_modrm() | (reg >> 1) << 3;
					memset(b, 0, sizeof(b));
					put(b, &p, mode);
					/* An index register 3: of a SIB byte. */
					b[put == put_vex ? 5 : 6] = 3 << 3;
					if (is_harmless(&p, mode))
						check(mode, b);
				}
}

static void walk_maps(put_fn put, unsigned int lengths)
{
	struct point p;

	for (p.map = 1; p.map < 4; p.map++)
		for (p.opcode = 0; p.opcode < 256; p.opcode++)
			walk_opcode(put, p, lengths);
}

/*
 * Legacy encodings of vectors: what has no mandatory prefix may be MMX, which is
 * foreign and executes, and some opcodes are the system's.
 */
static bool is_vector_opcode(const struct point *p)
{
	unsigned int op = p->opcode;

	switch (p->map) {
	case 1:
		if (!p->pp)
			return (op >= 0x10 && op <= 0x17) || (op & 0xfe) == 0x28 ||
			       op == 0x2e || op == 0x2f ||
			       (op >= 0x50 && op <= 0x5f) || op == 0xc2 || op == 0xc6;
		/* MMX in part. */
		if (op == 0x2a || op == 0x2c || op == 0x2d || op == 0xd6)
			return false;
		return (op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) ||
		       (op >= 0x50 && op <= 0x76) || (op >= 0x7c && op <= 0x7f) ||
		       op == 0xc2 || (op >= 0xc4 && op <= 0xc6) ||
		       (op >= 0xd0 && op <= 0xfe);
	case 2:
		/* 80 and above: INVEPT, Key Locker, SHA without prefix, MOVDIR... */
		return p->pp && (op < 0x80 || (op >= 0xdb && op <= 0xdf && p->pp == 1));
	default:
		return p->pp;
	}
}

static void put_legacy(__u8 *b, const struct point *p, enum isahp_code_mode mode)
{
	static const __u8 prefixes[] = { 0, 0x66, 0xf3, 0xf2 };
	size_t n = 0;

	if (p->pp)
		b[n++] = prefixes[p->pp];
	if (p->pp > 1 && below(2))
		b[n++] = 0x66;
	if (!below(8))
		b[n++] = 0xf0;
	if (mode == ISAHP_CODE_64)
		b[n++] = 0x40 | p->w << 3 | below(8);
	b[n++] = 0x0f;
	if (p->map > 1)
		b[n++] = p->map == 2 ? 0x38 : 0x3a;
	b[n++] = p->opcode;
	b[n] = p->modrm;
}

static void walk_legacy(void)
{
	__u8 b[ISAHP_INSTRUCTION_MAX];
	struct point p = { 0 };
	unsigned int i;

	for (p.map = 1; p.map < 4; p.map++)
		for (p.opcode = 0; p.opcode < 256; p.opcode++)
			for (p.pp = 0; p.pp < 4; p.pp++)
				for (i = 0; i < 64 && is_vector_opcode(&p); i++) {
					p.w = i >> 5;
					p.modrm = (i & 1 ? 0xc1 : 0) | (i >> 2 & 7) << 3;
					memset(b, 0, sizeof(b));
					put_legacy(b, &p, i >> 1 & 1);
					check(i >> 1 & 1, b);
				}
}

static void finish(void)
{
	printf("%lu good, %lu undefined, %lu of them AMD executes, %lu of features "
	       "that this CPU has not\n", good, undefined, ignored, missing);
	cr_assert_eq(wrong, 0, "%lu differences", wrong);
	cr_assert_geq(good, 1000);
	cr_assert_geq(undefined, 1000);
}

Test(decoder_cpu, agrees_on_which_legacy_encodings_are_defined, .init = setup)
{
	walk_legacy();
	finish();
}

Test(decoder_cpu, agrees_on_which_vex_encodings_are_defined, .init = setup)
{
	if (!isahp_features_has(&here, ISAHP_FEATURE_AVX2))
		cr_skip_test("this CPU has no AVX2");
	if (has_more())
		cr_skip_test("this CPU has extensions that are not in forms.def");
	walk_maps(put_vex, 2);
	finish();
}

Test(decoder_cpu, agrees_on_which_evex_encodings_are_defined, .init = setup)
{
	if (!isahp_features_has(&here, ISAHP_FEATURE_AVX512F))
		cr_skip_test("this CPU has no AVX-512");
	if (has_more())
		cr_skip_test("this CPU has extensions that are not in forms.def");
	walk_maps(put_evex, 4);
	finish();
}
