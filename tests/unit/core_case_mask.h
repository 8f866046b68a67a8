/* SPDX-License-Identifier: MIT */
/* Of cases: what says which elements an instruction accesses. */
#ifndef CORE_CASE_MASK_H
#define CORE_CASE_MASK_H

#include "core_case.h"

/**
 * case_mask - a mask that does something, and what it wants of registers
 * @c: all but memory is drawn, and where operands are to be.
 */
void case_mask(struct test_case *c);

/**
 * case_leave - now and then, a masked operand at the end of the address space
 * @c: its operand is at its target, which it is not afterwards.
 *
 * Which of its elements faults tells in which order they are looked at.
 */
void case_leave(struct test_case *c);

/**
 * case_aim_vector - make the elements of a gather or scatter lie around the target
 * @c: @code has a VSIB byte; its mask is drawn.
 *
 * Some that are masked out lie anywhere, and a few of the others out of reach.
 *
 * Return: false where it can not.
 */
bool case_aim_vector(struct test_case *c);

#endif /* CORE_CASE_MASK_H */
