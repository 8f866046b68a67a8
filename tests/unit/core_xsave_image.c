// SPDX-License-Identifier: MIT
/*
 * Images against the CPU: what XSAVE and XSAVEC write is read, what is written
 * XRSTOR takes, whatever is in use.
 */
#include <cpuid.h>
#include <criterion/criterion.h>

#include <isa-core/cpuid.h>
#include <isa-core/xsave_image.h>

#include "core_random.h"

#define ROUNDS 300
#define COMPONENTS 0xe6ULL	/* SSE, AVX, and the three of AVX-512 */
#define COMPACTED (1ULL << 63)

static struct image {
	__u8 bytes[4096];
} __attribute__((__aligned__(64))) image, other;

static __u64 components;
static unsigned int width;
static struct isahp_xsave_layout standard, compacted;

static void describe_cpu(void)
{
	unsigned int eax, ebx, ecx, edx;
	__u32 sizes[ISAHP_XSAVE_KNOWN] = { 0 };
	__u64 aligned = 0;

	if (!__builtin_cpu_supports("avx"))
		cr_skip_test("this CPU has no AVX");
	components = isahp_cpuid_xcr0() & COMPONENTS;
	width = (components & 0xe0) == 0xe0 ? 64 : 32;
	standard.size = sizeof(image);
	for (int i = ISAHP_XSAVE_AVX; i < ISAHP_XSAVE_KNOWN; i++) {
		__cpuid_count(0xd, i, eax, ebx, ecx, edx);
		if (!(components >> i & 1))
			continue;
		sizes[i] = eax;
		standard.offset[i] = ebx;
		aligned |= (__u64)(ecx >> 1 & 1) << i;
	}
	compacted = isahp_xsave_compact(components, sizes, aligned);
	random_seed();
}

/* --- the CPU -------------------------------------------------------------- */

#define CLOBBERED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
	"xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", \
	"memory"

/* What @from holds, as XSAVE writes it into @to, whose header is empty. */
static void by_xsave(const struct image *from, struct image *to)
{
	__u32 mxcsr = 0x1f80;

	memset(to, 0, sizeof(*to));
	__asm__ volatile("xrstor64 %1; xsave64 %0; ldmxcsr %4; vzeroall"
			 : "+m" (*to)
			 : "m" (*from), "a" ((__u32)components), "d" (0), "m" (mxcsr)
			 : CLOBBERED);
}

static void by_xsavec(const struct image *from, struct image *to)
{
	__u32 mxcsr = 0x1f80;

	memset(to, 0, sizeof(*to));
	__asm__ volatile("xrstor64 %1; xsavec64 %0; ldmxcsr %4; vzeroall"
			 : "+m" (*to)
			 : "m" (*from), "a" ((__u32)components), "d" (0), "m" (mxcsr)
			 : CLOBBERED);
}

/* YMM registers alone, without XSAVE. */
static void by_moves(const struct image *from, union isahp_vector *v)
{
	__u32 mxcsr = 0x1f80;

	__asm__ volatile("xrstor64 %0\n"
			 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
			 "vmovdqu %%ymm\\n, \\n * 64(%1)\n"
			 ".endr\n"
			 "ldmxcsr %4; vzeroall"
			 :
			 : "m" (*from), "r" (v), "a" ((__u32)components), "d" (0),
			   "m" (mxcsr)
			 : CLOBBERED);
}

/* --- random state --------------------------------------------------------- */

static struct isahp_simd draw(unsigned int bytes)
{
	struct isahp_simd simd = { .bytes = bytes, .mxcsr = random64() & 0xffff };
	unsigned int used = random64() % 4 ? 32 : 8;

	for (unsigned int i = 0; i < (bytes == 64 ? 32 : 16) && i < used; i++) {
		random_vector(&simd.v[i], NULL);
		memset(simd.v[i].b + bytes, 0, 64 - bytes);
	}
	if (bytes == 64 && random64() % 4)
		for (int i = 0; i < ISAHP_SIMD_OPMASKS; i++)
			simd.k[i] = random64();
	return simd;
}

static struct isahp_simd loaded(const struct image *from,
				const struct isahp_xsave_layout *layout,
				unsigned int bytes)
{
	struct isahp_simd simd = { .bytes = bytes };

	cr_assert(isahp_xsave_load(from, layout, &simd));
	return simd;
}

static void same(const struct isahp_simd *a, const struct isahp_simd *b)
{
	cr_assert_arr_eq(a->v, b->v, sizeof(a->v));
	cr_assert_arr_eq(a->k, b->k, sizeof(a->k));
	cr_assert_eq(a->mxcsr, b->mxcsr, "mxcsr %x, not %x", a->mxcsr, b->mxcsr);
}

static void store(struct image *to, const struct isahp_xsave_layout *layout,
		  const struct isahp_simd *simd)
{
	cr_assert(isahp_xsave_store(to, layout, simd));
}

/* --- the standard format -------------------------------------------------- */

Test(xsave_image, is_what_the_cpu_restores_and_saves)
{
	struct isahp_simd simd, back;

	describe_cpu();
	for (int i = 0; i < ROUNDS; i++) {
		memset(&image, 0, sizeof(image));
		simd = draw(width);
		store(&image, &standard, &simd);
		by_xsave(&image, &other);
		back = loaded(&other, &standard, width);
		same(&back, &simd);
		by_xsavec(&image, &other);
		back = loaded(&other, &compacted, width);
		same(&back, &simd);
	}
}

Test(xsave_image, holds_registers_where_moves_find_them)
{
	union isahp_vector v[16];
	struct isahp_simd simd;

	describe_cpu();
	for (int i = 0; i < ROUNDS; i++) {
		memset(&image, 0, sizeof(image));
		memset(v, 0, sizeof(v));
		simd = draw(32);
		store(&image, &standard, &simd);
		by_moves(&image, v);
		cr_assert_arr_eq(v, simd.v, sizeof(v));
	}
}

/* --- the compacted format ------------------------------------------------- */

Test(xsave_image, is_restored_when_compacted)
{
	struct isahp_simd simd, back;
	__u64 xcomp = COMPACTED | components;

	describe_cpu();
	xcomp = COMPACTED | components;
	for (int i = 0; i < ROUNDS; i++) {
		memset(&image, 0, sizeof(image));
		memcpy(image.bytes + 520, &xcomp, sizeof(xcomp));
		simd = draw(width);
		store(&image, &compacted, &simd);
		by_xsave(&image, &other);
		back = loaded(&other, &standard, width);
		same(&back, &simd);
	}
}

/* Of a CPU whose components are of odd sizes: SDM vol. 1, 13.4.3. */
Test(xsave_image, aligns_what_must_be_aligned_when_compacted)
{
	static const __u32 sizes[ISAHP_XSAVE_KNOWN] = {
		[ISAHP_XSAVE_AVX] = 256,
		[ISAHP_XSAVE_OPMASK] = 8,
		[ISAHP_XSAVE_ZMM_HI256] = 512,
		[ISAHP_XSAVE_HI16_ZMM] = 1024,
	};
	struct isahp_xsave_layout l;

	l = isahp_xsave_compact(COMPACTED | COMPONENTS, sizes,
				1 << ISAHP_XSAVE_ZMM_HI256);
	cr_assert_eq(l.offset[ISAHP_XSAVE_AVX], 576);
	cr_assert_eq(l.offset[ISAHP_XSAVE_OPMASK], 832);
	cr_assert_eq(l.offset[ISAHP_XSAVE_ZMM_HI256], 896);
	cr_assert_eq(l.offset[ISAHP_XSAVE_HI16_ZMM], 1408);
	cr_assert_eq(l.size, 2432);
	l = isahp_xsave_compact(COMPACTED | 1 << ISAHP_XSAVE_OPMASK, sizes, ~0ULL);
	cr_assert_eq(l.offset[ISAHP_XSAVE_AVX], 0);
	cr_assert_eq(l.offset[ISAHP_XSAVE_OPMASK], 576);
	cr_assert_eq(l.size, 584);
}

/* --- parts ---------------------------------------------------------------- */

Test(xsave_image, leaves_what_is_not_asked_for)
{
	struct isahp_simd all, part, back;
	int i;

	describe_cpu();
	all = draw(width);
	part = draw(16);
	memset(&image, 0, sizeof(image));
	store(&image, &standard, &all);
	store(&image, &standard, &part);
	by_xsave(&image, &other);
	back = loaded(&other, &standard, width);
	for (i = 0; i < 16; i++)
		memcpy(all.v[i].b, part.v[i].b, 16);
	all.mxcsr = part.mxcsr;
	same(&back, &all);
}

Test(xsave_image, takes_what_is_not_in_use_for_zero)
{
	struct isahp_simd zero = { .bytes = 16 }, back;
	__u64 none = 0, xcomp;

	describe_cpu();
	memset(&image, 0xff, sizeof(image));
	memcpy(image.bytes + 512, &none, sizeof(none));
	xcomp = COMPACTED | components;
	memcpy(image.bytes + 520, &xcomp, sizeof(xcomp));
	back = loaded(&image, &compacted, width);
	zero.mxcsr = 0x1f80;
	same(&back, &zero);
	/* A component that comes into use is written whole. */
	zero = draw(width);
	store(&image, &compacted, &zero);
	memset(image.bytes + 528, 0, 48);
	by_xsave(&image, &other);
	back = loaded(&other, &standard, width);
	same(&back, &zero);
}

static __u64 in_use(void)
{
	__u64 bits;

	memcpy(&bits, image.bytes + 512, sizeof(bits));
	return bits;
}

Test(xsave_image, leaves_out_of_use_what_is_zero)
{
	struct isahp_simd simd = { .mxcsr = 0x1f80 }, back;
	__u64 xcomp, sse = 1 << ISAHP_XSAVE_SSE, avx = 1 << ISAHP_XSAVE_AVX;

	describe_cpu();
	xcomp = COMPACTED | components;
	simd.bytes = width;
	simd.v[3].b[7] = 1;
	/* What is there is of no meaning, and shall get none. */
	memset(&image, 0xff, sizeof(image));
	memset(image.bytes + 512, 0, 64);
	memcpy(image.bytes + 520, &xcomp, sizeof(xcomp));
	store(&image, &compacted, &simd);
	cr_assert_eq(in_use(), sse);
	back = loaded(&image, &compacted, width);
	same(&back, &simd);
	simd.v[15].b[31] = 1;
	store(&image, &compacted, &simd);
	cr_assert_eq(in_use(), sse | avx);
	back = loaded(&image, &compacted, width);
	same(&back, &simd);
	/* Once in use it stays so, and what was there goes. */
	simd.v[15].b[31] = 0;
	store(&image, &compacted, &simd);
	cr_assert_eq(in_use(), sse | avx);
	back = loaded(&image, &compacted, width);
	same(&back, &simd);
	if (width < 64)
		return;
	simd.k[7] = 1ULL << 63;
	store(&image, &compacted, &simd);
	cr_assert_eq(in_use(), sse | avx | 1 << ISAHP_XSAVE_OPMASK);
	simd.v[0].b[32] = 1;
	store(&image, &compacted, &simd);
	simd.v[31].b[63] = 1;
	store(&image, &compacted, &simd);
	cr_assert_eq(in_use(), sse | (components & ~1ULL));
	back = loaded(&image, &compacted, width);
	same(&back, &simd);
}

/* --- room ----------------------------------------------------------------- */

Test(xsave_image, refuses_what_the_image_has_no_room_for)
{
	struct isahp_simd simd = { .bytes = 16 }, before;
	struct isahp_xsave_layout layout = { .size = 575 };

	describe_cpu();
	memset(&image, 0, sizeof(image));
	cr_assert(!isahp_xsave_load(&image, &layout, &simd));
	layout.size = 576;
	cr_assert(isahp_xsave_load(&image, &layout, &simd));
	simd.bytes = 32;
	before = simd;
	cr_assert(!isahp_xsave_load(&image, &layout, &simd));
	cr_assert_arr_eq(&simd, &before, sizeof(simd));
	cr_assert(!isahp_xsave_store(&image, &layout, &simd));
	layout.offset[ISAHP_XSAVE_AVX] = 576;
	layout.size = 576 + 255;
	cr_assert(!isahp_xsave_store(&image, &layout, &simd));
	layout.size++;
	cr_assert(isahp_xsave_store(&image, &layout, &simd));
	layout.offset[ISAHP_XSAVE_AVX] = 0xffffffc0;
	cr_assert(!isahp_xsave_store(&image, &layout, &simd));
}
