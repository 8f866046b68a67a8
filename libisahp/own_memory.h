/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This process's own memory, at addresses that may be anything: what is not there
 * is said so, and raises no signal.
 *
 * Three ways were thought of. A handler of SIGSEGV that knows where accesses are
 * made would have to be the application's, too, and stay in front of it.
 * process_vm_readv() of itself is forbidden in many a container, does not ask
 * protection keys, and is not one access. So the kernel is asked whether a page
 * can be reached, by system calls that each program makes anyway, and the access
 * is made here: at full width, with all that the CPU checks. Between the two
 * another thread may take the page away; then the signal comes from here, with
 * the right address, and whoever repairs it is back here.
 */
#ifndef ISAHP_OWN_MEMORY_H
#define ISAHP_OWN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <isa-core/emulate.h>

/** isahp_own_memory - isa-core's way to it; the argument is not used */
extern const struct isahp_emulate_ops isahp_own_memory;

/**
 * isahp_own_memory_can_read - ask the kernel for a page
 * @address: in it. Of memory of a device a word is read.
 *
 * Context: signal handlers.
 */
bool isahp_own_memory_can_read(uint64_t address);

/**
 * isahp_own_memory_can_write - ask the kernel for a page
 * @address: in it.
 * @device: also if it is a device's: a word is written to it, as it was. Else the
 *	answer is no, and nothing is touched.
 *
 * Context: signal handlers.
 */
bool isahp_own_memory_can_write(uint64_t address, bool device);

/** isahp_own_memory_move - copy; 1, 2, 4, or 8 bytes by one access */
void isahp_own_memory_move(void *to, const void *from, size_t size);

/** isahp_own_memory_exchange - compare and exchange 1, 2, 4, or 8 bytes there */
void isahp_own_memory_exchange(uint64_t address, void *old, const void *new,
			       size_t size);

/**
 * isahp_own_memory_fetch - read code
 * @address: of the first byte.
 * @buf: gets up to @size bytes.
 * @size: at most 256.
 *
 * Context: signal handlers.
 *
 * Return: how many bytes could be read.
 */
size_t isahp_own_memory_fetch(uint64_t address, void *buf, size_t size);

#endif /* ISAHP_OWN_MEMORY_H */
