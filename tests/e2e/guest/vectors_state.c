// SPDX-License-Identifier: MIT
/*
 * What a program has in its registers when an instruction traps, and what others
 * see of it: signal handlers, children, debuggers.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "vectors.h"

/* In a signal frame and in NT_X86_XSTATE (SDM vol. 1, 13.4). */
#define MXCSR 24
#define XMM 160
#define XSTATE_BV 512
#define YMM_UPPER 576

#define EACH_REGISTER ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
#define LOAD EACH_REGISTER "vmovdqu \\n*32(%[r]), %%ymm\\n\n\t.endr\n\t"
#define STORE EACH_REGISTER "vmovdqu %%ymm\\n, \\n*32(%[r])\n\t.endr\n\tvzeroupper\n\t"
#define CLOBBERED                                                              \
	"rax", "rcx", "rdx", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",   \
	"xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",    \
	"xmm13", "xmm14", "xmm15", "memory", "cc"

/* Instructions with all registers as *regs says, before and after. */
#define RUN(regs, code)                                                        \
	__asm__ volatile(LOAD code "\n\t" STORE : : [r] "r"(regs) : CLOBBERED)

static void add_bytes(union ymm *to, const union ymm *a, const union ymm *b)
{
	for (int i = 0; i < 32; i++)
		to->b[i] = (uint8_t)(a->b[i] + b->b[i]);
}

/* --- what is left alone ----------------------------------------------------- */

void state_kept(void)
{
	struct registers got, want;
	union ymm old;

	randomize(&got, sizeof(got));
	want = got;
	RUN(&got, "mov $3, %%ecx; shlx %%ecx, %%eax, %%eax");
	expect_bytes(&got, &want, sizeof(got), "a general register");

	RUN(&got, "vpaddb %%ymm2, %%ymm1, %%ymm3");
	add_bytes(&want.ymm[3], &want.ymm[1], &want.ymm[2]);
	expect_bytes(&got, &want, sizeof(got), "32 bytes");

	/* 128 bits clear what is above. */
	RUN(&got, "vpbroadcastb %%xmm4, %%xmm9");
	memset(&want.ymm[9], 0, 32);
	memset(&want.ymm[9], want.ymm[4].b[0], 16);
	expect_bytes(&got, &want, sizeof(got), "16 bytes");

	RUN(&got, "vperm2i128 $1, %%ymm15, %%ymm0, %%ymm15");
	old = want.ymm[15];
	memcpy(&want.ymm[15].b[0], &want.ymm[0].b[16], 16);
	memcpy(&want.ymm[15].b[16], &want.ymm[0].b[0], 16);
	expect_bytes(&got, &want, sizeof(got), "its own source");
	expect(memcmp(&old, &want.ymm[15], 32), "something else");
}

/* Carry-less, as far as 128 bits go. */
static void multiply(uint64_t a, uint64_t b, union ymm *ret)
{
	ret->q[0] = ret->q[1] = 0;
	for (int i = 0; i < 64; i++) {
		if (!(b >> i & 1))
			continue;
		ret->q[0] ^= a << i;
		ret->q[1] ^= i ? a >> (64 - i) : 0;
	}
}

/* A round of AES (Intel, "AES New Instructions Set", 2012, figure 3). */
static const union ymm aes[] = {
	{ .q = { 0x63746f725d53475d, 0x7b5b546573745665 } },
	{ .q = { 0x5b477565726f6e5d, 0x4869285368617929 } },
	{ .q = { 0x8b104b58ded7e595, 0xa8311c2f9fdba3c5 } },
};

void state_legacy(void)
{
	struct registers got, want;

	randomize(&got, sizeof(got));
	memcpy(&got.ymm[1], &aes[0], 16);
	memcpy(&got.ymm[2], &aes[1], 16);
	want = got;
	RUN(&got, "aesenc %%xmm2, %%xmm1");
	memcpy(&want.ymm[1], &aes[2], 16);
	expect_bytes(&got, &want, sizeof(got), "aesenc");

	multiply(want.ymm[7].q[0], want.ymm[8].q[1], &want.ymm[7]);
	RUN(&got, "pclmulqdq $0x10, %%xmm8, %%xmm7");
	expect_bytes(&got, &want, sizeof(got), "pclmulqdq");

	/* VEX clears what is above. */
	memcpy(&got.ymm[1], &aes[0], 16);
	want.ymm[1] = got.ymm[1];
	memset(&want.ymm[9], 0, 32);
	memcpy(&want.ymm[9], &aes[2], 16);
	RUN(&got, "vaesenc %%xmm2, %%xmm1, %%xmm9");
	expect_bytes(&got, &want, sizeof(got), "vaesenc");
}

/* --- signals ---------------------------------------------------------------- */

#define ROUNDS 1000

extern const char counted_begin[], counted_end[];
static volatile uint64_t seen;

/* Counts in the frame, half of it in an upper part. */
static void on_alarm(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	char *frame = (char *)uc->uc_mcontext.fpregs;
	uintptr_t ip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)info;
	if (ip < (uintptr_t)counted_begin || ip >= (uintptr_t)counted_end)
		return;
	++*(uint64_t *)(frame + YMM_UPPER + 16 * 15);
	++*(uint64_t *)(frame + XMM + 16 * 13);
	/* What a handler leaves in registers is nobody's. */
	__asm__ volatile("vpcmpeqd %%ymm14, %%ymm14, %%ymm14; vzeroupper" : : : "xmm14");
	seen++;
}

/* Not inlined: its labels are there once. */
static __attribute__((noinline)) void counted(struct registers *regs)
{
	RUN(regs, "mov $1000, %%ecx\n"
		  "counted_begin:\n\t"
		  "vpaddd %%ymm12, %%ymm14, %%ymm14\n\t"
		  "dec %%ecx\n\t"
		  "jnz counted_begin\n"
		  "counted_end:");
}

void state_signals(void)
{
	struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
	struct itimerval often = { { 0, 700 }, { 0, 700 } }, never = { 0 };
	struct registers got, want;

	seen = 0;
	sigaction(SIGALRM, &sa, NULL);
	randomize(&got, sizeof(got));
	want = got;
	setitimer(ITIMER_REAL, &often, NULL);
	counted(&got);
	setitimer(ITIMER_REAL, &never, NULL);
	for (int i = 0; i < 8; i++)
		want.ymm[14].d[i] += ROUNDS * want.ymm[12].d[i];
	want.ymm[15].q[2] += seen;
	want.ymm[13].q[0] += seen;
	expect_bytes(&got, &want, sizeof(got), "registers under signals");
	printf("signals=%lu\n", (unsigned long)seen);
}

/* --- fork ------------------------------------------------------------------- */

static __attribute__((noinline)) long forked(struct registers *regs)
{
	long pid;

	__asm__ volatile(LOAD
			 "vpaddb %%ymm2, %%ymm1, %%ymm0\n\t"
			 "mov $57, %%eax\n\t"
			 "syscall\n\t"
			 "mov %%rax, %%rdx\n\t"
			 "vpsubb %%ymm2, %%ymm0, %%ymm3\n\t" STORE
			 "mov %%rdx, %[pid]"
			 : [pid] "=&r"(pid) : [r] "r"(regs) : CLOBBERED);
	return pid;
}

void state_fork(void)
{
	struct registers got, want;
	int status = 1;
	long pid;

	randomize(&got, sizeof(got));
	want = got;
	add_bytes(&want.ymm[0], &want.ymm[1], &want.ymm[2]);
	want.ymm[3] = want.ymm[1];
	fflush(stdout);
	pid = forked(&got);
	if (!pid)
		_exit(memcmp(&got, &want, sizeof(got)) ? 3 : 4);
	expect(waitpid((pid_t)pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 4, "the child");
	expect_bytes(&got, &want, sizeof(got), "the parent");
}

/* --- a debugger ------------------------------------------------------------- */

static unsigned char image[16384] __attribute__((aligned(64)));

static union ymm image_get(int n)
{
	union ymm v;

	memcpy(&v.b[0], image + XMM + 16 * n, 16);
	memcpy(&v.b[16], image + YMM_UPPER + 16 * n, 16);
	return v;
}

static void image_set(int n, const union ymm *v)
{
	memcpy(image + XMM + 16 * n, &v->b[0], 16);
	memcpy(image + YMM_UPPER + 16 * n, &v->b[16], 16);
	image[XSTATE_BV] |= 6;
}

static int image_read(pid_t pid, struct iovec *iov)
{
	*iov = (struct iovec){ image, sizeof(image) };
	return !ptrace(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, iov);
}

static int stopped(pid_t pid, int signal)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == signal;
}

static _Noreturn void tracee(struct registers *regs, const struct registers *want)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	RUN(regs, "vpaddb %%ymm2, %%ymm1, %%ymm0\n\t"
		  "int3\n\t"
		  "vpaddb %%ymm0, %%ymm5, %%ymm4");
	_exit(memcmp(regs, want, sizeof(*regs)) ? 3 : 4);
}

static void trace(pid_t pid, const struct registers *want)
{
	struct iovec iov;
	union ymm v;
	int status;

	expect(stopped(pid, SIGTRAP) && image_read(pid, &iov), "the stop");
	v = image_get(0);
	expect_bytes(&v, &want->ymm[0], 32, "what GETREGSET shows");
	image_set(5, &want->ymm[5]);
	expect(!ptrace(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &iov),
	       "SETREGSET");
	ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	expect(stopped(pid, SIGTRAP) && image_read(pid, &iov), "the step");
	v = image_get(4);
	expect_bytes(&v, &want->ymm[4], 32, "what was made of SETREGSET's");
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	expect(waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 4, "the end");
}

void state_ptrace(void)
{
	struct registers regs, want;
	pid_t pid;

	randomize(&regs, sizeof(regs));
	want = regs;
	randomize(&want.ymm[5], 32);
	add_bytes(&want.ymm[0], &want.ymm[1], &want.ymm[2]);
	add_bytes(&want.ymm[4], &want.ymm[5], &want.ymm[0]);
	fflush(stdout);
	pid = fork();
	if (!pid)
		tracee(&regs, &want);
	trace(pid, &want);
}

/* --- faults ----------------------------------------------------------------- */

static sigjmp_buf back;
static struct {
	int signal, code;
	char *addr;
	unsigned long trap;
	uint32_t mxcsr;
	union ymm ymm0;
} caught;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const char *frame = (char *)((ucontext_t *)context)->uc_mcontext.fpregs;

	caught.signal = sig;
	caught.code = info->si_code;
	caught.addr = info->si_addr;
	caught.trap = (unsigned long)((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO];
	memcpy(&caught.mxcsr, frame + MXCSR, 4);
	memcpy(&caught.ymm0.b[0], frame + XMM, 16);
	memcpy(&caught.ymm0.b[16], frame + YMM_UPPER, 16);
	siglongjmp(back, 1);
}

/* An instruction on memory at `at`, which ends in a signal. */
#define FAULT(what, at, signal_wanted, code_wanted, addr_wanted)               \
	do {                                                                   \
		memset(&caught, 0, sizeof(caught));                            \
		if (!sigsetjmp(back, 1))                                       \
			__asm__ volatile(LOAD what "\n\t" STORE                \
					 : : [r] "r"(&regs), [m] "r"(at)       \
					 : CLOBBERED);                         \
		expect(caught.signal == signal_wanted &&                       \
		       caught.code == code_wanted &&                           \
		       caught.addr == (addr_wanted), what);                    \
		expect_bytes(&caught.ymm0, &regs.ymm[0], 32, "ymm0 of " what); \
	} while (0)

static void faults(char *two)
{
	struct registers regs;
	char before[4096], *end = page_end();

	randomize(&regs, sizeof(regs));
	randomize(end - 4096, 4096);
	memcpy(before, end - 4096, 4096);
	FAULT("vpaddb (%[m]), %%ymm1, %%ymm0", end - 16, SIGSEGV, SEGV_MAPERR, end);
	FAULT("vextracti128 $1, %%ymm0, (%[m])", end - 8, SIGSEGV, SEGV_MAPERR, end);
	expect_bytes(end - 4096, before, 4096, "memory");

	mprotect(two + 4096, 4096, PROT_READ);
	FAULT("vextracti128 $1, %%ymm0, (%[m])", two + 4096 + 64, SIGSEGV,
	      SEGV_ACCERR, two + 4096 + 64);
	mprotect(two + 4096, 4096, PROT_READ | PROT_WRITE);
}

/* Pages that come when they are touched, and one that is another's as well. */
static void paged(char *two)
{
	struct registers got, want;
	char *p = two + 4096 - 12;

	randomize(&got, sizeof(got));
	want = got;
	madvise(two, 8192, MADV_DONTNEED);
	__asm__ volatile(LOAD "vpaddb (%[m]), %%ymm1, %%ymm0\n\t"
			 "vextracti128 $1, %%ymm2, (%[m])\n\t" STORE
			 : : [r] "r"(&got), [m] "r"(p) : CLOBBERED);
	want.ymm[0] = want.ymm[1];
	expect_bytes(&got, &want, sizeof(got), "registers over page faults");
	expect_bytes(p, &want.ymm[2].b[16], 16, "a store over page faults");
}

void state_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	struct sigaction old;
	static char *two;

	if (!two)
		two = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (two == MAP_FAILED)
		exit(2);
	sigaction(SIGSEGV, &sa, &old);
	faults(two);
	paged(two);
	sigaction(SIGSEGV, &old, NULL);
}

/* Where the masked-in part of it is not there. */
void state_masked_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char before[4096], *end = page_end();
	struct registers regs;
	struct sigaction old;

	sigaction(SIGSEGV, &sa, &old);
	randomize(&regs, sizeof(regs));
	memset(&regs.ymm[6], 0xff, 32);
	memcpy(before, end - 4096, 4096);
	FAULT("vpmaskmovd (%[m]), %%ymm6, %%ymm0", end - 16, SIGSEGV, SEGV_MAPERR, end);
	FAULT("vpmaskmovd %%ymm0, %%ymm6, (%[m])", end - 16, SIGSEGV, SEGV_MAPERR, end);
	expect_bytes(end - 4096, before, 4096, "memory");
	sigaction(SIGSEGV, &old, NULL);
}

/* What must be aligned is not: #GP. */
void state_aligned(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *end = page_end();
	struct registers regs;
	struct sigaction old;

	sigaction(SIGSEGV, &sa, &old);
	randomize(&regs, sizeof(regs));
	FAULT("pclmulqdq $0, (%[m]), %%xmm0", end - 24, SIGSEGV, SI_KERNEL, NULL);
	FAULT("aesenc (%[m]), %%xmm0", end - 17, SIGSEGV, SI_KERNEL, NULL);
	sigaction(SIGSEGV, &old, NULL);
}

void state_aligned_wide(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	struct registers regs;
	struct sigaction old;

	sigaction(SIGSEGV, &sa, &old);
	randomize(&regs, sizeof(regs));
	FAULT("vmovntdqa (%[m]), %%ymm0", page_end() - 48, SIGSEGV, SI_KERNEL, NULL);
	sigaction(SIGSEGV, &old, NULL);
}

/* --- exceptions of floating point ------------------------------------------- */

extern const char excepted_at[];

/* a * b + c, with exceptions as MXCSR says. */
static __attribute__((noinline)) void excepted(struct registers *regs,
					       uint32_t mxcsr)
{
	static const uint32_t initial = 0x1f80;

	__asm__ volatile(LOAD "vldmxcsr %[mxcsr]\n"
			 "excepted_at: vfmadd213sd %%xmm2, %%xmm1, %%xmm0\n\t"
			 "vldmxcsr %[initial]\n\t" STORE
			 : : [r] "r"(regs), [mxcsr] "m"(mxcsr), [initial] "m"(initial)
			 : CLOBBERED);
}

static void exception(double a, double b, double c, uint32_t flag, int code)
{
	struct registers regs;

	randomize(&regs, sizeof(regs));
	memcpy(&regs.ymm[0], &a, 8);
	memcpy(&regs.ymm[1], &b, 8);
	memcpy(&regs.ymm[2], &c, 8);
	memset(&caught, 0, sizeof(caught));
	/* The mask of a flag is seven bits above it. */
	if (!sigsetjmp(back, 1))
		excepted(&regs, 0x1f80 & ~(flag << 7));
	expect(caught.signal == SIGFPE && caught.code == code &&
	       caught.addr == excepted_at && caught.trap == 19, "the signal");
	expect((caught.mxcsr & 0x3f & flag) == flag, "MXCSR");
	expect_bytes(&caught.ymm0, &regs.ymm[0], 32, "ymm0 of an exception");
	/* Masked, it is a result. */
	excepted(&regs, 0x1f80);
}

void state_exceptions(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	struct sigaction old;

	sigaction(SIGFPE, &sa, &old);
	exception(1, 1, 0x1p-60, 0x20, FPE_FLTRES);
	exception(0, __builtin_inf(), 1, 0x01, FPE_FLTINV);
	exception(0x1p1000, 0x1p1000, 1, 0x08, FPE_FLTOVF);
	exception(0x1p-1000, 0x1p-1000, 0, 0x10, FPE_FLTUND);
	exception(0x1p-1060, 1, 0, 0x02, FPE_FLTUND);
	sigaction(SIGFPE, &old, NULL);
}
