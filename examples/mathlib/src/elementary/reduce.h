/* SPDX-License-Identifier: MIT */
/*
 * What is left of large numbers when multiples of pi/2 are taken away: by
 * multiplication with as many bits of 2/pi as matter (Payne and Hanek, ACM
 * SIGNUM Newsletter 18(1), 1983). Integers only, so the same in all variants.
 */
#ifndef ML_ELEMENTARY_REDUCE_H
#define ML_ELEMENTARY_REDUCE_H

#include "constants.h"
#include "variants.h"

/** struct ml_reduced - x is quadrant * pi/2 + r + tail; |r| <= pi/4 */
struct ml_reduced {
	double r;
	double tail;
	unsigned int quadrant;
};

union ml_double {
	double value;
	uint64_t bits;
};

ML_INLINE double ml_two_to_the(int k)
{
	return (union ml_double){ .bits = (uint64_t)(1023 + k) << 52 }.value;
}

/* 64 bits of 2/pi; those before its first one are zero. */
ML_INLINE uint64_t ml_2_pi_at(unsigned int bit)
{
	const uint64_t *word = &ml_2_pi[bit / 64];
	unsigned int shift = bit % 64;

	return shift ? word[0] << shift | word[1] >> (64 - shift) : word[0];
}

/*
 * The fraction of x / (pi/2), and the quadrant: 2 + 126 bits. @mantissa times
 * 2^@exponent is x. What comes before the bits that are taken makes multiples
 * of 4; what comes after them less than 2^-136, while no double is closer to a
 * multiple of pi/2 than 2^-62.
 */
ML_INLINE unsigned __int128 ml_quarters(uint64_t mantissa, int exponent)
{
	unsigned int bit = (unsigned int)(exponent + 62);
	unsigned __int128 low, middle;
	uint64_t high;

	low = (unsigned __int128)ml_2_pi_at(bit + 128) * mantissa;
	middle = (unsigned __int128)ml_2_pi_at(bit + 64) * mantissa + (low >> 64);
	high = ml_2_pi_at(bit) * mantissa + (uint64_t)(middle >> 64);
	return (unsigned __int128)high << 64 | (uint64_t)middle;
}

/**
 * ml_reduce - take multiples of pi/2 away
 * @x: finite, |x| >= 2^20.
 *
 * Return: of a relative error of about 2^-62.
 */
ML_INLINE struct ml_reduced ml_reduce(double x)
{
	union ml_double u = { .value = x };
	uint64_t sign = u.bits & 1ull << 63;
	unsigned __int128 f = ml_quarters(
		(u.bits & ((1ull << 52) - 1)) | 1ull << 52,
		(int)(u.bits >> 52 & 0x7ff) - 1075);
	unsigned int quadrant = (unsigned int)(f >> 126);
	union ml_double r, tail;
	int zeros;

	if (sign)
		quadrant = 4 - quadrant;
	f <<= 2;
	if (f >> 127) {
		quadrant = sign ? quadrant - 1 : quadrant + 1;
		sign ^= 1ull << 63;
		f = -f;
	}
	zeros = f >> 64 ? __builtin_clzll((uint64_t)(f >> 64)) : 64;
	/* All but some 60 bits can not be zero: see above. */
	f <<= zeros;
	if (!(f >> 127)) {
		int more = __builtin_clzll((uint64_t)(f >> 64) | 1);

		f <<= more;
		zeros += more;
	}
	f = (unsigned __int128)(uint64_t)(f >> 64) * ML_HALF_PI_BITS;
	r.value = (double)(int64_t)(f >> 75) * ml_two_to_the(-52 - zeros);
	tail.value = (double)(int64_t)(f >> 12 & ((1ull << 63) - 1)) *
		     ml_two_to_the(-115 - zeros);
	r.bits |= sign;
	tail.bits |= sign;
	return (struct ml_reduced){ r.value, tail.value, quadrant & 3 };
}

#endif /* ML_ELEMENTARY_REDUCE_H */
