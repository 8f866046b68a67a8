// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <asm/traps.h>
#include "flight.h"
#include "gp.h"

/* In the place of the probed function: returns to its caller. */
static noinline notrace bool say_yes(void)
{
	return true;
}

/*
 * bool fixup_vdso_exception(struct pt_regs *regs, int trapnr, ...) is where the
 * kernel asks, before it sends SIGSEGV, whether the trap is one of the vDSO's
 * (of SGX enclaves) and has been taken care of. It runs for what would otherwise
 * be a signal, never else.
 */
static int before_fixup(struct kprobe *probe, struct pt_regs *regs)
{
	struct pt_regs *user = (struct pt_regs *)regs->di;

	if ((int)regs->si != X86_TRAP_GP || !user_mode(user) || !current->mm ||
	    !isahp_flight_repair(user))
		return 0;
	regs->ip = (unsigned long)say_yes;
	/* Not the probed instruction: go on at the new address. */
	return 1;
}
NOKPROBE_SYMBOL(before_fixup);

/* Its being there says that the address may change: Documentation/trace/kprobes. */
static void after_fixup(struct kprobe *probe, struct pt_regs *regs,
			unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "fixup_vdso_exception",
	.pre_handler = before_fixup,
	.post_handler = after_fixup,
};

static bool works;

void isahp_gp_init(void)
{
	works = !register_kprobe(&probe);
}

bool isahp_gp_works(void)
{
	return works;
}

void isahp_gp_exit(void)
{
	if (works)
		unregister_kprobe(&probe);
	works = false;
}
