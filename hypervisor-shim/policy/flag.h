/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Linux, QEMU and libvirt call the bits of CPUID and of MSRs: all of them,
 * where isa-core's table knows those that isahp does something with.
 */
#ifndef ISAHP_SHIM_FLAG_H
#define ISAHP_SHIM_FLAG_H

#include "field.h"
#include "profile.h"

/** enum isahp_flag_speaker - who calls it so */
enum isahp_flag_speaker {
	ISAHP_FLAG_LINUX,
	ISAHP_FLAG_QEMU,
	ISAHP_FLAG_LIBVIRT,
};

/**
 * struct isahp_flag - one bit
 * @msr: it is of the MSR @leaf; otherwise of CPUID.
 * @leaf: EAX, or the MSR's number.
 * @subleaf: ECX.
 * @reg: enum isahp_cpuid_register.
 * @bit: 0 to 31, or 63.
 * @name: by enum isahp_flag_speaker; "" where there is none. A bit that was
 *	renamed is there twice.
 */
struct isahp_flag {
	bool msr;
	__u32 leaf;
	__u32 subleaf;
	__u8 reg;
	__u8 bit;
	const char *name[3];
};

/** isahp_flag_at - all of them, by CPUID leaf; NULL behind the last */
const struct isahp_flag *isahp_flag_at(size_t number);

/**
 * isahp_flag_find - by name
 * @speaker: whose.
 * @name: need not be terminated. QEMU's '_' and '-' are the same.
 * @len: of @name.
 * @hint: where the last one was found, at first 0; who lists flags does so in
 *	about this order.
 *
 * Return: the flag, or NULL.
 */
const struct isahp_flag *isahp_flag_find(enum isahp_flag_speaker speaker,
					 const char *name, size_t len, size_t *hint);

/**
 * isahp_flag_name - what a bit is called
 * @place: the lowest bit of it counts.
 *
 * Return: as Linux calls it, else QEMU, else libvirt; NULL: none of them does.
 */
const char *isahp_flag_name(const struct isahp_place *place);

/**
 * isahp_flag_set - say that a profile has it, or has it not
 *
 * Return: as isahp_profile_set().
 */
int isahp_flag_set(struct isahp_profile *profile, const struct isahp_flag *flag,
		   bool present);

/** isahp_flag_forget - nothing is told of it any more */
void isahp_flag_forget(struct isahp_profile *profile, const struct isahp_flag *flag);

/** isahp_flag_get - does a profile have it */
bool isahp_flag_get(const struct isahp_profile *profile, const struct isahp_flag *flag);

#endif /* ISAHP_SHIM_FLAG_H */
