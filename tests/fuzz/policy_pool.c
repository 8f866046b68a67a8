// SPDX-License-Identifier: MIT
/* One input is a pool's file, in a folder where hosts lie. */
#include <errno.h>
#include <hypervisor-shim/policy/pool.h>
#include <isa-core/features.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_error(const struct isahp_error *err)
{
	const char *c;

	check(err->class && *err->text);
	for (c = err->text; *c; c++)
		check(*c >= ' ' && *c <= '~');
}

static void use(const struct isahp_pool *pool)
{
	struct isahp_features closed;
	struct isahp_envelope envelope;
	struct isahp_merged merged;
	struct isahp_error err = { 0 };

	if (isahp_pool_merge(pool, &merged, &err)) {
		check_error(&err);
		return;
	}
	closed = isahp_features_supported(&merged.features);
	check(isahp_features_equal(&merged.features, &closed));
	if (isahp_pool_envelope(pool, &merged, NULL, &envelope, &err)) {
		check_error(&err);
	} else {
		json_decref(isahp_envelope_to_json(&envelope));
		isahp_envelope_free(&envelope);
	}
	isahp_merged_free(&merged);
}

/* Its own folder alone: fuzzing reads no file of this machine. */
static bool is_tame(const uint8_t *data, size_t size)
{
	return !memmem(data, size, "..", 2) && !memmem(data, size, "\"/", 2) &&
	       !memmem(data, size, "\\", 1) && !memmem(data, size, "\"-\"", 3);
}

/* Hosts behind connections: nobody is asked, and some do not answer. */
static int pretend(void *context, struct isahp_remote *remotes, size_t count,
		   size_t *ret_failed, struct isahp_error *err)
{
	static const char xml[] =
		"<cpu><arch>x86_64</arch><model>Haswell</model><vendor>Intel</vendor></cpu>";
	size_t i, done;

	(void)context;
	for (i = 0; i < count; i++) {
		check(!isahp_remote_uri_check(remotes[i].uri, err));
		check(remotes[i].timeout_s && !remotes[i].profile.leaves);
		if (strstr(remotes[i].uri, "down"))
			break;
		if (isahp_remote_import(&remotes[i], remotes[i].uri, xml,
					remotes[i].guests ? xml : NULL, err))
			break;
	}
	if (i == count)
		return 0;
	for (done = 0; done < i; done++)
		isahp_profile_free(&remotes[done].profile);
	*ret_failed = i;
	return isahp_error_set(err, ISAHP_ERROR_UNREACHABLE, -EIO, "down");
}

static const struct isahp_remote_source pretended = { .read = pretend };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isahp_pool pool = { 0 };
	struct isahp_error err = { 0 };
	json_t *json;

	if (!is_tame(data, size))
		return 0;
	json = json_loadb((const char *)data, size, 0, NULL);
	if (!json)
		return 0;
	if (isahp_pool_from_json(json, FUZZ_HOSTS, &pretended, &pool, &err)) {
		check_error(&err);
		check(!pool.hosts && !pool.host_count);
	} else {
		use(&pool);
		isahp_pool_free(&pool);
	}
	json_decref(json);
	return 0;
}
