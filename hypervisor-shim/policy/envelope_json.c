// SPDX-License-Identifier: GPL-2.0-or-later
#include "envelope.h"

#include <isa-core/features.h>

#include "errata.h"
#include "names.h"

static json_t *hidden_to_json(__u64 errata)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; isahp_erratum(i); i++)
		if (errata >> i & 1)
			json_array_append_new(
				array,
				json_pack("{s:s, s:s}", "erratum",
					  isahp_erratum(i)->name, "feature",
					  isahp_erratum(i)->hide.name));
	return array;
}

static json_t *hosts_to_json(const struct isahp_envelope *e)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < e->host_count; i++) {
		const struct isahp_envelope_host *h = &e->hosts[i];
		__u32 vendor = isahp_profile_vendor(h->profile);
		bool excluded = h->errata || !isahp_features_empty(&h->lacks);

		json_array_append_new(
			array,
			json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "name",
				  h->profile->name, "vendor",
				  isahp_vendor_name(vendor), "excluded", excluded,
				  "announce", isahp_names_to_json(&h->announce),
				  "lacks", isahp_names_to_json(&h->lacks), "errata",
				  isahp_errata_to_json(h->errata)));
	}
	return array;
}

static bool is_withheld(enum isahp_envelope_place place)
{
	return place != ISAHP_ENVELOPE_ABSENT && place != ISAHP_ENVELOPE_BASELINE &&
	       place != ISAHP_ENVELOPE_ANNOUNCED &&
	       place != ISAHP_ENVELOPE_EVERYWHERE;
}

static json_t *withheld_to_json(const struct isahp_envelope *e)
{
	json_t *array = json_array();
	char why[256];
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		if (!isahp_feature_info(i) || !is_withheld(e->place[i]))
			continue;
		isahp_envelope_why(e, i, why, sizeof(why));
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:s}", "feature",
					 isahp_feature_info(i)->flag, "kind",
					 isahp_envelope_word(e->place[i]), "reason",
					 why));
	}
	return array;
}

/* Each vendor of the pool once. */
static size_t vendors_of(const struct isahp_envelope *e,
			 __u32 vendors[ISAHP_VENDOR_ZHAOXIN + 1])
{
	size_t count = 0, i, j;

	for (i = 0; i < e->host_count; i++) {
		__u32 vendor = isahp_profile_vendor(e->hosts[i].profile);

		for (j = 0; j < count && vendors[j] != vendor; j++)
			;
		if (j == count)
			vendors[count++] = vendor;
	}
	return count;
}

static json_t *entry_to_json(const struct isahp_envelope *e)
{
	__u32 vendors[ISAHP_VENDOR_ZHAOXIN + 1] = { 0 };
	size_t count = vendors_of(e, vendors), from, to;
	json_t *moves = json_array();

	for (from = 0; from < count; from++)
		for (to = 0; to < count; to++) {
			/* Before it boots: it boots where it comes from. */
			__u32 boot = e->guest.booted ? e->guest.boot_vendor :
						       vendors[from];
			struct isahp_arrival a = isahp_arrival_plan(
				boot, vendors[from], vendors[to], e->guest.entry);

			if (from == to)
				continue;
			json_array_append_new(
				moves,
				json_pack("{s:s, s:s, s:b, s:s, s:o}", "from",
					  isahp_vendor_name(vendors[from]), "to",
					  isahp_vendor_name(vendors[to]), "possible",
					  a.possible, "enter_by",
					  isahp_entry_form_name(a.form), "acts",
					  isahp_arrival_to_json(a.acts)));
		}
	return json_pack("{s:s, s:o}", "common",
			 isahp_entry_form_name(isahp_entry_best(
				 vendors, count, ISAHP_ENTRY_COMPAT)),
			 "moves", moves);
}

json_t *isahp_envelope_to_json(const struct isahp_envelope *envelope)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "baseline",
			 isahp_names_to_json(&envelope->baseline), "envelope",
			 isahp_names_to_json(&envelope->envelope), "pinned",
			 isahp_names_to_json(&envelope->pinned), "hosts",
			 hosts_to_json(envelope), "withheld",
			 withheld_to_json(envelope), "hidden",
			 hidden_to_json(envelope->hidden), "entry32",
			 entry_to_json(envelope));
}
