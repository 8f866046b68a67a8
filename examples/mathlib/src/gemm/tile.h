/* SPDX-License-Identifier: MIT */
/*
 * Template of a tile: as much of C as fits into registers, ROWS x 1 or 2
 * vectors. Included by block.h for each type, with
 *
 *	T		the type
 *	NAME(x)		a name of that type's
 *	CODE		the section of the ISA
 *	VEC		a vector of LANES elements
 *	ROWS		rows of a tile, 4, 6 or 12
 *	V_ZERO()	zeroes
 *	V_LOAD(p)	unaligned
 *	V_STORE(p, x)	unaligned
 *	V_ALL(x)	x in each lane
 *	V_MUL(x, y)	x * y
 *	V_MADD(x, y, z)	x * y + z
 */

/**
 * struct tile - a product that fits into registers
 * @k: terms of each sum.
 * @a: element (i, p) at @a_row * i + @a_col * p.
 * @b: rows of 1 or 2 whole vectors, @b_row apart.
 * @c: whole vectors too, rows @ldc apart.
 */
struct NAME(tile) {
	size_t k;
	const T *a;
	size_t a_row, a_col;
	const T *b;
	size_t b_row;
	T alpha, beta;
	T *c;
	size_t ldc;
};

/* @rows and @vecs are constants: the sums live in registers. */
ML_INLINE void NAME(tile_store)(const struct NAME(tile) *t,
				VEC sum[ROWS][2], unsigned int rows,
				unsigned int vecs)
{
	VEC alpha = V_ALL(t->alpha), beta = V_ALL(t->beta);
	unsigned int r, v;

#pragma GCC unroll 12
	for (r = 0; r < rows; r++) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++) {
			T *c = t->c + r * t->ldc + v * LANES;
			VEC x = V_MUL(alpha, sum[r][v]);

			if (t->beta != 0)
				x = V_MADD(beta, V_LOAD(c), x);
			V_STORE(c, x);
		}
	}
}

/* As above; so is @packed, by which A's elements lie as they are needed. */
ML_INLINE void NAME(tile_sum)(const struct NAME(tile) *t, unsigned int rows,
			      unsigned int vecs, bool packed)
{
	size_t a_row = packed ? 1 : t->a_row, a_col = packed ? ROWS : t->a_col;
	const T *a = t->a, *b = t->b;
	VEC sum[ROWS][2], bv[2];
	unsigned int r, v;
	size_t p;

#pragma GCC unroll 12
	for (r = 0; r < rows; r++) {
		__builtin_prefetch(t->c + r * t->ldc);
		sum[r][0] = V_ZERO();
		sum[r][1] = V_ZERO();
	}
	for (p = 0; p < t->k; p++) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++)
			bv[v] = V_LOAD(b + v * LANES);
#pragma GCC unroll 12
		for (r = 0; r < rows; r++) {
			VEC ar = V_ALL(a[r * a_row]);

#pragma GCC unroll 2
			for (v = 0; v < vecs; v++)
				sum[r][v] = V_MADD(ar, bv[v], sum[r][v]);
		}
		a += a_col;
		b += t->b_row;
	}
	NAME(tile_store)(t, sum, rows, vecs);
}

static CODE __attribute__((noinline)) void
NAME(tile_packed)(const struct NAME(tile) *t, unsigned int vecs)
{
	if (vecs == 2)
		NAME(tile_sum)(t, ROWS, 2, true);
	else
		NAME(tile_sum)(t, ROWS, 1, true);
}

/* TILE_ROWS() for each number of rows from 1 on. */
#if ROWS == 4
#define TILE_EACH_ROWS TILE_ROWS(1) TILE_ROWS(2) TILE_ROWS(3) TILE_ROWS(4)
#elif ROWS == 6
#define TILE_EACH_ROWS                                                         \
	TILE_ROWS(1) TILE_ROWS(2) TILE_ROWS(3)                                 \
	TILE_ROWS(4) TILE_ROWS(5) TILE_ROWS(6)
#else
#define TILE_EACH_ROWS                                                         \
	TILE_ROWS(1) TILE_ROWS(2) TILE_ROWS(3) TILE_ROWS(4)                    \
	TILE_ROWS(5) TILE_ROWS(6) TILE_ROWS(7) TILE_ROWS(8)                    \
	TILE_ROWS(9) TILE_ROWS(10) TILE_ROWS(11) TILE_ROWS(12)
#endif

#define TILE_ROWS(rows)                                                        \
	static CODE __attribute__((noinline)) void NAME(tile_##rows)(          \
		const struct NAME(tile) *t, unsigned int vecs)                 \
	{                                                                      \
		if (vecs == 2)                                                 \
			NAME(tile_sum)(t, rows, 2, false);                     \
		else                                                           \
			NAME(tile_sum)(t, rows, 1, false);                     \
	}

TILE_EACH_ROWS
#undef TILE_ROWS

static CODE void NAME(tile_any)(const struct NAME(tile) *t, size_t rows,
				unsigned int vecs)
{
	if (rows == ROWS && t->a_row == 1 && t->a_col == ROWS) {
		NAME(tile_packed)(t, vecs);
		return;
	}
	/* No table of pointers: what they call could not be checked. */
	switch (rows) {
#define TILE_ROWS(rows)                                                        \
	case rows:                                                             \
		NAME(tile_##rows)(t, vecs);                                    \
		break;
		TILE_EACH_ROWS
#undef TILE_ROWS
#undef TILE_EACH_ROWS
	}
}

/* A tile that C has only @cols columns of. */
static CODE void NAME(tile_part)(const struct NAME(tile) *t, size_t rows,
				 unsigned int vecs, size_t cols)
{
	T room[ROWS * 2 * LANES];
	struct NAME(tile) whole = *t;
	size_t r, v;

	whole.c = room;
	whole.ldc = 2 * LANES;
	whole.beta = 0;
	NAME(tile_any)(&whole, rows, vecs);
	for (r = 0; r < rows; r++) {
		for (v = 0; v < cols; v++) {
			T *c = t->c + r * t->ldc + v;
			T x = room[r * 2 * LANES + v];

			*c = t->beta == 0 ? x : x + t->beta * *c;
		}
	}
}
