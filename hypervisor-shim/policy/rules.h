/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which changes a guest may be asked for. Pure: sets in, sets or a refusal out.
 */
#ifndef ISAHP_SHIM_RULES_H
#define ISAHP_SHIM_RULES_H

#include <isahp/abi.h>
#include <stdbool.h>

#include "error.h"
#include "layout.h"
#include "objection.h"

/**
 * struct isahp_rules - what the rules look at
 * @present: what is announced now.
 * @envelope: what may ever be announced.
 * @baseline: what the VM was promised for its whole life; empty: nothing was.
 * @pinned: what the guest's kernel can not lose, as it reported.
 * @gated: what this guest could not execute though its host has it:
 *	isahp_rules_gated() of a masked guest, otherwise empty.
 * @xcr0: XSAVE components the guest has enabled, as it reported.
 * @layout: of the guest's XSAVE images, as it reported.
 * @registered: @pinned and @xcr0 were reported. When not, everything that may
 *	be enabled counts as enabled, and nothing as supported.
 * @no_state: nothing carries an XSAVE image and nothing moves (loopback):
 *	features that own state may be played.
 * @play_silent: silent features may be played too. Only with @no_state.
 */
struct isahp_rules {
	struct isahp_features present;
	struct isahp_features envelope;
	struct isahp_features baseline;
	struct isahp_features pinned;
	struct isahp_features gated;
	__u64 xcr0;
	struct isahp_layout layout;
	bool registered;
	bool no_state;
	bool play_silent;
};

/**
 * struct isahp_target - what a guest would find on another host
 * @present: features that would be announced to it.
 * @shown: features that its CPUID would show. What it is pinned to has to be in
 *	one of the two: no shim announces SMEP.
 * @layout: of XSAVE images there; not known: not compared.
 */
struct isahp_target {
	struct isahp_features present;
	struct isahp_features shown;
	struct isahp_layout layout;
};

/**
 * isahp_rules_gated - what a hypervisor refuses to a guest that does not show it
 * @visible: what the guest's CPUID shows.
 *
 * Most instructions execute on a CPU that has them, whatever CPUID says: masked
 * mode rests on it. Of some, a hypervisor decides by the guest's CPUID whether
 * they are executed or raise #UD. VMX has controls for RDTSCP and RDPID, for
 * RDRAND and RDSEED, and for WAITPKG (Intel SDM vol. 3C, table 25-7, "secondary
 * processor-based VM-execution controls"); SVM intercepts RDTSCP, RDPRU and
 * MWAITX (AMD APM vol. 2, section 15.9). KVM uses them so, and makes of MWAITX a
 * NOP (arch/x86/kvm/vmx/vmx.c, vmx_secondary_exec_control(); svm/svm.c,
 * init_vmcb(), svm_recalc_instruction_intercepts()). FSGSBASE wants a bit of CR4
 * (SDM vol. 3A, 2.5), which a guest cannot set for what CPUID hides.
 *
 * Return: those that @visible lacks.
 */
struct isahp_features isahp_rules_gated(const struct isahp_features *visible);

/**
 * isahp_rules_remove - may these features leave
 * @rules: the facts.
 * @remove: what shall go.
 * @ret_leaving: @remove and what depends on it, as far as present.
 * @err: on refusal, every feature that is in the way with the reason.
 *
 * Return: 0 or -EPERM.
 */
int isahp_rules_remove(const struct isahp_rules *rules,
			const struct isahp_features *remove,
			struct isahp_features *ret_leaving,
			struct isahp_error *err);

/**
 * isahp_rules_add - may these features arrive
 * @rules: the facts; @rules->present is what is there already.
 * @add: what shall come.
 * @ret_present: what will be present then.
 * @err: on refusal, every feature that is in the way with the reason.
 *
 * Return: 0 or -EPERM.
 */
int isahp_rules_add(const struct isahp_rules *rules,
		     const struct isahp_features *add,
		     struct isahp_features *ret_present,
		     struct isahp_error *err);

/**
 * isahp_rules_move - may the guest move to another host
 * @rules: the facts.
 * @target: what the other host has.
 * @ret_leaving: what has to leave before.
 * @err: on refusal, every feature and XSAVE component that is in the way, with
 *	the reason.
 *
 * What the target has more than this host is the target's own to announce.
 *
 * Return: 0 or -EPERM.
 */
int isahp_rules_move(const struct isahp_rules *rules,
		      const struct isahp_target *target,
		      struct isahp_features *ret_leaving,
		      struct isahp_error *err);

/**
 * isahp_rules_move_each - the same, one objection at a time
 * @rules: the facts.
 * @target: what the other host has.
 * @ret_leaving: what would have to leave before, refused or not.
 * @each: called for every feature, by number, then every XSAVE component.
 * @context: for @each.
 *
 * Return: the number of objections; 0: the guest may move.
 */
size_t isahp_rules_move_each(const struct isahp_rules *rules,
			     const struct isahp_target *target,
			     struct isahp_features *ret_leaving,
			     isahp_objection_fn each, void *context);

#endif /* ISAHP_SHIM_RULES_H */
