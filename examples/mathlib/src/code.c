/* SPDX-License-Identifier: MIT */
/* Whose code an address is, by the section that each ISA's code goes to. */
#include <mathlib/mathlib.h>

#include "variants.h"

#define HIDDEN __attribute__((visibility("hidden")))

/* The linker's, for sections named as C identifiers. */
#define SECTION_DECLARE(isa)                                                   \
	extern const char __start_isa_##isa[] HIDDEN;                          \
	extern const char __stop_isa_##isa[] HIDDEN

SECTION_DECLARE(c);
SECTION_DECLARE(sse2);
SECTION_DECLARE(avx2);
SECTION_DECLARE(avx512);
SECTION_DECLARE(ssse3);
SECTION_DECLARE(sse4_2);
SECTION_DECLARE(popcnt);
SECTION_DECLARE(pclmul);
SECTION_DECLARE(avx512bw);
SECTION_DECLARE(avx512vbmi);
SECTION_DECLARE(avx512vnni);
SECTION_DECLARE(vpclmul);
SECTION_DECLARE(vpopcntdq);

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
	SECTION_ROW(ssse3),
	SECTION_ROW(sse4_2),
	SECTION_ROW(popcnt),
	SECTION_ROW(pclmul),
	SECTION_ROW(avx512bw),
	SECTION_ROW(avx512vbmi),
	SECTION_ROW(avx512vnni),
	SECTION_ROW(vpclmul),
	SECTION_ROW(vpopcntdq),
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
