/* SPDX-License-Identifier: MIT */
/*
 * The product, blocked for registers and L1, for the vectors that the ISA file
 * defines before it includes this:
 *
 *	V, LANES		vector of int32_t, and how many
 *	ROWS, COLS		of a tile of C that fits into registers; COLS is a
 *				multiple of 16
 *	GROUP			products that DOT adds to a lane: 2 or 4
 *	DOT(sum, a, b)		GROUP elements of a, repeated, times those of b
 *	ZERO(), SET(x), LOAD(p), STORE(p, v), ADD(a, b)
 *
 * Of B, DEPTH rows of COLS columns are packed so that the GROUP elements of a
 * column lie side by side; then the rows of A pass by. Groups of 2 are of 16
 * bits, groups of 4 of 8 bits: 32 bits either way.
 */
#include <emmintrin.h>
#include <stdbool.h>

#define DEPTH 256
#define GROUPS (DEPTH / GROUP)

typedef uint32_t unaligned_u32 __attribute__((may_alias, aligned(1)));

struct product {
	size_t m, n, k;
	const uint8_t *a;
	size_t lda;
	const int8_t *b;
	size_t ldb;
	bool add;
	int32_t *c;
	size_t ldc;
};

/* The first @n of 16 bytes, then zeros. */
ML_INLINE __m128i load_bytes(const void *p, size_t n)
{
	uint8_t t[16] = { 0 };
	size_t i;

	if (n >= 16)
		return _mm_loadu_si128(p);
	for (i = 0; i < n; i++)
		t[i] = ((const uint8_t *)p)[i];
	return _mm_loadu_si128((const void *)t);
}

ML_INLINE void store(uint32_t *to, __m128i v)
{
	_mm_storeu_si128((void *)to, v);
}

/* 16 columns of up to GROUP rows; those that are missing are zeros. */
ML_INLINE void pack_columns(uint32_t *to, const int8_t *b, size_t ldb,
			    size_t rows, size_t cols)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i r0 = load_bytes(b, cols);
	__m128i r1 = rows > 1 ? load_bytes(b + ldb, cols) : zero;
	__m128i low = _mm_unpacklo_epi8(r0, r1);
	__m128i high = _mm_unpackhi_epi8(r0, r1);

	if (GROUP == 2) {
		/* The upper half of 16 bits is the sign. */
		__m128i low_sign = _mm_cmpgt_epi8(zero, low);
		__m128i high_sign = _mm_cmpgt_epi8(zero, high);

		store(to, _mm_unpacklo_epi8(low, low_sign));
		store(to + 4, _mm_unpackhi_epi8(low, low_sign));
		store(to + 8, _mm_unpacklo_epi8(high, high_sign));
		store(to + 12, _mm_unpackhi_epi8(high, high_sign));
	} else {
		__m128i r2 = rows > 2 ? load_bytes(b + 2 * ldb, cols) : zero;
		__m128i r3 = rows > 3 ? load_bytes(b + 3 * ldb, cols) : zero;
		__m128i low2 = _mm_unpacklo_epi8(r2, r3);
		__m128i high2 = _mm_unpackhi_epi8(r2, r3);

		store(to, _mm_unpacklo_epi16(low, low2));
		store(to + 4, _mm_unpackhi_epi16(low, low2));
		store(to + 8, _mm_unpacklo_epi16(high, high2));
		store(to + 12, _mm_unpackhi_epi16(high, high2));
	}
}

ML_INLINE void pack_b(uint32_t *to, const struct product *g)
{
	size_t p, j;

	for (p = 0; p < g->k; p += GROUP, to += COLS) {
		for (j = 0; j < COLS; j += 16)
			pack_columns(to + j, g->b + p * g->ldb + j, g->ldb,
				     g->k - p, j < g->n ? g->n - j : 0);
	}
}

/* A row of A, with zeros up to a multiple of 16. */
ML_INLINE void pack_row(uint32_t *to, const uint8_t *a, size_t k)
{
	size_t p;

	for (p = 0; p < k; p += 16, to += 16 / GROUP) {
		__m128i x = load_bytes(a + p, k - p);

		if (GROUP == 2) {
			store(to, _mm_unpacklo_epi8(x, _mm_setzero_si128()));
			store(to + 4, _mm_unpackhi_epi8(x, _mm_setzero_si128()));
		} else {
			store(to, x);
		}
	}
}

/* Row @r of A begins at @a + r * @stride bytes; @groups is not 0. */
ML_INLINE void tile(const uint8_t *a, size_t stride, const uint32_t *b,
		    size_t groups, bool add, int32_t *c, size_t ldc)
{
	V sum[ROWS][COLS / LANES], bv[COLS / LANES];
	size_t r, v;

#pragma GCC unroll 8
	for (r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
		for (v = 0; v < COLS / LANES; v++)
			sum[r][v] = ZERO();
	}
	do {
#pragma GCC unroll 4
		for (v = 0; v < COLS / LANES; v++)
			bv[v] = LOAD(b + v * LANES);
#pragma GCC unroll 8
		for (r = 0; r < ROWS; r++) {
			V av = SET(*(const unaligned_u32 *)(a + r * stride));

#pragma GCC unroll 4
			for (v = 0; v < COLS / LANES; v++)
				sum[r][v] = DOT(sum[r][v], av, bv[v]);
		}
		a += 4;
		b += COLS;
	} while (--groups);
#pragma GCC unroll 8
	for (r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
		for (v = 0; v < COLS / LANES; v++) {
			int32_t *to = c + r * ldc + v * LANES;

			STORE(to, add ? ADD(sum[r][v], LOAD(to)) : sum[r][v]);
		}
	}
}

/* @g->m is 1 to ROWS, @g->n 1 to COLS, @g->k 1 to DEPTH. */
ML_INLINE void tile_any(const struct product *g, const uint32_t *b)
{
	size_t groups = (g->k + GROUP - 1) / GROUP, r, j;
	bool whole = g->m == ROWS && g->n == COLS;
	const uint8_t *a = g->a;
	size_t stride = g->lda;
	uint32_t packed[ROWS * GROUPS];
	int32_t c[ROWS * COLS];

	/* Bytes can be taken from where they are, if no group is cut. */
	if (GROUP == 2 || g->m < ROWS || g->k % GROUP) {
		for (r = 0; r < ROWS; r++)
			pack_row(packed + r * GROUPS,
				 a + (r < g->m ? r : 0) * stride, g->k);
		a = (const uint8_t *)packed;
		stride = GROUPS * 4;
	}
	tile(a, stride, b, groups, whole && g->add, whole ? g->c : c,
	     whole ? g->ldc : COLS);
	if (whole)
		return;
	for (r = 0; r < g->m; r++) {
		for (j = 0; j < g->n; j++) {
			uint32_t *to = (uint32_t *)g->c + r * g->ldc + j;

			*to = (uint32_t)c[r * COLS + j] + (g->add ? *to : 0);
		}
	}
}

/* @g->n is 1 to COLS, @g->k 1 to DEPTH. */
ML_INLINE void strip(const struct product *g)
{
	uint32_t b[GROUPS * COLS] __attribute__((aligned(64)));
	struct product t = *g;
	size_t i;

	pack_b(b, g);
	for (i = 0; i < g->m; i += ROWS) {
		t.m = g->m - i < ROWS ? g->m - i : ROWS;
		t.a = g->a + i * g->lda;
		t.c = g->c + i * g->ldc;
		tile_any(&t, b);
	}
}

/* A * B is 0. */
ML_INLINE void nothing(const struct product *g)
{
	size_t i, j;

	for (i = 0; i < g->m && !g->add; i++) {
		for (j = 0; j < g->n; j++)
			g->c[i * g->ldc + j] = 0;
	}
}

ML_INLINE void product(const struct product *g)
{
	struct product s = *g;
	size_t p, j;

	if (!g->k)
		nothing(g);
	for (p = 0; p < g->k; p += DEPTH) {
		s.k = g->k - p < DEPTH ? g->k - p : DEPTH;
		s.add = g->add || p;
		for (j = 0; j < g->n; j += COLS) {
			s.n = g->n - j < COLS ? g->n - j : COLS;
			s.a = g->a + p;
			s.b = g->b + p * g->ldb + j;
			s.c = g->c + j;
			strip(&s);
		}
	}
}
