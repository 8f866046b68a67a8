/* SPDX-License-Identifier: MIT */
/* OpenBLAS, where it is installed, held to one core type: the benchmark's peer. */
#ifndef GEMM_PEER_H
#define GEMM_PEER_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct gemm_shape - a product
 * @m, @n, @k: C is m x n, the sums have k terms.
 * @ta, @tb: A, B stored transposed.
 */
struct gemm_shape {
	size_t m, n, k;
	bool ta, tb;
};

/** struct gemm_peer - OpenBLAS's two functions; NULL: it is not there */
struct gemm_peer {
	void (*sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha,
		      const float *a, int lda, const float *b, int ldb,
		      float beta, float *c, int ldc);
	void (*dgemm)(int order, int ta, int tb, int m, int n, int k,
		      double alpha, const double *a, int lda, const double *b,
		      int ldb, double beta, double *c, int ldc);
};

/**
 * gemm_peer_open - load it
 * @core: what OPENBLAS_CORETYPE takes; once in a process.
 * @ret_peer: zeroes when it is not there, or is not what was asked for.
 */
void gemm_peer_open(const char *core, struct gemm_peer *ret_peer);

/** gemm_peer_call - C = A * B by it; elements are @size bytes */
void gemm_peer_call(const struct gemm_peer *peer, size_t size,
		    const struct gemm_shape *s, const void *a, const void *b,
		    void *c);

#endif /* GEMM_PEER_H */
