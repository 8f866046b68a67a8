/* SPDX-License-Identifier: MIT */
/*
 * mathlib: dense kernels that follow the CPU under a running program. Each is a
 * libisahp operation with variants in plain C, SSE2, AVX2+FMA and AVX-512F.
 *
 * Numbers. All variants compute the same sums in different orders, with or
 * without fused multiply-add, in round-to-nearest with gradual underflow. Let
 * u = 2^-24 (in double precision 2^-53) and gamma(n) = n*u / (1 - n*u). A sum of
 * n products, added up in any order, differs from the exact one by at most
 *
 *	gamma(n) * sum |x_i * y_i|
 *
 * because no product goes through more than n roundings: its own, and n - 1
 * additions (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
 * sections 3.1 and 4.2). A fused multiply-add only saves roundings, and the
 * zeros that pad a vector are added exactly. Two variants hence differ by at
 * most 2 * gamma(n) times that sum, about n * eps * sum with eps = 2^-23, plus
 * what products that underflow lose, 2^-150 each: see ml_bound() and
 * ml_bound_double().
 *
 * Not finite. NaN and Inf in the operands go where IEEE 754 takes them: where
 * one variant gives NaN, +Inf or -Inf, all do (the sign and payload of a NaN
 * excepted), as long as no product or partial sum of finite terms overflows.
 * One that does makes the result depend on the order.
 *
 * Operands need the alignment of their type only. Any thread may call; nothing
 * is allocated but for matrix products' work space, see <mathlib/gemm.h>; no
 * errors are reported, so sizes are the caller's duty.
 */
#ifndef MATHLIB_MATHLIB_H
#define MATHLIB_MATHLIB_H

#include <mathlib/api.h>
#include <mathlib/bits.h>
#include <mathlib/blas1.h>
#include <mathlib/bound.h>
#include <mathlib/elementary.h>
#include <mathlib/fft.h>
#include <mathlib/gemm.h>
#include <mathlib/igemm.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * ml_code_variant - which variant's code an address lies in
 * @address: for instance si_addr of a SIGILL.
 *
 * Each variant's code has a section of its own, so this sees no other code of
 * the library. Async-signal-safe.
 *
 * Return: the variant's name (such as "c", "sse2", "avx2"), or NULL.
 */
ML_API const char *ml_code_variant(uintptr_t address);

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_MATHLIB_H */
