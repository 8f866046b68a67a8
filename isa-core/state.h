/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a guest believes about its features, and which records may change it.
 *
 * Pure: no time, no locks, no I/O. The kernel module and the loopback shim run
 * the same rules, and the tests walk all of them.
 */
#ifndef ISAHP_CORE_STATE_H
#define ISAHP_CORE_STATE_H

#include "env.h"
#include <isahp/abi.h>
#include <isahp/uapi.h>

/* How many former epochs a guest refuses to hear of again. */
#define ISAHP_EPOCHS_RETIRED 16

/**
 * struct isahp_state - the last accepted record and what follows from it
 * @record: as accepted, features cut down to what this guest can use.
 * @phase: enum isahp_phase.
 * @fell: an unannounced move took features, and no record has come since.
 * @retired: epochs that were left, newest last; all zero where unused.
 * @xcr0: XSAVE components that this guest has enabled; features that own others
 *	are never taken as present. ~0 where no register image is carried.
 */
struct isahp_state {
	struct isahp_record record;
	__u32 phase;
	bool fell;
	__u8 retired[ISAHP_EPOCHS_RETIRED][ISAHP_EPOCH_SIZE];
	__u64 xcr0;
};

/**
 * enum isahp_outcome - what a record did
 * @ISAHP_OUTCOME_CHANGED: accepted: publish, wake, acknowledge in due course.
 * @ISAHP_OUTCOME_SAME: it is the one in force: repeat the acknowledgement.
 * @ISAHP_OUTCOME_NEW_EPOCH: as CHANGED, and the other side is another: register
 *	with it first.
 * @ISAHP_OUTCOME_STALE: older than what is in force, or of a retired epoch.
 * @ISAHP_OUTCOME_REFUSED: against the rules; state is as before.
 */
enum isahp_outcome {
	ISAHP_OUTCOME_CHANGED,
	ISAHP_OUTCOME_SAME,
	ISAHP_OUTCOME_NEW_EPOCH,
	ISAHP_OUTCOME_STALE,
	ISAHP_OUTCOME_REFUSED,
};

/**
 * isahp_state_init - nothing heard yet
 * @state: to be initialised.
 * @present: features to go by until a shim speaks: those of CPUID.
 * @vendor: enum isahp_vendor, by CPUID.
 * @xcr0: enabled components.
 */
void isahp_state_init(struct isahp_state *state,
		      const struct isahp_features *present, __u32 vendor,
		      __u64 xcr0);

/**
 * isahp_state_apply - let a record act on the state
 * @state: changed only on CHANGED and NEW_EPOCH.
 * @record: private copy whose CRC was right; nothing else of it is trusted.
 * @ret_why: on REFUSED, a sentence for the log, else untouched. May be NULL.
 */
enum isahp_outcome isahp_state_apply(struct isahp_state *state,
				     const struct isahp_record *record,
				     const char **ret_why);

/**
 * isahp_state_quiesced - the PREPARE in force was acknowledged
 * @state: in ISAHP_PHASE_LEAVING, else nothing happens.
 */
void isahp_state_quiesced(struct isahp_state *state);

/**
 * enum isahp_suspicion - what signs of a move mean
 * @ISAHP_SUSPECT_NOTHING: it is the move that was prepared and acknowledged.
 * @ISAHP_SUSPECT_HOST: the state may stand; who is at the other end may be
 *	somebody else, or may have heard of a future that did not happen.
 * @ISAHP_SUSPECT_STATE: the state may be wrong. A shim may be about to say so,
 *	and there is a moment to wait for it.
 * @ISAHP_SUSPECT_TRAPS: the state is wrong, and what it allows traps.
 */
enum isahp_suspicion {
	ISAHP_SUSPECT_NOTHING,
	ISAHP_SUSPECT_HOST,
	ISAHP_SUSPECT_STATE,
	ISAHP_SUSPECT_TRAPS,
};

/**
 * isahp_state_suspect - judge signs of a move
 * @state: in force.
 * @signs: ISAHP_MOVED_*, at least one.
 * @lost: features that CPUID showed before and does not now.
 */
enum isahp_suspicion isahp_state_suspect(const struct isahp_state *state,
					 __u32 signs,
					 const struct isahp_features *lost);

/**
 * isahp_state_moved - the guest turns out to have moved, and nobody said so
 * @state: any.
 * @visible: what CPUID shows now.
 * @vendor: enum isahp_vendor, by CPUID now.
 *
 * Nothing that a host said of the CPU before holds here. What stays usable is
 * what was usable and is shown by CPUID: hidden features of a masked guest fall,
 * and what was leaving is gone, shown or not. A guest that never heard a shim
 * goes by CPUID alone, so for it features may come as well. The epoch in force
 * is left for good, unless isahp_state_revive() follows; until a shim speaks the
 * phase is ISAHP_PHASE_DETACHED.
 */
void isahp_state_moved(struct isahp_state *state,
		       const struct isahp_features *visible, __u32 vendor);

/**
 * isahp_state_revive - an epoch that was left is alive after all
 * @state: any.
 * @epoch: named by a host in answer to a question asked after the move, so it is
 *	that host's present one. All other former epochs stay retired.
 */
void isahp_state_revive(struct isahp_state *state, const __u8 *epoch);

/**
 * isahp_state_event - the state as processes are told of it
 * @state: any.
 * @flags: ISAHP_STATE_F_* that are not the record's.
 * @deadline_ns: absolute, 0 for none.
 * @event: local number.
 */
struct isahp_event isahp_state_event(const struct isahp_state *state,
				     __u32 flags, __u64 deadline_ns,
				     __u64 event);

/**
 * isahp_state_usable - what programs may enter now
 * @state: any.
 */
struct isahp_features isahp_state_usable(const struct isahp_state *state);

#endif /* ISAHP_CORE_STATE_H */
