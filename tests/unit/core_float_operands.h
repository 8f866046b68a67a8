/* SPDX-License-Identifier: MIT */
/* Operands that are likely to go wrong. */
#ifndef TEST_CORE_FLOAT_OPERANDS_H
#define TEST_CORE_FLOAT_OPERANDS_H

#include <isa-core/vector.h>

/** operands_seed - $ISAHP_SEED, else of the time; printed */
void operands_seed(void);

/** operands_continue - as if seeded by @seed */
void operands_continue(__u64 seed);

/** operands_random - 64 random bits */
__u64 operands_random(void);

/** operands_below - one of @n numbers from 0 on */
unsigned int operands_below(unsigned int n);

/**
 * operands_fill - the three sources of an operation
 * @type: h s d: binary16, 32, 64; i q: integers of 32 and 64 bits; b: pairs of
 *	bfloat16, and binary32 in @c.
 *
 * Elements of the same number have to do with each other: they cancel, meet in a
 * tie, or their product or quotient is at the edge of the format.
 */
void operands_fill(char type, union isahp_vector *a, union isahp_vector *b,
		   union isahp_vector *c);

/** operands_special - the @n-th special value of a type, if there are so many */
bool operands_special(char type, unsigned int n, __u64 *ret);

/** operands_size - of a type, in bytes */
unsigned int operands_size(char type);

/** operands_put - set an element */
void operands_put(char type, union isahp_vector *v, unsigned int n, __u64 value);

#endif /* TEST_CORE_FLOAT_OPERANDS_H */
