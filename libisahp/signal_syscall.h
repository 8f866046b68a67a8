/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls that leave errno alone: what is carried out in a handler of SIGILL
 * may be code that looks at it.
 */
#ifndef ISAHP_SIGNAL_SYSCALL_H
#define ISAHP_SIGNAL_SYSCALL_H

#include <sys/syscall.h>

static inline long isahp_syscall6(long number, long a, long b, long c, long d, long e,
				  long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

/** isahp_syscall - of up to four arguments; -errno where it fails */
#define isahp_syscall(number, a, b, c, d) \
	isahp_syscall6(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

#endif /* ISAHP_SIGNAL_SYSCALL_H */
