// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <isa-core/cpuid.h>

#include "attributes.h"
#include "log.h"
#include "policy/names.h"
#include "vm.h"

/* All that it shows, bit by bit. */
static void take_profile(struct isahp_vm *vm, const struct isahp_probe *probe,
			 const json_t *words, const struct isahp_layout *layout)
{
	struct isahp_qemu_cpu cpu = {
		.words = words,
		.vendor = *probe->shown_vendor ? probe->shown_vendor : NULL,
	};
	struct isahp_profile shown;
	int rc;

	memcpy(cpu.number, probe->number, sizeof(cpu.number));
	rc = isahp_qemu_cpu_profile(&cpu, &shown);
	if (rc)
		isahp_log(ISAHP_LOG_WARNING,
			  "vm %s: QEMU tells of its CPU what is none: its record will lack it",
			  vm->config.name);
	else
		isahp_attributes_shown(vm, &shown, layout, probe->kvm);
}

static void got_words(struct isahp_vm *vm, const json_t *result,
		      const char *why, void *data)
{
	struct isahp_probe *probe = data;
	struct isahp_layout layout;
	struct isahp_features set;
	__u64 xcr0;

	if (!result || isahp_names_from_words(result, &set)) {
		isahp_log(ISAHP_LOG_WARNING,
			  "vm %s: QEMU does not tell the CPU's features (%s): give --present",
			  vm->config.name, why ? why : "malformed");
		return;
	}
	xcr0 = isahp_names_xcr0_from_words(result);
	layout = probe->kvm ? isahp_layout_native(xcr0) : isahp_layout_tcg(xcr0);
	take_profile(vm, probe, result, &layout);
	isahp_vm_shown_set(vm, &set, &layout);
	isahp_vm_profile_set(vm, &set, probe->vendor);
}

static void got_vendor(struct isahp_vm *vm, const json_t *result,
		       const char *why, void *data)
{
	struct isahp_probe *probe = data;
	const char *name = json_string_value(result);
	int vendor = name ? isahp_vendor_find(name) : -ENOENT;

	(void)vm;
	(void)why;
	snprintf(probe->shown_vendor, sizeof(probe->shown_vendor), "%s",
		 name ? name : "");
	probe->vendor = vendor < 0 ? ISAHP_VENDOR_UNKNOWN : vendor;
	/* Records carry the physical CPU's vendor; TCG's model plays that part. */
	if (probe->kvm)
		probe->vendor = isahp_cpuid_vendor();
}

static void got_number(struct isahp_vm *vm, const json_t *result,
		       const char *why, void *data)
{
	json_int_t *number = data;

	(void)vm;
	(void)why;
	*number = json_is_integer(result) ? json_integer_value(result) : -1;
}

static void ask_property(struct isahp_vm *vm, struct isahp_probe *probe,
			 const char *property, isahp_qmp_fn fn, void *data)
{
	isahp_qmp_command(vm->qmp, "qom-get",
			  json_pack("{s:s, s:s}", "path", probe->cpu, "property",
				    property), fn, data);
}

static void got_cpus(struct isahp_vm *vm, const json_t *result,
		     const char *why, void *data)
{
	struct isahp_probe *probe = data;
	const char *path = json_string_value(json_object_get(
		json_array_get(result, 0), "qom-path"));
	int i;

	if (!path || strlen(path) >= sizeof(probe->cpu)) {
		isahp_log(ISAHP_LOG_WARNING, "vm %s: QEMU names no CPU (%s)",
			  vm->config.name, why ? why : "none there");
		return;
	}
	strcpy(probe->cpu, path);
	/* Answers come in the order of questions: the words last. */
	for (i = 0; i < ISAHP_QEMU_NUMBERS; i++)
		ask_property(vm, probe, isahp_qemu_number_name(i), got_number,
			     &probe->number[i]);
	ask_property(vm, probe, "vendor", got_vendor, probe);
	ask_property(vm, probe, "feature-words", got_words, probe);
}

static void got_kvm(struct isahp_vm *vm, const json_t *result, const char *why,
		    void *data)
{
	struct isahp_probe *probe = data;

	(void)vm;
	(void)why;
	probe->kvm = json_is_true(json_object_get(result, "enabled"));
}

static void got_status(struct isahp_vm *vm, const json_t *result,
		       const char *why, void *data)
{
	const char *status = json_string_value(json_object_get(result, "status"));

	(void)why;
	(void)data;
	if (!status)
		return;
	if (!strcmp(status, "inmigrate"))
		isahp_vm_run_state_set(vm, ISAHP_RUN_INCOMING);
	else if (!strcmp(status, "running"))
		isahp_vm_run_state_set(vm, ISAHP_RUN_RUNNING);
	else
		isahp_vm_run_state_set(vm, ISAHP_RUN_STOPPED);
}

void isahp_probe(struct isahp_qmp *qmp, struct isahp_probe *probe)
{
	isahp_qmp_command(qmp, "query-status", NULL, got_status, probe);
	isahp_qmp_command(qmp, "query-kvm", NULL, got_kvm, probe);
	isahp_qmp_command(qmp, "query-cpus-fast", NULL, got_cpus, probe);
}
