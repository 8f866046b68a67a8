// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From Linux: arch/x86/kernel/cpu/common.c (cpu_vuln_blacklist[] and _whitelist[]
 * of 6.1.192), amd.c and intel.c beside it, arch/x86/mm/init.c.
 */
#include "errata_models.h"

#include <isahp/abi.h>

#define INTEL ISAHP_VENDOR_INTEL
#define AMD ISAHP_VENDOR_AMD
#define HYGON ISAHP_VENDOR_HYGON
#define ZHAOXIN ISAHP_VENDOR_ZHAOXIN

#define MODELS(first, last) .model = (first), .model_last = (last)
#define MODEL(one) MODELS(one, one)
#define ANY MODELS(0, 0xffff)
#define STEPPINGS_FROM(first) .steppings = (0xffff << (first)) & 0xffff
#define STEPPING(one) .steppings = 1 << (one)

/* The first row that matches counts. */
static const struct isahp_erratum_model rows[] = {
	{ XSAVES_1386, AMD, 0x17, MODEL(0x01), STEPPING(2), .microcode = 0x0800126e },
	{ XSAVES_1386, AMD, 0x17, MODEL(0x31), STEPPING(0), .microcode = 0x08301052 },
	{ XSAVES_1386, AMD, 0x17, ANY },
	{ XSAVES_1386, HYGON, 0x18, ANY },

	{ INVLPG_PCID, INTEL, 6, MODEL(0x97), .microcode = 0x2e },
	{ INVLPG_PCID, INTEL, 6, MODEL(0x9a), .microcode = 0x42c },
	{ INVLPG_PCID, INTEL, 6, MODEL(0xbe), .microcode = 0x11 },
	{ INVLPG_PCID, INTEL, 6, MODEL(0xb7), .microcode = 0x118 },
	{ INVLPG_PCID, INTEL, 6, MODEL(0xba), .microcode = 0x4117 },
	{ INVLPG_PCID, INTEL, 6, MODEL(0xbf), .microcode = 0x2e },

	{ MONITOR_CLFLUSH, INTEL, 6, MODEL(0x1d) },
	{ MONITOR_CLFLUSH, INTEL, 6, MODELS(0x2e, 0x2f) },
	/* Goldmont, Ice Lake servers, Lunar Lake. */
	{ MONITOR_GOLDMONT, INTEL, 6, MODEL(0x5c) },
	{ MONITOR_GOLDMONT, INTEL, 6, MODEL(0x6a) },
	{ MONITOR_GOLDMONT, INTEL, 6, MODEL(0xbd) },

	/* Atoms that do not speculate. */
	{ MELTDOWN, INTEL, 6, MODEL(0x1c), .clean = true },
	{ MELTDOWN, INTEL, 6, MODELS(0x26, 0x27), .clean = true },
	{ MELTDOWN, INTEL, 6, MODELS(0x35, 0x36), .clean = true },
	{ MELTDOWN, INTEL, 6, ANY },
	{ MELTDOWN, ZHAOXIN, 7, ANY },

	{ MDS, INTEL, 6, MODEL(0x1c), .clean = true },
	{ MDS, INTEL, 6, MODELS(0x26, 0x27), .clean = true },
	{ MDS, INTEL, 6, MODELS(0x35, 0x36), .clean = true },
	{ MDS, INTEL, 6, MODEL(0x5c), .clean = true },
	{ MDS, INTEL, 6, MODEL(0x5f), .clean = true },
	{ MDS, INTEL, 6, MODEL(0x7a), .clean = true },
	{ MDS, INTEL, 6, ANY },
	{ MDS, ZHAOXIN, 7, ANY },

	{ RETBLEED_AMD, AMD, 0x15, ANY },
	{ RETBLEED_AMD, AMD, 0x16, ANY },
	{ RETBLEED_AMD, AMD, 0x17, ANY },
	{ RETBLEED_AMD, HYGON, 0x18, ANY },

	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x4e) },
	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x55) },
	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x5e) },
	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x66) },
	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x7e) },
	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x8a) },
	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x8e) },
	{ RETBLEED_INTEL, INTEL, 6, MODEL(0x9e) },
	{ RETBLEED_INTEL, INTEL, 6, MODELS(0xa5, 0xa7) },

	{ SRSO, AMD, 0x17, ANY },
	{ SRSO, HYGON, 0x18, ANY },
	{ SRSO, AMD, 0x19, ANY },
	{ SRSO, AMD, 0x1a, ANY },

	/* Haswell and Broadwell servers; Skylake to Rocket Lake; Tremont. */
	{ MMIO, INTEL, 6, MODEL(0x3f) },
	{ MMIO, INTEL, 6, MODEL(0x4e) },
	{ MMIO, INTEL, 6, MODEL(0x4f) },
	{ MMIO, INTEL, 6, MODELS(0x55, 0x56) },
	{ MMIO, INTEL, 6, MODEL(0x5e) },
	{ MMIO, INTEL, 6, MODEL(0x6a) },
	{ MMIO, INTEL, 6, MODEL(0x6c) },
	{ MMIO, INTEL, 6, MODEL(0x7e) },
	{ MMIO, INTEL, 6, MODEL(0x86) },
	{ MMIO, INTEL, 6, MODEL(0x8a) },
	{ MMIO, INTEL, 6, MODEL(0x8e) },
	{ MMIO, INTEL, 6, MODEL(0x96) },
	{ MMIO, INTEL, 6, MODEL(0x9c) },
	{ MMIO, INTEL, 6, MODEL(0x9e) },
	{ MMIO, INTEL, 6, MODELS(0xa5, 0xa7) },

	{ TAA, INTEL, 6, ANY },

	/* Goldmont, Tremont; Alder and Raptor Lake. */
	{ RFDS, INTEL, 6, MODEL(0x5c) },
	{ RFDS, INTEL, 6, MODEL(0x5f) },
	{ RFDS, INTEL, 6, MODEL(0x7a) },
	{ RFDS, INTEL, 6, MODEL(0x86) },
	{ RFDS, INTEL, 6, MODELS(0x96, 0x97) },
	{ RFDS, INTEL, 6, MODEL(0x9a) },
	{ RFDS, INTEL, 6, MODEL(0x9c) },
	{ RFDS, INTEL, 6, MODEL(0xb7) },
	{ RFDS, INTEL, 6, MODEL(0xba) },
	{ RFDS, INTEL, 6, MODELS(0xbe, 0xbf) },

	/* Cascade Lake; Whiskey to Rocket Lake; Ice and Tiger Lake. */
	{ ITS, INTEL, 6, MODEL(0x55), STEPPINGS_FROM(6) },
	{ ITS, INTEL, 6, MODEL(0x6a) },
	{ ITS, INTEL, 6, MODEL(0x6c) },
	{ ITS, INTEL, 6, MODEL(0x7e) },
	{ ITS, INTEL, 6, MODELS(0x8c, 0x8d) },
	{ ITS, INTEL, 6, MODEL(0x8e), STEPPINGS_FROM(0xc) },
	{ ITS, INTEL, 6, MODEL(0x9e), STEPPINGS_FROM(0xd) },
	{ ITS, INTEL, 6, MODELS(0xa5, 0xa7) },

	{ TSA, AMD, 0x19, ANY },

	/* Zen 5, of whose family not all models are. */
	{ RDSEED, AMD, 0x1a, MODEL(0x02), STEPPING(1), .microcode = 0x0b00215a },
	{ RDSEED, AMD, 0x1a, MODEL(0x08), STEPPING(1), .microcode = 0x0b008121 },
	{ RDSEED, AMD, 0x1a, MODEL(0x11), STEPPING(0), .microcode = 0x0b101054 },
	{ RDSEED, AMD, 0x1a, MODEL(0x24), STEPPING(0), .microcode = 0x0b204037 },
	{ RDSEED, AMD, 0x1a, MODEL(0x44), STEPPING(0), .microcode = 0x0b404035 },
	{ RDSEED, AMD, 0x1a, MODEL(0x44), STEPPING(1), .microcode = 0x0b404108 },
	{ RDSEED, AMD, 0x1a, MODEL(0x60), STEPPING(0), .microcode = 0x0b600037 },
	{ RDSEED, AMD, 0x1a, MODEL(0x68), STEPPING(0), .microcode = 0x0b608038 },
	{ RDSEED, AMD, 0x1a, MODEL(0x70), STEPPING(0), .microcode = 0x0b700037 },
	{ RDSEED, AMD, 0x1a, MODELS(0x00, 0x2f) },
	{ RDSEED, AMD, 0x1a, MODELS(0x40, 0x4f) },
	{ RDSEED, AMD, 0x1a, MODELS(0x60, 0x7f) },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void isahp_erratum_models(const struct isahp_profile *cpu,
			  const struct isahp_erratum_model *ret[ERRATA])
{
	struct isahp_signature s = isahp_profile_signature(cpu);
	__u32 vendor = isahp_profile_vendor(cpu);
	size_t i;

	for (i = 0; i < ERRATA; i++)
		ret[i] = NULL;
	for (i = 0; i < ROWS; i++) {
		const struct isahp_erratum_model *r = &rows[i];

		if (!ret[r->erratum] && r->vendor == vendor && r->family == s.family &&
		    r->model <= s.model && s.model <= r->model_last &&
		    (!r->steppings || r->steppings >> s.stepping & 1))
			ret[r->erratum] = r;
	}
	for (i = 0; i < ERRATA; i++)
		if (ret[i] && ret[i]->clean)
			ret[i] = NULL;
}
