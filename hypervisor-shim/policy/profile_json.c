// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The project's own form of a profile.
 *
 * Writing starts from the document that was read, if there was one: what this
 * version does not know stays, and what has not changed is not spelled anew.
 */
#include "profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "text.h"

#define FORMAT_KEY "isahp-profile"

static const char *const registers[] = {
	[ISAHP_EAX] = "eax", [ISAHP_EBX] = "ebx",
	[ISAHP_ECX] = "ecx", [ISAHP_EDX] = "edx",
};

static int bad(struct isahp_error *err, const char *place, const char *what)
{
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "profile: %s: %s", place, what);
}

static int read_leaf(const json_t *json, size_t at, struct isahp_profile *profile,
		     struct isahp_error *err)
{
	__u64 leaf, subleaf, value, known;
	const json_t *told;
	char place[64];
	unsigned int i;
	int rc;

	snprintf(place, sizeof(place), "cpuid[%zu]", at);
	if (!isahp_hex_number(json_object_get(json, "leaf"), 8, &leaf) ||
	    !isahp_hex_number(json_object_get(json, "subleaf"), 8, &subleaf))
		return bad(err, place, "\"leaf\" and \"subleaf\" have to be there, as "
				       "\"0x80000001\"");
	if (isahp_profile_leaf(profile, leaf, subleaf))
		return bad(err, place, "this leaf was told before");
	/* A leaf of which nothing is known is told, too. */
	rc = isahp_profile_set(profile, leaf, subleaf, ISAHP_EAX, 0, 0);
	for (i = 0; !rc && i < 4; i++) {
		told = json_object_get(json, registers[i]);
		if (!told)
			continue;
		if (!isahp_hex_masked(told, 8, &value, &known)) {
			isahp_text_append(place, sizeof(place), ".%s", registers[i]);
			return bad(err, place, "has to be as \"0x0000001f\", or "
					       "\"0x00000004/0x00000006\" where only some bits "
					       "are known, and no others set");
		}
		rc = isahp_profile_set(profile, leaf, subleaf, i, known, value);
	}
	return rc == -E2BIG ? bad(err, place, "no CPU has that many leaves") : rc;
}

static int read_msr(const json_t *json, size_t at, struct isahp_profile *profile,
		    struct isahp_error *err)
{
	__u64 number, value, known;
	char place[64];
	int rc;

	snprintf(place, sizeof(place), "msrs[%zu]", at);
	if (!isahp_hex_number(json_object_get(json, "number"), 8, &number) ||
	    !isahp_hex_masked(json_object_get(json, "value"), 16, &value, &known))
		return bad(err, place, "has to be as {\"number\": \"0x10a\", \"value\": \"0x2b\"}, "
				       "the value as \"0x4/0x6\" where only some bits are "
				       "known, and no others set");
	if (isahp_profile_msr(profile, number))
		return bad(err, place, "this register was told before");
	rc = isahp_profile_msr_set(profile, number, known, value);
	return rc == -E2BIG ? bad(err, place, "too many registers") : rc;
}

static int read_array(const json_t *json, const char *name,
		      int (*read)(const json_t *, size_t, struct isahp_profile *,
				  struct isahp_error *),
		      struct isahp_profile *profile, struct isahp_error *err)
{
	const json_t *array = json_object_get(json, name), *item;
	size_t i;
	int rc;

	if (!array)
		return 0;
	if (!json_is_array(array))
		return bad(err, name, "has to be an array");
	json_array_foreach(array, i, item) {
		rc = read(item, i, profile, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* A line of printable ASCII. */
static int read_text(const json_t *json, const char *name, char *to, size_t size,
		     struct isahp_error *err)
{
	const json_t *text = json_object_get(json, name);

	if (!text)
		return 0;
	if (!json_is_string(text) || json_string_length(text) >= size)
		return bad(err, name, "has to be a string, and a short one");
	isahp_text_sanitize(to, size, json_string_value(text), size);
	if (strcmp(to, json_string_value(text)))
		return bad(err, name, "has to be printable ASCII");
	return 0;
}

static int read_mitigations(json_t *json, struct isahp_profile *profile,
			    struct isahp_error *err)
{
	json_t *object = json_object_get(json, "mitigations"), *state;
	struct isahp_mitigation m;
	const char *name;
	int rc;

	if (object && !json_is_object(object))
		return bad(err, "mitigations", "has to be an object");
	json_object_foreach(object, name, state) {
		/* In an error the name could be anything: it is not repeated. */
		if (!json_is_string(state))
			return bad(err, "mitigations", "each state is a string");
		rc = read_text(object, name, m.state, sizeof(m.state), err);
		if (rc)
			return bad(err, "mitigations",
				   "each state is a short line of printable ASCII");
		rc = isahp_profile_mitigation_set(profile, name, m.state);
		if (rc == -ENOMEM)
			return rc;
		if (rc)
			return bad(err, "mitigations", rc == -E2BIG ?
				   "too many" : "no kernel has one of such a name");
	}
	return 0;
}

static int read_numbers(const json_t *json, struct isahp_profile *profile,
			struct isahp_error *err)
{
	const json_t *xcr0 = json_object_get(json, "xcr0");
	const json_t *microcode = json_object_get(json, "microcode");
	__u64 value = 0;

	if (xcr0 && !isahp_hex_number(xcr0, 16, &profile->xcr0))
		return bad(err, "xcr0", "has to be as \"0x2e7\"");
	profile->xcr0_known = xcr0;
	if (microcode && !isahp_hex_number(microcode, 8, &value))
		return bad(err, "microcode", "has to be as \"0xd0003a5\"");
	profile->microcode = value;
	return 0;
}

static int read_header(const json_t *json, struct isahp_profile *profile,
		       struct isahp_error *err)
{
	const json_t *format = json_object_get(json, FORMAT_KEY);
	int rc;

	if (!json_is_integer(format) || json_integer_value(format) < 1)
		return bad(err, FORMAT_KEY, "has to be there, and 1");
	if (json_integer_value(format) > ISAHP_PROFILE_FORMAT)
		return bad(err, FORMAT_KEY,
			   "a newer version than this program knows: update it");
	rc = read_text(json, "name", profile->name, sizeof(profile->name), err);
	if (rc)
		return rc;
	if (!isahp_profile_name_valid(profile->name))
		return bad(err, "name", "has to be there: printable, without spaces, "
					"fewer than 64 characters");
	rc = read_text(json, "source", profile->source, sizeof(profile->source), err);
	return rc ? rc : read_text(json, "kernel", profile->kernel,
				   sizeof(profile->kernel), err);
}

/* The writers return 0, or -1 when memory is short, as jansson does. */

static int write_number(json_t *object, const char *key, unsigned int digits,
			int width, __u64 value)
{
	char text[24];
	__u64 old;

	if (isahp_hex_number(json_object_get(object, key), digits, &old) && old == value)
		return 0;
	snprintf(text, sizeof(text), "0x%0*" PRIx64, width, (uint64_t)value);
	return json_object_set_new(object, key, json_string(text));
}

static int write_masked(json_t *object, const char *key, unsigned int digits,
			__u64 value, __u64 known)
{
	__u64 all = ~0ULL >> (64 - 4 * digits), old_value, old_known;
	char text[48];

	if (isahp_hex_masked(json_object_get(object, key), digits, &old_value, &old_known) &&
	    old_value == value && old_known == known)
		return 0;
	snprintf(text, sizeof(text), "0x%0*" PRIx64, (int)digits, (uint64_t)value);
	if (known != all)
		isahp_text_append(text, sizeof(text), "/0x%0*" PRIx64, (int)digits,
				  (uint64_t)known);
	return json_object_set_new(object, key, json_string(text));
}

static int write_text(json_t *object, const char *key, const char *text)
{
	const char *old = json_string_value(json_object_get(object, key));

	if (old ? !strcmp(old, text) : !*text)
		return 0;
	if (!*text)
		return json_object_del(object, key);
	return json_object_set_new(object, key, json_string(text));
}

static int write_leaf(json_t *object, const struct isahp_profile *profile, size_t at)
{
	const struct isahp_cpuid_leaf *l = &profile->leaves[at];
	unsigned int i;
	int rc = write_number(object, "leaf", 8, 8, l->leaf) |
		 write_number(object, "subleaf", 8, 1, l->subleaf);

	for (i = 0; i < 4; i++)
		if (l->known[i] || json_object_get(object, registers[i]))
			rc |= write_masked(object, registers[i], 8, l->value[i],
					   l->known[i]);
	return rc;
}

static int write_msr(json_t *object, const struct isahp_profile *profile, size_t at)
{
	const struct isahp_msr *m = &profile->msrs[at];

	return write_number(object, "number", 8, 8, m->number) |
	       write_masked(object, "value", 16, m->value, m->known);
}

/* Which of the profile's leaves an object of the document tells of; -1: none. */
static ssize_t find_leaf(const json_t *object, const struct isahp_profile *profile)
{
	const struct isahp_cpuid_leaf *l = NULL;
	__u64 leaf, subleaf;

	if (isahp_hex_number(json_object_get(object, "leaf"), 8, &leaf) &&
	    isahp_hex_number(json_object_get(object, "subleaf"), 8, &subleaf))
		l = isahp_profile_leaf(profile, leaf, subleaf);
	return l ? l - profile->leaves : -1;
}

static ssize_t find_msr(const json_t *object, const struct isahp_profile *profile)
{
	const struct isahp_msr *m = NULL;
	__u64 number;

	if (isahp_hex_number(json_object_get(object, "number"), 8, &number))
		m = isahp_profile_msr(profile, number);
	return m ? m - profile->msrs : -1;
}

struct writer {
	const char *name;
	size_t count;
	ssize_t (*find)(const json_t *object, const struct isahp_profile *profile);
	int (*write)(json_t *object, const struct isahp_profile *profile, size_t at);
};

/*
 * Those that the document has stay where they are; one that it lacks comes
 * behind the one before it in the profile's order.
 */
static int write_array(json_t *document, const struct isahp_profile *profile,
		       const struct writer *w)
{
	json_t *array = json_object_get(document, w->name), *object;
	size_t i, place = 0, *places;
	int rc = 0;

	if (!array) {
		if (!w->count)
			return 0;
		array = json_array();
		if (json_object_set_new(document, w->name, array))
			return -1;
	}
	for (i = json_array_size(array); i-- > 0;)
		if (w->find(json_array_get(array, i), profile) < 0)
			json_array_remove(array, i);
	places = calloc(w->count + 1, sizeof(*places));
	if (!places)
		return -1;
	for (i = 0; i < json_array_size(array); i++)
		places[w->find(json_array_get(array, i), profile)] = i + 1;
	for (i = 0; i < w->count && !rc; i++) {
		size_t j;

		if (!places[i]) {
			rc = json_array_insert_new(array, place, json_object());
			for (j = i + 1; j < w->count; j++)
				places[j] += places[j] > place;
			places[i] = place + 1;
		}
		place = places[i];
		object = json_array_get(array, place - 1);
		rc |= w->write(object, profile, i);
	}
	free(places);
	return rc;
}

static int write_mitigations(json_t *document, const struct isahp_profile *profile)
{
	json_t *object = json_object_get(document, "mitigations"), *state;
	const char *name;
	size_t i;
	void *next;
	int rc = 0;

	if (!object) {
		if (!profile->mitigation_count)
			return 0;
		object = json_object();
		if (json_object_set_new(document, "mitigations", object))
			return -1;
	}
	json_object_foreach_safe(object, next, name, state) {
		for (i = 0; i < profile->mitigation_count; i++)
			if (!strcmp(profile->mitigations[i].name, name))
				break;
		if (i == profile->mitigation_count)
			json_object_del(object, name);
	}
	for (i = 0; i < profile->mitigation_count; i++) {
		const struct isahp_mitigation *m = &profile->mitigations[i];
		const char *old = json_string_value(json_object_get(object, m->name));

		if (!old || strcmp(old, m->state))
			rc |= json_object_set_new(object, m->name, json_string(m->state));
	}
	return rc;
}

static int write_header(json_t *document, const struct isahp_profile *profile)
{
	int rc = 0;

	if (!json_object_get(document, FORMAT_KEY))
		rc = json_object_set_new(document, FORMAT_KEY,
					 json_integer(ISAHP_PROFILE_FORMAT));
	rc |= write_text(document, "name", profile->name);
	rc |= write_text(document, "source", profile->source);
	rc |= write_text(document, "kernel", profile->kernel);
	if (profile->microcode || json_object_get(document, "microcode"))
		rc |= write_number(document, "microcode", 8, 1, profile->microcode);
	if (profile->xcr0_known)
		rc |= write_number(document, "xcr0", 16, 1, profile->xcr0);
	else
		json_object_del(document, "xcr0");
	return rc;
}

json_t *isahp_profile_to_json(const struct isahp_profile *profile)
{
	const struct writer leaves = { "cpuid", profile->leaf_count, find_leaf, write_leaf };
	const struct writer msrs = { "msrs", profile->msr_count, find_msr, write_msr };
	json_t *document = profile->document ? json_deep_copy(profile->document) :
					       json_object();

	if (!document || write_header(document, profile) ||
	    write_array(document, profile, &leaves) ||
	    write_array(document, profile, &msrs) ||
	    write_mitigations(document, profile)) {
		json_decref(document);
		return NULL;
	}
	return document;
}

/* Are they the same, the order of their fields and the spelling included? */
static bool same(json_t *a, json_t *b)
{
	void *i = json_object_iter(a), *j = json_object_iter(b);
	size_t n;

	if (json_typeof(a) != json_typeof(b) || json_object_size(a) != json_object_size(b) ||
	    json_array_size(a) != json_array_size(b))
		return false;
	for (n = 0; n < json_array_size(a); n++)
		if (!same(json_array_get(a, n), json_array_get(b, n)))
			return false;
	for (; i; i = json_object_iter_next(a, i), j = json_object_iter_next(b, j))
		if (strcmp(json_object_iter_key(i), json_object_iter_key(j)) ||
		    !same(json_object_iter_value(i), json_object_iter_value(j)))
			return false;
	return json_is_object(a) || json_is_array(a) || json_equal(a, b);
}

/* A document that we would write ourselves need not be kept: it is 30 times larger. */
static int keep(const json_t *json, struct isahp_profile *profile)
{
	json_t *own = isahp_profile_to_json(profile);

	if (own && !same(own, (json_t *)json)) {
		profile->document = json_deep_copy(json);
		json_decref(own);
		return profile->document ? 0 : -ENOMEM;
	}
	json_decref(own);
	return own ? 0 : -ENOMEM;
}

int isahp_profile_from_json(const json_t *json, struct isahp_profile *ret_profile,
			    struct isahp_error *err)
{
	struct isahp_profile profile = { 0 };
	int rc;

	if (!json_is_object(json))
		return bad(err, "document", "has to be a JSON object");
	rc = read_header(json, &profile, err);
	if (!rc)
		rc = read_numbers(json, &profile, err);
	if (!rc)
		rc = read_array(json, "cpuid", read_leaf, &profile, err);
	if (!rc)
		rc = read_array(json, "msrs", read_msr, &profile, err);
	if (!rc)
		rc = read_mitigations((json_t *)json, &profile, err);
	if (!rc)
		rc = keep(json, &profile);
	if (rc == -ENOMEM)
		isahp_error_set(err, ISAHP_ERROR_FAILED, rc, "profile: out of memory");
	if (rc) {
		isahp_profile_free(&profile);
		return rc;
	}
	*ret_profile = profile;
	return 0;
}
