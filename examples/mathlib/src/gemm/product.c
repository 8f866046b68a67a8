/* SPDX-License-Identifier: MIT */
/*
 * Products by whichever variant is in force. All of this is x86-64's base, and
 * outside regions but for the calls of a variant.
 */
#include "product.h"
#include "work.h"

/* Rows from which packing B is worth it, when it need not be transposed. */
#define PACK_B_ROWS 32
/* Columns from which packing A is; or those, if its rows lie badly. */
#define PACK_A_COLS 384
#define PACK_A_COLS_BAD 64

static void scale(const struct ml_gemm *g, size_t size)
{
	size_t i, j;

	for (i = 0; i < g->m; i++) {
		if (size == sizeof(float)) {
			float *c = (float *)g->c + i * g->ldc;

			for (j = 0; j < g->n; j++)
				c[j] = g->beta == 0 ? 0 : (float)g->beta * c[j];
		} else {
			double *c = (double *)g->c + i * g->ldc;

			for (j = 0; j < g->n; j++)
				c[j] = g->beta == 0 ? 0 : g->beta * c[j];
		}
	}
}

/* A tile's rows would share few cache sets, or each element has its own line. */
static bool lies_badly(const struct ml_gemm *g, size_t size)
{
	return g->a_col != 1 || g->a_row * size % 512 == 0;
}

static void cut(struct ml_gemm *g, size_t size, struct ml_space *space)
{
	size_t columns = ml_round_up(g->n, ML_GEMM_NR);
	size_t bytes_a = 0, bytes_b;

	g->kc = ml_least(g->k, ML_GEMM_KC);
	g->nc = ml_least(columns, ML_GEMM_NC);
	g->direct = !g->panel && g->b_col == 1 && g->m < PACK_B_ROWS;
	bytes_b = g->kc * size * (g->panel ? 0 : g->direct ? ML_GEMM_NR : g->nc);
	if (g->n >= PACK_A_COLS || (g->n >= PACK_A_COLS_BAD && lies_badly(g, size)))
		bytes_a = g->kc * size *
			  ml_least(ml_round_up(g->m, ML_GEMM_MR), ML_GEMM_MC(size));
	g->work_b = space->stack;
	g->work_a = NULL;
	if (bytes_a + bytes_b <= sizeof(space->stack)) {
		if (bytes_a)
			g->work_a = space->stack + bytes_b;
		return;
	}
	space->mapped = ml_work_get(bytes_a + bytes_b);
	if (space->mapped) {
		g->work_b = space->mapped;
		if (bytes_a)
			g->work_a = (char *)space->mapped + bytes_b;
	} else if (!g->panel) {
		/* A packed B has its rows cut already, and needs no room. */
		g->nc = ML_GEMM_NR;
		g->kc = ml_least(g->k, sizeof(space->stack) / (ML_GEMM_NR * size));
	}
}

bool ml_product_begin(struct ml_gemm *g, size_t size, struct ml_space *space)
{
	space->mapped = NULL;
	if (!g->m || !g->n)
		return false;
	if (!g->k || g->alpha == 0) {
		scale(g, size);
		return false;
	}
	cut(g, size, space);
	return true;
}

void ml_product_end(struct ml_space *space)
{
	if (space->mapped)
		ml_work_put(space->mapped);
}

bool ml_product_on(struct ml_gemm *g, struct isahp_operation *op)
{
	struct isahp_region region;
	ml_gemm_fn fn = (ml_gemm_fn)isahp_enter(op, &region);
	bool complete;

	g->op = op;
	g->region = &region;
	complete = fn(g);
	isahp_leave(&region);
	g->region = NULL;
	g->op = NULL;
	return complete;
}

/* By @fn, or else by @op. */
static void product(struct ml_gemm *g, size_t size, isahp_fn fn,
		    struct isahp_operation *op)
{
	struct ml_space space;

	if (!ml_product_begin(g, size, &space))
		return;
	while (!(fn ? ((ml_gemm_fn)fn)(g) : ml_product_on(g, op)))
		;
	ml_product_end(&space);
}

void ml_sgemm_by(isahp_fn fn, enum ml_transpose ta, enum ml_transpose tb,
		 size_t m, size_t n, size_t k, float alpha, const float *a,
		 size_t lda, const float *b, size_t ldb, float beta, float *c,
		 size_t ldc)
{
	struct ml_gemm g = { .m = m, .n = n, .k = k, .alpha = alpha,
			     .beta = beta, .c = c, .ldc = ldc };

	ml_product_a(&g, ta, a, lda);
	ml_product_b(&g, tb, b, ldb);
	product(&g, sizeof(*c), fn, &ml_sgemm_operation);
}

void ml_dgemm_by(isahp_fn fn, enum ml_transpose ta, enum ml_transpose tb,
		 size_t m, size_t n, size_t k, double alpha, const double *a,
		 size_t lda, const double *b, size_t ldb, double beta, double *c,
		 size_t ldc)
{
	struct ml_gemm g = { .m = m, .n = n, .k = k, .alpha = alpha,
			     .beta = beta, .c = c, .ldc = ldc };

	ml_product_a(&g, ta, a, lda);
	ml_product_b(&g, tb, b, ldb);
	product(&g, sizeof(*c), fn, &ml_dgemm_operation);
}

void ml_sgemm(enum ml_transpose ta, enum ml_transpose tb, size_t m, size_t n,
	      size_t k, float alpha, const float *a, size_t lda, const float *b,
	      size_t ldb, float beta, float *c, size_t ldc)
{
	ml_sgemm_by(NULL, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void ml_dgemm(enum ml_transpose ta, enum ml_transpose tb, size_t m, size_t n,
	      size_t k, double alpha, const double *a, size_t lda,
	      const double *b, size_t ldb, double beta, double *c, size_t ldc)
{
	ml_dgemm_by(NULL, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
