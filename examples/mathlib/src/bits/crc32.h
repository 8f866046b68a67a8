/* SPDX-License-Identifier: MIT */
/* What those with SSE4.2's CRC32 instruction have in common. */
#ifndef ML_BITS_CRC32_H
#define ML_BITS_CRC32_H

#include <nmmintrin.h>

#include "variants.h"

/** ml_crc32_run - one instruction after the other */
ML_INLINE uint32_t ml_crc32_run(uint32_t crc, const uint8_t *p, size_t n)
{
	for (; n >= 8; n -= 8, p += 8)
		crc = (uint32_t)_mm_crc32_u64(crc, *(const ml_u64 *)p);
	for (; n; n--, p++)
		crc = _mm_crc32_u8(crc, *p);
	return crc;
}

#endif /* ML_BITS_CRC32_H */
