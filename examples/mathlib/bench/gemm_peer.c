/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <stdlib.h>
#include <strings.h>

#include "gemm_peer.h"

/* cblas.h */
#define ROW_MAJOR 101
#define NO_TRANS 111
#define TRANS 112

void gemm_peer_open(const char *core, struct gemm_peer *ret_peer)
{
	const char *(*corename)(void);
	void *lib;

	*ret_peer = (struct gemm_peer){ 0 };
	setenv("OPENBLAS_CORETYPE", core, 1);
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	lib = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return;
	corename = (const char *(*)(void))dlsym(lib, "openblas_get_corename");
	if (!corename || strcasecmp(corename(), core))
		return;
	*(void **)&ret_peer->sgemm = dlsym(lib, "cblas_sgemm");
	*(void **)&ret_peer->dgemm = dlsym(lib, "cblas_dgemm");
}

void gemm_peer_call(const struct gemm_peer *peer, size_t size,
		    const struct gemm_shape *s, const void *a, const void *b,
		    void *c)
{
	int m = (int)s->m, n = (int)s->n, k = (int)s->k;
	int ta = s->ta ? TRANS : NO_TRANS, tb = s->tb ? TRANS : NO_TRANS;
	int lda = s->ta ? m : k, ldb = s->tb ? k : n;

	if (size == sizeof(float))
		peer->sgemm(ROW_MAJOR, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, n);
	else
		peer->dgemm(ROW_MAJOR, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, n);
}
