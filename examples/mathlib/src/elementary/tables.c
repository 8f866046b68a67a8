/* SPDX-License-Identifier: MIT */
#include "constants.h"
#include "variants.h"

const uint64_t ml_2_pi[ML_2_PI_WORDS] = { ML_2_PI_BITS };
