// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Loops as compilers and libraries make them. This file has its own flags, and
 * nothing in it may be called by others: not every CPU has it.
 */
#include <immintrin.h>

#include "loop.h"

/*
 * In: %rdi words, %rdx how many. Out: %rax. Where a compiler would put it, and
 * always the same.
 */
__asm__(
"	.pushsection .text\n"
"	.balign 64\n"
"	.globl loop_bits\n"
"	.hidden loop_bits\n"
"	.type loop_bits, @function\n"
"loop_bits:\n"
"	mov %rdx, %rsi\n"
"	xor %eax, %eax\n"
"	xor %r9d, %r9d\n"
"1:	mov (%rdi), %rdx\n"
"	popcnt %rdx, %rcx\n"
"	blsr %rdx, %r8\n"
"	add %rcx, %rax\n"
"	xor %r8, %r9\n"
"	add $8, %rdi\n"
"	dec %rsi\n"
"	jnz 1b\n"
"	add %r9, %rax\n"
"	ret\n"
"	.size loop_bits, . - loop_bits\n"
"	.popsection\n");

/* A dot product of float: @count of each, one behind the other. */
__attribute__((target("avx2,fma")))
__u64 loop_dot(const void *vectors, void *unused, __u64 count)
{
	const float *x = vectors, *y = x + count;
	__m256 s[4] = { _mm256_setzero_ps(), _mm256_setzero_ps(),
			_mm256_setzero_ps(), _mm256_setzero_ps() };
	__m128 sum;
	__u64 i;

	(void)unused;
	for (i = 0; i < count; i += 32) {
		s[0] = _mm256_fmadd_ps(_mm256_loadu_ps(x + i),
				       _mm256_loadu_ps(y + i), s[0]);
		s[1] = _mm256_fmadd_ps(_mm256_loadu_ps(x + i + 8),
				       _mm256_loadu_ps(y + i + 8), s[1]);
		s[2] = _mm256_fmadd_ps(_mm256_loadu_ps(x + i + 16),
				       _mm256_loadu_ps(y + i + 16), s[2]);
		s[3] = _mm256_fmadd_ps(_mm256_loadu_ps(x + i + 24),
				       _mm256_loadu_ps(y + i + 24), s[3]);
	}
	s[0] = _mm256_add_ps(_mm256_add_ps(s[0], s[1]), _mm256_add_ps(s[2], s[3]));
	sum = _mm_add_ps(_mm256_castps256_ps128(s[0]), _mm256_extractf128_ps(s[0], 1));
	sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
	sum = _mm_add_ps(sum, _mm_shuffle_ps(sum, sum, 1));
	return (__u32)_mm_cvtsi128_si32(_mm_castps_si128(sum));
}

/* AES-128 in counter mode, four blocks at a time: the key stream. */
__attribute__((target("aes,sse4.1")))
__u64 loop_aes(const void *key, void *blocks, __u64 count)
{
	const __m128i *k = key;
	__m128i b[4], *out = blocks;
	unsigned int round, n;
	__u64 i;

	for (i = 0; i < count; i += 4) {
		for (n = 0; n < 4; n++)
			b[n] = _mm_xor_si128(_mm_set_epi64x((long long)(i + n),
							    0x6e6f6e6365), k[0]);
		for (round = 1; round < LOOP_AES_KEYS - 1; round++)
			for (n = 0; n < 4; n++)
				b[n] = _mm_aesenc_si128(b[n], k[round]);
		for (n = 0; n < 4; n++)
			_mm_storeu_si128(out + i + n,
					 _mm_aesenclast_si128(b[n], k[round]));
	}
	return count;
}
