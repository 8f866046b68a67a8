/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is nanoseconds per call times ten as mathlib_bench measured it: sgemm
 * of 128 x 128 x 128, sdot and saxpy of 4096 elements (operands in L2), on an
 * AMD EPYC of family 25 model 17 (Zen 4), gcc 12 -O2, median of 15 runs.
 * Only their order matters for the choice.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

ISAHP_OPERATION_DEFINE(ml_sgemm,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 1, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 2, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 3, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 4, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sdot,
	ISAHP_VARIANT("avx512", ml_sdot_avx512, 1, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sdot_avx2, 2, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sdot_sse2, 3, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sdot_c, 4, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_saxpy,
	ISAHP_VARIANT("avx512", ml_saxpy_avx512, 1, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_saxpy_avx2, 2, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_saxpy_sse2, 3, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_saxpy_c, 4, ISAHP_SET_NONE));

/* The linker's, for sections named as C identifiers. */
#define SECTION_DECLARE(isa)                                                   \
	extern const char __start_isa_##isa[]                                  \
		__attribute__((visibility("hidden")));                         \
	extern const char __stop_isa_##isa[]                                   \
		__attribute__((visibility("hidden")))

SECTION_DECLARE(c);
SECTION_DECLARE(sse2);
SECTION_DECLARE(avx2);
SECTION_DECLARE(avx512);

#define SECTION_ROW(isa) { #isa, __start_isa_##isa, __stop_isa_##isa }

static const struct {
	const char *name;
	const char *start;
	const char *stop;
} sections[] = {
	SECTION_ROW(c),
	SECTION_ROW(sse2),
	SECTION_ROW(avx2),
	SECTION_ROW(avx512),
};

const char *ml_code_variant(uintptr_t address)
{
	size_t i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (address >= (uintptr_t)sections[i].start &&
		    address < (uintptr_t)sections[i].stop)
			return sections[i].name;
	}
	return NULL;
}
