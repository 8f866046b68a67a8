/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per transform of 1024 elements, as
 * bench_mathlib_vec measures it, on an AMD EPYC of family 25 model 17 (Zen 4),
 * gcc 12 -O2; the best of four runs, as the machine had other work too. Only
 * their order matters for the choice.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

ML_OPERATION(ml_sfft, 9460, 9880, 19690, 55290);
ML_OPERATION(ml_dfft, 16460, 21240, 33460, 63600);
