/* SPDX-License-Identifier: MIT */
/*
 * Template of a variant: packing, and blocks of tiles. Included for each type
 * with what tile.h wants and
 *
 *	VARIANT		name of the variant
 *
 * and takes all of these definitions away again.
 */
#include "tile.h"

#define STRIP (2 * LANES)
/* Packed at a time. */
#define STRIPS 4

/**
 * struct panel - a panel of B, ready to be multiplied
 * @base: packed: strips or parts of panels of @width columns, each k x width.
 * @width: 0: not packed, rows are @row apart;
 * @rest: but for the last columns, fewer than a strip, which are here.
 */
struct NAME(panel) {
	const T *base;
	size_t width;
	size_t row;
	const T *rest;
};

/* Rows of columns @j up to @cols more, padded with zeroes to @width. */
static CODE void NAME(pack_strip)(const struct ml_gemm *g, size_t kb, size_t j,
				  size_t cols, T *to)
{
	const T *b = (const T *)g->b + g->p * g->b_row + j * g->b_col;
	size_t q, v;

	if (cols == STRIP && g->b_col == 1) {
		for (q = 0; q < kb; q++, to += STRIP, b += g->b_row) {
			V_STORE(to, V_LOAD(b));
			V_STORE(to + LANES, V_LOAD(b + LANES));
		}
		return;
	}
	/* Column by column: few lines at a time, whatever the leading dimension. */
	for (v = 0; v < STRIP; v++, to++, b += g->b_col) {
		if (v < cols) {
			for (q = 0; q < kb; q++)
				to[q * STRIP] = b[q * g->b_row];
		} else {
			for (q = 0; q < kb; q++)
				to[q * STRIP] = 0;
		}
	}
}

/* Whole strips of rows that lie as they are meant: a line or two of each row. */
static CODE void NAME(pack_strips)(const struct ml_gemm *g, size_t kb, size_t j,
				   T *to)
{
	const T *b = (const T *)g->b + g->p * g->b_row + j;
	size_t q, v;

	for (q = 0; q < kb; q++, to += STRIP, b += g->b_row) {
#pragma GCC unroll 4
		for (v = 0; v < STRIPS; v++) {
			T *t = to + v * kb * STRIP;

			V_STORE(t, V_LOAD(b + v * STRIP));
			V_STORE(t + LANES, V_LOAD(b + v * STRIP + LANES));
		}
	}
}

static CODE struct NAME(panel) NAME(pack_b)(const struct ml_gemm *g, size_t kb,
					    size_t nb)
{
	struct NAME(panel) b = { .width = STRIP };
	T *work = g->work_b;
	size_t j = 0;

	if (g->panel) {
		b.base = (const T *)g->b + ml_gemm_packed_at(g, kb);
		b.width = g->panel;
		return b;
	}
	b.base = work;
	if (g->direct) {
		b.base = (const T *)g->b + g->p * g->b_row + g->j;
		b.width = 0;
		b.row = g->b_row;
		b.rest = work;
		j = nb / STRIP * STRIP;
	}
	for (; g->b_col == 1 && j + STRIPS * STRIP <= nb; j += STRIPS * STRIP) {
		NAME(pack_strips)(g, kb, g->j + j, work);
		work += STRIPS * kb * STRIP;
	}
	for (; j < nb; j += STRIP, work += kb * STRIP)
		NAME(pack_strip)(g, kb, g->j + j, ml_least(nb - j, STRIP), work);
	return b;
}

/* A tile's rows: as ROWS streams, of which a few at a time are walked along. */
static CODE void NAME(pack_rows)(const T *a, size_t row, size_t col, size_t rows,
				 size_t kb, T *to)
{
	size_t r, q;

	for (r = 0; r + 2 <= rows; r += 2, a += 2 * row) {
		for (q = 0; q < kb; q++) {
			to[q * ROWS + r] = a[q * col];
			to[q * ROWS + r + 1] = a[q * col + row];
		}
	}
	for (q = 0; q < kb && r < rows; q++)
		to[q * ROWS + r] = a[q * col];
}

/* The same where rows lie side by side. */
static CODE void NAME(pack_columns)(const T *a, size_t col, size_t kb, T *to)
{
	size_t r, q;

	for (q = 0; q < kb; q++, a += col, to += ROWS) {
#pragma GCC unroll 12
		for (r = 0; r < ROWS; r++)
			to[r] = a[r];
	}
}

/* Tiles one after the other, in each the columns of its rows. */
static CODE void NAME(pack_a)(const struct ml_gemm *g, size_t kb, size_t mb)
{
	const T *a = (const T *)g->a + g->i * g->a_row + g->p * g->a_col;
	T *to = g->work_a;
	size_t i;

	for (i = 0; i < mb; i += ROWS, to += ROWS * kb, a += ROWS * g->a_row) {
		size_t rows = ml_least(mb - i, ROWS);

		if (g->a_row == 1 && rows == ROWS)
			NAME(pack_columns)(a, g->a_col, kb, to);
		else
			NAME(pack_rows)(a, g->a_row, g->a_col, rows, kb, to);
	}
}

/* All rows of a block, for a strip of columns. */
static CODE void NAME(strip)(const struct ml_gemm *g, struct NAME(tile) *t,
			     size_t mb, size_t cols)
{
	unsigned int vecs = cols > LANES ? 2 : 1;
	size_t next = g->work_a ? ROWS * t->k : ROWS * g->a_row;
	size_t i;

	for (i = 0; i < mb; i += ROWS) {
		size_t rows = ml_least(mb - i, ROWS);

		if (cols == vecs * LANES)
			NAME(tile_any)(t, rows, vecs);
		else
			NAME(tile_part)(t, rows, vecs, cols);
		t->a += next;
		t->c += ROWS * t->ldc;
	}
}

static CODE void NAME(block)(const struct ml_gemm *g, size_t mb, size_t kb,
			     size_t nb, const struct NAME(panel) *b)
{
	size_t width = b->width && b->width < STRIP ? b->width : STRIP;
	const T *a = (const T *)g->a + g->i * g->a_row + g->p * g->a_col;
	T *c = (T *)g->c + g->i * g->ldc + g->j;
	struct NAME(tile) t = { .k = kb, .a_row = g->a_row, .a_col = g->a_col,
				.alpha = (T)g->alpha,
				.beta = (T)ml_gemm_beta(g), .ldc = g->ldc };
	size_t j;

	if (g->work_a) {
		NAME(pack_a)(g, kb, mb);
		a = g->work_a;
		t.a_row = 1;
		t.a_col = ROWS;
	}
	for (j = 0; j < nb; j += width) {
		t.a = a;
		t.c = c + j;
		if (b->width) {
			t.b = b->base + j / b->width * b->width * kb + j % b->width;
			t.b_row = b->width;
		} else if (nb - j >= STRIP) {
			t.b = b->base + j;
			t.b_row = b->row;
		} else {
			t.b = b->rest;
			t.b_row = STRIP;
		}
		NAME(strip)(g, &t, mb, ml_least(nb - j, width));
	}
}

CODE bool VARIANT(struct ml_gemm *g)
{
	struct NAME(panel) b = { .width = 0 };
	size_t kb, nb, mb;
	bool any = false;

	while (g->j < g->n) {
		kb = ml_least(g->k - g->p, g->kc);
		nb = ml_least(g->n - g->j, g->nc);
		mb = ml_least(g->m - g->i, ML_GEMM_MC(sizeof(T)));
		/* Another variant's panel is of no use. */
		if (!any || !g->i)
			b = NAME(pack_b)(g, kb, nb);
		any = true;
		NAME(block)(g, mb, kb, nb, &b);
		ml_gemm_advance(g, mb);
		if (ml_gemm_stop(g))
			break;
	}
	return g->j >= g->n;
}

#undef STRIP
#undef STRIPS
#undef T
#undef NAME
#undef VARIANT
#undef CODE
#undef VEC
#undef LANES
#undef ROWS
#undef V_ZERO
#undef V_LOAD
#undef V_STORE
#undef V_ALL
#undef V_MUL
#undef V_MADD
