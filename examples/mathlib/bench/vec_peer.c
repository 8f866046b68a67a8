/* SPDX-License-Identifier: MIT */
/*
 * The peer: OpenBLAS as it is installed, if it is. It chooses its kernels once,
 * for the CPU that it starts on.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "vec_jobs.h"

#define d vec_data
#define ROW_MAJOR 101
#define NO_TRANSPOSE 111

static struct {
	float (*sdot)(int, const float *, int, const float *, int);
	double (*ddot)(int, const double *, int, const double *, int);
	void (*saxpy)(int, float, const float *, int, float *, int);
	void (*daxpy)(int, double, const double *, int, double *, int);
	float (*snrm2)(int, const float *, int);
	double (*dnrm2)(int, const double *, int);
	void (*sgemv)(int, int, int, int, float, const float *, int,
		      const float *, int, float, float *, int);
	void (*dgemv)(int, int, int, int, double, const double *, int,
		      const double *, int, double, double *, int);
} blas;

static void sdot(size_t n)
{
	d.result = (double)blas.sdot((int)n, d.sx, 1, d.sy, 1);
}

static void ddot(size_t n)
{
	d.result = blas.ddot((int)n, d.dx, 1, d.dy, 1);
}

static void saxpy(size_t n)
{
	blas.saxpy((int)n, 1e-12f, d.sx, 1, d.sy, 1);
}

static void daxpy(size_t n)
{
	blas.daxpy((int)n, 1e-12, d.dx, 1, d.dy, 1);
}

static void snrm2(size_t n)
{
	d.result = (double)blas.snrm2((int)n, d.sx, 1);
}

static void dnrm2(size_t n)
{
	d.result = blas.dnrm2((int)n, d.dx, 1);
}

static void sgemv(size_t n)
{
	blas.sgemv(ROW_MAJOR, NO_TRANSPOSE, (int)n, (int)n, 1, d.sa, (int)n, d.sx,
		   1, 0, d.sy, 1);
}

static void dgemv(size_t n)
{
	blas.dgemv(ROW_MAJOR, NO_TRANSPOSE, (int)n, (int)n, 1, d.da, (int)n, d.dx,
		   1, 0, d.dy, 1);
}

static const struct {
	const char *name;
	void *address;
	void (*call)(size_t n);
} calls[] = {
	{ "sdot", &blas.sdot, sdot },	 { "ddot", &blas.ddot, ddot },
	{ "saxpy", &blas.saxpy, saxpy }, { "daxpy", &blas.daxpy, daxpy },
	{ "snrm2", &blas.snrm2, snrm2 }, { "dnrm2", &blas.dnrm2, dnrm2 },
	{ "sgemv", &blas.sgemv, sgemv }, { "dgemv", &blas.dgemv, dgemv },
};

static void take(void *library, size_t i)
{
	char symbol[32];
	void *found;
	size_t j;

	snprintf(symbol, sizeof(symbol), "cblas_%s", calls[i].name);
	found = dlsym(library, symbol);
	if (!found)
		return;
	memcpy(calls[i].address, &found, sizeof(found));
	for (j = 0; j < VEC_JOBS; j++) {
		if (!strcmp(vec_jobs[j].name, calls[i].name))
			vec_jobs[j].peer = calls[i].call;
	}
}

const char *vec_peer_init(void)
{
	void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	void (*set_threads)(int);
	char *(*config)(void);
	size_t i;

	if (!library)
		return NULL;
	*(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
	*(void **)&config = dlsym(library, "openblas_get_config");
	if (set_threads)
		set_threads(1);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		take(library, i);
	return config ? config() : "OpenBLAS";
}
