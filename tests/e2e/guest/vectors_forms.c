// SPDX-License-Identifier: MIT
/* Loops as compilers and hand-written code have them, against plain C. */
#include <immintrin.h>
#include <string.h>

#include "vectors.h"

#define WITH(features) __attribute__((target(features), noinline))

/* --- integers of AVX2 ----------------------------------------------------- */

static union ymm a, b, got, want;

static __m256i load(const union ymm *p) WITH("avx2");
static __m256i load(const union ymm *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

static void store(__m256i v) WITH("avx2");
static void store(__m256i v)
{
	_mm256_storeu_si256((__m256i *)&got, v);
}

/* What each element of the result is, from those at the same place. */
#define EACH(name, field, count, intrinsic, expression)                        \
	static WITH("avx2") void name(void)                                    \
	{                                                                      \
		store(intrinsic);                                              \
		for (int i = 0; i < count; i++)                                \
			want.field[i] = expression;                            \
		expect_bytes(&got, &want, 32, #name);                          \
	}

#define A load(&a)
#define B load(&b)
#define S(bits, value) ((int##bits##_t)(value))

EACH(vpaddb, b, 32, _mm256_add_epi8(A, B), (uint8_t)(a.b[i] + b.b[i]))
EACH(vpsubw, w, 16, _mm256_sub_epi16(A, B), (uint16_t)(a.w[i] - b.w[i]))
EACH(vpaddq, q, 4, _mm256_add_epi64(A, B), a.q[i] + b.q[i])
EACH(vpmulld, d, 8, _mm256_mullo_epi32(A, B), a.d[i] * b.d[i])
EACH(vpmullw, w, 16, _mm256_mullo_epi16(A, B), (uint16_t)(a.w[i] * (uint32_t)b.w[i]))
EACH(vpmuludq, q, 4, _mm256_mul_epu32(A, B), (a.q[i] & 0xffffffff) * (b.q[i] & 0xffffffff))
EACH(vpcmpgtb, b, 32, _mm256_cmpgt_epi8(A, B), S(8, a.b[i]) > S(8, b.b[i]) ? 0xff : 0)
EACH(vpcmpeqw, w, 16, _mm256_cmpeq_epi16(A, B), a.w[i] == b.w[i] ? 0xffff : 0)
EACH(vpmaxsd, d, 8, _mm256_max_epi32(A, B), S(32, a.d[i]) > S(32, b.d[i]) ? a.d[i] : b.d[i])
EACH(vpminub, b, 32, _mm256_min_epu8(A, B), a.b[i] < b.b[i] ? a.b[i] : b.b[i])
EACH(vpsllvd, d, 8, _mm256_sllv_epi32(A, B), b.d[i] < 32 ? a.d[i] << b.d[i] : 0)
EACH(vpsrlvq, q, 4, _mm256_srlv_epi64(A, B), b.q[i] < 64 ? a.q[i] >> b.q[i] : 0)
EACH(vpsrad, d, 8, _mm256_srai_epi32(A, 7), (uint32_t)(S(32, a.d[i]) >> 7))
EACH(vpsllq, q, 4, _mm256_slli_epi64(A, 13), a.q[i] << 13)
EACH(vpandn, q, 4, _mm256_andnot_si256(A, B), ~a.q[i] & b.q[i])
EACH(vpxor, q, 4, _mm256_xor_si256(A, B), a.q[i] ^ b.q[i])
EACH(vpavgb, b, 32, _mm256_avg_epu8(A, B), (uint8_t)((a.b[i] + b.b[i] + 1) >> 1))
EACH(vpabsw, w, 16, _mm256_abs_epi16(A), (uint16_t)(S(16, a.w[i]) < 0 ? -a.w[i] : a.w[i]))
EACH(vpshufb, b, 32, _mm256_shuffle_epi8(A, B),
     b.b[i] & 0x80 ? 0 : a.b[(i & 16) + (b.b[i] & 15)])
EACH(vpermd, d, 8, _mm256_permutevar8x32_epi32(A, B), a.d[b.d[i] & 7])
EACH(vpermq, q, 4, _mm256_permute4x64_epi64(A, 0x1b), a.q[3 - i])
EACH(vpunpcklbw, b, 32, _mm256_unpacklo_epi8(A, B),
     (i & 1 ? b.b : a.b)[(i & 16) + (i & 15) / 2])
EACH(vpalignr, b, 32, _mm256_alignr_epi8(A, B, 5),
     (i & 15) + 5 < 16 ? b.b[i + 5] : a.b[i + 5 - 16])
EACH(vpblendvb, b, 32, _mm256_blendv_epi8(A, B, B), b.b[i] & 0x80 ? b.b[i] : a.b[i])
EACH(vpmovzxbw, w, 16, _mm256_cvtepu8_epi16(_mm256_castsi256_si128(A)), a.b[i])
EACH(vpmovsxdq, q, 4, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(A)),
     (uint64_t)(int64_t)S(32, a.d[i]))
EACH(vpbroadcastd, d, 8, _mm256_broadcastd_epi32(_mm256_castsi256_si128(A)), a.d[0])
EACH(vinserti128, q, 4, _mm256_inserti128_si256(A, _mm256_castsi256_si128(B), 1),
     i < 2 ? a.q[i] : b.q[i - 2])

static void vpsadbw(void) WITH("avx2");
static void vpsadbw(void)
{
	store(_mm256_sad_epu8(A, B));
	memset(&want, 0, sizeof(want));
	for (int i = 0; i < 32; i++)
		want.q[i / 8] += a.b[i] > b.b[i] ? a.b[i] - b.b[i] : b.b[i] - a.b[i];
	expect_bytes(&got, &want, 32, "vpsadbw");
}

static void vpmovmskb(void) WITH("avx2");
static void vpmovmskb(void)
{
	uint32_t mask = 0;

	for (int i = 0; i < 32; i++)
		mask |= (uint32_t)(a.b[i] >> 7) << i;
	expect((uint32_t)_mm256_movemask_epi8(A) == mask, "vpmovmskb");
}

void forms_integers(void)
{
	static void (*const all[])(void) = {
		vpaddb, vpsubw, vpaddq, vpmulld, vpmullw, vpmuludq, vpcmpgtb,
		vpcmpeqw, vpmaxsd, vpminub, vpsllvd, vpsrlvq, vpsrad, vpsllq,
		vpandn, vpxor, vpavgb, vpabsw, vpshufb, vpermd, vpermq,
		vpunpcklbw, vpalignr, vpblendvb, vpmovzxbw, vpmovsxdq,
		vpbroadcastd, vinserti128, vpsadbw, vpmovmskb,
	};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		randomize(&a, sizeof(a));
		randomize(&b, sizeof(b));
		/* Equal elements and counts within the width are rare otherwise. */
		if (i & 1)
			for (int n = 0; n < 8; n++)
				b.d[n] = n & 1 ? 0 : a.d[n] & 0x1f001f;
		all[i]();
	}
}

/* --- gathers ---------------------------------------------------------------- */

static int table[64];

static void gather_all(void) WITH("avx2");
static void gather_all(void)
{
	union ymm index;

	for (int i = 0; i < 8; i++)
		index.d[i] = (uint32_t)random64() % 64;
	store(_mm256_i32gather_epi32(table, load(&index), 4));
	for (int i = 0; i < 8; i++)
		want.d[i] = (uint32_t)table[index.d[i]];
	expect_bytes(&got, &want, 32, "vpgatherdd");
}

/* What is masked out lies where nothing is. */
static void gather_some(void) WITH("avx2");
static void gather_some(void)
{
	const long long *end = (const long long *)page_end();
	union ymm index, mask;

	randomize(&a, sizeof(a));
	for (int i = 0; i < 4; i++) {
		mask.q[i] = random64() & 1ULL << 63;
		index.q[i] = mask.q[i] ? -1 - random64() % 500 : random64() % 500;
		want.q[i] = mask.q[i] ? (uint64_t)end[(long)index.q[i]] : a.q[i];
	}
	store(_mm256_mask_i64gather_epi64(A, end, load(&index), load(&mask), 8));
	expect_bytes(&got, &want, 32, "vpgatherqq");
}

void forms_gathers(void)
{
	randomize(table, sizeof(table));
	randomize(page_end() - 4096, 4096);
	for (int i = 0; i < 4; i++) {
		gather_all();
		gather_some();
	}
}

/* --- masked loads and stores ------------------------------------------------ */

static void masked_at(char *end, int n) WITH("avx2");
static void masked_at(char *end, int n)
{
	int *from = (int *)end - n;
	union ymm mask = { .q = { 0 } }, before;
	__m256i v;

	/* n of 8 are there. */
	for (int i = 0; i < n; i++)
		mask.d[i] = random64() & 1 ? 0x80000000 : 0;
	randomize(from, 4 * (unsigned long)n);
	memcpy(&before, end - 32, 32);
	v = _mm256_maskload_epi32(from, load(&mask));
	store(v);
	for (int i = 0; i < 8; i++)
		want.d[i] = mask.d[i] ? (uint32_t)from[i] : 0;
	expect_bytes(&got, &want, 32, "vpmaskmovd load");

	randomize(&a, sizeof(a));
	_mm256_maskstore_epi32(from, load(&mask), A);
	for (int i = 0; i < n; i++)
		if (mask.d[i])
			before.d[8 - n + i] = a.d[i];
	expect_bytes(end - 32, &before, 32, "vpmaskmovd store");
}

void forms_masked(void)
{
	for (int n = 0; n <= 8; n++)
		masked_at(page_end(), n);
}

/* --- BMI2 and MOVBE --------------------------------------------------------- */

static uint64_t deposit(uint64_t v, uint64_t mask)
{
	uint64_t r = 0;

	for (; mask; mask &= mask - 1, v >>= 1)
		r |= v & 1 ? mask & -mask : 0;
	return r;
}

static uint64_t extract(uint64_t v, uint64_t mask)
{
	uint64_t r = 0;

	for (int n = 0; mask; mask &= mask - 1, n++)
		r |= (v & mask & -mask ? 1ULL : 0) << n;
	return r;
}

static void scalars(uint64_t x, uint64_t y) WITH("bmi2,movbe");
static void scalars(uint64_t x, uint64_t y)
{
	unsigned int n = y & 63, m = y & 31;
	unsigned __int128 product = (unsigned __int128)x * y;
	unsigned long long high;
	uint64_t r, word = y;

	expect(_pdep_u64(x, y) == deposit(x, y), "pdep");
	expect(_pext_u64(x, y) == extract(x, y), "pext");
	expect(_pext_u32((uint32_t)x, (uint32_t)y) == extract(x, (uint32_t)y), "pext32");
	expect(_bzhi_u64(x, n) == (x & ((1ULL << n) - 1)), "bzhi");
	expect(_mulx_u64(x, y, &high) == (uint64_t)product &&
	       high == (uint64_t)(product >> 64), "mulx");
	__asm__ volatile("rorx $13, %1, %0" : "=r"(r) : "rm"(x));
	expect(r == (x >> 13 | x << 51), "rorx");
	__asm__ volatile("shlx %2, %1, %0" : "=r"(r) : "rm"(x), "r"(y));
	expect(r == x << n, "shlx");
	__asm__ volatile("sarx %2, %1, %0" : "=r"(r) : "rm"(x), "r"(y));
	expect(r == (uint64_t)((int64_t)x >> n), "sarx");
	__asm__ volatile("shrx %k2, %k1, %k0" : "=r"(r) : "rm"(x), "r"(y));
	expect(r == (uint32_t)x >> m, "shrx");
	__asm__ volatile("movbe %1, %0" : "=r"(r) : "m"(word));
	expect(r == __builtin_bswap64(y), "movbe load");
	__asm__ volatile("movbe %1, %0" : "=m"(word) : "r"(x));
	expect(word == __builtin_bswap64(x), "movbe store");
}

void forms_scalars(void)
{
	for (int i = 0; i < 4; i++)
		scalars(random64(), random64());
}

/* --- text, as a C library looks for it -------------------------------------- */

static unsigned long find(const char *text, char c) WITH("avx2");
static unsigned long find(const char *text, char c)
{
	const char *p = (const char *)((uintptr_t)text & ~31ULL);
	uint32_t skip = (uint32_t)(text - p), mask;

	for (;; p += 32, skip = 0) {
		mask = (uint32_t)_mm256_movemask_epi8(
			_mm256_cmpeq_epi8(_mm256_load_si256((const __m256i *)p),
					  _mm256_set1_epi8(c)));
		mask = mask >> skip << skip;
		if (mask)
			return (unsigned long)(p - text) +
			       (unsigned long)__builtin_ctz(mask);
	}
}

void forms_text(void)
{
	char *end = page_end();

	for (int i = 0; i < 8; i++) {
		unsigned long length = random64() % 200;

		memset(end - 201, 'x', 200);
		end[-1] = 0;
		expect(find(end - 1 - length, 0) == length, "find");
	}
}

/* --- FMA and F16C ----------------------------------------------------------- */

/* Products and sums that are exact: as long as no digit is dropped. */
static double some_number(void)
{
	return (double)((int64_t)random64() >> 43);
}

static void fused(void) WITH("avx2,fma");
static void fused(void)
{
	const float tiny = 0x1p-12f;
	double x[4], y[4], z[4], r[4];
	__m256 one;
	float f[8];

	for (int i = 0; i < 4; i++) {
		x[i] = some_number();
		y[i] = some_number();
		z[i] = some_number();
	}
	_mm256_storeu_pd(r, _mm256_fmadd_pd(_mm256_loadu_pd(x), _mm256_loadu_pd(y),
					    _mm256_loadu_pd(z)));
	for (int i = 0; i < 4; i++)
		expect(r[i] == x[i] * y[i] + z[i], "vfmadd pd");
	_mm256_storeu_pd(r, _mm256_fnmsub_pd(_mm256_loadu_pd(x), _mm256_loadu_pd(y),
					     _mm256_loadu_pd(z)));
	for (int i = 0; i < 4; i++)
		expect(r[i] == -(x[i] * y[i]) - z[i], "vfnmsub pd");
	/* (1 + t)^2 - (1 + 2t) is t^2, which two roundings would lose. */
	one = _mm256_set1_ps(1 + tiny);
	_mm256_storeu_ps(f, _mm256_fmsub_ps(one, one, _mm256_set1_ps(1 + 2 * tiny)));
	for (int i = 0; i < 8; i++)
		expect(f[i] == tiny * tiny, "vfmsub ps");
	/* The scalar form leaves the rest of its first operand. */
	_mm_storeu_pd(r, _mm_fmadd_sd(_mm_loadu_pd(x), _mm_loadu_pd(y),
				      _mm_loadu_pd(z)));
	expect(r[0] == x[0] * y[0] + z[0] && r[1] == x[1], "vfmadd sd");
}

/* Rounding by MXCSR, and flags into it. */
static void rounded(void)
{
	static const unsigned int modes[] = {
		_MM_ROUND_NEAREST, _MM_ROUND_DOWN, _MM_ROUND_UP, _MM_ROUND_TOWARD_ZERO,
	};
	static const double one = 1, small = 0x1p-60, up = 1 + 0x1p-52;
	unsigned int old = _mm_getcsr(), mxcsr;
	double r;

	for (int i = 0; i < 4; i++) {
		mxcsr = 0x1f80 | modes[i];
		__asm__ volatile("vldmxcsr %[mxcsr]\n\t"
				 "vmovsd %[one], %%xmm1\n\t"
				 "vmovsd %[small], %%xmm2\n\t"
				 "vfmadd213sd %%xmm2, %%xmm1, %%xmm1\n\t"
				 "vstmxcsr %[mxcsr]\n\t"
				 "vldmxcsr %[old]\n\t"
				 "vmovsd %%xmm1, %[r]"
				 : [mxcsr] "+m"(mxcsr), [r] "=m"(r)
				 : [one] "m"(one), [small] "m"(small), [old] "m"(old)
				 : "xmm1", "xmm2");
		expect(r == (modes[i] == _MM_ROUND_UP ? up : 1), "rounding");
		expect((mxcsr & 0x3f) == 0x20, "flags");
	}
}

static void halves(void) WITH("avx2,f16c");
static void halves(void)
{
	uint16_t h[8];
	float f[8];

	for (int i = 0; i < 8; i++)
		f[i] = (float)((int)(random64() % 4096) - 2048) / 64;
	_mm_storeu_si128((__m128i *)h, _mm256_cvtps_ph(_mm256_loadu_ps(f), 0));
	for (int i = 0; i < 8; i++) {
		/* Eleven digits are all there is of these. */
		uint32_t bits;

		memcpy(&bits, &f[i], 4);
		expect(h[i] == (f[i] ? (uint16_t)(bits >> 16 & 0x8000) |
					       (uint16_t)((bits >> 13 & 0x3ffff) - (112 << 10)) :
				       0), "vcvtps2ph");
	}
	_mm256_storeu_ps(f, _mm256_cvtph_ps(_mm_set1_epi16(0x3e00)));
	for (int i = 0; i < 8; i++)
		expect(f[i] == 1.5f, "vcvtph2ps");
}

void forms_floats(void)
{
	fused();
	rounded();
	halves();
}
