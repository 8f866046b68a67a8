/* SPDX-License-Identifier: MIT */
/*
 * What an instruction does by its definition in plain C, where the CPU at hand
 * can not be asked.
 */
#ifndef CORE_REFERENCE_H
#define CORE_REFERENCE_H

#include "core_case.h"

/** reference_has - whether a row's operation is known here */
bool reference_has(unsigned int row);

/**
 * reference_case - what a case comes to
 * @c: drawn.
 * @ret: registers afterwards, as far as the instruction can change them.
 *
 * Return: false: memory that it reads is not there.
 */
bool reference_case(const struct test_case *c, struct isahp_simd *ret);

#endif /* CORE_REFERENCE_H */
