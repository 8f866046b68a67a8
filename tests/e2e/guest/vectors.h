/* SPDX-License-Identifier: MIT */
/*
 * The parts of `vectors`, the program that executes AVX2, BMI2, MOVBE, FMA and
 * F16C where they may be missing, and checks each result against plain C.
 */
#ifndef GUEST_VECTORS_H
#define GUEST_VECTORS_H

#include <stdint.h>

union ymm {
	uint8_t b[32];
	uint16_t w[16];
	uint32_t d[8];
	uint64_t q[4];
};

/* All registers, as an instruction under test finds and leaves them. */
struct registers {
	union ymm ymm[16];
};

uint64_t random64(void);
void randomize(void *p, unsigned long size);

/* Count what is wrong, and say the first of it. */
void expect(int right, const char *what);
void expect_bytes(const void *got, const void *want, unsigned long size,
		  const char *what);

/* A page, and behind it one that is not there. */
char *page_end(void);

/* vectors_forms.c: a round of each. */
void forms_integers(void);
void forms_gathers(void);
void forms_masked(void);
void forms_scalars(void);
void forms_text(void);
void forms_floats(void);

/* vectors_state.c: what else sees the registers, in the middle. */
void state_kept(void);
void state_legacy(void);
void state_signals(void);
void state_fork(void);
void state_ptrace(void);
void state_faults(void);
void state_masked_faults(void);
void state_gather_faults(void);
void state_aligned(void);
void state_aligned_wide(void);
void state_exceptions(void);

#endif /* GUEST_VECTORS_H */
