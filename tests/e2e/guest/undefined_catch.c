// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "undefined.h"

#ifdef __x86_64__
#define REG_IP REG_RIP
#else
#define REG_IP REG_EIP
#endif

static __thread sigjmp_buf back;
static __thread struct caught caught;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	caught = (struct caught){
		.signal = sig,
		.code = info->si_code,
		.addr = (uintptr_t)info->si_addr,
		.ip = (uintptr_t)regs[REG_IP],
		.trap = (unsigned long)regs[REG_TRAPNO],
		.error = (unsigned long)regs[REG_ERR],
	};
	siglongjmp(back, 1);
}

void catch_init(void)
{
	static const int signals[] = { SIGILL, SIGSEGV, SIGBUS };
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

int catch_signal(void (*function)(void *), void *data, struct caught *ret)
{
	if (!sigsetjmp(back, 1)) {
		function(data);
		return 0;
	}
	*ret = caught;
	return 1;
}
