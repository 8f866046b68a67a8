/* SPDX-License-Identifier: MIT */
#include "workloads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Vectors of 64 KB (float) or 128 KB (double), matrices of 64 or 128 KB, bytes:
 * a call takes about a microsecond on the fastest variant, or more. Entering and
 * leaving a region around it costs some 3 ns.
 */
#define V 16384	 /* elements of a vector */
#define B 131072 /* bytes, and characters of a text */
#define E 8192	 /* elements of an array: one piece */
#define F 1024	 /* complex elements of a transform */
#define F_WORK (5.0 * F * 10) /* as FFTs are counted: 5 n log2(n) */
#define M 128	/* rows, columns, depth of a matrix */

static struct {
	float *sa, *sx, *sy;
	double *da, *dx, *dy;
	uint8_t *bytes, *more, *out;
	char *text;
	int32_t *c;
	struct ml_sfft *sfft;
	struct ml_dfft *dfft;
	float *sw;
	double *dw;
} d;

static void sfft_by(isahp_fn fn)
{
	struct ml_fft_job job = ml_sfft_job(d.sfft, 0, d.sx, d.sy, d.sw);

	while (((__typeof__(&ml_sfft_piece))fn)(&job))
		;
}

static void dfft_by(isahp_fn fn)
{
	struct ml_fft_job job = ml_dfft_job(d.dfft, 0, d.dx, d.dy, d.dw);

	while (((__typeof__(&ml_dfft_piece))fn)(&job))
		;
}

/*
 * The table. A row for each function, and a line for each row:
 *
 *	TYPED(name, unit, work, call, arguments)
 *
 * where @call is what ISAHP_OPERATION_DECLARE() made. Functions whose variants
 * are not called with the arguments of the function itself:
 *
 *	OTHER(name, unit, work, operation, call, call by the variant fn)
 *
 * The factor of axpy is small: y is written to again and again.
 */
#define WORKLOADS(TYPED, OTHER)                                                                 \
	OTHER(sgemm, "GFLOP/s", 2.0 * M * M * M, ml_sgemm_operation,                            \
	      ml_sgemm(0, 0, M, M, M, 1, d.sa, M, d.sx, M, 0, d.sy, M),                         \
	      ml_sgemm_by(fn, 0, 0, M, M, M, 1, d.sa, M, d.sx, M, 0, d.sy, M))                  \
	OTHER(dgemm, "GFLOP/s", 2.0 * M * M * M, ml_dgemm_operation,                            \
	      ml_dgemm(0, 0, M, M, M, 1, d.da, M, d.dx, M, 0, d.dy, M),                         \
	      ml_dgemm_by(fn, 0, 0, M, M, M, 1, d.da, M, d.dx, M, 0, d.dy, M))                  \
	TYPED(sgemv, "GFLOP/s", 2.0 * M * M, ml_sgemv_piece, (M, M, 1, d.sa, M, d.sx, 0, d.sy)) \
	TYPED(dgemv, "GFLOP/s", 2.0 * M * M, ml_dgemv_piece, (M, M, 1, d.da, M, d.dx, 0, d.dy)) \
	TYPED(sdot, "GFLOP/s", 2.0 * V, ml_sdot_piece, (V, d.sx, d.sy))                         \
	TYPED(ddot, "GFLOP/s", 2.0 * V, ml_ddot_piece, (V, d.dx, d.dy))                         \
	TYPED(saxpy, "GFLOP/s", 2.0 * V, ml_saxpy_piece, (V, 1e-12f, d.sx, d.sy))               \
	TYPED(daxpy, "GFLOP/s", 2.0 * V, ml_daxpy_piece, (V, 1e-12, d.dx, d.dy))                \
	TYPED(snrm2, "GFLOP/s", 2.0 * V, ml_snrm2_piece, (V, d.sx))                             \
	TYPED(dnrm2, "GFLOP/s", 2.0 * V, ml_dnrm2_piece, (V, d.dx, 1))                          \
	TYPED(igemm, "GMAC/s", 64.0 * M * M, ml_igemm_piece,                                    \
	      (M, 64, M, d.bytes, M, (const int8_t *)d.more, 64, 0, d.c, 64))                   \
	TYPED(sexp, "Gelem/s", E, ml_sexp_piece, (E, d.sx, d.sy))                               \
	TYPED(dexp, "Gelem/s", E, ml_dexp_piece, (E, d.dx, d.dy))                               \
	TYPED(slog, "Gelem/s", E, ml_slog_piece, (E, d.sx, d.sy))                               \
	TYPED(dlog, "Gelem/s", E, ml_dlog_piece, (E, d.dx, d.dy))                               \
	TYPED(ssin, "Gelem/s", E, ml_ssin_piece, (E, d.sx, d.sy))                               \
	TYPED(dsin, "Gelem/s", E, ml_dsin_piece, (E, d.dx, d.dy))                               \
	OTHER(sfft, "GFLOP/s", F_WORK, ml_sfft_operation, ml_sfft(d.sfft, d.sx, d.sy, d.sw), sfft_by(fn)) \
	OTHER(dfft, "GFLOP/s", F_WORK, ml_dfft_operation, ml_dfft(d.dfft, d.dx, d.dy, d.dw), dfft_by(fn)) \
	TYPED(popcount, "GB/s", B, ml_popcount_piece, (d.bytes, B))                             \
	TYPED(hamming, "GB/s", B, ml_hamming_piece, (d.bytes, d.more, B))                       \
	TYPED(crc32c, "GB/s", B, ml_crc32c_piece, (0, d.bytes, B))                              \
	TYPED(base64_encode, "GB/s", B / 4 * 3, ml_base64_encode_piece, (d.bytes, B / 4, d.text)) \
	TYPED(base64_decode, "GB/s", B, ml_base64_decode_piece, (d.text, B / 4, d.out))

#define LOOPS(name, call, by)                                                  \
	static void name##_follow(unsigned long calls)                         \
	{                                                                      \
		while (calls--)                                                \
			(void)call;                                            \
	}                                                                      \
									       \
	static void name##_direct(isahp_fn fn, unsigned long calls)            \
	{                                                                      \
		while (calls--)                                                \
			(void)by;                                              \
	}                                                                      \
									       \
	static void name##_again(isahp_fn fn, unsigned long calls)             \
	{                                                                      \
		while (calls--)                                                \
			(void)by;                                              \
	}

#define TYPED_LOOPS(name, unit, work, call, args)                              \
	LOOPS(name, call args, ((__typeof__(&call))fn)args)
#define OTHER_LOOPS(name, unit, work, operation, call, by) LOOPS(name, call, by)

WORKLOADS(TYPED_LOOPS, OTHER_LOOPS)

/* What `call` is a macro's name for is found first. */
#define OPERATION(call) call##_operation
#define TYPED_ROW(name, unit, work, call, args)                                \
	{ #name, unit, work, &OPERATION(call),                                 \
	  name##_follow, name##_direct, name##_again },
#define OTHER_ROW(name, unit, work, operation, call, by)                       \
	{ #name, unit, work, &operation,                                       \
	  name##_follow, name##_direct, name##_again },

const struct workload workloads[] = { WORKLOADS(TYPED_ROW, OTHER_ROW) };
const size_t workload_count = sizeof(workloads) / sizeof(workloads[0]);

static void *alloc(size_t bytes)
{
	return aligned_alloc(64, bytes + 64);
}

static int alloc_all(void)
{
	d.sa = alloc(V * sizeof(float));
	d.sx = alloc(V * sizeof(float));
	d.sy = alloc(V * sizeof(float));
	d.da = alloc(V * sizeof(double));
	d.dx = alloc(V * sizeof(double));
	d.dy = alloc(V * sizeof(double));
	d.bytes = alloc(B);
	d.more = alloc(B);
	d.out = alloc(B);
	d.text = alloc(B);
	d.c = alloc(64 * M * sizeof(int32_t));
	if (ml_sfft_create(F, &d.sfft) || ml_dfft_create(F, &d.dfft))
		return -ENOMEM;
	d.sw = alloc(ml_sfft_work(d.sfft) * sizeof(float));
	d.dw = alloc(ml_dfft_work(d.dfft) * sizeof(double));
	if (!d.sa || !d.sx || !d.sy || !d.da || !d.dx || !d.dy || !d.bytes ||
	    !d.more || !d.out || !d.text || !d.c || !d.sw || !d.dw)
		return -ENOMEM;
	return 0;
}

int workloads_init(void)
{
	size_t i;

	if (alloc_all())
		return -ENOMEM;
	for (i = 0; i < B; i++) {
		d.bytes[i] = (uint8_t)(i * 2654435761u >> 24);
		d.more[i] = (uint8_t)(i * 40503u >> 13);
	}
	for (i = 0; i < V; i++) {
		d.sa[i] = d.sx[i] = d.sy[i] = (float)d.bytes[i] / 256 + 1;
		d.da[i] = d.dx[i] = d.dy[i] = d.sx[i];
	}
	memset(d.c, 0, 64 * M * sizeof(int32_t));
	ml_base64_encode(d.bytes, B / 4 * 3, d.text);
	return 0;
}

const struct workload *workload_find(const char *name)
{
	size_t i;

	for (i = 0; i < workload_count; i++) {
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	}
	return NULL;
}
