// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "core_native.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define FLAG_TF 0x100
#define INT3 0xcc
#define VECTOR_DB 1
#define VECTOR_BP 3
#define XSAVE_SIZE 3072

unsigned char *native_memory;
unsigned char *native_code;

/*
 * Everything by RIP-relative address: of the registers none is free. It lies in
 * a page of its own below 4 GiB, behind the code that uses it. IRET loads all at
 * once: the instruction pointer, the mode, the stack pointer and TF.
 */
struct frame {
	__u64 gpr[16];		/* 0x000 */
	__u64 host_rsp;		/* 0x080 */
	__u64 rip, cs, rflags;	/* 0x088: what IRET takes */
	__u64 rsp, ss;
	__u64 has_simd;		/* 0x0b0 */
	__u32 mxcsr;		/* 0x0b8: of this program */
	unsigned char unused[0x400 - 0x0bc];
	unsigned char xsave[XSAVE_SIZE];
};

_Static_assert(sizeof(struct frame) == NATIVE_PAGE, "a page");

static struct frame *frame;
static void (*enter)(void);
static struct native_trap *trap;	/* NULL: not ours */
static struct isahp_registers *state;

__asm__(
"	.pushsection .rodata\n"
"	.balign 16\n"
"native_begin:\n"
"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
"	mov %rsp, native_begin+4096+0x80(%rip)\n"
"	stmxcsr native_begin+4096+0xb8(%rip)\n"
"	cmpq $0, native_begin+4096+0xb0(%rip)\n"
"	je 1f\n"
"	mov $0xe6, %eax\n"
"	xor %edx, %edx\n"
"	xrstor64 native_begin+4096+0x400(%rip)\n"
"1:\n"
"	mov native_begin+4096+0x00(%rip), %rax\n"
"	mov native_begin+4096+0x08(%rip), %rcx\n"
"	mov native_begin+4096+0x10(%rip), %rdx\n"
"	mov native_begin+4096+0x18(%rip), %rbx\n"
"	mov native_begin+4096+0x28(%rip), %rbp\n"
"	mov native_begin+4096+0x30(%rip), %rsi\n"
"	mov native_begin+4096+0x38(%rip), %rdi\n"
"	mov native_begin+4096+0x40(%rip), %r8\n"
"	mov native_begin+4096+0x48(%rip), %r9\n"
"	mov native_begin+4096+0x50(%rip), %r10\n"
"	mov native_begin+4096+0x58(%rip), %r11\n"
"	mov native_begin+4096+0x60(%rip), %r12\n"
"	mov native_begin+4096+0x68(%rip), %r13\n"
"	mov native_begin+4096+0x70(%rip), %r14\n"
"	mov native_begin+4096+0x78(%rip), %r15\n"
"	lea native_begin+4096+0x88(%rip), %rsp\n"
"	iretq\n"
"native_return:\n"
"	pushq $0x202; popfq\n"
"	ldmxcsr native_begin+4096+0xb8(%rip)\n"
"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
"	ret\n"
"native_end:\n"
"	.popsection\n");
extern const unsigned char native_begin[], native_return[], native_end[];

static void *low_pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* --- the way back --------------------------------------------------------- */

/* By the number that instructions use. */
static const int greg[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

void native_on_signal(int sig, siginfo_t *info, void *context);

void native_on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;
	struct isahp_xsave_layout layout;

	(void)info;
	if (!trap) {
		signal(sig, SIG_DFL);
		return;
	}
	*trap = (struct native_trap){ sig, g[REG_TRAPNO], g[REG_ERR], g[REG_CR2] };
	if (trap->vector == VECTOR_BP) {
		trap->vector = VECTOR_DB;
		g[REG_RIP]--;
	}
	trap = NULL;
	for (int i = 0; i < 16; i++)
		state->gpr[i] = g[greg[i]];
	state->rip = g[REG_RIP];
	state->rflags = g[REG_EFL] | FLAG_TF;
	if (state->simd) {
		layout = native_layout();
		isahp_xsave_load(uc->uc_mcontext.fpregs, &layout, state->simd);
	}
	g[REG_RIP] = (uintptr_t)enter + (native_return - native_begin);
	g[REG_RSP] = frame->host_rsp;
	/* CS, and SS above FS. */
	g[REG_CSGSFS] = (g[REG_CSGSFS] & 0x0000ffffffff0000LL) | 0x002b000000000033LL;
	g[REG_EFL] = 0x202;
}

/* Alignment checks of the instruction's flags hold in the handler too. */
__asm__(
"	.pushsection .text\n"
"on_signal:\n"
"	pushfq\n"
"	andl $~0x40000, (%rsp)\n"
"	popfq\n"
"	jmp native_on_signal\n"
"	.popsection\n");
extern void on_signal(int sig, siginfo_t *info, void *context);

/* --- segments ------------------------------------------------------------- */

static const struct native_segments *segments;

/* 64-bit code needs neither DS nor ES, 32-bit code both. GS has a base then. */
static long load_segments(const struct native_segments *s)
{
	unsigned int ds = s ? s->ds : 0x2b, es = s ? s->es : 0x2b;

	__asm__ volatile("mov %0, %%ds; mov %1, %%es" : : "r"(ds), "r"(es));
	if (s)
		__asm__ volatile("mov %0, %%gs" : : "r"((unsigned int)s->gs));
	return s ? 0 : syscall(SYS_arch_prctl, ARCH_SET_GS, NATIVE_GS_BASE);
}

void native_use_segments(const struct native_segments *s)
{
	segments = s;
}

/* --- mapping -------------------------------------------------------------- */

static bool catch_signals(void)
{
	static const int signals[] = { SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP };
	static unsigned char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	if (sigaltstack(&alternate, NULL))
		return false;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &sa, NULL))
			return false;
	return true;
}

bool native_init(void)
{
	unsigned char *page, *memory;

	if (native_memory)
		return true;
	page = low_pages(2 * NATIVE_PAGE);
	native_code = low_pages(NATIVE_PAGE);
	memory = low_pages(NATIVE_PAGE + NATIVE_MEMORY_SIZE + NATIVE_PAGE);
	if (!page || !native_code || !memory || !catch_signals())
		return false;
	native_memory = memory + NATIVE_PAGE;
	if (mprotect(native_memory + NATIVE_MEMORY_SIZE, NATIVE_PAGE, PROT_NONE) ||
	    mprotect(memory, NATIVE_PAGE, PROT_READ))
		return false;
	memcpy(page, native_begin, native_end - native_begin);
	frame = (void *)(page + NATIVE_PAGE);
	enter = (void (*)(void))(uintptr_t)page;
	return !load_segments(NULL);
}

bool native_is_own(__u64 address)
{
	return address - (uintptr_t)enter < 2 * NATIVE_PAGE ||
	       address - (uintptr_t)native_code < NATIVE_PAGE;
}

void native_readable(const void *page)
{
	unsigned char *to = native_memory - NATIVE_PAGE;

	mprotect(to, NATIVE_PAGE, PROT_READ | PROT_WRITE);
	memcpy(to, page, NATIVE_PAGE);
	mprotect(to, NATIVE_PAGE, PROT_READ);
}

/* --- vector state --------------------------------------------------------- */

struct isahp_xsave_layout native_layout(void)
{
	static struct isahp_xsave_layout layout;
	unsigned int eax, ebx, ecx, edx;

	if (layout.size)
		return layout;
	layout.size = XSAVE_SIZE;
	for (int i = ISAHP_XSAVE_AVX; i < ISAHP_XSAVE_KNOWN; i++)
		if (__get_cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx) && eax)
			layout.offset[i] = ebx;
	return layout;
}

unsigned int native_vector_bytes(void)
{
	return __builtin_cpu_supports("avx512f") ? 64 :
	       __builtin_cpu_supports("avx") ? 32 : 16;
}

static void put_simd(const struct isahp_simd *simd)
{
	struct isahp_xsave_layout layout = native_layout();

	frame->has_simd = simd != NULL;
	if (!simd)
		return;
	memset(frame->xsave, 0, sizeof(frame->xsave));
	isahp_xsave_store(frame->xsave, &layout, simd);
}

/* --- one instruction ------------------------------------------------------ */

static void enter_at(enum isahp_code_mode mode, __u64 rflags,
		     struct isahp_registers *regs, struct native_trap *ret)
{
	memcpy(frame->gpr, regs->gpr, sizeof(frame->gpr));
	frame->rip = (uintptr_t)native_code;
	frame->cs = mode == ISAHP_CODE_64 ? 0x33 : 0x23;
	frame->rflags = rflags;
	frame->rsp = regs->gpr[ISAHP_REGISTER_RSP];
	frame->ss = segments ? segments->ss : 0x2b;
	put_simd(regs->simd);
	state = regs;
	trap = ret;
	if (segments)
		load_segments(segments);
	enter();
	if (segments)
		load_segments(NULL);
}

void native_step(enum isahp_code_mode mode, const unsigned char *bytes,
		 size_t count, struct isahp_registers *regs,
		 struct native_trap *ret)
{
	memcpy(native_code, bytes, count);
	enter_at(mode, regs->rflags | FLAG_TF, regs, ret);
}

void native_pass(enum isahp_code_mode mode, const unsigned char *bytes,
		 size_t count, struct isahp_registers *regs,
		 struct native_trap *ret)
{
	memcpy(native_code, bytes, count);
	native_code[count] = INT3;
	enter_at(mode, regs->rflags & ~(__u64)FLAG_TF, regs, ret);
}

int native_run(enum isahp_code_mode mode, const unsigned char *bytes,
	       size_t count, struct isahp_registers *regs)
{
	struct isahp_registers before = *regs;
	struct native_trap t;

	native_step(mode, bytes, count, regs, &t);
	if (t.signal != SIGTRAP) {
		*regs = before;
		return t.signal;
	}
	regs->rflags &= ~(__u64)FLAG_TF;
	return 0;
}
