/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which changes a guest may be asked for. Pure: sets in, sets or a refusal out.
 */
#ifndef ISAHP_SHIM_POLICY_H
#define ISAHP_SHIM_POLICY_H

#include <isahp/abi.h>
#include <stdbool.h>

#include "error.h"

/**
 * struct isahp_policy - what the rules look at
 * @present: what is announced now.
 * @envelope: what may ever be announced.
 * @pinned: what the guest's kernel can not lose, as it reported.
 * @xcr0: XSAVE components the guest has enabled, as it reported.
 * @registered: @pinned and @xcr0 were reported. When not, everything that may
 *	be enabled counts as enabled, and nothing as supported.
 * @no_state: nothing carries an XSAVE image and nothing moves (loopback):
 *	features that own state may be played.
 * @play_silent: silent features may be played too. Only with @no_state.
 */
struct isahp_policy {
	struct isahp_features present;
	struct isahp_features envelope;
	struct isahp_features pinned;
	__u64 xcr0;
	bool registered;
	bool no_state;
	bool play_silent;
};

/**
 * isahp_policy_remove - may these features leave
 * @policy: the facts.
 * @remove: what shall go.
 * @ret_leaving: @remove and what depends on it, as far as present.
 * @err: on refusal, every feature that is in the way with the reason.
 *
 * Return: 0 or -EPERM.
 */
int isahp_policy_remove(const struct isahp_policy *policy,
			const struct isahp_features *remove,
			struct isahp_features *ret_leaving,
			struct isahp_error *err);

/**
 * isahp_policy_add - may these features arrive
 * @policy: the facts; @policy->present is what is there already.
 * @add: what shall come.
 * @ret_present: what will be present then.
 * @err: on refusal, every feature that is in the way with the reason.
 *
 * Return: 0 or -EPERM.
 */
int isahp_policy_add(const struct isahp_policy *policy,
		     const struct isahp_features *add,
		     struct isahp_features *ret_present,
		     struct isahp_error *err);

/**
 * isahp_policy_move - may the guest move to a host with these features
 * @policy: the facts.
 * @target: what the other host has.
 * @ret_leaving: what has to leave before.
 * @err: on refusal, as above.
 *
 * What the target has more than this host is the target's own to announce.
 *
 * Return: 0 or -EPERM.
 */
int isahp_policy_move(const struct isahp_policy *policy,
		      const struct isahp_features *target,
		      struct isahp_features *ret_leaving,
		      struct isahp_error *err);

#endif /* ISAHP_SHIM_POLICY_H */
