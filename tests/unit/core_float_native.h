/* SPDX-License-Identifier: MIT */
/*
 * The CPU as an oracle for floating point: each form of each operation as one
 * instruction with fixed registers.
 */
#ifndef TEST_CORE_FLOAT_NATIVE_H
#define TEST_CORE_FLOAT_NATIVE_H

#include <isa-core/lanes_float.h>

/** struct native_state - registers before and after */
struct native_state {
	union isahp_vector c;	/* zmm0: destination */
	union isahp_vector a;	/* zmm1 */
	union isahp_vector b;	/* zmm2 */
	__u64 mask;		/* k1; k0 is the destination */
	__u64 value;		/* rax */
	__u64 rflags;
	__u32 mxcsr;
	__u32 usual_mxcsr;
};

/** enum native_feature - what the CPU has to have; 0 comes first */
enum native_feature {
	NATIVE_AVX,
	NATIVE_FMA,
	NATIVE_F16C,
	NATIVE_AVX512F,
	NATIVE_AVX512VL,
	NATIVE_AVX512DQ,
	NATIVE_AVX512_BF16,
	NATIVE_FEATURES,
};

/** enum native_kind - of a form */
enum native_kind {
	NATIVE_PLAIN,
	NATIVE_MASKED,		/* merges by k1 */
	NATIVE_ROUNDED,		/* so, with {er} or {sae}: rounds up */
	NATIVE_LEGACY,		/* SSE's, and its result moved to register 0 */
};

/** struct native_form - a form of an operation */
struct native_form {
	const char *name;
	const char *text;
	isahp_lanes_fn fn;
	__u8 element;		/* as lanes_float.def has it */
	__u8 bytes;
	__u8 kind;
	__u8 feature;
	bool immediate;
	char source;		/* of operands_fill() */
	char result;		/* these, k (mask), r (rax), f (flags) */
	const unsigned char *code;	/* if immediate, 256 times 32 bytes */
};

extern const struct native_form native_forms[];
extern const unsigned int native_forms_count;

/** native_init - look what the CPU has, and catch SIGFPE */
void native_init(void);

/** native_has - is there an enum native_feature? */
bool native_has(unsigned int feature);

/**
 * native_run - execute a form
 * @imm: for those that have one.
 * @state: changed. mxcsr is that which the instruction left, or raised #XM with.
 *
 * Return: 0, or si_code of the SIGFPE; but for mxcsr @state is as the
 * instruction left it then, too.
 */
int native_run(const struct native_form *form, unsigned int imm,
	       struct native_state *state);

#endif /* TEST_CORE_FLOAT_NATIVE_H */
