/* SPDX-License-Identifier: MIT */
/* Plain C: one butterfly at a time. */
#include "variants.h"

#define CODE ML_CODE(c)

#define T float
#define WIDTH 1
#define FFT ml_sfft_c
#define KERNEL(x) s1_##x
#define SCALAR(x) s1_##x
#define VECTOR(x) s1_##x
#include "scalar.h"
#include "body.h"

#define T double
#define WIDTH 1
#define FFT ml_dfft_c
#define KERNEL(x) d1_##x
#define SCALAR(x) d1_##x
#define VECTOR(x) d1_##x
#include "scalar.h"
#include "body.h"
