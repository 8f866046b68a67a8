/* SPDX-License-Identifier: MIT */
/*
 * What bench_mathlib_vec measures: the functions of blas1, bits and igemm, and
 * those of elementary and fft.
 */
#ifndef ML_VEC_JOBS_H
#define ML_VEC_JOBS_H

#include <mathlib/mathlib.h>

#define VEC_JOBS 14
#define WAVE_JOBS 8

/**
 * struct vec_job - one function
 * @name: without "ml_".
 * @op: its operation.
 * @small: size that fits into L2: elements, bytes, or rows of square matrices,
 * @large: and one that needs several regions.
 * @work: of a call, in units of 1e-9 @unit.
 * @unit: "GFLOP/s", "GB/s", "GMAC/s", or "G/s" (elements).
 * @variant: calls a variant of @op,
 * @function: the public function,
 * @peer: and another library's; NULL where there is none;
 * @peer_name: which.
 */
struct vec_job {
	const char *name;
	struct isahp_operation *op;
	size_t small;
	size_t large;
	double (*work)(size_t size);
	const char *unit;
	void (*variant)(isahp_fn fn, size_t size);
	void (*function)(size_t size);
	void (*peer)(size_t size);
	const char *peer_name;
};

extern struct vec_job vec_jobs[VEC_JOBS];
extern struct vec_job wave_jobs[WAVE_JOBS];

/**
 * vec_jobs_init - make the operands
 *
 * Return: 0, or -ENOMEM.
 */
int vec_jobs_init(void);

/** wave_jobs_init - the same for @wave_jobs, and their peers */
int wave_jobs_init(void);

/**
 * vec_peer_init - look for OpenBLAS, on one thread
 *
 * Fills in the jobs' peers. Return: its description, or NULL if there is none.
 */
const char *vec_peer_init(void);

/** struct vec_data - operands of all jobs, and where results go */
struct vec_data {
	float *sa, *sx, *sy;
	double *da, *dx, *dy;
	uint8_t *bytes, *more;
	char *text;
	int32_t *c;
	volatile double result;
};

extern struct vec_data vec_data;

#endif /* ML_VEC_JOBS_H */
