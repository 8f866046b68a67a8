// SPDX-License-Identifier: MIT
/*
 * AVX-VNNI, where the CPU has AVX512_VNNI: VEX and EVEX forms of the same
 * instruction do the same, so the emulator carries out the one and the CPU the
 * other.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>

#include "core_case.h"
#include "core_random.h"

#define CASES 4000

/*
 * SDM vol. 2A, 2.3.5 and 2.7.1. A displacement of 8 bits means another one in EVEX,
 * and one from RIP counts from another place: false.
 */
static bool widen(const struct encoded *vex, struct encoded *ret)
{
	size_t at = 0;
	unsigned char modrm;

	while (vex->bytes[at] != 0xc4)
		at++;
	modrm = vex->bytes[at + 4];
	if (modrm >> 6 == 1 || vex->in.base == ISAHP_REGISTER_RIP ||
	    vex->count == sizeof(ret->bytes))
		return false;
	*ret = *vex;
	ret->bytes[at] = 0x62;
	ret->bytes[at + 1] = (vex->bytes[at + 1] & 0xe7) | 0x10;
	/* X is R/M's fifth bit there. */
	if (modrm >> 6 == 3)
		ret->bytes[at + 1] |= 0x40;
	ret->bytes[at + 2] = vex->bytes[at + 2] | 4;
	ret->bytes[at + 3] = (vex->bytes[at + 2] & 4) << 3 | 8;
	memcpy(ret->bytes + at + 4, vex->bytes + at + 3, vex->count - at - 3);
	ret->count = vex->count + 1;
	cr_assert_eq(isahp_instruction_decode(ret->bytes, ret->count, ret->mode,
					      &ret->in), ISAHP_DECODED);
	cr_assert_eq(isahp_instruction_operation(&ret->in),
		     isahp_instruction_operation(&vex->in));
	return true;
}

static unsigned long done, faults;

static void show(const struct test_case *c)
{
	struct isahp_registers native = c->regs, emulated = c->regs;
	struct isahp_simd native_simd = c->simd, emulated_simd = c->simd;
	struct isahp_emulation e = {
		.mode = c->code.mode,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &emulated,
		.ops = &case_ops,
		.env = (void *)c,
	};
	enum isahp_emulated r;
	struct native_trap t;
	struct encoded evex;

	native.simd = &native_simd;
	emulated.simd = &emulated_simd;
	if (!widen(&c->code, &evex))
		return;
	r = isahp_emulate_instruction(&e, &c->code.in);
	/* A segment that expands down. */
	if (r == ISAHP_EMULATE_FOREIGN)
		return;
	native_use_segments(c->segments.used ? &c->segments.native : NULL);
	native_step(evex.mode, evex.bytes, evex.count, &native, &t);
	if (t.vector == 1) {
		cr_assert_eq(r, ISAHP_EMULATE_DONE);
		cr_assert_eq(emulated.rip + 1, native.rip);
		done++;
	} else {
		cr_assert_neq(r, ISAHP_EMULATE_DONE);
		/* What is behind a segment's limit may be on no page as well. */
		cr_assert(t.vector != 14 || c->segments.used || e.address == t.address);
		faults++;
	}
	cr_assert(!memcmp(native_simd.v, emulated_simd.v, sizeof(native_simd.v)), "%s",
		  encode_name(c->code.in.form));
	cr_assert(!memcmp(native_simd.k, emulated_simd.k, sizeof(native_simd.k)));
	cr_assert(!memcmp(native.gpr, emulated.gpr, sizeof(native.gpr)));
}

static bool has(unsigned int feature)
{
	struct isahp_features features = isahp_cpuid_features();

	return isahp_features_has(&features, feature);
}

Test(vnni, vex_forms_do_what_the_cpu_does_for_evex_forms)
{
	struct test_case c = { .simd = { .bytes = 64, .mxcsr = 0x1f80 } };
	unsigned int rows = 0;

	if (!has(ISAHP_FEATURE_AVX512_VNNI) || !has(ISAHP_FEATURE_AVX512VL))
		cr_skip_test("this CPU lacks AVX512_VNNI");
	case_prepare();
	for (unsigned int row = 0; row < isahp_form_count; row++) {
		if (isahp_forms[row].feature != ISAHP_FORM_FEATURE_AVX_VNNI)
			continue;
		rows++;
		for (unsigned long i = 0; i < random_cases(CASES); i++)
			if (case_draw(&c, row, i % 3 ? ISAHP_CODE_64 : ISAHP_CODE_32))
				show(&c);
	}
	printf("%u rows, %lu cases done, %lu in exceptions\n", rows, done, faults);
	cr_assert_eq(rows, 4);
	cr_assert(done > rows * CASES / 4 && faults);
}
