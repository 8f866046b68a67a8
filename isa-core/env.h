/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The only thing isa-core knows of the place it runs in.
 *
 * The same objects are linked into the guest's kernel, into the library, the
 * daemon and the tests. They need integers, memcpy/memset/memcmp, errno values
 * and ordered access to a 32-bit word; nothing else, and no allocation.
 */
#ifndef ISAHP_CORE_ENV_H
#define ISAHP_CORE_ENV_H

#ifdef __KERNEL__

#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#endif

/* Both compilers of this project are GNU C: one spelling serves everywhere. */
#define ISAHP_LOAD_ACQUIRE(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ISAHP_LOAD_RELAXED(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define ISAHP_STORE_RELEASE(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define ISAHP_STORE_RELAXED(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define ISAHP_FENCE_ACQUIRE() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define ISAHP_FENCE_RELEASE() __atomic_thread_fence(__ATOMIC_RELEASE)
#define ISAHP_FENCE_FULL() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif /* ISAHP_CORE_ENV_H */
