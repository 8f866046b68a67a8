/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signs that this guest was moved, or put back to an earlier moment, while
 * nobody told it: what CPUID shows, and the VM generation ID.
 *
 * Epochs are the third sign; those are for whoever reads records.
 */
#ifndef ISAHP_KMOD_MOVED_H
#define ISAHP_KMOD_MOVED_H

#include <isa-core/state.h>
#include <isahp/abi.h>
#include <isahp/features.h>

/**
 * struct isahp_moved - what a look has found
 * @signs: ISAHP_MOVED_*; 0: nothing changed since the last look.
 * @lost: features that CPUID showed then and does not now.
 * @visible: features that CPUID shows now.
 * @vendor: enum isahp_vendor, by CPUID now.
 * @since_ns: when the first of the signs was seen.
 */
struct isahp_moved {
	u64 since_ns;
	u32 signs;
	struct isahp_features lost;
	struct isahp_features visible;
	u32 vendor;
};

/**
 * isahp_moved_init - take a first look, and begin to listen
 *
 * From now on isahp_attachment_moved() is called every ISAHP_MOVED_LOOK_MS, and
 * at once when the hypervisor changes the VM generation ID.
 *
 * Return: 0 or -errno.
 */
int isahp_moved_init(void);

/** isahp_moved_exit - upon return nobody calls isahp_attachment_moved() any more */
void isahp_moved_exit(void);

/**
 * isahp_moved_look - compare with the last look, add what differs to the signs
 *
 * Context: sleeps; callers see to it that there is one at a time. Executes some
 * 20 CPUIDs, which a hypervisor intercepts: tens of microseconds.
 *
 * Return: whether anything does.
 */
bool isahp_moved_look(void);

/** isahp_moved_seen - are there signs that were not judged for good? */
bool isahp_moved_seen(void);

/**
 * isahp_moved_judge - is it time to believe the signs?
 * @state: in force.
 * @epoch_ns: when its epoch began, 0: never.
 * @patient: a shim may be about to explain them, or has just done so. There is
 *	no time for what traps already.
 * @ret_moved: receives them, unless the return value is ISAHP_SUSPECT_NOTHING.
 *
 * What is returned otherwise, or is explained, is forgotten.
 */
enum isahp_suspicion isahp_moved_judge(const struct isahp_state *state,
				       u64 epoch_ns, bool patient,
				       struct isahp_moved *ret_moved);

/** isahp_moved_forget - a record has come that says where this guest is */
void isahp_moved_forget(void);

/* How often is looked without any sign: within 1 s, scheduling included. */
#define ISAHP_MOVED_LOOK_MS 500

#endif /* ISAHP_KMOD_MOVED_H */
