/* SPDX-License-Identifier: GPL-2.0-only */
/* The ciphers and hashes of the kernel's crypto API that need CPU features. */
#ifndef ISAHP_KMOD_CIPHERS_H
#define ISAHP_KMOD_CIPHERS_H

#include <linux/types.h>
#include <isahp/features.h>

/**
 * isahp_ciphers_init - find the list
 *
 * A kernel that does not show it: isahp_ciphers_features() says the worst.
 */
void isahp_ciphers_init(void);

/** isahp_ciphers_exit - what is hidden stays so for good */
void isahp_ciphers_exit(void);

/**
 * isahp_ciphers_features - what is in use
 * @ret_known: false: the list is not to be seen; nothing is known.
 *
 * In use is what somebody holds a reference to, as /proc/crypto's refcnt shows.
 *
 * Context: sleeps.
 */
struct isahp_features isahp_ciphers_features(bool *ret_known);

/**
 * isahp_ciphers_describe - names of drivers in use
 * @set: those that need one of these features.
 * @buf: appended to, a space before each.
 * @size: of @buf.
 */
void isahp_ciphers_describe(const struct isahp_features *set, char *buf, size_t size);

/**
 * isahp_ciphers_hold - hide what nobody uses; show again what was hidden
 * @gone: features that may not be entered.
 *
 * A hidden cipher is not found any more by those who look for one; they get
 * another driver of the same algorithm. Its module can not be unloaded meanwhile:
 * some find out what they registered by asking again what the CPU has.
 *
 * Context: sleeps.
 */
void isahp_ciphers_hold(const struct isahp_features *gone);

#endif /* ISAHP_KMOD_CIPHERS_H */
