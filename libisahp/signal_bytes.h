/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libc's memcpy() and its like were bound to the CPU that the program started
 * on: in the handler of SIGILL they could be what traps. What is in libisahp.so
 * has its own (signal_bytes.c), by the linker's --wrap. In the static library,
 * for tests, they are libc's.
 *
 * Included by what runs in that handler, and uses them.
 */
#ifndef ISAHP_SIGNAL_BYTES_H
#define ISAHP_SIGNAL_BYTES_H

#include <stddef.h>
#include <string.h>

void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__wrap_memset(void *to, int byte, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n);

#endif /* ISAHP_SIGNAL_BYTES_H */
