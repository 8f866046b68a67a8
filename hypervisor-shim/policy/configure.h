/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy as the configuration of the programs that run the guests.
 *
 * One description of the CPU that a guest shall see, and from it QEMU's -cpu,
 * libvirt's <cpu>, and xl's cpuid=, so that the same guest sees the same CPU on
 * whatever host, under whatever of them.
 */
#ifndef ISAHP_SHIM_CONFIGURE_H
#define ISAHP_SHIM_CONFIGURE_H

#include <isahp/features.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "level.h"
#include "mask_msr.h"
#include "model.h"

/**
 * struct isahp_guest_cpu - the CPU that a guest shall see
 * @shown: the features of the table that its CPUID shows; closed.
 * @decided: those that the policy decides, @shown among them: the others are as the
 *	CPU model has them, or as Xen chooses. x86-64-v3 says nothing of SMEP.
 * @vendor: enum isahp_vendor that it shows; ISAHP_VENDOR_UNKNOWN: whichever.
 * @floor: ISAHP_WORD_COUNT feature words that every host can show, by
 *	isahp_floor_of(): what the CPU model has beyond them is taken away, PCID
 *	in a pool with AMD's of before Zen 3, say. NULL: not known.
 * @phys_bits: width of physical addresses; 0: not said.
 * @qemu: the oldest QEMU that is to take it, as "7.2"; NULL: any.
 * @enforce: QEMU shall not start where something is missing. Otherwise it warns.
 */
struct isahp_guest_cpu {
	struct isahp_features shown;
	struct isahp_features decided;
	__u32 vendor;
	const __u32 *floor;
	unsigned int phys_bits;
	const char *qemu;
	bool enforce;
};

/**
 * isahp_guest_cpu_of - the CPU of a level
 * @level: the wish.
 * @features: what all hosts give of it: the intersection of their
 *	isahp_level_fit's; NULL: all of it.
 *
 * Return: a description that still says nothing of addresses and versions.
 */
struct isahp_guest_cpu isahp_guest_cpu_of(const struct isahp_level *level,
					  const struct isahp_features *features);

/**
 * struct isahp_configuration - what came out
 * @text: the configuration; to be freed.
 * @model: the CPU model that it is built on, or NULL.
 * @unnamed: features that shall be shown and that the program has no name for:
 *	its guests will not see them.
 */
struct isahp_configuration {
	char *text;
	const struct isahp_model *model;
	struct isahp_features unnamed;
};

/**
 * isahp_configure_qemu - the argument of QEMU's -cpu
 * @cpu: the CPU.
 * @ret: "MODEL,+feature,-feature": the model with the fewest differences. What
 *	the table of features has no row for is the model's, down to the floor,
 *	and thus the same on every host.
 * @err: says what is wrong.
 *
 * Return: 0; -EINVAL where @cpu contradicts itself; -ENOENT where no model
 * serves; -ENOMEM.
 */
int isahp_configure_qemu(const struct isahp_guest_cpu *cpu,
			 struct isahp_configuration *ret, struct isahp_error *err);

/**
 * isahp_configure_libvirt - the <cpu> element of a libvirt domain
 * @cpu: the CPU.
 * @ret: the element. It names each decided feature that libvirt has a name for,
 *	also where the model has or lacks it already: libvirt's models and QEMU's
 *	of the same name are not the same, and have changed. The vendor is not in
 *	it: libvirt takes that for a demand on the host.
 * @err: says what is wrong.
 *
 * Return: as above.
 */
int isahp_configure_libvirt(const struct isahp_guest_cpu *cpu,
			    struct isahp_configuration *ret, struct isahp_error *err);

/**
 * isahp_configure_xl - xl's cpuid=
 * @cpu: the CPU.
 * @ret: a line of xl.cfg, in the form that names bits by their places, since the
 *	names have changed between versions. What the table has no row for is left
 *	to Xen ('x'), and its vendor, which Xen does not let one choose.
 * @err: says what is wrong.
 *
 * Return: as above.
 */
int isahp_configure_xl(const struct isahp_guest_cpu *cpu,
		       struct isahp_configuration *ret, struct isahp_error *err);

/**
 * isahp_configure_xen - Xen's cpuid_mask_*= boot parameters
 * @mask: a host's, by isahp_mask_msrs(). They act on PV guests.
 *
 * Return: the parameters, separated by spaces, to be freed; NULL: out of memory.
 */
char *isahp_configure_xen(const struct isahp_mask *mask);

/** isahp_configuration_free - what it owns, not the structure itself */
void isahp_configuration_free(struct isahp_configuration *configuration);

#endif /* ISAHP_SHIM_CONFIGURE_H */
