/* SPDX-License-Identifier: MIT */
#include "vec_jobs.h"

#include <errno.h>
#include <stdlib.h>

#define ELEMENTS ((size_t)1 << 20)

struct vec_data vec_data;
#define d vec_data

/* JOB(NAME, PARAMETERS, RESULT = , ARGUMENTS): by variant, and by function. */
#define JOB(name, ret, params, take, piece_args, args)                         \
	static void name##_variant(isahp_fn fn, size_t n)                      \
	{                                                                      \
		take ((ret (*) params)fn) piece_args;                          \
	}                                                                      \
									       \
	static void name##_function(size_t n)                                  \
	{                                                                      \
		take ml_##name args;                                           \
	}

#define RESULT d.result = (double)

/* A small factor: y is written to again and again. */
JOB(sdot, float, (size_t, const float *, const float *), RESULT,
    (n, d.sx, d.sy), (n, d.sx, d.sy))
JOB(ddot, double, (size_t, const double *, const double *), RESULT,
    (n, d.dx, d.dy), (n, d.dx, d.dy))
JOB(saxpy, void, (size_t, float, const float *, float *), ,
    (n, 1e-12f, d.sx, d.sy), (n, 1e-12f, d.sx, d.sy))
JOB(daxpy, void, (size_t, double, const double *, double *), ,
    (n, 1e-12, d.dx, d.dy), (n, 1e-12, d.dx, d.dy))
JOB(snrm2, double, (size_t, const float *), RESULT, (n, d.sx), (n, d.sx))
JOB(dnrm2, double, (size_t, const double *, double), RESULT, (n, d.dx, 1),
    (n, d.dx))
JOB(sgemv, void, (size_t, size_t, float, const float *, size_t, const float *,
		  float, float *), ,
    (n, n, 1, d.sa, n, d.sx, 0, d.sy), (n, n, 1, d.sa, n, d.sx, 0, d.sy))
JOB(dgemv, void, (size_t, size_t, double, const double *, size_t, const double *,
		  double, double *), ,
    (n, n, 1, d.da, n, d.dx, 0, d.dy), (n, n, 1, d.da, n, d.dx, 0, d.dy))
JOB(popcount, uint64_t, (const void *, size_t), RESULT, (d.bytes, n), (d.bytes, n))
JOB(hamming, uint64_t, (const void *, const void *, size_t), RESULT,
    (d.bytes, d.more, n), (d.bytes, d.more, n))
JOB(crc32c, uint32_t, (uint32_t, const void *, size_t), RESULT, (~0u, d.bytes, n),
    (0, d.bytes, n))
JOB(base64_encode, void, (const uint8_t *, size_t, char *), ,
    (d.bytes, n / 3, d.text), (d.bytes, n / 3 * 3, d.text))
JOB(igemm, void, (size_t, size_t, size_t, const uint8_t *, size_t, const int8_t *,
		  size_t, int, int32_t *, size_t), ,
    (n, n, n, d.bytes, n, (const int8_t *)d.more, n, 0, d.c, n),
    (n, n, n, d.bytes, n, (const int8_t *)d.more, n, 0, d.c, n))

/* The text is of ELEMENTS characters before each decoding and after it. */
static void base64_decode_variant(isahp_fn fn, size_t n)
{
	d.result = (double)((size_t (*)(const char *, size_t, uint8_t *))fn)(
		d.text, n / 4, d.bytes);
}

static void base64_decode_function(size_t n)
{
	size_t length, bad;

	d.result = ml_base64_decode(d.text, n, d.bytes, &length, &bad);
}

static double two_each(size_t n)
{
	return 2 * (double)n;
}

static double square(size_t n)
{
	return 2 * (double)n * (double)n;
}

static double cube(size_t n)
{
	return (double)n * (double)n * (double)n;
}

static double each(size_t n)
{
	return (double)n;
}

#define ROW(name, small, large, work, unit)                                    \
	{                                                                      \
		#name, &ml_##name##_operation, small, large, work, unit,       \
			name##_variant, name##_function, NULL, "OpenBLAS"                 \
	}

struct vec_job vec_jobs[VEC_JOBS] = {
	ROW(sdot, 4096, ELEMENTS, two_each, "GFLOP/s"),
	ROW(ddot, 4096, ELEMENTS, two_each, "GFLOP/s"),
	ROW(saxpy, 4096, ELEMENTS, two_each, "GFLOP/s"),
	ROW(daxpy, 4096, ELEMENTS, two_each, "GFLOP/s"),
	ROW(snrm2, 4096, ELEMENTS, two_each, "GFLOP/s"),
	ROW(dnrm2, 4096, ELEMENTS, two_each, "GFLOP/s"),
	ROW(sgemv, 64, 1024, square, "GFLOP/s"),
	ROW(dgemv, 64, 1024, square, "GFLOP/s"),
	ROW(popcount, 4096, ELEMENTS, each, "GB/s"),
	ROW(hamming, 4096, ELEMENTS, each, "GB/s"),
	ROW(crc32c, 4096, ELEMENTS, each, "GB/s"),
	ROW(base64_encode, 3072, ELEMENTS / 4 * 3, each, "GB/s"),
	ROW(base64_decode, 4096, ELEMENTS, each, "GB/s"),
	ROW(igemm, 128, 512, cube, "GMAC/s"),
};

int vec_jobs_init(void)
{
	size_t i;

	d.sa = aligned_alloc(64, ELEMENTS * sizeof(float));
	d.sx = aligned_alloc(64, ELEMENTS * sizeof(float));
	d.sy = aligned_alloc(64, ELEMENTS * sizeof(float));
	d.da = aligned_alloc(64, ELEMENTS * sizeof(double));
	d.dx = aligned_alloc(64, ELEMENTS * sizeof(double));
	d.dy = aligned_alloc(64, ELEMENTS * sizeof(double));
	d.bytes = aligned_alloc(64, ELEMENTS);
	d.more = aligned_alloc(64, ELEMENTS);
	d.text = aligned_alloc(64, ELEMENTS);
	d.c = aligned_alloc(64, ELEMENTS * sizeof(int32_t));
	if (!d.sa || !d.sx || !d.sy || !d.da || !d.dx || !d.dy || !d.bytes ||
	    !d.more || !d.text || !d.c)
		return -ENOMEM;
	for (i = 0; i < ELEMENTS; i++) {
		d.bytes[i] = (uint8_t)(i * 2654435761u >> 24);
		d.more[i] = (uint8_t)(i * 40503u >> 13);
		d.sa[i] = d.sx[i] = d.sy[i] = (float)d.bytes[i] / 256 + 1;
		d.da[i] = d.dx[i] = d.dy[i] = d.sx[i];
		d.c[i] = 0;
	}
	ml_base64_encode(d.bytes, ELEMENTS / 4 * 3, d.text);
	return 0;
}
