// SPDX-License-Identifier: MIT
/*
 * Instructions that fault: what a handler is told is what the CPU says.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <isahp/emulation.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include "lib_planted.h"
#include "own_fault.h"

#define PAGE 4096UL

static const struct isahp_emulation_options options = {
	.size = sizeof(options),
	.features = ISAHP_SET(SSSE3, SSE4_1, POPCNT, MOVBE, AVX2),
};

PLANTED(load, "popcnt (%rsi), %rax");
PLANTED(store, "movbe %rcx, (%rsi)");
PLANTED(load16, "pshufb (%rsi), %xmm1");
PLANTED(store16, "vextracti128 $1, %ymm1, (%rsi)");

/* --- what the CPU says ---------------------------------------------------- */

/**
 * struct told - what a handler was told
 * @count: how often.
 * @signal: and the siginfo_t's fields,
 * @trapno: the frame's,
 * @rip: from the beginning of the instruction,
 * @rcx: and a register.
 */
struct told {
	int count;
	int signal, code;
	uintptr_t address;
	uint64_t trapno, error, cr2;
	int64_t rip;
	uint64_t rcx;
};

static struct told told;
static sigjmp_buf back;
static unsigned char *expected_at;
static void *repair;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

	told = (struct told){
		.count = told.count + 1,
		.signal = sig,
		.code = info->si_code,
		.address = (uintptr_t)info->si_addr,
		.trapno = (uint64_t)g[REG_TRAPNO],
		.error = (uint64_t)g[REG_ERR],
		.rip = g[REG_RIP] - (int64_t)(uintptr_t)expected_at,
		.rcx = (uint64_t)g[REG_RCX],
	};
	/* Of no meaning to anything but page faults. */
	told.cr2 = told.trapno == 14 ? (uint64_t)g[REG_CR2] : 0;
	if (sig != info->si_signo)
		_exit(9);
	if (!repair)
		siglongjmp(back, 1);
	mprotect(repair, PAGE, PROT_READ | PROT_WRITE);
}

static void catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

static struct told run(const unsigned char *bytes, size_t length, uintptr_t address,
		       bool traps, struct planted_state *state)
{
	struct planted_code code;

	planted_make(&code, bytes, length, traps);
	memset(&told, 0, sizeof(told));
	expected_at = code.at;
	state->gpr[6] = address;
	state->gpr[1] = 0x1122334455667788;
	state->flags = 0x202;
	if (!sigsetjmp(back, 1))
		code.run(state);
	planted_free(&code);
	return told;
}

static void same(const char *what, const unsigned char *bytes, size_t length,
		 uintptr_t address)
{
	struct planted_state state = { 0 };
	struct told cpu = run(bytes, length, address, false, &state);
	struct told ours = run(bytes, length, address, true, &state);

	cr_expect_eq(cpu.count, 1, "%s", what);
	cr_expect_eq(ours.count, 1, "%s", what);
	cr_expect_eq(ours.signal, cpu.signal, "%s: signal %d, not %d", what,
		     ours.signal, cpu.signal);
	cr_expect_eq(ours.code, cpu.code, "%s: si_code %d, not %d", what, ours.code,
		     cpu.code);
	cr_expect_eq(ours.address, cpu.address, "%s: si_addr %zx, not %zx", what,
		     ours.address, cpu.address);
	cr_expect_eq(ours.trapno, cpu.trapno, "%s: vector", what);
	cr_expect_eq(ours.error, cpu.error, "%s: error code %zx, not %zx", what,
		     ours.error, cpu.error);
	cr_expect_eq(ours.cr2, cpu.cr2, "%s: CR2", what);
	cr_expect_eq(ours.rip, 0, "%s: RIP", what);
	cr_expect_eq(ours.rcx, cpu.rcx, "%s: RCX", what);
}

#define SAME(name, address) \
	same(#name " at " #address, planted_##name, \
	     (size_t)(planted_end_##name - planted_##name), (uintptr_t)(address))

/* --- places that can not be accessed -------------------------------------- */

static char *page_of(int protection)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq((void *)p, MAP_FAILED);
	p[PAGE] = 1;
	cr_assert_eq(mprotect(p + PAGE, PAGE, protection), 0);
	return p + PAGE;
}

/* A page of a file that ends before it. */
static char *page_of_no_file(void)
{
	int fd = memfd_create("short", 0);
	char *p;

	cr_assert_eq(ftruncate(fd, 1), 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq((void *)p, MAP_FAILED);
	close(fd);
	return p + PAGE;
}

/* Far from where the kernel puts what is mapped later. */
static char *page_of_nothing(void)
{
	char *p = mmap((void *)0x300000000000, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	cr_assert_eq((uintptr_t)p, 0x300000000000);
	return p + PAGE;
}

Test(lib_emulation_faults, are_those_of_the_cpu)
{
	char *none = page_of(PROT_NONE), *readable = page_of(PROT_READ);
	char *nothing = page_of_nothing(), *no_file = page_of_no_file();
	struct isahp_emulation_status s = { .size = sizeof(s) };

	catch_faults();
	cr_assert_eq(isahp_emulation_install(&options), 0);
	SAME(load, 0);
	SAME(load, 8);
	SAME(load, none + 8);
	SAME(load, none - 3);
	SAME(load, nothing + 8);
	SAME(load, nothing - 1);
	SAME(load, no_file + 8);
	SAME(load, no_file - 7);
	SAME(store, 0);
	SAME(store, 8);
	SAME(store, none + 8);
	SAME(store, none - 3);
	SAME(store, readable + 8);
	SAME(store, readable - 5);
	SAME(store, nothing + 8);
	SAME(store, no_file + 8);
	/* Kernel's, and nobody's. */
	SAME(load, 0xffff800000000000);
	SAME(store, 0xffffffff81000000);
	SAME(load, 0x8000000000000000);
	SAME(load, 0x7ffffffffffc);
	SAME(store, 0x0123000000000000);
	/* Not aligned, which is another exception; and before the other one. */
	SAME(load16, none - 8);
	SAME(load16, none + 16);
	SAME(load16, readable + 1);
	cr_assert_eq(isahp_emulation_status(&s), 0);
	cr_assert_eq(s.faults, 24);
	cr_assert_eq(s.instructions, 0);
	if (!__builtin_cpu_supports("avx2"))
		return;
	SAME(store16, none - 8);
	SAME(store16, readable + 3);
	SAME(store16, no_file - 1);
}

/* A seccomp filter or a cgroup may forbid the child that finds it out. */
static bool no_child;

int __real_clone(int (*fn)(void *), void *stack, int flags, void *arg);
int __wrap_clone(int (*fn)(void *), void *stack, int flags, void *arg);

int __wrap_clone(int (*fn)(void *), void *stack, int flags, void *arg)
{
	if (!no_child)
		return __real_clone(fn, stack, flags, arg);
	errno = EPERM;
	return -1;
}

Test(lib_emulation_faults, are_nearly_those_without_a_child)
{
	char *none = page_of(PROT_NONE), *readable = page_of(PROT_READ);
	struct planted_state state = { 0 };
	struct told t;

	no_child = true;
	catch_faults();
	cr_assert_eq(isahp_emulation_install(&options), 0);
	SAME(load, 8);
	SAME(load, page_of_nothing() - 1);
	SAME(store, readable - 5);
	/* Its error code would not say that there is a page: there is none yet. */
	t = run(planted_load, (size_t)(planted_end_load - planted_load),
		(uintptr_t)none - 3, true, &state);
	cr_assert_eq(t.count, 1);
	cr_assert_eq(t.signal, SIGSEGV);
	cr_assert_eq(t.code, SEGV_ACCERR);
	cr_assert_eq(t.address, (uintptr_t)none);
}

Test(lib_emulation_faults, what_a_handler_repairs_is_tried_again)
{
	struct planted_state state = { 0 };
	char *none = page_of(PROT_NONE);
	struct told t;

	catch_faults();
	cr_assert_eq(isahp_emulation_install(&options), 0);
	repair = none;
	t = run(planted_store, (size_t)(planted_end_store - planted_store),
		(uintptr_t)none - 3, true, &state);
	cr_assert_eq(t.count, 1);
	cr_assert_eq(t.address, (uintptr_t)none);
	cr_assert(!memcmp(none - 3, "\x11\x22\x33\x44\x55\x66\x77\x88", 8));
	mprotect(none, PAGE, PROT_NONE);
	t = run(planted_load, (size_t)(planted_end_load - planted_load),
		(uintptr_t)none - 3, true, &state);
	cr_assert_eq(t.count, 1);
	cr_assert_eq(state.gpr[0], 26);
}

static void on_no_account(int sig)
{
	_exit(64 + sig);
}

/* --- death ---------------------------------------------------------------- */

enum how { BY_DEFAULT, IGNORED, BLOCKED };

static void fault_to_death(enum how how, const char *address, bool traced)
{
	struct planted_state state = { .flags = 0x202 };
	struct planted_code code;
	sigset_t set;

	if (traced)
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	signal(SIGSEGV, how == IGNORED ? SIG_IGN : SIG_DFL);
	if (how == BLOCKED) {
		signal(SIGSEGV, on_no_account);
		sigemptyset(&set);
		sigaddset(&set, SIGSEGV);
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
	if (isahp_emulation_install(&options))
		_exit(2);
	PLANTED_MAKE(&code, load, true);
	state.gpr[6] = (uintptr_t)address;
	state.gpr[1] = (uintptr_t)code.at;
	code.run(&state);
	_exit(0);
}

static int fault_in_child(enum how how)
{
	char *none = page_of(PROT_NONE);
	int status;
	pid_t pid = fork();

	if (!pid)
		fault_to_death(how, none, false);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

Test(lib_emulation_faults, kill_where_there_is_no_handler)
{
	for (enum how how = BY_DEFAULT; how <= BLOCKED; how++) {
		int status = fault_in_child(how);

		cr_expect(WIFSIGNALED(status), "%d", how);
		cr_expect_eq(WTERMSIG(status), SIGSEGV, "%d", how);
	}
}

/* What a core dump would show: the instruction, its registers, its siginfo. */
Test(lib_emulation_faults, death_is_at_the_instruction)
{
	struct user_regs_struct regs;
	char *none = page_of(PROT_NONE);
	siginfo_t info;
	int status;
	pid_t pid = fork();

	if (!pid)
		fault_to_death(BY_DEFAULT, none, true);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSTOPPED(status));
	cr_assert_eq(WSTOPSIG(status), SIGILL);
	ptrace(PTRACE_CONT, pid, NULL, SIGILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSTOPPED(status));
	cr_assert_eq(WSTOPSIG(status), SIGSEGV);
	cr_assert_eq(ptrace(PTRACE_GETSIGINFO, pid, NULL, &info), 0);
	cr_assert_eq(info.si_code, SEGV_ACCERR);
	cr_assert_eq(info.si_addr, (void *)none);
	cr_assert_eq(ptrace(PTRACE_GETREGS, pid, NULL, &regs), 0);
	cr_assert_eq(regs.rip, regs.rcx);
	cr_assert_eq(regs.rsi, (uintptr_t)none);
	ptrace(PTRACE_CONT, pid, NULL, SIGSEGV);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status));
	cr_assert_eq(WTERMSIG(status), SIGSEGV);
}

/* --- exceptions without an address ---------------------------------------- */

static siginfo_t by_cpu;
static uintptr_t by_cpu_rip, by_cpu_vector;
static unsigned int by_cpu_mxcsr;

static void on_exception(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	by_cpu = *info;
	by_cpu_rip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	by_cpu_vector = (uintptr_t)uc->uc_mcontext.gregs[REG_TRAPNO];
	by_cpu_mxcsr = uc->uc_mcontext.fpregs->mxcsr;
	siglongjmp(back, 1);
}

/* a / b with no exception masked but those of @masked, flags clear. */
static void divide(unsigned int masked, float a, float b)
{
	unsigned int mxcsr = masked << 7, usual = 0x1f80;

	if (!sigsetjmp(back, 1))
		__asm__ volatile("ldmxcsr %0\n\tdivss %2, %1"
				 : : "m"(mxcsr), "x"(a), "x"(b) : "memory");
	__asm__ volatile("ldmxcsr %0" : : "m"(usual));
}

static void same_exception(const char *what)
{
	struct isahp_own_fault ours;

	isahp_own_fault_vector((unsigned int)by_cpu_vector, by_cpu_rip, by_cpu_mxcsr,
			       &ours);
	cr_expect_eq(ours.info.si_signo, by_cpu.si_signo, "%s", what);
	cr_expect_eq(ours.info.si_code, by_cpu.si_code, "%s: %d, not %d", what,
		     ours.info.si_code, by_cpu.si_code);
	cr_expect_eq(ours.info.si_addr, by_cpu.si_addr, "%s", what);
	cr_expect_eq(ours.vector, by_cpu_vector, "%s", what);
}

/* What the emulator's exceptions are to be told as. */
Test(lib_emulation_faults, exceptions_are_told_as_the_kernel_tells_them)
{
	static const struct {
		const char *what;
		unsigned int masked;
		float a, b;
	} list[] = {
		{ "invalid", 0, 0, 0 }, { "by zero", 0, 1, 0 },
		{ "overflow", 0x20, 3e38f, 1e-10f }, { "underflow", 0x20, 1e-30f, 3e30f },
		{ "denormal", 0, 1e-40f, 1 }, { "inexact", 0, 1, 3 },
	};
	struct sigaction sa = { .sa_sigaction = on_exception, .sa_flags = SA_SIGINFO };

	sigaction(SIGFPE, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		by_cpu_vector = 0;
		divide(list[i].masked, list[i].a, list[i].b);
		cr_expect_eq(by_cpu_vector, 19, "%s", list[i].what);
		same_exception(list[i].what);
	}
	if (!sigsetjmp(back, 1))
		__asm__ volatile("xor %%ecx, %%ecx\n\tdiv %%ecx"
				 : : : "rax", "rcx", "rdx", "cc");
	cr_expect_eq(by_cpu_vector, 0);
	same_exception("DIV");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("mov (%0), %%al" : : "r"(1UL << 63) : "rax");
	cr_expect_eq(by_cpu_vector, 13);
	same_exception("not canonical");
}

/* --- single steps --------------------------------------------------------- */

static int64_t steps[64];
static int step_count;

static void on_step(int sig, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	if (info->si_code == TRAP_TRACE && step_count < 64)
		steps[step_count++] = g[REG_RIP] - (int64_t)(uintptr_t)expected_at;
}

static int count_steps(bool traps, int64_t *ret_steps)
{
	struct planted_state state = { .flags = 0x302 };
	struct planted_code code;
	uint64_t memory = 7;

	PLANTED_MAKE(&code, load, traps);
	expected_at = code.at;
	state.gpr[6] = (uintptr_t)&memory;
	step_count = 0;
	code.run(&state);
	cr_assert_eq(state.gpr[0], 3);
	planted_free(&code);
	memcpy(ret_steps, steps, sizeof(steps));
	return step_count;
}

/* All but where UD2's trap goes into the kernel, and stepping with it. */
Test(lib_emulation_faults, a_step_ends_behind_the_instruction)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	int64_t cpu[64], ours[64];
	int n;

	sigaction(SIGTRAP, &sa, NULL);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	n = count_steps(false, cpu);
	cr_assert_gt(n, 20);
	cr_assert_eq(count_steps(true, ours), n);
	cr_assert(!memcmp(cpu, ours, (size_t)n * sizeof(cpu[0])));
}
