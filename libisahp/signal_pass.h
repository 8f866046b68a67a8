/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals on behalf of the kernel: from within a handler, another handler is
 * called as the kernel would have, or the process dies as it would have.
 */
#ifndef ISAHP_SIGNAL_PASS_H
#define ISAHP_SIGNAL_PASS_H

#include <signal.h>
#include <ucontext.h>
#include "own_fault.h"

/**
 * isahp_signal_call - call a handler in another's place
 * @action: has one.
 * @info: siginfo_t.
 * @context: as it was interrupted; the handler may change it.
 *
 * With @action's mask on top of the context's, on the stack at hand. SA_RESETHAND
 * is the caller's.
 */
void isahp_signal_call(const struct sigaction *action, siginfo_t *info,
		       ucontext_t *context);

/**
 * isahp_signal_die - the default action, where the context is
 * @info: of a signal that ends processes.
 * @context: gets the signal unblocked.
 *
 * It happens when the handler returns to @context, so that a core dump shows
 * that; with @info as it is.
 */
void isahp_signal_die(siginfo_t *info, ucontext_t *context);

/**
 * isahp_signal_raise - what a fault of the instruction at @context ends in
 * @fault: of it.
 * @context: of before the instruction.
 *
 * A handler is called, else the process dies; it does, too, where the signal is
 * blocked or ignored, as the kernel has it.
 */
void isahp_signal_raise(struct isahp_own_fault *fault, ucontext_t *context);

#endif /* ISAHP_SIGNAL_PASS_H */
