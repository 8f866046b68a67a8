/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_PROBE_H
#define ISAHP_SHIM_PROBE_H

#include <linux/types.h>
#include <stdbool.h>

#include "policy/qemu_words.h"
#include "qmp.h"

/**
 * struct isahp_probe - what a QEMU has told of its CPU so far
 * @kvm: the physical CPU executes the guest, whatever its CPUID says.
 * @cpu: QOM path of the first CPU.
 * @vendor: enum isahp_vendor for the guest's records.
 * @shown_vendor: as its CPUID spells it; empty: not told.
 * @number: by enum isahp_qemu_number; negative: not told.
 */
struct isahp_probe {
	bool kvm;
	char cpu[256];
	__u32 vendor;
	char shown_vendor[13];
	json_int_t number[ISAHP_QEMU_NUMBERS];
};

/**
 * isahp_probe - ask a QEMU what it is: run state, accelerator, CPU
 * @qmp: ready.
 * @probe: lives as long as @qmp.
 *
 * The answers go to isahp_vm_run_state_set() and isahp_vm_profile_set().
 */
void isahp_probe(struct isahp_qmp *qmp, struct isahp_probe *probe);

#endif /* ISAHP_SHIM_PROBE_H */
