// SPDX-License-Identifier: GPL-2.0-or-later
#include "names.h"

#include <errno.h>
#include <string.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>

#include "level.h"
#include "text.h"

static int unknown_name(const char *name, size_t len, struct isahp_error *err)
{
	char shown[64];
	int near = isahp_feature_nearest(name, len);
	const char *level;

	isahp_text_sanitize(shown, sizeof(shown), name, len);
	level = near < 0 ? isahp_level_nearest(shown) : NULL;
	if (level)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "unknown feature '%s': did you mean the level '%s'?",
				       shown, level);
	if (near < 0)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "unknown feature '%s': `isahpctl features` lists them",
				       shown);
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "unknown feature '%s': did you mean '%s'?", shown,
			       isahp_feature_info(near)->flag);
}

/* A level's features, when @name is one's. */
static bool find_level(const char *name, size_t len, struct isahp_features *ret_set)
{
	struct isahp_level level;
	struct isahp_error ignored;
	char text[64];

	if (len >= sizeof(text))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	if (strlen(text) != len || isahp_level_find(text, &level, &ignored))
		return false;
	*ret_set = isahp_level_wants(&level);
	return true;
}

static int parse_name(const char *name, size_t len,
		      struct isahp_features *set, struct isahp_error *err)
{
	struct isahp_features more;
	int number;

	if (len == 4 && !memcmp(name, "none", 4))
		return 0;
	if (len == 6 && !memcmp(name, "native", 6)) {
		more = isahp_cpuid_features();
		*set = isahp_features_or(set, &more);
		return 0;
	}
	number = isahp_feature_find(name, len);
	if (number < 0) {
		if (!find_level(name, len, &more))
			return unknown_name(name, len, err);
		*set = isahp_features_or(set, &more);
		return 0;
	}
	isahp_features_add(set, number);
	return 0;
}

static int parse_removal(const char *name, size_t len,
			 struct isahp_features *set, struct isahp_error *err)
{
	struct isahp_features gone = isahp_features_none();

	if (parse_name(name, len, &gone, err))
		return -EINVAL;
	gone = isahp_features_dependents(&gone);
	*set = isahp_features_andnot(set, &gone);
	return 0;
}

int isahp_names_parse(const char *list, struct isahp_features *ret_set,
			struct isahp_error *err)
{
	static const char separators[] = ", \t\n";
	struct isahp_features set = isahp_features_none();
	size_t len;
	int rc;

	list += strspn(list, separators);
	if (!*list)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "an empty list of features: name some, or say 'none'");
	for (; *list;
	     list += len, list += strspn(list, separators)) {
		len = strcspn(list, separators);
		rc = *list == '-' ? parse_removal(list + 1, len - 1, &set, err) :
				    parse_name(list, len, &set, err);
		if (rc)
			return rc;
	}
	*ret_set = set;
	return 0;
}

struct isahp_features isahp_names_complete(const struct isahp_features *set)
{
	struct isahp_features missing = isahp_features_missing(set, set);

	return isahp_features_or(set, &missing);
}

json_t *isahp_names_to_json(const struct isahp_features *set)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; array && i < ISAHP_FEATURE_COUNT; i++) {
		if (!isahp_features_has(set, i) || !isahp_feature_info(i))
			continue;
		json_array_append_new(array,
				      json_string(isahp_feature_info(i)->flag));
	}
	return array;
}

int isahp_names_from_json(const json_t *json, struct isahp_features *ret_set,
			    struct isahp_error *err)
{
	struct isahp_features set = isahp_features_none();
	const json_t *item;
	size_t i;

	if (json_is_string(json))
		return isahp_names_parse(json_string_value(json), ret_set, err);
	if (!json_is_array(json))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a list of features is a string or an array of strings");
	json_array_foreach(json, i, item) {
		if (!json_is_string(item))
			return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
					       "a feature's name is a string");
		if (parse_name(json_string_value(item), json_string_length(item),
			       &set, err))
			return -EINVAL;
	}
	*ret_set = set;
	return 0;
}

static int register_find(const char *name)
{
	static const char *const names[] = {
		[ISAHP_EAX] = "EAX", [ISAHP_EBX] = "EBX",
		[ISAHP_ECX] = "ECX", [ISAHP_EDX] = "EDX",
	};
	size_t i;

	for (i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -ENOENT;
}

static int add_word(const json_t *word, struct isahp_features *set)
{
	const json_t *ecx = json_object_get(word, "cpuid-input-ecx");
	const json_t *eax = json_object_get(word, "cpuid-input-eax");
	const json_t *bits = json_object_get(word, "features");
	int reg = register_find(json_string_value(
		json_object_get(word, "cpuid-register")));
	unsigned int i;

	if (!json_is_integer(eax) || !json_is_integer(bits) || reg < 0 ||
	    (ecx && !json_is_integer(ecx)))
		return -EPROTO;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && f->leaf == json_integer_value(eax) &&
		    f->subleaf == json_integer_value(ecx) && f->reg == reg &&
		    (__u64)json_integer_value(bits) >> f->bit & 1)
			isahp_features_add(set, i);
	}
	return 0;
}

int isahp_names_from_words(const json_t *words, struct isahp_features *ret_set)
{
	struct isahp_features set = isahp_features_none();
	const json_t *word;
	size_t i;

	if (!json_is_array(words))
		return -EPROTO;
	json_array_foreach(words, i, word)
		if (add_word(word, &set))
			return -EPROTO;
	*ret_set = set;
	return 0;
}

/* CPUID leaf 0Dh, subleaf 0: EDX:EAX (SDM vol. 1, 13.2). */
__u64 isahp_names_xcr0_from_words(const json_t *words)
{
	const json_t *word;
	__u64 xcr0 = 3;
	size_t i;

	json_array_foreach(words, i, word) {
		__u64 bits = json_integer_value(json_object_get(word, "features"));
		int reg = register_find(json_string_value(
			json_object_get(word, "cpuid-register")));

		if (json_integer_value(json_object_get(word, "cpuid-input-eax")) != 0xd ||
		    json_integer_value(json_object_get(word, "cpuid-input-ecx")))
			continue;
		if (reg == ISAHP_EAX)
			xcr0 |= bits & 0xffffffff;
		else if (reg == ISAHP_EDX)
			xcr0 |= bits << 32;
	}
	return xcr0;
}

void isahp_names_format(const struct isahp_features *set, char *text,
			  size_t size)
{
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (!f || !isahp_features_has(set, i))
			continue;
		if (strlen(text) + strlen(f->flag) + sizeof(",...") > size) {
			isahp_text_append(text, size, "...");
			return;
		}
		isahp_text_append(text, size, "%s%s", *text ? "," : "", f->flag);
	}
}

static const struct {
	const char *name;
	const char *cpuid;
} vendors[] = {
	[ISAHP_VENDOR_UNKNOWN] = { "unknown", "" },
	[ISAHP_VENDOR_INTEL] = { "intel", "GenuineIntel" },
	[ISAHP_VENDOR_AMD] = { "amd", "AuthenticAMD" },
	[ISAHP_VENDOR_HYGON] = { "hygon", "HygonGenuine" },
	[ISAHP_VENDOR_ZHAOXIN] = { "zhaoxin", "CentaurHauls" },
};

#define VENDORS (sizeof(vendors) / sizeof(vendors[0]))

const char *isahp_vendor_name(__u32 vendor)
{
	return vendors[vendor < VENDORS ? vendor : ISAHP_VENDOR_UNKNOWN].name;
}

const char *isahp_vendor_cpuid(__u32 vendor)
{
	return vendors[vendor < VENDORS ? vendor : ISAHP_VENDOR_UNKNOWN].cpuid;
}

int isahp_vendor_find(const char *name)
{
	size_t i;

	for (i = 0; i < VENDORS; i++)
		if (!strcmp(vendors[i].name, name) || !strcmp(vendors[i].cpuid, name))
			return (int)i;
	if (!strcmp(name, "  Shanghai  "))
		return ISAHP_VENDOR_ZHAOXIN;
	return -ENOENT;
}
