// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include "own_fault.h"
#include "signal_bytes.h"

#define PAGE 4096UL
#define STACK_SIZE 65536UL

/* SDM vol. 3A, table 6-1. */
#define VECTOR_DE 0
#define VECTOR_DB 1
#define VECTOR_SS 12
#define VECTOR_PF 14
#define VECTOR_AC 17
#define VECTOR_XM 19

/* Error code of a page fault (SDM vol. 3A, figure 4-12). */
#define PF_PRESENT 1
#define PF_WRITE 2
#define PF_USER 4

/* --- page faults ---------------------------------------------------------- */

/**
 * struct trial - shared with a child that tries an access
 * @address: of one byte.
 * @write: whether it is to be written to.
 * @over: the child has come to an end of it,
 * @faulted: by a signal, which was
 * @fault: this.
 */
struct trial {
	uint64_t address;
	bool write;
	bool over;
	bool faulted;
	struct isahp_own_fault fault;
};

/* The trial is where the access has it: in RBX. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct trial *t = (struct trial *)g[REG_RBX];

	(void)sig;
	t->fault.info = *info;
	t->fault.vector = (unsigned int)g[REG_TRAPNO];
	t->fault.error = (unsigned long)g[REG_ERR];
	t->fault.address = (unsigned long)g[REG_CR2];
	t->fault.has_address = true;
	t->faulted = true;
	t->over = true;
	syscall(SYS_exit_group, 0);
}

/* What is written is what is there, as one access. */
static int try_access(void *arg)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	uint64_t mask = ~0ULL & ~(1ULL << (SIGSEGV - 1) | 1ULL << (SIGBUS - 1));
	struct trial *t = arg;
	unsigned char value;

	if (sigaction(SIGSEGV, &sa, NULL) || sigaction(SIGBUS, &sa, NULL) ||
	    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask)))
		return 0;
	if (t->write)
		__asm__ volatile("lock orb $0, (%0)"
				 : : "r"(t->address), "b"(t) : "memory", "cc");
	else
		__asm__ volatile("movb (%1), %0"
				 : "=q"(value) : "r"(t->address), "b"(t) : "memory");
	t->over = true;
	return 0;
}

/*
 * Not by fork() and waitpid(): these may not be called here. No signal at the
 * child's end: nobody else's wait finds it.
 */
static bool try_in_child(struct trial *t, char *stack_end)
{
	int status;
	pid_t pid;

	pid = clone(try_access, stack_end, CLONE_VM | CLONE_VFORK, t);
	if (pid < 0)
		return false;
	while (syscall(SYS_wait4, pid, &status, __WALL, NULL) < 0 && errno == EINTR)
		;
	return t->over;
}

static void guess(const struct trial *t, struct isahp_own_fault *ret)
{
	unsigned char in_core;
	bool mapped = !mincore((void *)(t->address & ~(PAGE - 1)), 1, &in_core);

	memset(ret, 0, sizeof(*ret));
	ret->info.si_signo = SIGSEGV;
	ret->info.si_code = mapped ? SEGV_ACCERR : SEGV_MAPERR;
	ret->info.si_addr = (void *)t->address;
	ret->vector = VECTOR_PF;
	ret->error = PF_USER | (t->write ? PF_WRITE : 0) | (mapped ? PF_PRESENT : 0);
	ret->address = t->address;
	ret->has_address = true;
}

bool isahp_own_fault_page(uint64_t address, bool write,
			  struct isahp_own_fault *ret)
{
	struct trial wanted = {
		.address = address,
		.write = write,
	}, *t;
	bool faults;
	char *map;

	/* Shared also where an emulator makes a fork of the clone. */
	map = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		guess(&wanted, ret);
		return true;
	}
	t = (struct trial *)map;
	*t = wanted;
	if (!try_in_child(t, map + STACK_SIZE)) {
		guess(&wanted, ret);
		faults = true;
	} else {
		*ret = t->fault;
		faults = t->faulted;
	}
	munmap(map, STACK_SIZE);
	return faults;
}

/* --- others --------------------------------------------------------------- */

/* By the flags that are raised and not masked: Linux, fpu__exception_code(). */
static int simd_code(unsigned int mxcsr)
{
	unsigned int raised = ~(mxcsr >> 7) & mxcsr;

	return raised & 0x01 ? FPE_FLTINV :
	       raised & 0x04 ? FPE_FLTDIV :
	       raised & 0x08 ? FPE_FLTOVF :
	       raised & 0x12 ? FPE_FLTUND : FPE_FLTRES;
}

void isahp_own_fault_vector(unsigned int vector, uint64_t rip, unsigned int mxcsr,
			    struct isahp_own_fault *ret)
{
	siginfo_t *info = &ret->info;

	memset(ret, 0, sizeof(*ret));
	ret->vector = vector;
	info->si_addr = (void *)rip;
	switch (vector) {
	case VECTOR_DE:
		info->si_signo = SIGFPE;
		info->si_code = FPE_INTDIV;
		break;
	case VECTOR_XM:
		info->si_signo = SIGFPE;
		info->si_code = simd_code(mxcsr);
		break;
	case VECTOR_DB:
		info->si_signo = SIGTRAP;
		info->si_code = TRAP_TRACE;
		break;
	case VECTOR_AC:
		info->si_signo = SIGBUS;
		info->si_code = BUS_ADRALN;
		info->si_addr = NULL;
		break;
	default:
		info->si_signo = vector == VECTOR_SS ? SIGBUS : SIGSEGV;
		info->si_code = SI_KERNEL;
		info->si_addr = NULL;
	}
}
