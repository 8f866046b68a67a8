// SPDX-License-Identifier: MIT
#include "core_stub.h"

#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <sys/mman.h>

_Static_assert(offsetof(struct stub_state, a) == 0x40, "see the code below");
_Static_assert(offsetof(struct stub_state, b) == 0x80, "see the code below");
_Static_assert(offsetof(struct stub_state, ret) == 0xc0, "see the code below");
_Static_assert(offsetof(struct stub_state, active) == 0x100, "see the code below");
_Static_assert(offsetof(struct stub_state, rax) == 0x108, "see the code below");
_Static_assert(offsetof(struct stub_state, rdx) == 0x110, "see the code below");
_Static_assert(offsetof(struct stub_state, rsi) == 0x118, "see the code below");
_Static_assert(offsetof(struct stub_state, rcx) == 0x120, "see the code below");
_Static_assert(offsetof(struct stub_state, flags) == 0x128, "see the code below");
_Static_assert(offsetof(struct stub_state, mask) == 0x130, "see the code below");

/* RDI points at the state throughout. Pieces are copied one behind another. */
#define PIECE(name, code) \
	__asm__(".pushsection .rodata\nstub_" #name ": " code \
		"\nstub_" #name "_end:\n.popsection"); \
	extern const unsigned char stub_##name[], stub_##name##_end[]

PIECE(load_mmx, "movq (%rdi), %mm0; movq (%rdi), %mm3;"
		"movq 0x40(%rdi), %mm1; movq 0x80(%rdi), %mm2");
PIECE(load_sse, "movdqu (%rdi), %xmm0; movdqu (%rdi), %xmm3;"
		"movdqu 0x40(%rdi), %xmm1; movdqu 0x80(%rdi), %xmm2");
PIECE(load_avx, "vmovdqu (%rdi), %ymm0; vmovdqu (%rdi), %ymm3;"
		"vmovdqu 0x40(%rdi), %ymm1; vmovdqu 0x80(%rdi), %ymm2");
PIECE(load_avx512, "vmovdqu64 (%rdi), %zmm0; vmovdqu64 (%rdi), %zmm3;"
		   "vmovdqu64 0x40(%rdi), %zmm1; vmovdqu64 0x80(%rdi), %zmm2;"
		   "kmovq 0x100(%rdi), %k1; kxorq %k3, %k3, %k3;"
		   "kmovq 0x40(%rdi), %k4; kmovq 0x80(%rdi), %k5");
PIECE(load_gpr, "mov 0x108(%rdi), %rax; mov 0x110(%rdi), %rdx;"
		"mov 0x118(%rdi), %rsi; xor %ecx, %ecx;"
		"pushq 0x128(%rdi); popfq");
PIECE(store_gpr, "pushfq; popq 0x128(%rdi);"
		 "mov %rax, 0x108(%rdi); mov %rcx, 0x120(%rdi); cld");
PIECE(store_mmx, "movq %mm0, 0xc0(%rdi); emms");
PIECE(store_sse, "movdqu %xmm0, 0xc0(%rdi)");
PIECE(store_avx, "vmovdqu %ymm0, 0xc0(%rdi); vzeroupper");
PIECE(store_avx512, "vmovdqu64 %zmm0, 0xc0(%rdi); kmovq %k3, 0x130(%rdi);"
		    "vzeroupper");
PIECE(back, "ret");

static unsigned char *page;

bool stub_supports(enum stub_kind kind)
{
	struct isahp_features has = isahp_cpuid_features();
	__u64 xcr0 = isahp_cpuid_xcr0();

	switch (kind) {
	case STUB_AVX:
		return (xcr0 & 6) == 6 && isahp_features_has(&has, ISAHP_FEATURE_AVX);
	case STUB_AVX512:
		return (xcr0 & 0xe6) == 0xe6 &&
		       isahp_features_has(&has, ISAHP_FEATURE_AVX512BW);
	default:
		return true;
	}
}

static unsigned char *put(unsigned char *p, const unsigned char *from,
			  const unsigned char *to)
{
	memcpy(p, from, to - from);
	return p + (to - from);
}

#define PUT(p, name) put(p, stub_##name, stub_##name##_end)

static unsigned char *put_load(unsigned char *p, enum stub_kind kind)
{
	switch (kind) {
	case STUB_MMX:
		return PUT(p, load_mmx);
	case STUB_SSE:
		return PUT(p, load_sse);
	case STUB_AVX:
		return PUT(p, load_avx);
	case STUB_AVX512:
		return PUT(p, load_avx512);
	default:
		return p;
	}
}

static unsigned char *put_store(unsigned char *p, enum stub_kind kind)
{
	switch (kind) {
	case STUB_MMX:
		return PUT(p, store_mmx);
	case STUB_SSE:
		return PUT(p, store_sse);
	case STUB_AVX:
		return PUT(p, store_avx);
	case STUB_AVX512:
		return PUT(p, store_avx512);
	default:
		return p;
	}
}

unsigned char *stub_make(enum stub_kind kind, const unsigned char *code,
			 size_t size)
{
	unsigned char *p, *last;

	if (!page) {
		p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
		page = p;
	}
	p = PUT(put_load(page, kind), load_gpr);
	p = put(p, code, code + size);
	last = p - 1;
	p = put_store(PUT(p, store_gpr), kind);
	PUT(p, back);
	return last;
}

void stub_run(struct stub_state *s)
{
	void (*run)(struct stub_state *s) = (void (*)(struct stub_state *))(uintptr_t)page;

	run(s);
	/* The compiler has seen neither call nor memory in an address. */
	__asm__ volatile("" : : : "memory");
}
