/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel was built on at boot and can not lose while it runs. */
#ifndef ISAHP_KMOD_PINNED_H
#define ISAHP_KMOD_PINNED_H

#include <isahp/abi.h>
#include <isahp/features.h>

/**
 * isahp_pinned_init - look at what was chosen at boot
 *
 * That does not change until reboot. Context: after isahp_users_init().
 */
void isahp_pinned_init(void);

/**
 * isahp_pinned - what this kernel can not lose now
 *
 * What was chosen at boot, and what kernel code that is in use executes
 * (users.h).
 *
 * Context: sleeps.
 */
struct isahp_features isahp_pinned(void);

/** isahp_pinned_vendor - enum isahp_vendor that this kernel was booted on */
u32 isahp_pinned_vendor(void);

/**
 * isahp_pinned_describe - fill in what the host has to know of this kernel
 * @args: zeroed; versions and what is pinned, visible, enabled.
 */
void isahp_pinned_describe(struct isahp_register_args *args);

#endif /* ISAHP_KMOD_PINNED_H */
