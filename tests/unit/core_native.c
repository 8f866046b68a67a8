// SPDX-License-Identifier: MIT
#include "core_native.h"

#include <asm/prctl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

unsigned char *native_memory;
unsigned char *native_code;

/*
 * Everything by absolute or RIP-relative address: of the registers none is
 * free. It lies in a page of its own below 4 GiB, since 32-bit code returns to
 * it by a far jump.
 */
struct frame {
	__u64 gpr[16];		/* 0x00 */
	__u64 rflags;		/* 0x80 */
	__u64 target;		/* 0x88: what to jump to */
	__u64 host_rsp;		/* 0x90 */
	__u32 far_ip, far_cs;	/* 0x98 */
};

static struct frame *frame;
static void (*enter)(void);
static sigjmp_buf back;

/* Position-independent; NATIVE_FRAME is one page behind its beginning. */
__asm__(
"	.pushsection .rodata\n"
"	.balign 16\n"
"native_begin:\n"
"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
"	mov %rsp, native_begin+4096+0x90(%rip)\n"
"	pushq native_begin+4096+0x80(%rip)\n"
"	popfq\n"
"	mov native_begin+4096+0x00(%rip), %rax\n"
"	mov native_begin+4096+0x08(%rip), %rcx\n"
"	mov native_begin+4096+0x10(%rip), %rdx\n"
"	mov native_begin+4096+0x18(%rip), %rbx\n"
"	mov native_begin+4096+0x20(%rip), %rsp\n"
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
"	ljmpl *native_begin+4096+0x98(%rip)\n"
"native_return:\n"
"	mov %rax, native_begin+4096+0x00(%rip)\n"
"	mov %rcx, native_begin+4096+0x08(%rip)\n"
"	mov %rdx, native_begin+4096+0x10(%rip)\n"
"	mov %rbx, native_begin+4096+0x18(%rip)\n"
"	mov %rsp, native_begin+4096+0x20(%rip)\n"
"	mov %rbp, native_begin+4096+0x28(%rip)\n"
"	mov %rsi, native_begin+4096+0x30(%rip)\n"
"	mov %rdi, native_begin+4096+0x38(%rip)\n"
"	mov %r8, native_begin+4096+0x40(%rip)\n"
"	mov %r9, native_begin+4096+0x48(%rip)\n"
"	mov %r10, native_begin+4096+0x50(%rip)\n"
"	mov %r11, native_begin+4096+0x58(%rip)\n"
"	mov %r12, native_begin+4096+0x60(%rip)\n"
"	mov %r13, native_begin+4096+0x68(%rip)\n"
"	mov %r14, native_begin+4096+0x70(%rip)\n"
"	mov %r15, native_begin+4096+0x78(%rip)\n"
"	mov native_begin+4096+0x90(%rip), %rsp\n"
"	pushfq\n"
"	popq native_begin+4096+0x80(%rip)\n"
"	pushq $0x202; popfq\n"
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

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	siglongjmp(back, sig);
}

bool native_init(void)
{
	static unsigned char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	unsigned char *page;

	if (native_memory)
		return true;
	page = low_pages(8192);
	native_code = low_pages(4096);
	native_memory = low_pages(NATIVE_MEMORY_SIZE);
	if (!page || !native_code || !native_memory)
		return false;
	memcpy(page, native_begin, native_end - native_begin);
	frame = (void *)(page + 4096);
	enter = (void (*)(void))(uintptr_t)page;
	sigaltstack(&alternate, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	/* 64-bit code needs neither, 32-bit code both, flat. */
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(0x2b));
	return !syscall(SYS_arch_prctl, ARCH_SET_GS, NATIVE_GS_BASE);
}

/* The way back, in the instruction's own mode. */
static void put_return(unsigned char *p, enum isahp_code_mode mode)
{
	__u64 to = (uintptr_t)enter + (native_return - native_begin);
	__u16 cs = 0x33;

	if (mode == ISAHP_CODE_64) {
		memcpy(p, "\xff\x25\0\0\0", 6);		/* jmp *0(%rip) */
		memcpy(p + 6, &to, 8);
	} else {
		p[0] = 0xea;				/* ljmp $cs, $to */
		memcpy(p + 1, &to, 4);
		memcpy(p + 5, &cs, 2);
	}
}

int native_run(enum isahp_code_mode mode, const unsigned char *bytes,
	       size_t count, struct isahp_registers *regs)
{
	int sig;

	memcpy(native_code, bytes, count);
	put_return(native_code + count, mode);
	memcpy(frame->gpr, regs->gpr, sizeof(frame->gpr));
	frame->rflags = regs->rflags;
	frame->far_ip = (__u32)(uintptr_t)native_code;
	frame->far_cs = mode == ISAHP_CODE_64 ? 0x33 : 0x23;
	sig = sigsetjmp(back, 1);
	if (sig) {
		__asm__ volatile("pushq $0x202; popfq" : : : "cc", "memory");
		return sig;
	}
	enter();
	memcpy(regs->gpr, frame->gpr, sizeof(frame->gpr));
	regs->rflags = frame->rflags;
	regs->rip = (uintptr_t)native_code + count;
	return 0;
}
