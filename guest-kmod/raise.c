// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <asm/debugreg.h>
#include <asm/ptrace.h>
#include <asm/trap_pf.h>
#include <asm/trapnr.h>
#include "raise.h"
#include "symbols.h"

/*
 * arch/x86/mm/fault.c: all that follows a page fault of user mode, from stack
 * growth and userfaultfd to the signal. Its address is taken there
 * (NOKPROBE_SYMBOL), so it is a function with these three arguments on every
 * kernel from 5.8 to 7.2, whatever the compiler inlines.
 */
typedef void (*user_fault_fn)(struct pt_regs *regs, unsigned long error_code,
			      unsigned long address);
/* kernel/signal.c; not exported, nor changed on x86 since 4.16. */
typedef int (*force_fault_fn)(int sig, int code, void __user *addr);

static user_fault_fn user_fault;
static force_fault_fn force_fault;

void isahp_raise_init(void)
{
	user_fault = (user_fault_fn)isahp_symbol_lookup("do_user_addr_fault");
	force_fault = (force_fault_fn)isahp_symbol_lookup("force_sig_fault");
	if (!user_fault || !force_fault)
		pr_notice("signals of emulated instructions will say less: no %s in this kernel\n",
			  user_fault ? "force_sig_fault" : "do_user_addr_fault");
}

const char *isahp_raise_describe(void)
{
	if (!user_fault)
		return "without do_user_addr_fault";
	return force_fault ? "exact" : "without force_sig_fault";
}

static void note(unsigned long vector, unsigned long error_code)
{
	current->thread.trap_nr = vector;
	current->thread.error_code = error_code;
}

static void signal_with(int sig, int code, void __user *addr)
{
	if (force_fault)
		force_fault(sig, code, addr);
	else
		force_sig(sig);
}

/* --- page faults --------------------------------------------------------- */

/* A store to what can be read is refused for its protection. */
static unsigned long error_code_of(unsigned long address, enum isahp_access access)
{
	u8 byte;

	switch (access) {
	case ISAHP_ACCESS_STORE:
		if (!copy_from_user_nofault(&byte, (u8 __user *)address, 1))
			return X86_PF_USER | X86_PF_WRITE | X86_PF_PROT;
		return X86_PF_USER | X86_PF_WRITE;
	case ISAHP_ACCESS_FETCH:
		return X86_PF_USER | X86_PF_INSTR;
	default:
		return X86_PF_USER;
	}
}

/*
 * With what is exported: the same pages, but no stack growth, no word on why it
 * failed.
 */
static int resolve(unsigned long address, enum isahp_access access)
{
	unsigned int flags = access == ISAHP_ACCESS_STORE ? FAULT_FLAG_WRITE : 0;
	bool unlocked = false;
	int err;

	mmap_read_lock(current->mm);
	err = fixup_user_fault(current->mm, address, flags, &unlocked);
	mmap_read_unlock(current->mm);
	return err;
}

void isahp_raise_page_fault(struct pt_regs *regs, unsigned long address,
			    enum isahp_access access)
{
	unsigned long error_code = error_code_of(address, access);

	if (user_fault) {
		user_fault(regs, error_code, address);
		/* It is called with interrupts off, and leaves them on. */
		return;
	}
	switch (resolve(address, access)) {
	case 0:
	case -EINTR:
		return;
	case -EHWPOISON:
		note(X86_TRAP_PF, error_code);
		signal_with(SIGBUS, BUS_ADRERR, (void __user *)address);
		return;
	default:
		current->thread.cr2 = address;
		note(X86_TRAP_PF, error_code);
		signal_with(SIGSEGV, SEGV_MAPERR, (void __user *)address);
	}
}

/* --- other exceptions ---------------------------------------------------- */

void isahp_raise_vector(unsigned int vector)
{
	note(vector, 0);
	switch (vector) {
	case ISAHP_VECTOR_SS:
		force_sig(SIGBUS);
		break;
	case ISAHP_VECTOR_AC:
		signal_with(SIGBUS, BUS_ADRALN, NULL);
		break;
	default:
		force_sig(SIGSEGV);
	}
}

/*
 * As fpu__exception_code() has it: of several the first in this order, and of
 * flags those whose mask, seven bits above, is clear.
 */
static int code_of(u32 mxcsr)
{
	static const struct {
		u8 flags;
		int code;
	} codes[] = {
		{ 0x01, FPE_FLTINV },
		{ 0x04, FPE_FLTDIV },
		{ 0x08, FPE_FLTOVF },
		{ 0x12, FPE_FLTUND },
		{ 0x20, FPE_FLTRES },
	};
	u32 unmasked = mxcsr & ~(mxcsr >> 7);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codes); i++)
		if (unmasked & codes[i].flags)
			return codes[i].code;
	return FPE_FLTUNK;
}

void isahp_raise_simd(unsigned long address, u32 mxcsr)
{
	note(X86_TRAP_XF, 0);
	signal_with(SIGFPE, code_of(mxcsr), (void __user *)address);
}

void isahp_raise_step(struct pt_regs *regs)
{
	/* As exc_debug_user(): what PTRACE_PEEKUSER shows as DR6. */
	current->thread.virtual_dr6 = DR_STEP;
	note(X86_TRAP_DB, 0);
	signal_with(SIGTRAP, TRAP_TRACE, (void __user *)regs->ip);
}

void isahp_raise_undefined(struct pt_regs *regs)
{
	note(X86_TRAP_UD, 0);
	signal_with(SIGILL, ILL_ILLOPN, (void __user *)regs->ip);
}
