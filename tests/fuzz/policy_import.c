// SPDX-License-Identifier: MIT
/*
 * One input is one file of a host. What is accepted holds together, and is the same
 * after it was written and read again; what is not has an error that can be shown.
 */
#include <hypervisor-shim/policy/export.h>
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

	check(err->class && !strncmp(err->text, "host: ", 6) && err->text[6]);
	for (c = err->text; *c; c++)
		check(*c >= ' ' && *c <= '~');
}

static void check_profile(const struct isahp_profile *p)
{
	size_t i, r;

	check(isahp_profile_name_valid(p->name));
	check(p->leaf_count <= ISAHP_PROFILE_LEAVES_MAX);
	check(p->msr_count <= ISAHP_PROFILE_MSRS_MAX);
	for (i = 0; i < p->leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &p->leaves[i];

		check(isahp_profile_leaf(p, l->leaf, l->subleaf) == l);
		for (r = 0; r < 4; r++)
			check(!(l->value[r] & ~l->known[r]));
	}
	for (i = 0; i < p->msr_count; i++) {
		check(isahp_profile_msr(p, p->msrs[i].number) == &p->msrs[i]);
		check(!(p->msrs[i].value & ~p->msrs[i].known));
	}
	isahp_profile_features(p);
	isahp_profile_vendor(p);
	isahp_profile_signature(p);
}

static void check_again(const struct isahp_profile *p)
{
	char *text = isahp_profile_to_text(p), *again;
	struct isahp_profile back;
	struct isahp_error err;

	check(text);
	check(!isahp_import(text, strlen(text), ISAHP_IMPORT_AUTO, "other", &back, &err));
	check_profile(&back);
	check(!strcmp(p->name, back.name) && p->leaf_count == back.leaf_count &&
	      p->microcode == back.microcode && p->xcr0 == back.xcr0);
	if (p->leaf_count)
		check(!memcmp(p->leaves, back.leaves, p->leaf_count * sizeof(*p->leaves)));
	again = isahp_profile_to_text(&back);
	check(again && !strcmp(text, again));
	isahp_profile_free(&back);
	free(again);
	free(text);
}

/* A profile that nobody has changed is written as it was, to the last field. */
static void check_document(const char *data, size_t size, const struct isahp_profile *p)
{
	json_error_t ignored;
	json_t *read = json_loadb(data, size, JSON_REJECT_DUPLICATES, &ignored);
	json_t *written;
	char *before, *after;

	if (read && json_object_get(read, "isahp-profile")) {
		written = isahp_profile_to_json(p);
		before = json_dumps(read, 0);
		after = json_dumps(written, 0);
		check(before && after && !strcmp(before, after));
		free(before);
		free(after);
		json_decref(written);
	}
	json_decref(read);
}

/* What we write for others we can read; what we do not write has a reason. */
static void check_exports(const struct isahp_profile *p)
{
	enum isahp_import_format format;
	struct isahp_profile back;
	struct isahp_error err;
	char *text;

	for (format = ISAHP_IMPORT_CPUID; format <= ISAHP_IMPORT_XEN; format++) {
		err.text[0] = '\0';
		text = isahp_export(p, format, &err);
		check(text || err.text[0]);
		if (text && !isahp_import(text, strlen(text), format, "host", &back, &err))
			isahp_profile_free(&back);
		else if (text)
			check(strstr(err.text, "tells nothing"));
		free(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isahp_error err = { 0 };
	struct isahp_profile p;

	if (isahp_import((const char *)data, size, ISAHP_IMPORT_AUTO, "host", &p, &err)) {
		check_error(&err);
		return 0;
	}
	check_profile(&p);
	check_again(&p);
	check_document((const char *)data, size, &p);
	/* It compares with every model of libvirt's: of some inputs, to be quick. */
	if (size % 8 == 0)
		check_exports(&p);
	isahp_profile_free(&p);
	return 0;
}
