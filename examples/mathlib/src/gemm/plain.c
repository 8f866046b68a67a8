/* SPDX-License-Identifier: MIT */
/*
 * Plain C: runs anywhere, and is what the other variants are compared to.
 * Written to be seen to be right: nothing is packed.
 */
#include "gemm.h"

#define COLS 32

#define T float
#define NAME(x) x##_float
#define VARIANT ml_sgemm_c
#include "plain.h"
#undef T
#undef NAME
#undef VARIANT

#define T double
#define NAME(x) x##_double
#define VARIANT ml_dgemm_c
#include "plain.h"
