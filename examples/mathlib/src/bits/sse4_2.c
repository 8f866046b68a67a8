/* SPDX-License-Identifier: MIT */
/*
 * SSE4.2's CRC32: compiled with -msse4.2 -mno-popcnt, declared with SSE4_2.
 */
#include <nmmintrin.h>

#include "crc32.h"

ML_CODE(sse4_2) uint32_t ml_crc32c_sse4_2(uint32_t crc, const void *p, size_t n)
{
	return ml_crc32_run(crc, p, n);
}
