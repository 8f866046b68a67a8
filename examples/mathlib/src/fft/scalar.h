/* SPDX-License-Identifier: MIT */
/* Butterflies one at a time, for kernel.h; included with T and KERNEL(x). */
#define V T
#define LANES 1
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define LOAD_PAIRS(p, re, im) ((re) = (p)[0], (im) = (p)[1])
#define STORE_PAIRS(p, re, im) ((p)[0] = (re), (p)[1] = (im))
#define SET(x) ((T)(x))
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define MADD(a, b, c) ((a) * (b) + (c))
#define MSUB(a, b, c) ((a) * (b) - (c))
#include "kernel.h"
