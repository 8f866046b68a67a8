// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <isa-core/features.h>
#include <stdlib.h>

#include "policy_env.h"
#include "policy_fixture.h"

static struct isahp_vm_record guest(const char *baseline, const char *announced)
{
	struct isahp_vm_record vm = {
		.name = "web1", .masked = true, .registered = true, .xcr0 = 7,
		.boot_vendor = ISAHP_VENDOR_INTEL, .vendor = ISAHP_VENDOR_INTEL,
		.entry = ISAHP_ENTRY_FOLLOWS, .physical_bits = 40,
	};

	vm.list[ISAHP_VM_BASELINE] = policy_set(baseline);
	vm.list[ISAHP_VM_SHOWN] = vm.list[ISAHP_VM_BASELINE];
	vm.list[ISAHP_VM_ANNOUNCED] = policy_set(announced);
	vm.list[ISAHP_VM_ANNOUNCED] = isahp_features_or(
		&vm.list[ISAHP_VM_ANNOUNCED], &vm.list[ISAHP_VM_BASELINE]);
	vm.list[ISAHP_VM_ENVELOPE] = isahp_features_known();
	return vm;
}

struct fixture fixture_of(const char *baseline, const char *announced,
			  struct isahp_profile host)
{
	struct fixture f = { .vm = guest(baseline, announced), .host = host };

	return f;
}

void fixture_check(struct fixture *f)
{
	isahp_admission_free(&f->a);
	cr_assert_eq(isahp_admission_check(&f->vm, &f->host, &f->options, &f->a, &f->err),
		     0, "%s", f->err.text);
}

void fixture_show(const struct fixture *f)
{
	char *text = isahp_admission_to_text(&f->a);

	cr_log_info("%s", text);
	free(text);
}

void fixture_end(struct fixture *f)
{
	isahp_admission_free(&f->a);
	isahp_profile_free(&f->host);
	isahp_vm_record_free(&f->vm);
}
