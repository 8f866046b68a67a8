// SPDX-License-Identifier: MIT
/*
 * One input is a record that comes over the control socket with a VM, and is
 * admitted, kept and passed on: what was accepted makes a record that is accepted.
 */
#include <errno.h>
#include <hypervisor-shim/attributes.h>

#include "fuzz_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Its QEMU emulates, so that this machine's CPU does not matter. */
static struct isahp_vm *vm_make(void)
{
	struct isahp_vm_config config = {
		.name = "a", .ops = &isahp_ivshmem_ops, .have_present = true,
		.have_vendor = true, .vendor = ISAHP_VENDOR_INTEL,
	};
	struct isahp_layout layout = isahp_layout_tcg(7);
	struct isahp_profile cpu = { 0 };
	struct isahp_error err;
	struct isahp_vm *vm;
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f)
			check(!isahp_profile_set(&cpu, f->leaf, f->subleaf, f->reg,
						 1u << f->bit, i % 3 ? ~0u : 0));
	}
	check(!isahp_vm_add(&fuzz_host, &config, &vm, &err));
	isahp_attributes_shown(vm, &cpu, &layout, false);
	return vm;
}

static void pass_on(struct isahp_vm *vm)
{
	struct isahp_vm_record again;
	struct isahp_error err;
	json_t *made = isahp_attributes_make(vm, &err);

	if (!made) {
		check(*err.text);
		return;
	}
	check(!isahp_vm_record_from_json(made, &again, &err));
	isahp_vm_record_free(&again);
	json_decref(isahp_attributes_untold(made));
	json_decref(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL), *told = NULL;
	struct isahp_error err = { 0 };
	struct isahp_vm *vm;
	int rc;

	if (!json)
		return 0;
	fuzz_init();
	vm = vm_make();
	isahp_vm_run_state_set(vm, ISAHP_RUN_INCOMING);
	rc = isahp_attributes_admit(vm, json, NULL, &told, &err);
	check(!rc == (vm->arriving.document != NULL));
	check(!rc || (err.class && *err.text));
	check((rc == -EPERM) == (rc && told));
	json_decref(told);
	isahp_vm_run_state_set(vm, ISAHP_RUN_RUNNING);
	pass_on(vm);
	/* An operator brings it by hand. */
	if (!isahp_attributes_keep(vm, json, &err)) {
		pass_on(vm);
		isahp_attributes_rebooted(vm);
		pass_on(vm);
	}
	json_decref(isahp_attributes_show(vm));
	json_decref(json);
	fuzz_settle();
	return 0;
}
