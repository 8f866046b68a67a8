/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change of a pool means for each of its VMs, and in which order it is
 * done while they run: hosts join, leave, get other microcode or another kernel;
 * the level is raised or lowered.
 *
 * Nothing is done here. A plan is steps: requests as isahpd takes them, and what
 * an operator does to hosts and to the pool's file.
 */
#ifndef ISAHP_SHIM_PLAN_H
#define ISAHP_SHIM_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "admission.h"
#include "error.h"
#include "level.h"
#include "pool.h"
#include "record.h"

#define ISAHP_PLAN_FORMAT 1 /* of the JSON form */
#define ISAHP_PLAN_VMS_MAX 1000000
#define ISAHP_PLAN_NONE ((size_t)-1)

/**
 * struct isahp_plan_vm - a VM and where it is
 * @record: its attributes.
 * @host: it runs on, a host of the pool as it is.
 */
struct isahp_plan_vm {
	const struct isahp_vm_record *record;
	const char *host;
};

/**
 * struct isahp_plan_change - what shall happen; all zero: nothing
 * @joining: profiles of hosts that the pool does not have yet.
 * @joining_count: of @joining.
 * @leaving: names of hosts.
 * @leaving_count: of @leaving.
 * @replaced: what hosts of the pool will be like, after a change of microcode,
 *	kernel or firmware; by name.
 * @replaced_count: of @replaced.
 * @live: hosts are changed while they run VMs (microcode that is loaded late).
 *	Otherwise a host is restarted, one after the other, and its VMs leave it.
 * @relevel: @level counts.
 * @level: what CPUID shows at most from now on; NULL: all that hosts have in
 *	common.
 * @room: VMs that a host takes at most; 0: nobody has said.
 */
struct isahp_plan_change {
	const struct isahp_profile *const *joining;
	size_t joining_count;
	const char *const *leaving;
	size_t leaving_count;
	const struct isahp_profile *const *replaced;
	size_t replaced_count;
	bool live;
	bool relevel;
	const struct isahp_level *level;
	size_t room;
};

/* X(SYMBOL, word in JSON, phrase; %s: a host, or what is rested on) */
#define ISAHP_PLAN_WHY_TABLE(X) \
/* it wins something */ \
X(GOES, "moves", "%s, where it goes, has it") \
X(GETS, "host-changed", "%s, where it is, gets it") \
X(EVERYWHERE, "everywhere", "every host has it now: %s had not") \
X(ALLOWED, "allowed", "it may be announced now") \
X(SHOWN, "level", "the pool's level shows it now") \
X(UNIFORM, "images", "the hosts' register images are alike now") \
/* it loses something */ \
X(LACKS, "host-lacks", "%s, where it will be, lacks it") \
X(HELD, "withheld", "it could not be taken back, and %s lacks it") \
X(WITHHELD, "withheld", "it may not be announced any more") \
X(HIDDEN, "level", "the pool's level hides it now") \
/* it could have something, and has not */ \
X(UNANNOUNCED, "not-announced", "its host has it, and nobody has announced it yet") \
X(MOVE, "move", "%s has it, and it would be announced there") \
X(RESTART, "restart", "the pool's CPUID shows it: the VM does from its next start") \
X(LEVEL, "level", \
  "every host has it, and the pool's level hides it: raise it, then restart the VM") \
X(IMAGES, "images", \
  "every host has it, but their register images differ: no baseline has it") \
X(MASKED, "masked", "the baseline hides it: %s lacks it") \
X(OUTSIDE, "outside-envelope", \
  "outside the envelope that the VM was given: widen it (vm set --envelope)") \
X(PINNED_OUT, "pinned-out", "it could not be taken back, and %s lacks it") \
X(GUEST, "guest-untold", \
  "the guest has not said what it enabled: load isahp.ko there") \
X(ERRATUM, "erratum", "hidden for an erratum of a host") \
/* each of them */ \
X(RESTS, "needs", "it rests on %s, which is kept from the VM")

/** enum isahp_plan_why - ISAHP_PLAN_<SYMBOL> */
#define ISAHP_PLAN_ENUM(sym, ...) ISAHP_PLAN_##sym,
enum isahp_plan_why {
	ISAHP_PLAN_WHY_TABLE(ISAHP_PLAN_ENUM)
	ISAHP_PLAN_WHYS,
};
#undef ISAHP_PLAN_ENUM

/**
 * struct isahp_plan_item - a feature, and why
 * @feature: its number.
 * @why: enum isahp_plan_why.
 * @who: the host that decides, or the feature rested on; NULL: neither.
 */
struct isahp_plan_item {
	__u16 feature;
	__u8 why;
	const char *who;
};

/**
 * struct isahp_plan_items - a list
 * @array: @count of them; owned.
 * @count: in use.
 */
struct isahp_plan_items {
	struct isahp_plan_item *array;
	size_t count;
};

/**
 * struct isahp_plan_cell - may VMs of one kind go to hosts of one kind
 * @judged: somebody has asked, and the others count.
 * @admitted: they may.
 * @acts: what their kernels do about 32-bit system calls, ISAHP_ARRIVAL_*.
 * @leaving: what programs have to let go of before.
 * @refusals: of the admission of one such VM to one such host; owned.
 */
struct isahp_plan_cell {
	bool judged;
	bool admitted;
	__u8 acts;
	struct isahp_features leaving;
	struct isahp_admission_items *refusals;
};

/**
 * struct isahp_plan_bar - hosts of one kind where VMs cannot go
 * @class: of the hosts.
 * @newly: there were no such hosts before.
 * @refusals: the reasons.
 */
struct isahp_plan_bar {
	size_t class;
	bool newly;
	const struct isahp_admission_items *refusals;
};

/**
 * struct isahp_plan_class - hosts with the same profile but for their names
 * @name: of the first of them; "NAME (before)" where that will be another.
 * @profile: of the first, by name, that is so after the change, or else before.
 * @before: how many hosts of the pool are so,
 * @after: and how many will be.
 */
struct isahp_plan_class {
	char name[ISAHP_PROFILE_NAME_SIZE + 16];
	const struct isahp_profile *profile;
	size_t before;
	size_t after;
};

/**
 * struct isahp_plan_group - VMs alike, on hosts alike: judged once
 * @vms: numbers of the plan's VMs, @vm_count of them, sorted; owned.
 * @vm_count: of @vms.
 * @from: class of the host where they are, and
 * @to: where they will be.
 * @moves: they leave their host.
 * @stuck: they would have to, and cannot.
 * @wins: by the change.
 * @loses: by the change.
 * @debt: what its host or the pool could give before the change, and it has not.
 * @debt_after: what is left of that when all is done, and what is added.
 * @add: what is announced to them in the end.
 * @beyond: of its baseline, what the pool does not promise any more: while the
 *	VM runs it cannot go where that is missing.
 * @reach_before: hosts where it could go, other than its own,
 * @reach: and where it can when all is done.
 * @bars: where it cannot; owned.
 * @bar_count: of @bars.
 */
struct isahp_plan_group {
	size_t *vms;
	size_t vm_count;
	size_t from;
	size_t to;
	bool moves;
	bool stuck;
	struct isahp_plan_items wins;
	struct isahp_plan_items loses;
	struct isahp_plan_items debt;
	struct isahp_plan_items debt_after;
	struct isahp_features add;
	struct isahp_features beyond;
	size_t reach_before;
	size_t reach;
	struct isahp_plan_bar *bars;
	size_t bar_count;
};

/** enum isahp_plan_do - what a step is */
enum isahp_plan_do {
	ISAHP_PLAN_REMOVE,	/* announce, and wait for the acknowledgement */
	ISAHP_PLAN_LOWER,	/* VMs that boot from here on are promised less */
	ISAHP_PLAN_JOIN,	/* the host may be used */
	ISAHP_PLAN_MIGRATE,
	ISAHP_PLAN_LEAVE,	/* the host is empty */
	ISAHP_PLAN_CHANGE,	/* new microcode, kernel, firmware */
	ISAHP_PLAN_RAISE,	/* VMs that boot from here on are promised more */
	ISAHP_PLAN_ADD,		/* announce */
	ISAHP_PLAN_DOS,
};

/**
 * struct isahp_plan_step - one step
 * @phase: from 1: a step may begin when all of lower phases are done; those of
 *	one phase in any order, or at once.
 * @what: enum isahp_plan_do.
 * @vm: number of the VM, or ISAHP_PLAN_NONE.
 * @host: where it is, or the host that it is about, or NULL.
 * @to: where it goes, or NULL.
 * @features: to add or remove; the baseline; what is kept on the way.
 * @leaving: of a migration: what programs have to let go of.
 * @vendor: of a migration: of the CPU there.
 * @acts: of a migration: ISAHP_ARRIVAL_*.
 * @blocked: it cannot be done: VMs are stuck on the host.
 */
struct isahp_plan_step {
	unsigned int phase;
	enum isahp_plan_do what;
	size_t vm;
	const char *host;
	const char *to;
	struct isahp_features features;
	struct isahp_features leaving;
	__u32 vendor;
	unsigned int acts;
	bool blocked;
};

/**
 * struct isahp_plan_stuck - a VM that has to leave its host and cannot
 * @vm: number of the VM.
 * @group: it is of.
 * @full: hosts would take it, but have no room.
 * @nearest: class of the hosts with the fewest objections; ISAHP_PLAN_NONE where
 *	no host is left to look at.
 */
struct isahp_plan_stuck {
	size_t vm;
	size_t group;
	bool full;
	size_t nearest;
};

/**
 * struct isahp_plan - the whole
 * @pool: its name.
 * @vms: as given, sorted by name; owned.
 * @vm_count: of @vms.
 * @from: number of the host of each VM, and
 * @to: of where it will be; by number of the VM. Owned, as the arrays below.
 * @classes: kinds of hosts.
 * @class_count: of @classes.
 * @class_of: kind of each host, by number, before, and
 * @class_after: after; ISAHP_PLAN_NONE where it is not there.
 * @hosts: their names, sorted: of those that are or will be in the pool.
 * @host_count: of @hosts.
 * @groups: of VMs.
 * @group_count: of @groups.
 * @baseline: what the pool promises, and
 * @baseline_after: will promise.
 * @won: of the baseline; why.
 * @lost: of the baseline; why.
 * @stuck: VMs that are in the way; none: the plan can be carried out.
 * @stuck_count: of @stuck.
 * @steps: in order.
 * @step_count: of @steps.
 * @cells: admissions, by kind of VM, then of host.
 * @cell_count: of @cells.
 * @judged: those of them that were asked for.
 *
 * Names and profiles are borrowed: pool, change and records stay.
 */
struct isahp_plan {
	char pool[ISAHP_PROFILE_NAME_SIZE];
	const struct isahp_plan_vm **vms;
	size_t vm_count;
	size_t *from;
	size_t *to;
	struct isahp_plan_class *classes;
	size_t class_count;
	size_t *class_of;
	size_t *class_after;
	const char **hosts;
	size_t host_count;
	struct isahp_plan_group *groups;
	size_t group_count;
	struct isahp_features baseline;
	struct isahp_features baseline_after;
	struct isahp_plan_items won;
	struct isahp_plan_items lost;
	struct isahp_plan_stuck *stuck;
	size_t stuck_count;
	struct isahp_plan_step *steps;
	size_t step_count;
	struct isahp_plan_cell *cells;
	size_t cell_count;
	size_t judged;
};

/**
 * isahp_plan_make - think a change through
 * @pool: as it is.
 * @vms: those that run in it, in any order: it does not matter, nor does the
 *	order of hosts.
 * @vm_count: of @vms.
 * @change: NULL: none: what is owed to the VMs as it is, and how to give it.
 * @ret: to be freed; untouched on failure.
 * @err: names the host or VM and what is wrong.
 *
 * VMs that differ in nothing but their names, and hosts likewise, are judged
 * once: the time is that of VMs times kinds of hosts.
 *
 * Return: 0, also where VMs are stuck; -EINVAL: a host or VM that there is twice
 * or not at all; -EPERM: the changed pool promises nothing, as isahp_pool_merge();
 * -E2BIG; -ENOMEM.
 */
int isahp_plan_make(const struct isahp_pool *pool, const struct isahp_plan_vm *vms,
		    size_t vm_count, const struct isahp_plan_change *change,
		    struct isahp_plan *ret, struct isahp_error *err);

/** isahp_plan_free - what it owns; all zero then */
void isahp_plan_free(struct isahp_plan *plan);

/** isahp_plan_exit - enum isahp_error_class: ISAHP_ERROR_POLICY where VMs are stuck */
enum isahp_error_class isahp_plan_exit(const struct isahp_plan *plan);

/**
 * isahp_plan_to_json - stable: docs/policy.md
 *
 * Return: a new object; NULL: out of memory.
 */
json_t *isahp_plan_to_json(const struct isahp_plan *plan);

/**
 * isahp_plan_to_text - the same for people
 *
 * Return: to be given to free(); NULL: out of memory.
 */
char *isahp_plan_to_text(const struct isahp_plan *plan);

/** isahp_plan_word - a reason as JSON has it */
const char *isahp_plan_word(enum isahp_plan_why why);

/** isahp_plan_say - a reason as people read it, with the host */
void isahp_plan_say(const struct isahp_plan_item *item, char *text, size_t size);

/** isahp_plan_do_word - a step as JSON has it: announce-remove, lower-baseline ... */
const char *isahp_plan_do_word(enum isahp_plan_do what);

#endif /* ISAHP_SHIM_PLAN_H */
