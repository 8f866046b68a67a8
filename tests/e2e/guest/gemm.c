// SPDX-License-Identifier: MIT
/*
 * gemm: products of matrices by OpenBLAS, whose kernels OPENBLAS_CORETYPE names.
 * Until SIGTERM, a line a round: what all results' bits come to, and by how much
 * the worst is off plain C's.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Larger than a kernel's tile, and no multiple of it. */
#define N 37

enum { ROW_MAJOR = 101, AS_IT_IS = 111 };

static double a[N * N], b[N * N], c[N * N];
static float fa[N * N], fb[N * N], fc[N * N];

static void (*dgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k,
		     double alpha, const double *a, int lda, const double *b, int ldb,
		     double beta, double *c, int ldc);
static void (*sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k,
		     float alpha, const float *a, int lda, const float *b, int ldb,
		     float beta, float *c, int ldc);

static uint64_t hash(uint64_t hash, const void *p, size_t size)
{
	const unsigned char *bytes = p;

	while (size--)
		hash = (hash ^ *bytes++) * 0x100000001b3ULL;
	return hash;
}

static double off(void)
{
	double sum, worst = 0, error;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			sum = 0;
			for (int k = 0; k < N; k++)
				sum += a[i * N + k] * b[k * N + j];
			error = fabs(c[i * N + j] - sum) * 1e12;
			if (error > worst)
				worst = error;
			error = fabs(fc[i * N + j] - sum) * 1e4;
			if (error > worst)
				worst = error;
		}
	return worst;
}

int main(void)
{
	void *blas = dlopen("libopenblas.so.0", RTLD_LAZY);
	uint64_t bits;

	if (!blas) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	*(void **)&dgemm = dlsym(blas, "cblas_dgemm");
	*(void **)&sgemm = dlsym(blas, "cblas_sgemm");
	if (!dgemm || !sgemm) {
		fprintf(stderr, "no cblas_dgemm or cblas_sgemm\n");
		return 2;
	}
	for (int i = 0; i < N * N; i++) {
		a[i] = (i * 7919 % 1009) / 1009.0 - 0.5;
		b[i] = (i * 104729 % 997) / 997.0 - 0.5;
		fa[i] = (float)a[i];
		fb[i] = (float)b[i];
	}
	for (;;) {
		memset(c, 0, sizeof(c));
		memset(fc, 0, sizeof(fc));
		dgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, N, N, N, 1, a, N, b, N, 0, c, N);
		sgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, N, N, N, 1, fa, N, fb, N, 0, fc, N);
		bits = hash(hash(0xcbf29ce484222325ULL, c, sizeof(c)), fc, sizeof(fc));
		printf("%016llx %s\n", (unsigned long long)bits, off() < 1 ? "near" : "far");
		fflush(stdout);
	}
}
