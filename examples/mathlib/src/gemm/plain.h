/* SPDX-License-Identifier: MIT */
/*
 * Template of the plain variants, included for each type with
 *
 *	T	the type
 *	NAME(x)	a name of that type's
 *	VARIANT	name of the variant
 *	COLS	most columns at a time; a packed panel may have fewer
 */

/* One row of @cols columns at j: B's are at @b, @b_row and @b_col apart. */
static ML_CODE(c) void NAME(row)(const struct ml_gemm *g, size_t kb, size_t j,
				 size_t cols, const T *b, size_t b_row,
				 size_t b_col)
{
	const T *a = (const T *)g->a + g->i * g->a_row + g->p * g->a_col;
	T *c = (T *)g->c + g->i * g->ldc + j;
	T alpha = (T)g->alpha, beta = (T)ml_gemm_beta(g);
	T sum[COLS] = { 0 };
	size_t q, v;

	for (q = 0; q < kb; q++) {
		for (v = 0; v < cols; v++)
			sum[v] += a[q * g->a_col] * b[q * b_row + v * b_col];
	}
	for (v = 0; v < cols; v++)
		c[v] = beta == 0 ? alpha * sum[v] : alpha * sum[v] + beta * c[v];
}

static ML_CODE(c) void NAME(rows)(const struct ml_gemm *g)
{
	size_t kb = ml_least(g->k - g->p, g->kc);
	size_t end = ml_least(g->n, g->j + g->nc);
	size_t width = g->panel ? ml_least(g->panel, COLS) : COLS;
	const T *b = g->b;
	size_t j, v;

	for (j = g->j; j < end; j += width) {
		size_t cols = ml_least(end - j, width);

		if (g->panel) {
			v = j % g->panel;
			NAME(row)(g, kb, j, cols,
				  b + ml_gemm_packed_at(g, kb) +
					  (j - g->j - v) * kb + v,
				  g->panel, 1);
		} else {
			NAME(row)(g, kb, j, cols, b + g->p * g->b_row + j * g->b_col,
				  g->b_row, g->b_col);
		}
	}
}

ML_CODE(c) bool VARIANT(struct ml_gemm *g)
{
	while (g->j < g->n) {
		NAME(rows)(g);
		ml_gemm_advance(g, 1);
		if (ml_gemm_stop(g))
			break;
	}
	return g->j >= g->n;
}
