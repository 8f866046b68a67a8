/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * #GP of user code at the 32-bit entry.
 *
 * A disarmed SYSENTER (MSR_IA32_SYSENTER_CS = 0) is a #GP wherever it is
 * executed at all: on Intel between a PREPARE and the move, and by hypervisors
 * that emulate it. The die notifiers are not asked about a user's #GP.
 */
#ifndef ISAHP_KMOD_GP_H
#define ISAHP_KMOD_GP_H

#include <linux/types.h>

/**
 * isahp_gp_init - from now on, look at each #GP of user code
 *
 * Never fails: see isahp_gp_works(). Context: sleeps.
 */
void isahp_gp_init(void);

/** isahp_gp_works - is a SYSENTER that is disarmed finished, or does it kill */
bool isahp_gp_works(void);

/** isahp_gp_exit - upon return nobody is inside the handler any more */
void isahp_gp_exit(void);

#endif /* ISAHP_KMOD_GP_H */
