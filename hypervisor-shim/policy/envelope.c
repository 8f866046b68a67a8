// SPDX-License-Identifier: GPL-2.0-or-later
#include "envelope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "errata.h"
#include "names.h"
#include "rules.h"
#include "text.h"

static const struct {
	const char *word;
	const char *phrase;
} places[] = {
#define ROW(sym, word, phrase) [ISAHP_ENVELOPE_##sym] = { word, phrase },
	ISAHP_ENVELOPE_TABLE(ROW)
#undef ROW
};

const char *isahp_envelope_word(enum isahp_envelope_place place)
{
	return (size_t)place < ISAHP_ENVELOPE_PLACES ? places[place].word : "";
}

/* As people read it. */
static const char *phrase_of(enum isahp_envelope_place place)
{
	return (size_t)place < ISAHP_ENVELOPE_PLACES ? places[place].phrase : "";
}

/* Leaf 0Dh, EDX:EAX: what XCR0 could hold (SDM vol. 1, 13.2). */
static bool told_xcr0(const struct isahp_profile *host, __u64 *ret_xcr0)
{
	const struct isahp_cpuid_leaf *d = isahp_profile_leaf(host, 0xd, 0);

	*ret_xcr0 = host->xcr0;
	if (host->xcr0_known)
		return true;
	if (!d || d->known[ISAHP_EAX] != 0xffffffff)
		return false;
	*ret_xcr0 = d->value[ISAHP_EAX] | (__u64)d->value[ISAHP_EDX] << 32;
	return true;
}

struct isahp_features isahp_envelope_usable(const struct isahp_profile *host)
{
	struct isahp_features has = isahp_profile_features(host), firm, state;
	__u64 xcr0;
	unsigned int i;

	if (!told_xcr0(host, &xcr0))
		return isahp_features_supported(&has);
	/* What IA32_XSS holds the kernel there decides; XCR0 does not tell. */
	state = isahp_features_of_class(ISAHP_CLASS_STATE);
	firm = has;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		__u64 supervisor = ISAHP_XFEATURE_PASID | ISAHP_XFEATURE_CET_USER |
				   ISAHP_XFEATURE_UINTR;

		if (f && isahp_features_has(&state, i) &&
		    f->xfeatures & ~xcr0 & ~supervisor)
			isahp_features_del(&firm, i);
	}
	return isahp_features_supported(&firm);
}

struct isahp_features isahp_envelope_harmless(const struct isahp_profile *host)
{
	struct isahp_features set = isahp_features_none();

	if (isahp_profile_vendor(host) == ISAHP_VENDOR_INTEL)
		isahp_features_add(&set, ISAHP_FEATURE_3DNOWPREFETCH);
	return set;
}

/* --- errata ---------------------------------------------------------------- */

/* Number of the feature that an erratum's bit announces, or -1. */
static int hides(unsigned int erratum)
{
	const struct isahp_erratum *e = isahp_erratum(erratum);

	return e->hide.leaf ? e->feature : -1;
}

/* What the VM's CPUID need not show joins the baseline: it is hidden. */
static void join_baseline(struct isahp_envelope *e, __u64 errata)
{
	struct isahp_features gone = isahp_features_none();
	unsigned int i;

	if (e->guest.booted)
		return;
	for (i = 0; isahp_erratum(i); i++) {
		int feature = hides(i);

		if (!(errata >> i & 1) || !isahp_erratum(i)->hide.leaf)
			continue;
		/* A bit outside the table is hidden by who writes CPUID. */
		e->hidden |= 1ULL << i;
		if (feature >= 0)
			isahp_features_add(&gone, feature);
	}
	e->baseline = isahp_features_without(&e->baseline, &gone);
}

/* Of a host's errata, those that the VM would suffer from. */
static __u64 suffers(const struct isahp_envelope *e, __u64 errata)
{
	unsigned int i;

	errata &= ~(e->guest.errata | e->hidden);
	for (i = 0; isahp_erratum(i); i++) {
		int feature = hides(i);

		if (feature >= 0 && !isahp_features_has(&e->baseline, feature) &&
		    !isahp_features_has(&e->pinned, feature))
			errata &= ~(1ULL << i);
	}
	return errata;
}

/* --- hosts ----------------------------------------------------------------- */

static bool excluded(const struct isahp_envelope_host *h)
{
	return h->errata || !isahp_features_empty(&h->lacks);
}

/* What the VM may be given there. */
static struct isahp_features usable_on(const struct isahp_envelope *e,
				       const struct isahp_profile *host, __u64 errata)
{
	struct isahp_features broken = isahp_errata_broken(errata, e->guest.accepted);
	struct isahp_features usable = isahp_envelope_usable(host);

	return isahp_features_without(&usable, &broken);
}

static void look_at_hosts(struct isahp_envelope *e, struct isahp_features *usable)
{
	struct isahp_features firm, there;
	__u64 errata = 0;
	size_t i;

	for (i = 0; i < e->host_count; i++) {
		e->hosts[i].errata = isahp_errata_of(e->hosts[i].profile);
		errata |= e->hosts[i].errata & ~e->guest.errata;
		usable[i] = usable_on(e, e->hosts[i].profile, e->hosts[i].errata);
	}
	join_baseline(e, errata);
	firm = isahp_features_or(&e->baseline, &e->pinned);
	for (i = 0; i < e->host_count; i++) {
		e->hosts[i].errata = suffers(e, e->hosts[i].errata);
		there = isahp_envelope_harmless(e->hosts[i].profile);
		there = isahp_features_or(&there, &usable[i]);
		e->hosts[i].lacks = isahp_features_andnot(&firm, &there);
	}
}

static int nowhere(const struct isahp_envelope *e, struct isahp_error *err)
{
	const struct isahp_envelope_host *h = &e->hosts[0];
	char names[256];
	unsigned int i;

	isahp_names_format(&h->lacks, names, sizeof(names));
	if (*names)
		return isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
				       "no host of the pool can run the VM: %s lacks %s",
				       h->profile->name, names);
	for (i = 0; !(h->errata >> i & 1); i++)
		;
	return isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
			       "no host of the pool can run the VM: %s has erratum %s, where a guest has to %s",
			       h->profile->name, isahp_erratum(i)->name,
			       isahp_erratum(i)->help);
}

/* --- features -------------------------------------------------------------- */

struct sets {
	struct isahp_features any;	/* on a host where the VM can go */
	struct isahp_features every;	/* on all of them */
	struct isahp_features gated;
	struct isahp_features errata;	/* hidden for one */
};

static enum isahp_envelope_place judge(const struct isahp_envelope *e,
				       const struct sets *s, unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);
	bool everywhere = isahp_features_has(&s->every, number);

	if (isahp_features_has(&e->baseline, number))
		return ISAHP_ENVELOPE_BASELINE;
	if (!isahp_features_has(&s->any, number))
		return ISAHP_ENVELOPE_ABSENT;
	if (isahp_features_has(&s->errata, number))
		return ISAHP_ENVELOPE_ERRATUM;
	if (f->class == ISAHP_CLASS_SYSTEM)
		return ISAHP_ENVELOPE_SYSTEM;
	if (isahp_features_has(&s->gated, number))
		return ISAHP_ENVELOPE_GATED;
	if (f->class == ISAHP_CLASS_SILENT)
		return everywhere ? ISAHP_ENVELOPE_EVERYWHERE : ISAHP_ENVELOPE_SILENT;
	if (f->class != ISAHP_CLASS_STATE)
		return ISAHP_ENVELOPE_ANNOUNCED;
	if (!e->guest.registered)
		return ISAHP_ENVELOPE_STATE_UNTOLD;
	if (f->xfeatures & ~e->guest.xcr0)
		return ISAHP_ENVELOPE_STATE_OFF;
	return everywhere ? ISAHP_ENVELOPE_EVERYWHERE : ISAHP_ENVELOPE_STATE_HELD;
}

static void find_sets(const struct isahp_envelope *e,
		      const struct isahp_features *usable, struct sets *s)
{
	bool first = true;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < e->host_count; i++) {
		if (excluded(&e->hosts[i]))
			continue;
		s->any = isahp_features_or(&s->any, &usable[i]);
		s->every = first ? usable[i] :
				   isahp_features_and(&s->every, &usable[i]);
		first = false;
	}
	if (e->guest.masked)
		s->gated = isahp_rules_gated(&e->baseline);
	for (i = 0; isahp_erratum(i); i++)
		if (e->hidden >> i & 1 && hides(i) >= 0)
			isahp_features_add(&s->errata, hides(i));
}

static void sort_features(struct isahp_envelope *e,
			  const struct isahp_features *usable)
{
	struct isahp_features may = e->baseline, whole;
	struct sets s;
	unsigned int i;

	find_sets(e, usable, &s);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		if (!isahp_feature_info(i))
			continue;
		e->place[i] = judge(e, &s, i);
		if (e->place[i] == ISAHP_ENVELOPE_ANNOUNCED ||
		    e->place[i] == ISAHP_ENVELOPE_EVERYWHERE)
			isahp_features_add(&may, i);
	}
	whole = isahp_features_supported(&may);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_features_has(&may, i) && !isahp_features_has(&whole, i) &&
		    e->place[i] != ISAHP_ENVELOPE_BASELINE)
			e->place[i] = ISAHP_ENVELOPE_NEEDS;
	e->envelope = e->baseline;
	for (i = 0; i < e->host_count; i++) {
		struct isahp_envelope_host *h = &e->hosts[i];

		if (excluded(h))
			continue;
		/* Closed, as both are: VAES goes where AVX2 is, and nowhere else. */
		h->announce = isahp_features_and(&whole, &usable[i]);
		h->announce = isahp_features_andnot(&h->announce, &e->baseline);
		e->envelope = isahp_features_or(&e->envelope, &h->announce);
	}
}

int isahp_envelope_make(const struct isahp_profile *const *hosts, size_t count,
			const struct isahp_features *baseline,
			const struct isahp_envelope_guest *guest,
			struct isahp_envelope *ret, struct isahp_error *err)
{
	struct isahp_envelope e = { .baseline = *baseline, .guest = *guest };
	struct isahp_features *usable;
	bool anywhere = false;
	size_t i;
	int rc = 0;

	if (!count)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a pool without hosts: name some");
	usable = calloc(count, sizeof(*usable));
	e.hosts = calloc(count, sizeof(*e.hosts));
	if (!usable || !e.hosts) {
		rc = isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				     "out of memory");
		goto out;
	}
	e.host_count = count;
	if (guest->registered)
		e.pinned = guest->pinned;
	for (i = 0; i < count; i++)
		e.hosts[i].profile = hosts[i];
	look_at_hosts(&e, usable);
	for (i = 0; i < count; i++)
		anywhere = anywhere || !excluded(&e.hosts[i]);
	if (!anywhere) {
		rc = nowhere(&e, err);
		goto out;
	}
	sort_features(&e, usable);
	*ret = e;
	free(usable);
	return 0;

out:
	free(usable);
	free(e.hosts);
	return rc;
}

/* What it rests on, by name, that the VM is not given. */
static void add_need(const struct isahp_envelope *e, unsigned int number, char *why,
		     size_t size)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_reason(number, i) &&
		    !isahp_features_has(&e->envelope, i)) {
			isahp_text_append(why, size, ": %s (%s)",
					  isahp_feature_info(i)->flag,
					  isahp_feature_reason(number, i));
			return;
		}
}

static void add_host(const struct isahp_envelope *e, unsigned int number, char *why,
		     size_t size)
{
	struct isahp_features usable;
	size_t i;

	for (i = 0; i < e->host_count; i++) {
		const struct isahp_profile *host = e->hosts[i].profile;

		usable = usable_on(e, host, isahp_errata_of(host));
		if (!excluded(&e->hosts[i]) && !isahp_features_has(&usable, number)) {
			isahp_text_append(why, size, " (%s lacks it)", host->name);
			return;
		}
	}
}

void isahp_envelope_why(const struct isahp_envelope *envelope, unsigned int number,
			char *why, size_t size)
{
	enum isahp_envelope_place place = number < ISAHP_FEATURE_MAX ?
					  envelope->place[number] : 0;

	why[0] = '\0';
	isahp_text_append(why, size, "%s", phrase_of(place));
	if (place == ISAHP_ENVELOPE_NEEDS)
		add_need(envelope, number, why, size);
	else if (place == ISAHP_ENVELOPE_SILENT || place == ISAHP_ENVELOPE_STATE_HELD)
		add_host(envelope, number, why, size);
}

void isahp_envelope_free(struct isahp_envelope *envelope)
{
	free(envelope->hosts);
	memset(envelope, 0, sizeof(*envelope));
}
