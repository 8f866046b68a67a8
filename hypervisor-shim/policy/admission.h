/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May this VM go to that host, now? Everything that is in the way, who needs it,
 * and the smallest change that would allow it.
 *
 * What a running guest can lose is for rules.c to say, which isahpd refuses by
 * too; the rest is looked at here.
 */
#ifndef ISAHP_SHIM_ADMISSION_H
#define ISAHP_SHIM_ADMISSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "entry.h"
#include "field.h"
#include "objection.h"
#include "record.h"

/** enum isahp_admission_verdict - the answer */
enum isahp_admission_verdict {
	ISAHP_ADMITTED,		/* as it is */
	ISAHP_ADMITTED_AFTER,	/* once its programs have let go of something */
	ISAHP_REFUSED,
};

/* Who needs what is in the way; X(bit, SYMBOL, word, phrase) */
#define ISAHP_NEED_TABLE(X) \
X(0, BASELINE, "baseline", "the baseline that the VM was promised") \
X(1, KERNEL, "kernel", "its kernel") \
X(2, IMAGE, "xsave-image", "register images of its programs") \
X(3, PROGRAMS, "programs", "programs that use it") \
X(4, ERRATUM, "errata", "its kernel, to work around the host's CPU") \
X(5, ADDRESS, "address-bits", "addresses that it may use") \
X(6, ENTRY, "entry32", "its 32-bit programs")

/** enum isahp_admission_need - ISAHP_NEED_<SYMBOL>, bits */
#define ISAHP_NEED_ENUM(bit, sym, ...) ISAHP_NEED_##sym = 1 << (bit),
enum isahp_admission_need {
	ISAHP_NEED_TABLE(ISAHP_NEED_ENUM)
};
#undef ISAHP_NEED_ENUM

/*
 * What would have to change, from the smallest to the largest change.
 * X(SYMBOL, word)
 */
#define ISAHP_REMEDY_TABLE(X) \
X(PROFILE, "take-profile") \
X(STOP, "stop-process") \
X(MODULE, "load-guest-module") \
X(UPDATE, "update-isahp") \
X(HOST_KERNEL, "host-kernel") \
X(MICROCODE, "host-microcode") \
X(FIRMWARE, "host-firmware") \
X(OPTION, "guest-boot-option") \
X(RESTART, "restart-vm") \
X(NONE, "none")

/** enum isahp_admission_remedy - ISAHP_REMEDY_<SYMBOL> */
#define ISAHP_REMEDY_ENUM(sym, ...) ISAHP_REMEDY_##sym,
enum isahp_admission_remedy {
	ISAHP_REMEDY_TABLE(ISAHP_REMEDY_ENUM)
};
#undef ISAHP_REMEDY_ENUM

/**
 * struct isahp_admission_item - one thing that is in the way, or to be known
 * @kind: of objection.
 * @place: its bits in CPUID or in an MSR; width 0: it has none.
 * @needs: ISAHP_NEED_*.
 * @what: as "avx2", "PKRU state", "erratum mds".
 * @why: a phrase.
 * @remedy: enum isahp_admission_remedy.
 * @change: the remedy, as a phrase in the imperative.
 */
struct isahp_admission_item {
	enum isahp_objection_kind kind;
	struct isahp_place place;
	unsigned int needs;
	char what[64];
	char why[ISAHP_OBJECTION_WHY_SIZE];
	enum isahp_admission_remedy remedy;
	char change[256];
};

/**
 * struct isahp_admission_items - a list that grows
 * @array: @count of them; owned.
 * @count: in use.
 * @room: allocated.
 * @more: there were more than anybody reads.
 * @failed: memory ran out.
 */
struct isahp_admission_items {
	struct isahp_admission_item *array;
	size_t count;
	size_t room;
	bool more;
	bool failed;
};

/**
 * struct isahp_admission_options - choices; all zero is the safe default
 * @accepted: errata that the operator takes on himself, a mask.
 * @accept_entry: its 32-bit programs may die of their next system call.
 * @peers: other hosts: one with the same CPU that has what this one lacks tells
 *	that firmware or microcode is why.
 * @peer_count: of @peers.
 */
struct isahp_admission_options {
	__u64 accepted;
	bool accept_entry;
	const struct isahp_profile *const *peers;
	size_t peer_count;
};

/**
 * struct isahp_admission - the answer
 * @verdict: enum isahp_admission_verdict.
 * @vm: name.
 * @host: name.
 * @refusals: why not; sorted by remedy, the smallest change first.
 * @remarks: what is no reason to refuse, and worth knowing.
 * @leaving: what programs have to let go of before.
 * @arriving: what isahp can announce there beyond what the VM has now.
 * @arrival: what its kernel has to do about 32-bit system calls.
 */
struct isahp_admission {
	enum isahp_admission_verdict verdict;
	char vm[ISAHP_PROFILE_NAME_SIZE];
	char host[ISAHP_PROFILE_NAME_SIZE];
	struct isahp_admission_items refusals;
	struct isahp_admission_items remarks;
	struct isahp_features leaving;
	struct isahp_features arriving;
	struct isahp_arrival arrival;
};

/**
 * isahp_admission_check - may it go there
 * @vm: its record.
 * @host: the destination.
 * @options: NULL: all zero.
 * @ret: to be freed.
 * @err: says what went wrong with the check itself.
 *
 * What is in no source is no yes: a feature that the host's profile does not tell
 * of counts as in the way.
 *
 * Return: 0, whatever the verdict; -ENOMEM.
 */
int isahp_admission_check(const struct isahp_vm_record *vm,
			  const struct isahp_profile *host,
			  const struct isahp_admission_options *options,
			  struct isahp_admission *ret, struct isahp_error *err);

/**
 * isahp_admission_hidden - errata that do not matter to a VM
 * @vm: its record.
 *
 * Return: those of which it is known that its CPUID hides what they are about, a
 * mask.
 */
__u64 isahp_admission_hidden(const struct isahp_vm_record *vm);

/** isahp_admission_free - what it owns; all zero then */
void isahp_admission_free(struct isahp_admission *admission);

/** isahp_admission_exit - enum isahp_error_class: the exit code of a command */
enum isahp_error_class isahp_admission_exit(const struct isahp_admission *admission);

/**
 * isahp_admission_to_json - stable: docs/policy.md
 *
 * Return: a new object; NULL: out of memory.
 */
json_t *isahp_admission_to_json(const struct isahp_admission *admission);

/**
 * isahp_admission_to_text - the same for people, some lines
 *
 * Return: to be given to free(); NULL: out of memory.
 */
char *isahp_admission_to_text(const struct isahp_admission *admission);

/* --- for the parts of it ---------------------------------------------------- */

/** isahp_admission_add - one more item; sets @failed where memory is short */
void isahp_admission_add(struct isahp_admission_items *items,
			 const struct isahp_admission_item *item);

/**
 * isahp_admission_cpuid - compare what the VM's CPUID shows, field by field
 * @vm: its record; without a `cpuid` there is nothing to compare.
 * @host: the destination.
 * @admission: gets refusals and remarks.
 *
 * By the operators of field.h: a host admits a VM if merging it into what the VM
 * was shown would change nothing. Features of the table are not looked at: the
 * rules do.
 */
void isahp_admission_cpuid(const struct isahp_vm_record *vm,
			   const struct isahp_profile *host,
			   struct isahp_admission *admission);

/**
 * isahp_admission_errata - what the VM's kernel would have to see to
 * @vm: its record.
 * @host: the destination.
 * @errata: its own, a mask.
 * @options: errata that are accepted become remarks.
 * @admission: gets refusals and remarks.
 */
void isahp_admission_errata(const struct isahp_vm_record *vm,
			    const struct isahp_profile *host, __u64 errata,
			    const struct isahp_admission_options *options,
			    struct isahp_admission *admission);

/**
 * isahp_admission_hypercall - paravirtual calls of a kernel of the other vendor
 * @vm: its record; leaf 4000_0001h of its `cpuid` tells which it makes.
 * @host: the destination.
 * @admission: gets refusals; a remark where that was not told.
 */
void isahp_admission_hypercall(const struct isahp_vm_record *vm,
			       const struct isahp_profile *host,
			       struct isahp_admission *admission);

/**
 * isahp_admission_remedy - the smallest change that would let an item pass
 * @vm: its record.
 * @host: the destination.
 * @options: peers.
 * @objection: a feature or an XSAVE component.
 * @item: gets @remedy and @change.
 */
void isahp_admission_remedy(const struct isahp_vm_record *vm,
			    const struct isahp_profile *host,
			    const struct isahp_admission_options *options,
			    const struct isahp_objection *objection,
			    struct isahp_admission_item *item);

#endif /* ISAHP_SHIM_ADMISSION_H */
