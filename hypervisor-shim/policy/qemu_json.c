// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What QEMU answers to query-cpu-model-expansion: {"model": {"name", "props"}},
 * also as it comes over QMP, within {"return": ...}.
 *
 * A property that is false is told, too: QEMU would not give it to a guest.
 */
#include <errno.h>
#include <string.h>

#include "flag.h"
#include "import_formats.h"

static int bad_prop(struct isahp_error *err, const char *name)
{
	return isahp_import_bad(err, 0, name, "QEMU has no such value for it");
}

static int set_flag(struct isahp_profile *profile, const char *name, bool present,
		    size_t *hint)
{
	const struct isahp_flag *flag =
		isahp_flag_find(ISAHP_FLAG_QEMU, name, strlen(name), hint);

	/* Machine properties, paravirtual features and second names of flags. */
	return flag ? isahp_flag_set(profile, flag, present) : 0;
}

/* A real number where the document has some integer of 64 bits. */
static int set_number(struct isahp_profile *profile, const char *name,
		      double value, struct isahp_signature *signature)
{
	static const struct {
		const char *name;
		__u32 leaf;
		__u32 max;
	} levels[] = {
		{ "level", 0, 0x7fffffff },
		{ "xlevel", 0x80000000, 0xffffffff },
		{ "xlevel2", 0xc0000000, 0xffffffff },
	};
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].name, name))
			continue;
		if (!(value >= 0 && value <= levels[i].max))
			return -EINVAL;
		/* 0: QEMU has not decided yet. */
		return value ? isahp_profile_set(profile, levels[i].leaf, 0, ISAHP_EAX,
						 ~0U, (__u32)value) : 0;
	}
	if (!(value >= 0 && value <= 0xffff))
		return strcmp(name, "phys-bits") ? 0 : -EINVAL;
	if (!strcmp(name, "family"))
		signature->family = (unsigned int)value;
	else if (!strcmp(name, "model"))
		signature->model = (unsigned int)value;
	else if (!strcmp(name, "stepping"))
		signature->stepping = (unsigned int)value;
	else if (!strcmp(name, "phys-bits") && value)
		return value <= 64 ? isahp_import_physical(profile, (unsigned int)value) :
				     -EINVAL;
	return 0;
}

static int read_props(json_t *props, struct isahp_profile *profile,
		      struct isahp_error *err)
{
	struct isahp_signature signature = { 0 };
	const char *name;
	json_t *value;
	size_t hint = 0;
	int rc = 0;

	json_object_foreach(props, name, value) {
		if (json_is_boolean(value))
			rc = set_flag(profile, name, json_is_true(value), &hint);
		else if (json_is_number(value))
			rc = set_number(profile, name, json_number_value(value),
					&signature);
		else if (json_is_string(value) && !strcmp(name, "vendor"))
			rc = isahp_import_vendor(profile, json_string_value(value));
		if (rc == -EINVAL)
			bad_prop(err, name);
		if (rc)
			return rc;
	}
	/* Of `max` and `host` QEMU tells no family before it has made the CPU. */
	if (signature.family && json_object_get(props, "model") &&
	    json_object_get(props, "stepping")) {
		rc = isahp_import_signature(profile, &signature);
		if (rc == -EINVAL)
			bad_prop(err, "family");
	}
	return rc;
}

int isahp_qemu_json_read(const json_t *json, struct isahp_profile *profile,
			 struct isahp_error *err)
{
	const json_t *from = json;
	json_t *props;

	if (json_object_get(from, "return"))
		from = json_object_get(from, "return");
	if (json_object_get(from, "model"))
		from = json_object_get(from, "model");
	props = json_object_get(from, "props");
	if (!json_is_object(props))
		return isahp_import_bad(err, 0, NULL,
					"neither a profile (\"isahp-profile\") nor QEMU's CPU "
					"model expansion (\"model\": {\"props\": ...})");
	return read_props(props, profile, err);
}
