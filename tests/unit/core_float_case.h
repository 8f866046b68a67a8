/* SPDX-License-Identifier: MIT */
/* One instruction, executed by the CPU and computed by isa-core. */
#ifndef TEST_CORE_FLOAT_CASE_H
#define TEST_CORE_FLOAT_CASE_H

#include "core_float_native.h"

/**
 * struct one_case - an instruction with all that it depends on
 * @mask: k1, where the form is a masked one.
 */
struct one_case {
	const struct native_form *form;
	unsigned int imm;
	__u32 mxcsr;
	__u64 mask;
	union isahp_vector a, b, c;
};

/** form_is_scalar - of one element; what becomes of the others is not looked at */
bool form_is_scalar(const struct native_form *form);

/** form_elements - how many there are in the longer one of source and result */
unsigned int form_elements(const struct native_form *form);

/**
 * case_holds - are result, flags and exception the same?
 *
 * Estimates need not be the same, but as near to the truth as is promised. What is
 * different is counted in mismatches, and the first ones are printed.
 */
bool case_holds(const struct one_case *t);

extern unsigned int mismatches;
extern bool mismatches_silent;

#endif /* TEST_CORE_FLOAT_CASE_H */
