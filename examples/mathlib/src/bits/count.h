/* SPDX-License-Identifier: MIT */
/*
 * Population count by carry-save adders (Harley and Seal; Mula, Kurz, Lemire,
 * Faster Population Counts Using AVX2 Instructions, 2018): bits of 16 vectors
 * are added up into vectors of ones, twos, fours, eights, and sixteens, of which
 * only the last is counted each time.
 *
 * The ISA file defines V, LOAD(p), AND, OR, XOR, ADD (of 64-bit fields),
 * DOUBLE(a), ZERO(), count_vector() (into 64-bit fields) and sum_vector().
 */

/* The sum of three bits, in two. */
ML_INLINE V carry_save(V *low, V a, V b)
{
	V c = *low, x = XOR(a, b);

	*low = XOR(x, c);
	return OR(AND(a, b), AND(x, c));
}

ML_INLINE V load(const uint8_t *a, const uint8_t *b, size_t i)
{
	return b ? XOR(LOAD(a + i), LOAD(b + i)) : LOAD(a + i);
}

/* Two, four, eight, sixteen vectors at @i: each returns what it carries out. */
ML_INLINE V add_two(V bit[4], const uint8_t *a, const uint8_t *b, size_t i)
{
	return carry_save(&bit[0], load(a, b, i), load(a, b, i + sizeof(V)));
}

ML_INLINE V add_four(V bit[4], const uint8_t *a, const uint8_t *b, size_t i)
{
	V c = add_two(bit, a, b, i);

	return carry_save(&bit[1], c, add_two(bit, a, b, i + 2 * sizeof(V)));
}

ML_INLINE V add_eight(V bit[4], const uint8_t *a, const uint8_t *b, size_t i)
{
	V c = add_four(bit, a, b, i);

	return carry_save(&bit[2], c, add_four(bit, a, b, i + 4 * sizeof(V)));
}

ML_INLINE V add_sixteen(V bit[4], const uint8_t *a, const uint8_t *b, size_t i)
{
	V c = add_eight(bit, a, b, i);

	return carry_save(&bit[3], c, add_eight(bit, a, b, i + 8 * sizeof(V)));
}

/* @b is NULL, which the compiler sees, or another array. */
ML_INLINE uint64_t count(const uint8_t *a, const uint8_t *b, size_t n)
{
	V bit[4] = { ZERO(), ZERO(), ZERO(), ZERO() };
	V sum = ZERO();
	uint64_t words = 0;
	size_t i;
	int level;

	for (i = 0; n - i >= 16 * sizeof(V); i += 16 * sizeof(V))
		sum = ADD(sum, count_vector(add_sixteen(bit, a, b, i)));
#pragma GCC unroll 4
	for (level = 3; level >= 0; level--)
		sum = ADD(DOUBLE(sum), count_vector(bit[level]));
	for (; n - i >= sizeof(V); i += sizeof(V))
		sum = ADD(sum, count_vector(load(a, b, i)));
	for (; n - i >= 8; i += 8)
		words += ml_count_word(ml_count_load(a, b, i));
	words += ml_count_word(ml_count_rest(a, b, i, n));
	return words + sum_vector(sum);
}
