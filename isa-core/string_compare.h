/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * SSE4.2's PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM (SDM vol. 2B, 4.1), in
 * the steps that they share.
 */
#ifndef ISAHP_CORE_STRING_COMPARE_H
#define ISAHP_CORE_STRING_COMPARE_H

#include "vector.h"

/**
 * isahp_string_implicit - length in elements of a string that ends at a zero
 * @v: 16 bytes.
 * @imm: of the instruction: whether elements are bytes or words.
 */
unsigned int isahp_string_implicit(const union isahp_vector *v, unsigned int imm);

/**
 * isahp_string_explicit - length in elements that a register tells
 * @value: RAX or RDX, or EAX or EDX sign-extended where there is no REX.W. Its
 *	magnitude counts, and is cut off at the number of elements.
 * @imm: as above.
 */
unsigned int isahp_string_explicit(__s64 value, unsigned int imm);

/**
 * isahp_string_compare - compare two strings
 * @a: the first operand, ModRM.reg, of @a_length elements.
 * @b: the second operand, ModRM.rm, of @b_length elements.
 * @imm: all but bit 6 counts here.
 * @ret_flags: the six arithmetic flags, others 0.
 *
 * Return: a bit for each element, IntRes2 of the SDM.
 */
unsigned int isahp_string_compare(const union isahp_vector *a, unsigned int a_length,
				  const union isahp_vector *b, unsigned int b_length,
				  unsigned int imm, __u64 *ret_flags);

/** isahp_string_index - what PCMPESTRI and PCMPISTRI put into ECX */
unsigned int isahp_string_index(unsigned int bits, unsigned int imm);

/** isahp_string_mask - what PCMPESTRM and PCMPISTRM put into XMM0, 16 bytes */
void isahp_string_mask(union isahp_vector *ret, unsigned int bits,
		       unsigned int imm);

#endif /* ISAHP_CORE_STRING_COMPARE_H */
