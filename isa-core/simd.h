/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The vector state of a thread as plain memory. */
#ifndef ISAHP_CORE_SIMD_H
#define ISAHP_CORE_SIMD_H

#include "vector.h"

#define ISAHP_SIMD_VECTORS 32
#define ISAHP_SIMD_OPMASKS 8

/**
 * struct isahp_simd - vector registers, opmasks and MXCSR
 * @v: ZMM0 to ZMM31; XMM and YMM are their lower part.
 * @k: K0 to K7.
 * @mxcsr: SDM vol. 1, 10.2.3.
 * @bytes: of a register that are at hand: 16, 32 or 64. What is above is neither
 *	read nor written, nor are registers from 16 on and opmasks below 64.
 */
struct isahp_simd {
	union isahp_vector v[ISAHP_SIMD_VECTORS];
	__u64 k[ISAHP_SIMD_OPMASKS];
	__u32 mxcsr;
	__u8 bytes;
};

#endif /* ISAHP_CORE_SIMD_H */
