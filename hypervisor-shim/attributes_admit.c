// SPDX-License-Identifier: GPL-2.0-or-later
/* May a VM come here, by its record? The rest of the record is in attributes.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attributes.h"
#include "policy/errata.h"
#include "policy/text.h"

/* --- this host ----------------------------------------------------------------- */

static void name_host(struct isahp_profile *host)
{
	char name[ISAHP_PROFILE_NAME_SIZE] = "";

	if (gethostname(name, sizeof(name) - 1) || !isahp_profile_name_valid(name))
		strcpy(name, "destination");
	strcpy(host->name, name);
}

/* What QEMU shows it gives, though the CPU may lack it: the x2APIC, for one. */
static int add_given(struct isahp_profile *host, const struct isahp_profile *cpu)
{
	unsigned int reg;
	size_t i;
	int rc = 0;

	for (i = 0; i < cpu->leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &cpu->leaves[i];

		/* Not identity, sizes and layouts: these are the CPU's. */
		if (!l->leaf || l->leaf == 0xd || l->leaf == 0x80000000 ||
		    l->leaf == 0x80000008)
			continue;
		for (reg = ISAHP_EAX; !rc && reg <= ISAHP_EDX; reg++)
			if (l->value[reg] && !(l->leaf == 1 && reg == ISAHP_EAX))
				rc = isahp_profile_set(host, l->leaf, l->subleaf, reg,
						       l->value[reg], l->value[reg]);
	}
	return rc;
}

/* Of its model it has the name, and not the errata. */
static int host_emulated(const struct isahp_vm *vm, struct isahp_profile *host)
{
	const struct isahp_cpuid_leaf *one;
	int rc = isahp_profile_copy(&vm->cpu, "emulated", host);

	if (rc)
		return rc;
	one = isahp_profile_leaf(host, 1, 0);
	if (one) {
		host->leaves[one - host->leaves].known[ISAHP_EAX] = 0;
		host->leaves[one - host->leaves].value[ISAHP_EAX] = 0;
	}
	host->xcr0 = vm->layout.known ? vm->layout.xcr0 : 3;
	host->xcr0_known = true;
	return 0;
}

static int host_profile(const struct isahp_vm *vm, struct isahp_profile *ret,
			struct isahp_error *err)
{
	struct isahp_profile host = { 0 };
	int rc;

	if (vm->cpu.leaf_count && vm->emulated) {
		rc = host_emulated(vm, &host);
	} else {
		rc = isahp_profile_native(&host, err);
		if (rc)
			return rc;
		rc = add_given(&host, &vm->cpu);
	}
	if (rc) {
		isahp_profile_free(&host);
		return isahp_error_set(err, ISAHP_ERROR_FAILED, rc,
				       "this host's CPU: %s", strerror(-rc));
	}
	name_host(&host);
	*ret = host;
	return 0;
}

__u64 isahp_attributes_errata(const struct isahp_vm *vm)
{
	struct isahp_profile host = { 0 };
	struct isahp_error ignored;
	__u64 errata = 0;

	if (vm->cpu.leaf_count && vm->emulated)
		return 0;
	if (!isahp_profile_native(&host, &ignored))
		errata = isahp_errata_of(&host);
	isahp_profile_free(&host);
	return errata;
}

/* --- admission ----------------------------------------------------------------- */

/* All of it in one line, as the rules put it. */
static int refuse(const struct isahp_admission *a, struct isahp_error *err)
{
	char line[512];
	size_t i;

	isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM, "VM '%s' may not go to %s: ",
			a->vm, a->host);
	for (i = 0; i < a->refusals.count; i++) {
		const struct isahp_admission_item *item = &a->refusals.array[i];

		snprintf(line, sizeof(line), "%s%s (%s)", i ? ", " : "", item->what,
			 item->why);
		if (strlen(err->text) + strlen(line) + 32 > sizeof(err->text)) {
			isahp_text_append(err->text, sizeof(err->text), " and %zu more",
					  a->refusals.count - i);
			break;
		}
		isahp_text_append(err->text, sizeof(err->text), "%s", line);
	}
	return -EPERM;
}

static json_t *tell(const struct isahp_admission *a)
{
	char *text = isahp_admission_to_text(a);
	json_t *data = json_pack("{s:o, s:s?}", "admission", isahp_admission_to_json(a),
				 "text", text);

	free(text);
	return data;
}

static int check(const struct isahp_vm *vm, const struct isahp_vm_record *record,
		 const struct isahp_admission_options *options, json_t **ret_data,
		 struct isahp_error *err)
{
	struct isahp_admission admission;
	struct isahp_profile host;
	int rc = host_profile(vm, &host, err);

	if (rc)
		return rc;
	rc = isahp_admission_check(record, &host, options, &admission, err);
	isahp_profile_free(&host);
	if (rc)
		return rc;
	*ret_data = tell(&admission);
	if (admission.verdict == ISAHP_REFUSED)
		rc = refuse(&admission, err);
	isahp_admission_free(&admission);
	return rc;
}

int isahp_attributes_admit(struct isahp_vm *vm, const json_t *json,
			   const struct isahp_admission_options *options,
			   json_t **ret_data, struct isahp_error *err)
{
	struct isahp_vm_record record;
	int rc;

	if (vm->config.ops->no_state)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "'%s' is this machine's own processes: no VM can go there",
				       vm->config.name);
	rc = isahp_vm_record_from_json(json, &record, err);
	if (rc)
		return rc;
	rc = check(vm, &record, options, ret_data, err);
	isahp_log(ISAHP_LOG_INFO, "vm %s: %s by its record%s%s", vm->config.name,
		  rc ? "not admitted" : "admitted", rc ? ": " : "", rc ? err->text : "");
	if (rc || vm->run_state != ISAHP_RUN_INCOMING) {
		isahp_vm_record_free(&record);
		return rc;
	}
	isahp_vm_record_free(&vm->arriving);
	vm->arriving = record;
	return 0;
}
