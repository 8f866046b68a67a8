// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <errno.h>
#include <string.h>

#include <isa-core/cpuid.h>

#include "log.h"
#include "policy/names.h"
#include "vm.h"

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
	probe->vendor = vendor < 0 ? ISAHP_VENDOR_UNKNOWN : vendor;
	/* Records carry the physical CPU's vendor; TCG's model plays that part. */
	if (probe->kvm)
		probe->vendor = isahp_cpuid_vendor();
}

static void got_cpus(struct isahp_vm *vm, const json_t *result,
		     const char *why, void *data)
{
	struct isahp_probe *probe = data;
	const char *path = json_string_value(json_object_get(
		json_array_get(result, 0), "qom-path"));

	if (!path || strlen(path) >= sizeof(probe->cpu)) {
		isahp_log(ISAHP_LOG_WARNING, "vm %s: QEMU names no CPU (%s)",
			  vm->config.name, why ? why : "none there");
		return;
	}
	strcpy(probe->cpu, path);
	isahp_qmp_command(vm->qmp, "qom-get",
			  json_pack("{s:s, s:s}", "path", probe->cpu, "property",
				    "vendor"), got_vendor, probe);
	isahp_qmp_command(vm->qmp, "qom-get",
			  json_pack("{s:s, s:s}", "path", probe->cpu, "property",
				    "feature-words"), got_words, probe);
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
