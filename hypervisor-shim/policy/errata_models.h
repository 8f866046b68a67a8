/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which models of CPUs have which errata: for errata.c alone. */
#ifndef ISAHP_SHIM_ERRATA_MODELS_H
#define ISAHP_SHIM_ERRATA_MODELS_H

#include "profile.h"

/* Numbers of errata.c's table; in no file. */
enum {
	XSAVES_1386,
	INVLPG_PCID,
	MONITOR_CLFLUSH,
	MONITOR_GOLDMONT,
	MELTDOWN,
	MDS,
	RETBLEED_AMD,
	RETBLEED_INTEL,
	SRSO,
	MMIO,
	TAA,
	RFDS,
	ITS,
	TSA,
	RDSEED,
	ERRATA,
};

/**
 * struct isahp_erratum_model - a row
 * @erratum: its number.
 * @vendor: enum isahp_vendor.
 * @family: of the CPU.
 * @model: from this one,
 * @model_last: to this one.
 * @steppings: a mask; 0: all.
 * @clean: they do not have it.
 * @microcode: the first revision that has it not; 0: none is known.
 */
struct isahp_erratum_model {
	__u8 erratum;
	__u8 vendor;
	__u16 family;
	__u16 model, model_last;
	__u16 steppings;
	bool clean;
	__u32 microcode;
};

/**
 * isahp_erratum_models - what the table tells of a CPU
 * @cpu: by its vendor, family, model and stepping.
 * @ret: receives a row of each erratum, by number; NULL: it has it not, or nobody
 *	knows of it.
 */
void isahp_erratum_models(const struct isahp_profile *cpu,
			  const struct isahp_erratum_model *ret[ERRATA]);

#endif /* ISAHP_SHIM_ERRATA_MODELS_H */
