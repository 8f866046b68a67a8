/* SPDX-License-Identifier: MIT */
/*
 * Matrix products. For what holds of all of mathlib see <mathlib/mathlib.h>.
 *
 * Work space. A product of more than a few thousand elements packs its operands
 * into work space that belongs to the thread: 2.5 MB at most, mapped on the
 * first such call and given back when the thread ends. Where it can not be had,
 * the product is computed without, from 8 KB of stack: slower, and as right.
 * So no call fails for want of memory; but none may be made from a signal
 * handler that can interrupt another one's mapping of work space.
 *
 * Removal. A product does not hold up the removal of a feature until its end:
 * about every millisecond of work it looks whether its operation has moved on,
 * and if so goes on by the variant that is next. What was computed until then
 * stays, so the bounds hold as for any one variant.
 *
 * Packed operands. ml_sgemm_pack() lays B out as a variant wants it, once for
 * many products. What is laid out so belongs to no variant: each layout has an
 * operation of its own, the last variants of which need nothing, and a product
 * follows the layout that its operand has. When features leave or arrive, a
 * callback lays all plans' operands out anew, as is best then; a product that is
 * under way goes on with the new one, and the last to leave the old one frees
 * it. Until isahp_start(), or for want of memory, an operand may be in a layout
 * that is not the best: that costs speed, no more.
 */
#ifndef MATHLIB_GEMM_H
#define MATHLIB_GEMM_H

#include <stddef.h>
#include <stdint.h>
#include <isahp/isahp.h>
#include <mathlib/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Their variants are called by ml_sgemm_by() and the like. Layouts are named
 * for the columns of a panel.
 */
extern ML_API struct isahp_operation ml_sgemm_operation;
extern ML_API struct isahp_operation ml_dgemm_operation;
extern ML_API struct isahp_operation ml_sgemm_packed_nr8_operation;
extern ML_API struct isahp_operation ml_sgemm_packed_nr16_operation;
extern ML_API struct isahp_operation ml_sgemm_packed_nr32_operation;
extern ML_API struct isahp_operation ml_dgemm_packed_nr4_operation;
extern ML_API struct isahp_operation ml_dgemm_packed_nr8_operation;
extern ML_API struct isahp_operation ml_dgemm_packed_nr16_operation;

/** enum ml_transpose - how a matrix is stored */
enum ml_transpose {
	ML_PLAIN = 0,	   /* as it is meant */
	ML_TRANSPOSED = 1, /* rows for columns */
};

/**
 * ml_sgemm - C = alpha * A * B + beta * C, row-major
 * @ta: whether A is stored transposed,
 * @tb: and whether B is.
 * @m: rows of A and C.
 * @n: columns of B and C.
 * @k: columns of A, rows of B; 0 leaves C = beta * C.
 * @alpha: finite; 0: A and B are not read.
 * @a: A: m x k, row i begins at a + i * lda; transposed: k x m. Not read where
 *	m * k is 0.
 * @lda: elements from row to row, at least the length of a row.
 * @b: B: k x n; transposed: n x k.
 * @ldb: as @lda.
 * @beta: finite; 0: C is not read, so NaN in it does not survive.
 * @c: m x n, must not overlap @a or @b. What lies between its rows is neither
 *	read nor written.
 * @ldc: at least @n.
 *
 * Two variants, and a call that moves from one to another, differ in c_ij by at
 * most ml_bound(k + 2, |alpha| * sum_p |a_ip * b_pj| + |beta * c_ij|, alpha):
 * besides its product and its additions a term is multiplied by alpha, and the
 * sum is added to beta * c.
 */
ML_API void ml_sgemm(enum ml_transpose ta, enum ml_transpose tb, size_t m,
		     size_t n, size_t k, float alpha, const float *a, size_t lda,
		     const float *b, size_t ldb, float beta, float *c,
		     size_t ldc);

/**
 * ml_dgemm - the same in double precision
 *
 * All as for ml_sgemm(), with ml_bound_double().
 */
ML_API void ml_dgemm(enum ml_transpose ta, enum ml_transpose tb, size_t m,
		     size_t n, size_t k, double alpha, const double *a,
		     size_t lda, const double *b, size_t ldb, double beta,
		     double *c, size_t ldc);

/**
 * ml_sgemm_by - ml_sgemm() by a given function
 * @fn: of a variant of ml_sgemm_operation. It is the caller who knows that the
 *	CPU executes it, and for how long: see isahp_enter().
 */
ML_API void ml_sgemm_by(isahp_fn fn, enum ml_transpose ta, enum ml_transpose tb,
			size_t m, size_t n, size_t k, float alpha,
			const float *a, size_t lda, const float *b, size_t ldb,
			float beta, float *c, size_t ldc);

/** ml_dgemm_by - ml_dgemm() by a given function, of ml_dgemm_operation */
ML_API void ml_dgemm_by(isahp_fn fn, enum ml_transpose ta, enum ml_transpose tb,
			size_t m, size_t n, size_t k, double alpha,
			const double *a, size_t lda, const double *b, size_t ldb,
			double beta, double *c, size_t ldc);

/* --- packed operands -------------------------------------------------------- */

/** ML_PACKED_VERSION - of what follows; a layout never changes within one */
#define ML_PACKED_VERSION 1

/** ML_PACKED_ROWS - rows of a block */
#define ML_PACKED_ROWS 256

/**
 * struct ml_packed - a matrix laid out for products
 * @version: ML_PACKED_VERSION.
 * @layout: columns of a panel.
 * @element: bytes of an element: 4 or 8.
 * @generation: how often it was laid out anew.
 * @k: rows.
 * @n: columns.
 * @data: aligned to 64 bytes.
 *
 * The rows are cut into blocks of ML_PACKED_ROWS, a block into panels of @layout
 * columns, the last of which is filled up with zeroes. Blocks follow each other,
 * in them panels, in these rows.
 */
struct ml_packed {
	uint32_t version;
	uint32_t layout;
	uint32_t element;
	uint32_t generation;
	size_t k;
	size_t n;
	const void *data;
};

/** struct ml_plan - a packed operand that follows the CPU */
struct ml_plan;

/**
 * ml_sgemm_pack - lay B out for products
 * @tb: whether B is stored transposed.
 * @k: rows,
 * @n: and columns, neither 0.
 * @b: B; no longer needed afterwards.
 * @ldb: as for ml_sgemm().
 * @ret_plan: to be freed by ml_plan_free().
 *
 * Any thread; the plan may be used by many at once. -EINVAL; -ENOMEM.
 */
ML_API int ml_sgemm_pack(enum ml_transpose tb, size_t k, size_t n, const float *b,
			 size_t ldb, struct ml_plan **ret_plan);

/** ml_dgemm_pack - the same in double precision */
ML_API int ml_dgemm_pack(enum ml_transpose tb, size_t k, size_t n,
			 const double *b, size_t ldb, struct ml_plan **ret_plan);

/**
 * ml_plan_free - no longer needed
 * @plan: which nobody uses any more; NULL: nothing is done.
 */
ML_API void ml_plan_free(struct ml_plan *plan);

/**
 * ml_sgemm_packed - C = alpha * A * B + beta * C with a packed B
 * @b: made by ml_sgemm_pack(); says what k and n are.
 * ...: the rest as for ml_sgemm(), with the same bound.
 */
ML_API void ml_sgemm_packed(const struct ml_plan *b, enum ml_transpose ta,
			    size_t m, float alpha, const float *a, size_t lda,
			    float beta, float *c, size_t ldc);

/** ml_dgemm_packed - the same in double precision, of ml_dgemm_pack() */
ML_API void ml_dgemm_packed(const struct ml_plan *b, enum ml_transpose ta,
			    size_t m, double alpha, const double *a, size_t lda,
			    double beta, double *c, size_t ldc);

/**
 * ml_plan_get - what a plan has now
 * @plan: not freed.
 *
 * Return: the operand, which stays as it is until ml_packed_put().
 */
ML_API const struct ml_packed *ml_plan_get(const struct ml_plan *plan);

/** ml_packed_put - for each ml_plan_get() */
ML_API void ml_packed_put(const struct ml_packed *packed);

/** ml_packed_operation - that serves a layout; NULL: there is none */
ML_API struct isahp_operation *ml_packed_operation(const struct ml_packed *packed);

/**
 * ml_sgemm_packed_by - ml_sgemm_packed() by a given function
 * @fn: of a variant of the operation of @b's layout; see ml_sgemm_by().
 * @b: what the product runs on; never laid out anew under it.
 */
ML_API void ml_sgemm_packed_by(isahp_fn fn, const struct ml_packed *b,
			       enum ml_transpose ta, size_t m, float alpha,
			       const float *a, size_t lda, float beta, float *c,
			       size_t ldc);

/** ml_dgemm_packed_by - ml_dgemm_packed() by a given function */
ML_API void ml_dgemm_packed_by(isahp_fn fn, const struct ml_packed *b,
			       enum ml_transpose ta, size_t m, double alpha,
			       const double *a, size_t lda, double beta,
			       double *c, size_t ldc);

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_GEMM_H */
