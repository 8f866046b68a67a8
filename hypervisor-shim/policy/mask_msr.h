/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers by which a CPU itself shows less in CPUID than it has.
 *
 * They act on whoever executes CPUID without being intercepted: programs of the
 * host, containers, Xen's PV guests, and the guests of a hypervisor that does
 * not intercept it. AMD's are overrides: what is written is what is shown, so
 * that a wrong value invents features. Intel's are masks: a 0 hides.
 *
 * Sources: AMD's BIOS and kernel developer's guides (31116 family 10h, 42301
 * family 15h) and processor programming references of families 17h and 19h,
 * MSRC001_1002 to _1005; Revision Guide 25759, erratum 110; Intel's FlexMigration
 * application note 323850; Xen, xen/arch/x86/cpu/amd.c and intel.c.
 */
#ifndef ISAHP_SHIM_MASK_MSR_H
#define ISAHP_SHIM_MASK_MSR_H

#include "error.h"
#include "level.h"
#include "profile.h"

#define ISAHP_MASK_MSRS_MAX 4
/* What the slide "Example setting a Family 10h to Family 0Fh rev F" writes. */
#define ISAHP_MASK_SLIDE_EAX 0x178fbfbfU

/**
 * struct isahp_mask_msr - one register and what to write to it
 * @number: its address.
 * @key: what EDI has to hold at RDMSR and WRMSR; 0: nothing particular.
 * @value: all 64 bits.
 * @keep: the bits of the register that are not CPUID's: to be written as they
 *	are read.
 */
struct isahp_mask_msr {
	__u32 number;
	__u32 key;
	__u64 value;
	__u64 keep;
};

/**
 * struct isahp_mask - what makes a host show a level
 * @msr: the registers,
 * @count: so many of them.
 * @left: features that the level does not have, the host shows, and no register
 *	of it hides.
 */
struct isahp_mask {
	struct isahp_mask_msr msr[ISAHP_MASK_MSRS_MAX];
	size_t count;
	struct isahp_features left;
};

/**
 * isahp_mask_msrs - the registers' values for a level on a host
 * @level: the wish; isahp_level_of() makes one of a list of features.
 * @host: its vendor, signature and CPUID. NULL: some AMD processor of family 10h
 *	that has everything the level has: the level's values as tabled.
 * @ret_mask: the values.
 * @err: says why there are none.
 *
 * Return: 0; -EOPNOTSUPP where the CPU has no such registers or has them
 * elsewhere; -ENODATA where the profile does not tell what is to be written; -EINVAL
 * where the level is of another vendor.
 */
int isahp_mask_msrs(const struct isahp_level *level, const struct isahp_profile *host,
		    struct isahp_mask *ret_mask, struct isahp_error *err);

/**
 * isahp_mask_check - may this value be written to this register
 * @number: of the register.
 * @value: all 64 bits.
 * @host: as above; NULL: looked at for what is wrong on every CPU.
 * @err: on refusal, each bit that is wrong and why; of the Extended Migration
 *	slide's value also what was meant.
 *
 * For values that were taken from somewhere. Looks at C001_1004 and C001_1005.
 *
 * Return: 0; -EINVAL where it is wrong; -EOPNOTSUPP as above, and for other
 * registers.
 */
int isahp_mask_check(__u32 number, __u64 value, const struct isahp_profile *host,
		     struct isahp_error *err);

#endif /* ISAHP_SHIM_MASK_MSR_H */
