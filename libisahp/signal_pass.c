// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "signal_bytes.h"
#include "signal_pass.h"

/* The kernel's sets have 64 signals, and are all that a frame has room for. */
#define SET_SIZE 8

static uint64_t *words(sigset_t *set)
{
	return (uint64_t *)(void *)set;
}

static uint64_t bit(int sig)
{
	return 1ULL << (sig - 1);
}

static void set_mask(int how, const uint64_t *mask, uint64_t *old)
{
	syscall(SYS_rt_sigprocmask, how, mask, old, SET_SIZE);
}

void isahp_signal_call(const struct sigaction *action, siginfo_t *info,
		       ucontext_t *context)
{
	struct sigaction sa = *action;
	uint64_t mask, old;

	mask = *words(&context->uc_sigmask) | *words(&sa.sa_mask);
	if (!(sa.sa_flags & SA_NODEFER))
		mask |= bit(info->si_signo);
	set_mask(SIG_SETMASK, &mask, &old);
	/* Without SA_SIGINFO the others are there as well: in registers. */
	sa.sa_sigaction(info->si_signo, info, context);
	set_mask(SIG_SETMASK, &old, NULL);
}

void isahp_signal_die(siginfo_t *info, ucontext_t *context)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	int sig = info->si_signo;
	uint64_t mask = bit(sig);
	long tid = syscall(SYS_gettid), pid = getpid();

	set_mask(SIG_BLOCK, &mask, NULL);
	sigaction(sig, &sa, NULL);
	*words(&context->uc_sigmask) &= ~mask;
	/* To itself a process may send what the kernel sends. */
	if (syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, info))
		syscall(SYS_tgkill, pid, tid, sig);
}

void isahp_signal_raise(struct isahp_own_fault *fault, ucontext_t *context)
{
	greg_t *g = context->uc_mcontext.gregs;
	struct sigaction sa, gone = { .sa_handler = SIG_DFL };
	int sig = fault->info.si_signo;

	g[REG_TRAPNO] = fault->vector;
	g[REG_ERR] = (greg_t)fault->error;
	if (fault->has_address)
		g[REG_CR2] = (greg_t)fault->address;
	if (sigaction(sig, NULL, &sa) || sa.sa_handler == SIG_DFL ||
	    sa.sa_handler == SIG_IGN || *words(&context->uc_sigmask) & bit(sig)) {
		isahp_signal_die(&fault->info, context);
		return;
	}
	if (sa.sa_flags & (int)SA_RESETHAND)
		sigaction(sig, &gone, NULL);
	isahp_signal_call(&sa, &fault->info, context);
}
