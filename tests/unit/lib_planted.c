// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "lib_planted.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define SLOT 128
#define PLANTED_MAX 64

size_t __real_isahp_own_memory_fetch(uint64_t address, void *buf, size_t size);
size_t __wrap_isahp_own_memory_fetch(uint64_t address, void *buf, size_t size);
size_t __real_isahp_own_pages_fetch(void *env, uint64_t address, void *buf, size_t size);
size_t __wrap_isahp_own_pages_fetch(void *env, uint64_t address, void *buf, size_t size);

/* Written by a test before it runs what it planted; read in handlers. */
static struct planted {
	uint64_t at;
	size_t length;
	unsigned char bytes[SLOT];
} planted[PLANTED_MAX];

static void unplant(uint64_t address, unsigned char *buf, size_t n)
{
	const struct planted *p;
	size_t i, j;

	for (j = 0; j < PLANTED_MAX; j++) {
		p = &planted[j];
		if (address + n <= p->at || address >= p->at + p->length)
			continue;
		for (i = 0; i < n; i++)
			if (address + i - p->at < p->length)
				buf[i] = p->bytes[address + i - p->at];
	}
}

size_t __wrap_isahp_own_memory_fetch(uint64_t address, void *buf, size_t size)
{
	size_t n = __real_isahp_own_memory_fetch(address, buf, size);

	unplant(address, buf, n);
	return n;
}

size_t __wrap_isahp_own_pages_fetch(void *env, uint64_t address, void *buf, size_t size)
{
	size_t n = __real_isahp_own_pages_fetch(env, address, buf, size);

	/* Of less than was asked for nothing is there. */
	if (n == size)
		unplant(address, buf, n);
	return n;
}

/* RDI is the state. Vectors are those that the CPU has: three kinds of code. */
#define ALL16 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define ALL32 ALL16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define LOAD(op, reg, all) ".irp n," all "\n" op " 144+64*\\n(%rdi), %" reg "\\n\n.endr\n"
#define STORE(op, reg, all) ".irp n," all "\n" op " %" reg "\\n, 144+64*\\n(%rdi)\n.endr\n"
#define CODE(name, load, store) \
	__asm__(".pushsection .rodata\n" \
		name "_begin:\n" \
		"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n" \
		"push %rdi\n" \
		load \
		"pushq 128(%rdi); popfq\n" \
		"mov 0(%rdi), %rax; mov 8(%rdi), %rcx; mov 16(%rdi), %rdx\n" \
		"mov 24(%rdi), %rbx; mov 40(%rdi), %rbp; mov 48(%rdi), %rsi\n" \
		"mov 64(%rdi), %r8; mov 72(%rdi), %r9; mov 80(%rdi), %r10\n" \
		"mov 88(%rdi), %r11; mov 96(%rdi), %r12; mov 104(%rdi), %r13\n" \
		"mov 112(%rdi), %r14; mov 120(%rdi), %r15; mov 56(%rdi), %rdi\n" \
		name "_slot:\n" \
		".fill 128, 1, 0x90\n" \
		"xchg %rdi, (%rsp)\n" \
		"mov %rax, 0(%rdi); mov %rcx, 8(%rdi); mov %rdx, 16(%rdi)\n" \
		"mov %rbx, 24(%rdi); mov %rbp, 40(%rdi); mov %rsi, 48(%rdi)\n" \
		"mov %r8, 64(%rdi); mov %r9, 72(%rdi); mov %r10, 80(%rdi)\n" \
		"mov %r11, 88(%rdi); mov %r12, 96(%rdi); mov %r13, 104(%rdi)\n" \
		"mov %r14, 112(%rdi); mov %r15, 120(%rdi)\n" \
		"pop %rax; mov %rax, 56(%rdi)\n" \
		"pushfq; popq 128(%rdi)\n" \
		"pushq $0x202; popfq\n" \
		store \
		"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n" \
		"ret\n" \
		name "_end:\n" \
		".popsection\n")

CODE("planted16", LOAD("movdqu", "xmm", ALL16), STORE("movdqu", "xmm", ALL16));
CODE("planted32", LOAD("vmovdqu", "ymm", ALL16),
     STORE("vmovdqu", "ymm", ALL16) "vzeroupper\n");
CODE("planted64",
     LOAD("vmovdqu64", "zmm", ALL32)
     ".irp n,0,1,2,3,4,5,6,7\nkmovq 2192+8*\\n(%rdi), %k\\n\n.endr\n",
     STORE("vmovdqu64", "zmm", ALL32)
     ".irp n,0,1,2,3,4,5,6,7\nkmovq %k\\n, 2192+8*\\n(%rdi)\n.endr\nvzeroupper\n");

extern const unsigned char planted16_begin[], planted16_slot[], planted16_end[];
extern const unsigned char planted32_begin[], planted32_slot[], planted32_end[];
extern const unsigned char planted64_begin[], planted64_slot[], planted64_end[];

_Static_assert(offsetof(struct planted_state, flags) == 128, "as in the code");
_Static_assert(offsetof(struct planted_state, v) == 144, "as in the code");
_Static_assert(offsetof(struct planted_state, k) == 2192, "as in the code");

static const struct code {
	const unsigned char *begin, *slot, *end;
} codes[] = {
	{ planted16_begin, planted16_slot, planted16_end },
	{ planted32_begin, planted32_slot, planted32_end },
	{ planted64_begin, planted64_slot, planted64_end },
};

static void plant(unsigned char *at, const unsigned char *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < PLANTED_MAX && planted[i].length; i++)
		;
	cr_assert_lt(i, (size_t)PLANTED_MAX);
	planted[i].at = (uintptr_t)at;
	memcpy(planted[i].bytes, bytes, length);
	__atomic_store_n(&planted[i].length, length, __ATOMIC_RELEASE);
	/* Whoever goes on in the middle of it meets a breakpoint. */
	memset(at, 0xcc, length);
	memcpy(at, "\x0f\x0b", 2);
}

void planted_make(struct planted_code *ret, const unsigned char *bytes,
		  size_t length, bool traps)
{
	planted_make_part(ret, bytes, length, 0, traps ? length : 0);
}

void planted_make_part(struct planted_code *ret, const unsigned char *bytes,
		       size_t length, size_t from, size_t size)
{
	const struct code *c = &codes[__builtin_cpu_supports("avx512bw") ? 2 :
				      __builtin_cpu_supports("avx") ? 1 : 0];
	unsigned char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq((void *)page, MAP_FAILED);
	cr_assert(length >= 2 && length <= SLOT);
	cr_assert_leq(c->end - c->begin, PAGE);
	memcpy(page, c->begin, (size_t)(c->end - c->begin));
	ret->at = page + (c->slot - c->begin);
	ret->length = length;
	ret->run = (void (*)(struct planted_state *))(uintptr_t)page;
	memcpy(ret->at, bytes, length);
	if (size)
		plant(ret->at + from, bytes + from, size);
}

void planted_free(struct planted_code *code)
{
	size_t i;

	for (i = 0; i < PLANTED_MAX; i++)
		if (planted[i].at - (uintptr_t)code->at < code->length)
			planted[i].length = 0;
	munmap((void *)((uintptr_t)code->at & ~(uintptr_t)(PAGE - 1)), PAGE);
}
