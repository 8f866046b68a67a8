/* SPDX-License-Identifier: MIT */
/*
 * Where there is no kernel module to finish instructions that have gone (in a
 * container, after a checkpoint was restored on another CPU) a handler of SIGILL
 * can: it carries out what trapped on the registers of the signal's frame, and
 * the program goes on behind it.
 *
 * It is slow, some microseconds for each signal, and for code that nobody could
 * move: what is an operation of <isahp/isahp.h> follows by itself and never traps.
 * It is asked for by isahp_emulation_install() alone.
 *
 * A signal does not end with the instruction that trapped: the next of its kind is
 * near, and instructions between them, which the CPU has, are carried out as well
 * where that costs less than another signal. A run ends before whatever would
 * fault, system calls, what is in other than ordinary memory, code that is mapped
 * since isahp_emulation_install() but for the page that trapped, CALL and RET of
 * threads with a shadow stack, and stores to the stack that the handler runs on: a
 * thread with an alternate one gets farther.
 *
 * What it can not promise:
 *
 *  - LZCNT and TZCNT do not trap where they are missing: they compute something
 *    else. A program that came to such a CPU is wrong, and stays so.
 *  - A thread that blocks SIGILL, or whose signal stack is too small for a frame
 *    of this CPU (getauxval(AT_MINSIGSTKSZ)) and 16 KiB, is killed.
 *  - A seccomp filter that forbids rt_sigprocmask, futex or clone kills where it
 *    is asked to; else they are done without, see isahp_emulation_install().
 *  - Vector registers are those that the frame has: AVX's need a kernel and a CPU
 *    with AVX, which AVX2 and FMA on top of it do not.
 *  - Memory with a protection key other than 0 is closed to signal handlers, and so
 *    to this one: SIGSEGV. Addresses with metadata (LAM) end in one as well.
 *  - Memory of devices, by an instruction that traps: to ask whether it is there
 *    reads or writes a word of it. Other instructions leave it alone, but before
 *    Linux 5.14 they may read a word.
 *  - Between the look at memory and the access another thread can take it away,
 *    for as long as @limit says: the fault is then found inside this library, at
 *    the right address.
 *  - Restartable sequences (rseq): a signal aborts them, so what traps in one never
 *    gets behind it, and is passed on as if it were not ours. None is begun on the
 *    way; a thread whose area for them is not libc's (glibc 2.35 and later) goes
 *    on one instruction at a time.
 *  - Breakpoints in debug registers are not hit by what is carried out here.
 */
#ifndef ISAHP_EMULATION_H
#define ISAHP_EMULATION_H

#include <isahp/isahp.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Only what traps is carried out, and nothing that follows it: for a debugger's
 * hardware breakpoints, for handlers of SIGSEGV that look at where it came from.
 */
#define ISAHP_EMULATION_ALONE 1u

/**
 * struct isahp_emulation_options - what is to be emulated
 * @size: sizeof(struct isahp_emulation_options).
 * @flags: zero, or ISAHP_EMULATION_ALONE.
 * @reserved: zero.
 * @features: those whose instructions are carried out, whatever CPUID shows.
 *	Empty: those that CPUID does not show on the CPU at hand. It is asked again
 *	whenever one traps that was not known to be missing, as after a checkpoint
 *	was restored elsewhere. abm and bmi1 are only emulated where they are named:
 *	they lack LZCNT and TZCNT in silence, and to die is better.
 * @native: one signal carries on behind what trapped, also through what the CPU
 *	has, until so many of these in a row were its own. 0: 256. A signal costs
 *	7.5 us under a KVM that intercepts #UD, 2.7 without, an instruction here 9
 *	ns, of vectors 60 (measured, Zen 4): what a signal costs is worth 40 to
 *	800 of them.
 * @limit: and until so many in all; other signals wait for that long. 0: 8192,
 *	which is 0.1 to 0.5 ms. 1: as ISAHP_EMULATION_ALONE.
 */
struct isahp_emulation_options {
	size_t size;
	uint32_t flags;
	uint32_t reserved;
	struct isahp_features features;
	uint32_t native;
	uint32_t limit;
};

/**
 * isahp_emulation_install - finish instructions that the CPU does not have
 * @options: NULL for the defaults.
 *
 * Becomes the process's handler of SIGILL. Any other SIGILL, and what can not be
 * carried out, goes to the handler that was there before, called as the kernel
 * would have: with its mask and its flags, the same siginfo and context; and
 * where there was none the process dies of it. Install it behind your own
 * handler; one that is installed later, and does not know of this one, replaces
 * it: call isahp_emulation_signal() in that.
 *
 * An instruction happens as a whole or not at all. One that would have faulted
 * ends in the signal that the CPU would have raised, with the registers before
 * it: a SIGSEGV, SIGBUS or SIGFPE handler is called with the same si_code and
 * si_addr, and what it repairs is tried again. What such a fault is, is found out
 * by a child that shares the memory and takes it; where none can be made (clone
 * is refused) SIGBUS and protection keys are not told from SIGSEGV.
 *
 * Such handlers run on the stack that SIGILL's runs on: the alternate one of the
 * thread, where it has one, unless a handler of SIGILL was there before, and did
 * not ask for it.
 *
 * Lasts over fork(). Not in 32-bit code segments.
 *
 * -EALREADY: is installed; -EINVAL; -E2BIG: the options say something that this
 * library is too old for; -EOPNOTSUPP: names a feature of which no instruction
 * can be carried out, or there is no emulator for this architecture.
 */
ISAHP_API int isahp_emulation_install(const struct isahp_emulation_options *options);

/**
 * isahp_emulation_remove - no longer be the handler of SIGILL
 *
 * What was there before is installed again.
 *
 * -ENOENT: not installed; -EBUSY: somebody else has become the handler since, and
 * may be calling this one: it stays.
 */
ISAHP_API int isahp_emulation_remove(void);

/**
 * isahp_emulation_signal - for an application's own handler of SIGILL
 * @info: siginfo_t and
 * @context: ucontext_t that the handler was given.
 *
 * To be called in a handler that was installed with SA_SIGINFO; may be called
 * there only. It should have all signals in its mask but SIGSEGV, SIGBUS, SIGFPE
 * and SIGTRAP: SIGILL is blocked, and what is emulated kills in a handler that
 * interrupts it. Needs no isahp_emulation_install(): without one it takes the
 * defaults, and stays in the page of code that trapped.
 *
 * Return: 1: it was an instruction of ours, and has been carried out, or has
 * ended in its signal; the handler returns. 0: it is somebody else's.
 */
ISAHP_API int isahp_emulation_signal(void *info, void *context);

/**
 * struct isahp_emulation_status - what has been emulated
 * @size: sizeof(struct isahp_emulation_status), set by the caller.
 * @installed: 1 after isahp_emulation_install().
 * @reserved: zero.
 * @emulated: features that are chosen, or known to be missing, and of which every
 *	instruction can be carried out. Of others some may be.
 * @traps: signals that were looked at,
 * @foreign: and those of them that were none of ours.
 * @instructions: of those features that were carried out.
 * @faults: instructions that ended in a signal of their own.
 * @by_feature: signals in which something was carried out, by number of the
 *	feature that the one which trapped is of.
 * @runs: signals in which more than one instruction was carried out,
 * @native: and those of them that the CPU would have carried out as well.
 */
struct isahp_emulation_status {
	size_t size;
	uint32_t installed;
	uint32_t reserved;
	struct isahp_features emulated;
	uint64_t traps;
	uint64_t foreign;
	uint64_t instructions;
	uint64_t faults;
	uint64_t by_feature[ISAHP_FEATURE_MAX];
	uint64_t runs;
	uint64_t native;
};

/**
 * isahp_emulation_status - ask what has been emulated
 * @ret_status: @size set, the rest filled in up to it.
 *
 * Counts are of the process, a fork's child goes on from its parent's. Also in
 * signal handlers.
 *
 * -EINVAL: size too small to hold anything.
 */
ISAHP_API int isahp_emulation_status(struct isahp_emulation_status *ret_status);

#if !ISAHP_SWAPS_

ISAHP_API int isahp_emulation_install(const struct isahp_emulation_options *options)
{
	(void)options;
	return -EOPNOTSUPP;
}

ISAHP_API int isahp_emulation_remove(void)
{
	return -ENOENT;
}

ISAHP_API int isahp_emulation_signal(void *info, void *context)
{
	(void)info;
	(void)context;
	return 0;
}

/* All zero. */
ISAHP_API int isahp_emulation_status(struct isahp_emulation_status *ret_status)
{
	size_t size;

	if (!ret_status ||
	    ret_status->size < offsetof(struct isahp_emulation_status, emulated))
		return -EINVAL;
	size = ret_status->size < sizeof(*ret_status) ? ret_status->size :
							sizeof(*ret_status);
	memset(ret_status, 0, size);
	ret_status->size = size;
	return 0;
}

#endif /* !ISAHP_SWAPS_ */

#ifdef __cplusplus
}
#endif

#endif /* ISAHP_EMULATION_H */
