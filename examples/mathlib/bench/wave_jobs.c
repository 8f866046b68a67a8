/* SPDX-License-Identifier: MIT */
/*
 * What bench_mathlib_vec measures of elementary and fft. The peers: a loop over
 * libm's function, and FFTW's plan (ESTIMATE), if it is installed.
 */
#include "vec_jobs.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ELEMENTS ((size_t)1 << 20)
#define SMALL 1024
#define MEDIUM ((size_t)1 << 16)

static struct {
	float *sx, *sy, *swork;
	double *dx, *dy, *dwork;
} d;

/* --- elementary ---------------------------------------------------------------- */

#define ELEMENTARY(p, op, T, libm)                                             \
	static void p##op##_variant(isahp_fn fn, size_t n)                     \
	{                                                                      \
		((void (*)(size_t, const T *, T *))fn)(n, d.p##x, d.p##y);     \
	}                                                                      \
									       \
	static void p##op##_function(size_t n)                                 \
	{                                                                      \
		ml_##p##op(n, d.p##x, d.p##y);                                 \
	}                                                                      \
									       \
	static void p##op##_peer(size_t n)                                     \
	{                                                                      \
		size_t i;                                                      \
									       \
		for (i = 0; i < n; i++)                                        \
			d.p##y[i] = libm(d.p##x[i]);                           \
	}

ELEMENTARY(s, exp, float, expf)
ELEMENTARY(d, exp, double, exp)
ELEMENTARY(s, log, float, logf)
ELEMENTARY(d, log, double, log)
ELEMENTARY(s, sin, float, sinf)
ELEMENTARY(d, sin, double, sin)

/* --- fft: of the two sizes, each with its plans ---------------------------------- */

static struct {
	struct ml_sfft *s[2];
	struct ml_dfft *d[2];
	void *fftw_s[2];
	void *fftw_d[2];
} plans;

static struct {
	void (*s)(void *plan);
	void (*d)(void *plan);
} execute;

#define FFT(p, T)                                                              \
	static void p##fft_variant(isahp_fn fn, size_t n)                      \
	{                                                                      \
		struct ml_fft_job job = ml_##p##fft_job(plans.p[n > SMALL], 0, \
							d.p##x, d.p##y,        \
							d.p##work);            \
									       \
		while (((int (*)(struct ml_fft_job *))fn)(&job))               \
			;                                                      \
	}                                                                      \
									       \
	static void p##fft_function(size_t n)                                  \
	{                                                                      \
		ml_##p##fft(plans.p[n > SMALL], d.p##x, d.p##y, d.p##work);    \
	}                                                                      \
									       \
	static void p##fft_peer(size_t n)                                      \
	{                                                                      \
		execute.p(plans.fftw_##p[n > SMALL]);                          \
	}

FFT(s, float)
FFT(d, double)

static double each(size_t n)
{
	return (double)n;
}

/* What is customarily counted. */
static double transform(size_t n)
{
	return 5 * (double)n * log2((double)n);
}

#define ROW(name, small, large, work, unit, peer_name)                         \
	{                                                                      \
		#name, &ml_##name##_operation, small, large, work, unit,       \
			name##_variant, name##_function, name##_peer,          \
			peer_name                                              \
	}

struct vec_job wave_jobs[WAVE_JOBS] = {
	ROW(sexp, 4096, ELEMENTS, each, "G/s", "libm"),
	ROW(dexp, 4096, ELEMENTS, each, "G/s", "libm"),
	ROW(slog, 4096, ELEMENTS, each, "G/s", "libm"),
	ROW(dlog, 4096, ELEMENTS, each, "G/s", "libm"),
	ROW(ssin, 4096, ELEMENTS, each, "G/s", "libm"),
	ROW(dsin, 4096, ELEMENTS, each, "G/s", "libm"),
	ROW(sfft, SMALL, MEDIUM, transform, "GFLOP/s", "FFTW"),
	ROW(dfft, SMALL, MEDIUM, transform, "GFLOP/s", "FFTW"),
};

/* FFTW_FORWARD is -1, FFTW_ESTIMATE 1 << 6. */
static void *fftw(const char *soname, const char *plan, const char *run,
		  void *x, void *y, void **ret_plans)
{
	typedef void *(*planner)(int, void *, void *, int, unsigned int);
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	planner make;

	if (!library)
		return NULL;
	*(void **)&make = dlsym(library, plan);
	if (!make)
		return NULL;
	ret_plans[0] = make(SMALL, x, y, -1, 1u << 6);
	ret_plans[1] = make((int)MEDIUM, x, y, -1, 1u << 6);
	return ret_plans[0] && ret_plans[1] ? dlsym(library, run) : NULL;
}

static void peers(void)
{
	*(void **)&execute.s = fftw("libfftw3f.so.3", "fftwf_plan_dft_1d",
				    "fftwf_execute", d.sx, d.sy, plans.fftw_s);
	*(void **)&execute.d = fftw("libfftw3.so.3", "fftw_plan_dft_1d",
				    "fftw_execute", d.dx, d.dy, plans.fftw_d);
	if (!execute.s)
		wave_jobs[WAVE_JOBS - 2].peer = NULL;
	if (!execute.d)
		wave_jobs[WAVE_JOBS - 1].peer = NULL;
}

int wave_jobs_init(void)
{
	static const size_t lengths[] = { SMALL, MEDIUM };
	size_t i;

	d.sx = aligned_alloc(64, ELEMENTS * sizeof(float));
	d.sy = aligned_alloc(64, ELEMENTS * sizeof(float));
	d.swork = aligned_alloc(64, ELEMENTS * sizeof(float));
	d.dx = aligned_alloc(64, ELEMENTS * sizeof(double));
	d.dy = aligned_alloc(64, ELEMENTS * sizeof(double));
	d.dwork = aligned_alloc(64, ELEMENTS * sizeof(double));
	if (!d.sx || !d.sy || !d.swork || !d.dx || !d.dy || !d.dwork)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		if (ml_sfft_create(lengths[i], &plans.s[i]) ||
		    ml_dfft_create(lengths[i], &plans.d[i]))
			return -ENOMEM;
	}
	peers();
	/* In (0, 32): usual operands, all of them. */
	for (i = 0; i < ELEMENTS; i++) {
		d.dx[i] = (double)((uint32_t)(i * 2654435761u) >> 8 | 1) * 0x1p-19;
		d.sx[i] = (float)d.dx[i];
		d.sy[i] = d.swork[i] = 0;
		d.dy[i] = d.dwork[i] = 0;
	}
	return 0;
}
