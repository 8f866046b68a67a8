// SPDX-License-Identifier: GPL-2.0-or-later
#include "hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "connect.h"
#include "policy/envelope.h"
#include "policy/errata.h"
#include "policy/import.h"
#include "policy/layout.h"
#include "policy/level.h"
#include "policy/names.h"
#include "policy/text.h"

static const struct {
	const char *name;
	const char *meaning;
} classes[] = {
	[ISAHP_CLASS_REMOVABLE] = { "removable", "may come and go" },
	[ISAHP_CLASS_SILENT] = { "silent", "their absence does not trap: never taken away" },
	[ISAHP_CLASS_STATE] = { "state", "own register state in XSAVE images" },
	[ISAHP_CLASS_SYSTEM] = { "system", "for kernels, which look once, when they boot" },
};

const char *ctl_class_name(unsigned int class)
{
	return class < sizeof(classes) / sizeof(classes[0]) ? classes[class].name : "?";
}

const char *ctl_class_meaning(unsigned int class)
{
	return class < sizeof(classes) / sizeof(classes[0]) ?
		       classes[class].meaning : "";
}

/* --- reading --------------------------------------------------------------- */

static int ask_one(const char *uri, const char *name, struct isahp_profile *ret,
		   struct isahp_error *err)
{
	struct isahp_remote remote = {
		.uri = uri, .name = name, .timeout_s = ISAHP_REMOTE_TIMEOUT_S,
	};
	int rc = ctl_connect_one(&remote, err);

	if (!rc)
		*ret = remote.profile;
	return rc;
}

int ctl_host_read(const char *path, const char *format, const char *name,
		  struct isahp_profile *ret, struct isahp_error *err)
{
	int number = isahp_import_format_find(format ? format : "auto");
	char shown[256], text[ISAHP_ERROR_TEXT_SIZE];
	const char *what;

	if (number < 0)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "unknown format '%s': auto, profile, cpuid, cpuinfo, libvirt, qemu or xen",
				       format);
	if (name && !isahp_profile_name_valid(name))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "a host's name is printable, without spaces, and shorter than %d characters",
				       ISAHP_PROFILE_NAME_SIZE);
	if (ctl_connect_is_uri(path))
		return ask_one(path, name, ret, err);
	if (!isahp_import_file(path, (enum isahp_import_format)number, name, ret, err))
		return 0;
	if (err->class != ISAHP_ERROR_USAGE)
		return (int)err->class;
	/* It begins with the host's name, which may be the same in each folder. */
	what = strstr(err->text, ": ");
	strcpy(text, what ? what + 2 : err->text);
	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE, "%s: %s",
			       shown, text);
}

static bool doubled(const struct ctl_hosts *hosts, size_t index)
{
	size_t i;

	for (i = 0; i < hosts->count; i++)
		if (i != index && !strcmp(hosts->profiles[i].name,
					  hosts->profiles[index].name))
			return true;
	return false;
}

/* The same host before and after: told from each other by their files. */
static int tell_apart(struct ctl_hosts *hosts, const json_t *paths,
		      struct isahp_error *err)
{
	bool *twins = calloc(hosts->count, sizeof(*twins));
	size_t i;
	int rc = 0;

	for (i = 0; twins && i < hosts->count; i++)
		twins[i] = doubled(hosts, i);
	for (i = 0; twins && i < hosts->count; i++) {
		const char *path = json_string_value(json_array_get(paths, i));
		char *name = hosts->profiles[i].name;
		size_t len = strlen(path), size = ISAHP_PROFILE_NAME_SIZE;

		/* Of a long path the end says more. */
		if (twins[i])
			isahp_text_sanitize(name, size, len < size ? path :
						    path + len - size + 1, len);
	}
	for (i = 0; twins && !rc && i < hosts->count; i++)
		if (doubled(hosts, i))
			rc = isahp_error_set(err, ISAHP_ERROR_USAGE,
					     ISAHP_ERROR_USAGE,
					     "%s is named twice",
					     hosts->profiles[i].name);
	free(twins);
	return rc;
}

static int read_native(struct isahp_profile *profile, struct isahp_error *err)
{
	return isahp_profile_native(profile, err) ? ISAHP_ERROR_FAILED : 0;
}

/* Those that are URIs, all at once. */
static int ask_all(const json_t *paths, struct ctl_hosts *hosts, struct isahp_error *err)
{
	struct isahp_remote *remotes = calloc(hosts->count, sizeof(*remotes));
	size_t i, count = 0, failed;
	int rc;

	if (!remotes)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "out of memory");
	for (i = 0; i < hosts->count; i++) {
		const char *path = json_string_value(json_array_get(paths, i));

		if (ctl_connect_is_uri(path))
			remotes[count++] = (struct isahp_remote){
				.uri = path, .timeout_s = ISAHP_REMOTE_TIMEOUT_S,
			};
	}
	rc = count ? ctl_connect.read(ctl_connect.context, remotes, count, &failed, err) : 0;
	for (i = 0, count = 0; !rc && i < hosts->count; i++)
		if (ctl_connect_is_uri(json_string_value(json_array_get(paths, i))))
			hosts->profiles[i] = remotes[count++].profile;
	free(remotes);
	return rc ? (int)err->class : 0;
}

static int read_all(const json_t *paths, struct ctl_hosts *hosts, struct isahp_error *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < hosts->count && !rc; i++) {
		const char *path = json_string_value(json_array_get(paths, i));

		if (!ctl_connect_is_uri(path))
			rc = ctl_host_read(path, NULL, NULL, &hosts->profiles[i], err);
	}
	if (!rc)
		rc = ask_all(paths, hosts, err);
	return rc ? rc : tell_apart(hosts, paths, err);
}

int ctl_hosts_read(const json_t *paths, struct ctl_hosts *ret,
		   struct isahp_error *err)
{
	size_t count = paths ? json_array_size(paths) : 1;
	struct ctl_hosts hosts = { calloc(count, sizeof(*hosts.profiles)), count };
	int rc;

	*ret = (struct ctl_hosts){ 0 };
	if (!hosts.profiles)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "out of memory");
	/* What was not read yet is all zero. */
	rc = paths ? read_all(paths, &hosts, err) : read_native(&hosts.profiles[0], err);
	if (rc)
		ctl_hosts_free(&hosts);
	*ret = hosts;
	return rc;
}

void ctl_hosts_free(struct ctl_hosts *hosts)
{
	size_t i;

	for (i = 0; i < hosts->count; i++)
		isahp_profile_free(&hosts->profiles[i]);
	free(hosts->profiles);
	*hosts = (struct ctl_hosts){ 0 };
}

/* --- telling --------------------------------------------------------------- */

json_t *ctl_host_features(const struct isahp_profile *profile)
{
	struct isahp_features all = isahp_features_known();
	struct isahp_features usable = isahp_envelope_usable(profile);
	struct isahp_level everything = isahp_level_of("everything", &all);
	struct isahp_level_fit fit;
	json_t *features = json_object();
	unsigned int i;

	isahp_level_features(&everything, profile, &fit);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const char *word = "off";

		if (!isahp_feature_info(i))
			continue;
		if (isahp_features_has(&usable, i))
			word = "yes";
		else if (isahp_features_has(&fit.lacks, i))
			word = "no";
		else if (isahp_features_has(&fit.untold, i))
			word = "untold";
		json_object_set_new(features, isahp_feature_info(i)->flag,
				    json_string(word));
	}
	return features;
}

/* Leaves 8000_0002h to _0004h: 48 characters (SDM vol. 2A, CPUID, table 3-17). */
static void put_brand(json_t *json, const struct isahp_profile *profile)
{
	char brand[49] = "", text[49];
	unsigned int i, reg;
	size_t len;

	for (i = 0; i < 3; i++) {
		const struct isahp_cpuid_leaf *leaf =
			isahp_profile_leaf(profile, 0x80000002 + i, 0);

		if (!leaf)
			return;
		for (reg = 0; reg < 4; reg++) {
			if (leaf->known[reg] != ~0U)
				return;
			memcpy(brand + 16 * i + 4 * reg, &leaf->value[reg], 4);
		}
	}
	isahp_text_sanitize(text, sizeof(text), brand, 48);
	for (len = strlen(text); len && text[len - 1] == ' '; len--)
		text[len - 1] = '\0';
	if (*text)
		json_object_set_new(json, "brand",
				    json_string(text + strspn(text, " ")));
}

static void put_hex(json_t *json, const char *key, unsigned long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", value);
	json_object_set_new(json, key, json_string(text));
}

static void put_text(json_t *json, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(json, key, json_string(text));
}

/* Leaf 8000_0008h: widths of addresses. */
static void put_addresses(json_t *json, const struct isahp_profile *profile)
{
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(profile, 0x80000008, 0);
	__u32 known = leaf ? leaf->known[ISAHP_EAX] : 0;

	if ((known & 0xff) == 0xff)
		json_object_set_new(json, "physical_bits",
				    json_integer(leaf->value[ISAHP_EAX] & 0xff));
	if ((known & 0xff00) == 0xff00)
		json_object_set_new(json, "linear_bits",
				    json_integer(leaf->value[ISAHP_EAX] >> 8 & 0xff));
}

/* Leaf 0Dh, subleaf by component: where it lies, and how much it takes. */
static void put_xsave(json_t *json, const struct isahp_profile *profile)
{
	json_t *xsave = json_object();
	unsigned int i;

	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		const struct isahp_cpuid_leaf *leaf =
			isahp_profile_leaf(profile, 0xd, i);

		if (!leaf || leaf->known[ISAHP_EAX] != ~0U ||
		    leaf->known[ISAHP_EBX] != ~0U || !leaf->value[ISAHP_EBX] ||
		    (profile->xcr0_known && !(profile->xcr0 >> i & 1)))
			continue;
		json_object_set_new(xsave, isahp_layout_name(i),
				    json_pack("{s:I, s:I}", "offset",
					      (json_int_t)leaf->value[ISAHP_EBX],
					      "size",
					      (json_int_t)leaf->value[ISAHP_EAX]));
	}
	if (json_object_size(xsave))
		json_object_set(json, "xsave", xsave);
	json_decref(xsave);
}

/* The highest of x86-64-vN that it has all of. */
static void put_level(json_t *json, const struct isahp_profile *profile)
{
	struct isahp_level_fit fit;
	struct isahp_level level;
	size_t i;

	for (i = 0; isahp_level_at(i, &level); i++) {
		struct isahp_features wants = isahp_level_wants(&level);

		isahp_level_features(&level, profile, &fit);
		if (level.kind == ISAHP_LEVEL_PSABI &&
		    isahp_features_subset(&wants, &fit.features))
			json_object_set_new(json, "level", json_string(level.name));
	}
}

json_t *ctl_host_to_json(const struct isahp_profile *profile)
{
	struct isahp_signature signature = isahp_profile_signature(profile);
	json_t *json = json_pack("{s:s, s:s}", "name", profile->name, "vendor",
				 isahp_vendor_name(isahp_profile_vendor(profile)));

	put_text(json, "source", profile->source);
	put_text(json, "kernel", profile->kernel);
	put_brand(json, profile);
	if (signature.family) {
		json_object_set_new(json, "family", json_integer(signature.family));
		json_object_set_new(json, "model", json_integer(signature.model));
		json_object_set_new(json, "stepping",
				    json_integer(signature.stepping));
	}
	if (profile->microcode)
		put_hex(json, "microcode", profile->microcode);
	put_level(json, profile);
	put_addresses(json, profile);
	if (profile->xcr0_known)
		put_hex(json, "xcr0", profile->xcr0);
	put_xsave(json, profile);
	json_object_set_new(json, "errata",
			    isahp_errata_to_json(isahp_errata_of(profile)));
	json_object_set_new(json, "features", ctl_host_features(profile));
	return json;
}
