/* SPDX-License-Identifier: MIT */
/*
 * AVX-512, the foundation alone: no DQ, so what is done to doubles bit by bit is
 * done to integers. Multiplications and additions stay apart: -ffp-contract=off.
 */
#include <immintrin.h>

#include "variants.h"

#define CODE ML_CODE(avx512)

#define INTEGER(v) _mm512_castpd_si512(v)
#define DOUBLES(v) _mm512_castsi512_pd(v)

#define V __m512d
#define M __mmask8
#define LANES 8
#define NAME(op) ml_##op##_avx512
#define LOAD(p) _mm512_loadu_pd(p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define LOAD_S(p) _mm512_cvtps_pd(_mm256_loadu_ps(p))
#define STORE_S(p, v) _mm256_storeu_ps(p, _mm512_cvtpd_ps(v))
#define SET(d) _mm512_set1_pd(d)
#define SET_BITS(u) DOUBLES(_mm512_set1_epi64((long long)(u)))
#define ADD(a, b) _mm512_add_pd(a, b)
#define SUB(a, b) _mm512_sub_pd(a, b)
#define MUL(a, b) _mm512_mul_pd(a, b)
#define DIV(a, b) _mm512_div_pd(a, b)
#define MIN(a, b) _mm512_min_pd(a, b)
#define MAX(a, b) _mm512_max_pd(a, b)
#define AND(a, b) DOUBLES(_mm512_and_epi64(INTEGER(a), INTEGER(b)))
#define OR(a, b) DOUBLES(_mm512_or_epi64(INTEGER(a), INTEGER(b)))
#define XOR(a, b) DOUBLES(_mm512_xor_epi64(INTEGER(a), INTEGER(b)))
#define PLUS(a, b) DOUBLES(_mm512_add_epi64(INTEGER(a), INTEGER(b)))
#define SHL(a, n) DOUBLES(_mm512_slli_epi64(INTEGER(a), n))
#define SHR(a, n) DOUBLES(_mm512_srli_epi64(INTEGER(a), n))
#define LT(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ)
#define EQ(a, b) _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ)
#define ALL(m) ((m) == 0xff)
#define SELECT(m, a, b) _mm512_mask_blend_pd(m, b, a)
#include "body.h"
