/* SPDX-License-Identifier: MIT */
/* Plain C, a number at a time: what there is to see in body.h without vectors. */
#include "variants.h"

#define CODE ML_CODE(c)

typedef union {
	double value;
	uint64_t bits;
} lane;

ML_INLINE uint64_t bits(double x)
{
	return ((lane){ .value = x }).bits;
}

ML_INLINE double of_bits(uint64_t x)
{
	return ((lane){ .bits = x }).value;
}

#define V double
#define M int
#define LANES 1
#define NAME(op) ml_##op##_c
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define LOAD_S(p) ((double)*(p))
#define STORE_S(p, v) (*(p) = (float)(v))
#define SET(d) ((double)(d))
#define SET_BITS(u) of_bits(u)
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define AND(a, b) of_bits(bits(a) & bits(b))
#define OR(a, b) of_bits(bits(a) | bits(b))
#define XOR(a, b) of_bits(bits(a) ^ bits(b))
#define PLUS(a, b) of_bits(bits(a) + bits(b))
#define SHL(a, n) of_bits(bits(a) << (n))
#define SHR(a, n) of_bits(bits(a) >> (n))
#define LT(a, b) ((a) < (b))
#define EQ(a, b) ((a) == (b))
#define ALL(m) (m)
#define SELECT(m, a, b) ((m) ? (a) : (b))
#include "body.h"
