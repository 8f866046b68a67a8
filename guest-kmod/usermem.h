/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the current thread as an instruction of it would reach it, from
 * where nothing may fault: what isa-core's emulator is given.
 */
#ifndef ISAHP_KMOD_USERMEM_H
#define ISAHP_KMOD_USERMEM_H

#include <linux/types.h>
#include <isa-core/emulate.h>

/**
 * isahp_usermem_ops - memory, code and segments of the current thread
 *
 * Context: interrupts off since the thread left user mode.
 */
extern const struct isahp_emulate_ops isahp_usermem_ops;

/**
 * isahp_usermem_fetch - read the bytes of an instruction
 * @ip: linear address.
 * @buf: receives up to @size bytes.
 * @size: at most a page.
 *
 * Context: as above.
 *
 * Return: how many could be read, from the first on.
 */
size_t isahp_usermem_fetch(unsigned long ip, void *buf, size_t size);

#endif /* ISAHP_KMOD_USERMEM_H */
