/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vector registers of the current thread, for an instruction of it that is to be
 * emulated: out of the image in which the kernel keeps them while it does not run,
 * and back into it.
 */
#ifndef ISAHP_KMOD_VECTORS_H
#define ISAHP_KMOD_VECTORS_H

#include <linux/types.h>
#include <isa-core/emulate.h>

/** isahp_vectors_init - learn where this CPU has its components in an image */
void isahp_vectors_init(void);

/**
 * isahp_vectors_load - the current thread's, as it left user mode with them
 *
 * From then on the image is what counts until the thread is back in user mode,
 * where the kernel loads it.
 *
 * Context: interrupts off; preemption since the thread left user mode.
 *
 * Return: this CPU's, to be changed and given to isahp_vectors_store() before
 * anything else runs on it but interrupts; NULL: this kernel keeps no such image,
 * or not what is asked.
 */
struct isahp_simd *isahp_vectors_load(void);

/**
 * isahp_vectors_store - what the current thread has when it is back in user mode
 * @simd: from isahp_vectors_load().
 *
 * Context: as above.
 */
void isahp_vectors_store(const struct isahp_simd *simd);

#endif /* ISAHP_KMOD_VECTORS_H */
