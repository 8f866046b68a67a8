/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per call of 4096 elements (gemv: 64 x 64),
 * as bench_mathlib_vec measures it, on an AMD EPYC of family 25 model 17 (Zen 4),
 * gcc 12 -O3; the fastest of 82 rounds, as the machine had other work too. Only
 * their order matters for the choice. That CPU executes 512 bits as two halves,
 * and what L1 and L2 deliver is the limit: AVX-512 gains little over AVX2.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

ML_OPERATION(ml_sdot, 1560, 1490, 2880, 32900);
ML_OPERATION(ml_ddot, 5560, 5570, 6180, 33100);
ML_OPERATION(ml_saxpy, 1760, 1600, 3190, 3370);
ML_OPERATION(ml_daxpy, 5540, 5610, 7210, 11180);
ML_OPERATION(ml_snrm2, 2720, 2710, 5610, 33100);
ML_OPERATION(ml_dnrm2, 1610, 2730, 4740, 33100);
ML_OPERATION(ml_sgemv, 1350, 1200, 2650, 19800);
ML_OPERATION(ml_dgemv, 1970, 1990, 4380, 20300);
