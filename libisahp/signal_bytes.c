// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signal_bytes.h"

/* In assembly, since a compiler makes calls of memcpy() of such loops. */

void *__wrap_memcpy(void *to, const void *from, size_t n)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *__wrap_memmove(void *to, const void *from, size_t n)
{
	char *last = (char *)to + n - 1;
	const char *source = (const char *)from + n - 1;

	if ((size_t)((char *)to - (const char *)from) >= n)
		return __wrap_memcpy(to, from, n);
	__asm__ volatile("std; rep movsb; cld"
			 : "+D"(last), "+S"(source), "+c"(n) : : "memory");
	return to;
}

void *__wrap_memset(void *to, int byte, size_t n)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
	return to;
}

int __wrap_memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
