/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM is promised in a pool, what isahp may announce to it on each host,
 * and what is kept from it, with the reason.
 */
#ifndef ISAHP_SHIM_ENVELOPE_H
#define ISAHP_SHIM_ENVELOPE_H

#include <isahp/abi.h>
#include <jansson.h>
#include <stdbool.h>

#include "entry.h"
#include "error.h"
#include "profile.h"

/* X(SYMBOL, word in JSON, phrase): where a feature of some host ends up */
#define ISAHP_ENVELOPE_TABLE(X) \
X(ABSENT, "absent", "on no host") \
X(BASELINE, "baseline", "on every host: the VM's CPUID shows it") \
X(ANNOUNCED, "announced", "announced where the host has it, and taken back before a move") \
X(EVERYWHERE, "everywhere", \
  "on every host, so it never has to be taken back, which it could not be") \
X(SILENT, "silent", \
  "silent: where it is missing its instructions compute something else, and not every host has it") \
X(STATE_UNTOLD, "state-untold", \
  "owns XSAVE state, and the guest has not said what it enabled") \
X(STATE_OFF, "state-off", "owns XSAVE state that the guest has not enabled") \
X(STATE_HELD, "state-held", \
  "owns XSAVE state that the guest has enabled and cannot leave, and not every host has it") \
X(SYSTEM, "system", "for kernels, which look once, when they boot") \
X(GATED, "gated", \
  "hidden in the guest's CPUID, and refused by hypervisors where it is") \
X(ERRATUM, "erratum", "hidden for an erratum of a host") \
X(NEEDS, "needs", "needs a feature that is kept from the VM")

/** enum isahp_envelope_place - ISAHP_ENVELOPE_<SYMBOL> */
#define ISAHP_ENVELOPE_ENUM(sym, ...) ISAHP_ENVELOPE_##sym,
enum isahp_envelope_place {
	ISAHP_ENVELOPE_TABLE(ISAHP_ENVELOPE_ENUM)
	ISAHP_ENVELOPE_PLACES,
};
#undef ISAHP_ENVELOPE_ENUM

/**
 * struct isahp_envelope_guest - what is known of the VM
 * @masked: its CPUID shows the baseline and no more.
 * @booted: its CPUID is fixed: nothing can be hidden from it any more.
 * @registered: the two that follow were reported.
 * @pinned: what its kernel cannot lose.
 * @xcr0: XSAVE components that it has enabled.
 * @errata: what it works around, or will once booted: isahp_errata_found() in the
 *	CPUID that it is shown; with @accepted.
 * @accepted: what the operator takes on himself.
 * @boot_vendor: of its kernel; unknown before it boots.
 * @entry: what it can do about 32-bit system calls.
 */
struct isahp_envelope_guest {
	bool masked;
	bool booted;
	bool registered;
	struct isahp_features pinned;
	__u64 xcr0;
	__u64 errata;
	__u64 accepted;
	__u32 boot_vendor;
	enum isahp_entry_guest entry;
};

/**
 * struct isahp_envelope_host - one host
 * @profile: it.
 * @announce: what isahp may announce to the VM there, beyond the baseline.
 * @lacks: what the VM was promised or is pinned to, and the host has not.
 * @errata: that the VM's kernel does not work around.
 *
 * Where @lacks or @errata is not empty the VM cannot go there.
 */
struct isahp_envelope_host {
	const struct isahp_profile *profile;
	struct isahp_features announce;
	struct isahp_features lacks;
	__u64 errata;
};

/**
 * struct isahp_envelope - one VM in one pool
 * @baseline: what CPUID shows.
 * @envelope: @baseline and all that is announced on any host.
 * @pinned: as the guest told.
 * @hidden: errata for which something was taken out of the baseline, a mask.
 * @place: enum isahp_envelope_place of each feature, over all hosts.
 * @hosts: in the order given; owned.
 * @host_count: of @hosts.
 * @guest: as given.
 */
struct isahp_envelope {
	struct isahp_features baseline;
	struct isahp_features envelope;
	struct isahp_features pinned;
	__u64 hidden;
	__u8 place[ISAHP_FEATURE_MAX];
	struct isahp_envelope_host *hosts;
	size_t host_count;
	struct isahp_envelope_guest guest;
};

/**
 * isahp_envelope_usable - what a hypervisor on a host can give to a guest
 * @host: its profile.
 *
 * Return: its features, closed, and with the register state that they own
 * enabled there. What was not told is not among them.
 */
struct isahp_features isahp_envelope_usable(const struct isahp_profile *host);

/**
 * isahp_envelope_harmless - what does no harm by being missing on a host
 * @host: its profile.
 *
 * PREFETCHW, which programs and kernels execute as they please, does nothing on
 * Intel's 64-bit CPUs that lack it (SDM vol. 2B, PREFETCHW).
 */
struct isahp_features isahp_envelope_harmless(const struct isahp_profile *host);

/**
 * isahp_envelope_make - sort the features of a pool for one VM
 * @hosts: they stay while the result is in use.
 * @count: at least 1.
 * @baseline: what all of them have, less what the operator does not want shown;
 *	of a VM that is booted, what it was promised.
 * @guest: the VM.
 * @ret: to be freed.
 * @err: says what is wrong.
 *
 * Hosts where the VM cannot go do not count for what is on every host.
 *
 * Return: 0; -EINVAL without hosts; -EPERM where no host is left, with the reason;
 * -ENOMEM.
 */
int isahp_envelope_make(const struct isahp_profile *const *hosts, size_t count,
			const struct isahp_features *baseline,
			const struct isahp_envelope_guest *guest,
			struct isahp_envelope *ret, struct isahp_error *err);

/** isahp_envelope_free - what it owns; all zero then */
void isahp_envelope_free(struct isahp_envelope *envelope);

/** isahp_envelope_word - a place as JSON has it */
const char *isahp_envelope_word(enum isahp_envelope_place place);

/**
 * isahp_envelope_why - why a feature is where it is
 * @envelope: made.
 * @number: of the feature.
 * @why: receives the place's phrase, with the feature that is missing or the
 *	first host that lacks it.
 * @size: of @why.
 */
void isahp_envelope_why(const struct isahp_envelope *envelope, unsigned int number,
			char *why, size_t size);

/**
 * isahp_envelope_to_json - all of it, docs/policy.md
 *
 * Return: a new object; NULL: out of memory.
 */
json_t *isahp_envelope_to_json(const struct isahp_envelope *envelope);

#endif /* ISAHP_SHIM_ENVELOPE_H */
