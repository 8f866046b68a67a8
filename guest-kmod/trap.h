/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place where #UD arrives, of user code and of programs that the kernel
 * compiled. Whoever can finish what trapped
 * is asked in turn; a #UD that is nobody's goes its way untouched.
 */
#ifndef ISAHP_KMOD_TRAP_H
#define ISAHP_KMOD_TRAP_H

/** isahp_trap_init - from now on, look at each #UD. Return: 0 or -errno. */
int isahp_trap_init(void);

/** isahp_trap_exit - upon return nobody is inside a handler any more */
void isahp_trap_exit(void);

#endif /* ISAHP_KMOD_TRAP_H */
