/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copying to and from memory that somebody else reads or writes meanwhile.
 *
 * Every byte is touched exactly once: the compiler must neither repeat an access
 * (the other side may have changed it in between) nor invent one. Whether the
 * copy is consistent is for a sequence count around it to say.
 */
#ifndef ISAHP_CORE_SHARED_H
#define ISAHP_CORE_SHARED_H

#include "env.h"

/**
 * isahp_shared_read - copy out of shared memory
 * @dst: private, @size bytes.
 * @shared: aligned to 8 bytes.
 * @size: any.
 */
static inline void isahp_shared_read(void *dst, const void *shared, size_t size)
{
	const volatile __u8 *from = shared;
	__u8 *to = dst;
	size_t i;

	for (i = 0; i + 8 <= size; i += 8) {
		__u64 word = ISAHP_LOAD_RELAXED((const volatile __u64 *)(from + i));

		memcpy(to + i, &word, 8);
	}
	for (; i < size; i++)
		to[i] = from[i];
}

/**
 * isahp_shared_write - copy into shared memory
 * @shared: aligned to 8 bytes.
 * @src: private, @size bytes.
 * @size: any.
 */
static inline void isahp_shared_write(void *shared, const void *src, size_t size)
{
	volatile __u8 *to = shared;
	const __u8 *from = src;
	size_t i;

	for (i = 0; i + 8 <= size; i += 8) {
		__u64 word;

		memcpy(&word, from + i, 8);
		ISAHP_STORE_RELAXED((volatile __u64 *)(to + i), word);
	}
	for (; i < size; i++)
		to[i] = from[i];
}

#endif /* ISAHP_CORE_SHARED_H */
