// SPDX-License-Identifier: MIT
/*
 * One input is a VM's record, as another host has sent it. What is accepted is the
 * same after it was written and read again, and gets an answer from admission.
 */
#include <errno.h>
#include <hypervisor-shim/policy/admission.h>
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

static void check_text(const char *text)
{
	for (; *text; text++)
		check(*text == '\n' || (*text >= ' ' && *text <= '~'));
}

/* A host that has half of everything, and tells half of the rest. */
static void make_host(struct isahp_profile *host)
{
	unsigned int i;

	strcpy(host->name, "host");
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && i % 4)
			check(!isahp_profile_set(host, f->leaf, f->subleaf, f->reg,
						 1u << f->bit, i % 2 ? ~0u : 0));
	}
	check(!isahp_profile_set(host, 0xd, 0, ISAHP_EAX, ~0u, 7));
	check(!isahp_profile_set(host, 0xd, 2, ISAHP_EAX, ~0u, 256));
	check(!isahp_profile_set(host, 0xd, 2, ISAHP_EBX, ~0u, 576));
	check(!isahp_profile_msr_set(host, 0x10a, ~0ULL, 0x80000));
}

static void ask(const struct isahp_vm_record *record)
{
	struct isahp_profile host = { 0 };
	struct isahp_admission a;
	struct isahp_error err;
	json_t *json;
	char *text;

	make_host(&host);
	check(!isahp_admission_check(record, &host, NULL, &a, &err));
	check((a.verdict == ISAHP_REFUSED) == (a.refusals.count > 0));
	text = isahp_admission_to_text(&a);
	json = isahp_admission_to_json(&a);
	check(text && json);
	check_text(text);
	free(text);
	json_decref(json);
	isahp_admission_free(&a);
	isahp_profile_free(&host);
}

static void again(const json_t *json, const struct isahp_vm_record *record)
{
	json_t *written = isahp_vm_record_to_json(record);
	struct isahp_vm_record back;
	struct isahp_error err;

	/* What is unchanged is as it was, all of it. */
	check(written && json_equal(written, json));
	check(!isahp_vm_record_from_json(written, &back, &err));
	check(!memcmp(record->list, back.list, sizeof(back.list)));
	isahp_vm_record_free(&back);
	json_decref(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL);
	struct isahp_error err = { 0 };
	struct isahp_vm_record record;
	int rc;

	if (!json)
		return 0;
	rc = isahp_vm_record_from_json(json, &record, &err);
	if (rc) {
		check(rc == -EINVAL && err.class == ISAHP_ERROR_USAGE && *err.text);
		check_text(err.text);
	} else {
		again(json, &record);
		ask(&record);
		isahp_vm_record_free(&record);
	}
	json_decref(json);
	return 0;
}
