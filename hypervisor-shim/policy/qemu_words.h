/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU of a QEMU that runs, as QMP tells it: what a guest's CPUID shows there,
 * bit by bit.
 */
#ifndef ISAHP_SHIM_QEMU_WORDS_H
#define ISAHP_SHIM_QEMU_WORDS_H

#include "profile.h"

/* EAX: KVM's paravirtual features (Linux Documentation/virt/kvm/x86/cpuid.rst) */
#define ISAHP_QEMU_KVM_LEAF 0x40000001u

/*
 * X(SYMBOL, property): numbers that a CPU object has (qom-get), in the order of
 * QEMU's target/i386/cpu.c
 */
#define ISAHP_QEMU_NUMBER_TABLE(X) \
X(FAMILY, "family") \
X(MODEL, "model") \
X(STEPPING, "stepping") \
X(PHYS_BITS, "phys-bits") \
X(LEVEL, "level") \
X(XLEVEL, "xlevel")

/** enum isahp_qemu_number - ISAHP_QEMU_<SYMBOL>: one row of the table above */
#define ISAHP_QEMU_NUMBER_ENUM(sym, ...) ISAHP_QEMU_##sym,
enum isahp_qemu_number {
	ISAHP_QEMU_NUMBER_TABLE(ISAHP_QEMU_NUMBER_ENUM)
	ISAHP_QEMU_NUMBERS,
};
#undef ISAHP_QEMU_NUMBER_ENUM

/**
 * struct isahp_qemu_cpu - what a QEMU says of its CPU
 * @words: its property `feature-words`, or NULL; borrowed.
 * @vendor: its property `vendor`, or NULL; borrowed.
 * @number: by enum isahp_qemu_number; negative: not told.
 */
struct isahp_qemu_cpu {
	const json_t *words;
	const char *vendor;
	json_int_t number[ISAHP_QEMU_NUMBERS];
};

/** isahp_qemu_number_name - the property's name */
const char *isahp_qemu_number_name(enum isahp_qemu_number number);

/**
 * isahp_qemu_cpu_profile - the CPU as a profile
 * @cpu: hostile.
 * @ret: to be freed; untouched on failure. Without a name. What QEMU has no word
 *	for is unknown; paravirtual leaves, which come from the hypervisor, are left
 *	out.
 *
 * Return: 0; -EPROTO where it has not that form, or says what no CPU can;
 * -ENOMEM.
 */
int isahp_qemu_cpu_profile(const struct isahp_qemu_cpu *cpu,
			   struct isahp_profile *ret);

#endif /* ISAHP_SHIM_QEMU_WORDS_H */
