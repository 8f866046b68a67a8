/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_TOOL_ARRAY_H
#define ISAHP_TOOL_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/**
 * array_grow - room for one more
 * @array: address of the pointer to the first member.
 * @count: members there are.
 * @room: members there is room for.
 * @size: of one.
 *
 * -ENOMEM.
 */
static inline int array_grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *old, *p;

	if (count < *room)
		return 0;
	/* Of whatever type the pointer is, it is not a void pointer's lvalue. */
	memcpy(&old, array, sizeof(old));
	p = reallocarray(old, more, size);
	if (!p)
		return -ENOMEM;
	memcpy(array, &p, sizeof(p));
	*room = more;
	/* cppcheck-suppress memleak ; @array has it */
	return 0;
}

/**
 * array_after - where in an array in order of address comes what is after one
 * @array: its members begin with an address, of 64 bits.
 * @count: of them.
 * @size: of one.
 * @address: that one.
 *
 * Return: how many members are at @address or before it.
 */
static inline size_t array_after(const void *array, size_t count, size_t size,
				 uint64_t address)
{
	size_t low = 0, high = count, middle;
	uint64_t begins;

	while (low < high) {
		middle = low + (high - low) / 2;
		memcpy(&begins, (const char *)array + middle * size, sizeof(begins));
		if (begins <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif /* ISAHP_TOOL_ARRAY_H */
