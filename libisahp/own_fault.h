/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The signal in which an instruction of this thread would have ended.
 */
#ifndef ISAHP_OWN_FAULT_H
#define ISAHP_OWN_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct isahp_own_fault - a signal, and what its frame says of the trap
 * @info: as a handler is to be given it.
 * @vector: of the exception, REG_TRAPNO.
 * @error: its code, REG_ERR.
 * @address: CR2, if @has_address.
 * @has_address: it is a page fault.
 */
struct isahp_own_fault {
	siginfo_t info;
	unsigned int vector;
	unsigned long error;
	unsigned long address;
	bool has_address;
};

/**
 * isahp_own_fault_page - what an access would be answered with
 * @address: of a byte that can not be reached.
 * @write: whether it was to be written to.
 * @ret: filled in.
 *
 * Takes the page fault in a child that shares this process's memory and has
 * signal handlers of its own. Where none can be had it is guessed: SIGSEGV, and
 * whether there is something mapped.
 *
 * Context: signal handlers. Changes errno.
 *
 * Return: false if it can be reached by now.
 */
bool isahp_own_fault_page(uint64_t address, bool write,
			  struct isahp_own_fault *ret);

/**
 * isahp_own_fault_vector - what an exception is answered with
 * @vector: of DE, DB, SS, GP, AC, or XM.
 * @rip: of the instruction.
 * @mxcsr: with the flags that it raised.
 * @ret: filled in (Linux, arch/x86/kernel/traps.c).
 */
void isahp_own_fault_vector(unsigned int vector, uint64_t rip, unsigned int mxcsr,
			    struct isahp_own_fault *ret);

#endif /* ISAHP_OWN_FAULT_H */
