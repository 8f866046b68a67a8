// SPDX-License-Identifier: GPL-2.0-or-later
#include "errata.h"

#include <errno.h>
#include <isahp/abi.h>
#include <stddef.h>
#include <string.h>

#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MSR_ARCH_CAPABILITIES 0x10a	/* SDM vol. 4, table 2-2 */
#define RDCL_NO 0
#define MDS_NO 5

#define INTEL ISAHP_VENDOR_INTEL
#define AMD ISAHP_VENDOR_AMD
#define HYGON ISAHP_VENDOR_HYGON
#define ZHAOXIN ISAHP_VENDOR_ZHAOXIN

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
};

#define VERW "clear the CPU's buffers whenever it returns to user mode"
#define COMMON "Linux arch/x86/kernel/cpu/common.c, cpu_set_bug_bits(); Documentation/admin-guide/hw-vuln/"

static const struct isahp_erratum errata[] = {
	[XSAVES_1386] = {
		.name = "amd-1386-xsaves",
		.what = "XSAVES sometimes saves an old value of XMM registers",
		.help = "save registers by XSAVEC",
		.hide = { "xsaves", 0xd, 1, ISAHP_EAX, 3 },
		.option = "clearcpuid=xsaves",
		.source = "AMD erratum 1386; Linux arch/x86/kernel/cpu/amd.c, init_spectral_chicken()",
	},
	[INVLPG_PCID] = {
		.name = "intel-invlpg-pcid",
		.what = "INVLPG leaves global translations of other PCIDs behind",
		.help = "do without PCID",
		.hide = { "pcid", 1, 0, ISAHP_ECX, 17 },
		.option = "nopcid",
		.source = "Intel ADL063, RPL054 and others; Linux arch/x86/mm/init.c, invlpg_miss_ids",
	},
	[MONITOR_CLFLUSH] = {
		.name = "intel-monitor-clflush",
		.what = "MONITOR misses writes to a line that is in the cache",
		.help = "flush the line before MONITOR",
		.hide = { "monitor", 1, 0, ISAHP_ECX, 3 },
		.option = "idle=nomwait",
		.source = "Intel AAI65 and others; Linux arch/x86/kernel/cpu/intel.c, X86_BUG_CLFLUSH_MONITOR",
	},
	[MONITOR_GOLDMONT] = {
		.name = "intel-monitor-goldmont",
		.what = "a write does not wake a CPU from MWAIT",
		.help = "wake sleeping CPUs by interrupts",
		.hide = { "monitor", 1, 0, ISAHP_ECX, 3 },
		.option = "idle=nomwait",
		.source = "Linux arch/x86/kernel/cpu/intel.c, X86_BUG_MONITOR",
	},
	[MELTDOWN] = {
		.name = "meltdown",
		.what = "programs can read the kernel's memory",
		.help = "keep its page tables apart from those of programs",
		.option = "pti=on",
		.file = "meltdown",
		.source = COMMON,
	},
	[MDS] = {
		.name = "mds",
		.what = "programs can read what passed through the CPU's buffers",
		.help = VERW,
		.file = "mds",
		.source = COMMON "mds.rst",
	},
	[RETBLEED_AMD] = {
		.name = "retbleed-amd",
		.what = "programs can mislead the kernel's returns",
		.help = "return through untrained thunks, or flush predictions when it is entered",
		.file = "retbleed",
		.source = COMMON,
	},
	[RETBLEED_INTEL] = {
		.name = "retbleed-intel",
		.what = "programs can mislead the kernel's returns",
		.help = "use IBRS while it runs, or keep the return stack filled",
		.file = "retbleed",
		.source = COMMON,
	},
	[SRSO] = {
		.name = "srso",
		.what = "programs can mislead the kernel's returns",
		.help = "return through safe thunks, or flush predictions when it is entered",
		.file = "spec_rstack_overflow",
		.source = COMMON "srso.rst",
	},
	[MMIO] = {
		.name = "mmio-stale-data",
		.what = "programs with MMIO can read what passed through the CPU's buffers",
		.help = VERW,
		.file = "mmio_stale_data",
		.source = COMMON "processor_mmio_stale_data.rst",
	},
	[TAA] = {
		.name = "taa",
		.what = "aborted transactions leak what passed through the CPU's buffers",
		.help = VERW,
		.hide = { "rtm", 7, 0, ISAHP_EBX, 11 },
		.option = "tsx=off",
		.file = "tsx_async_abort",
		.source = COMMON "tsx_async_abort.rst",
	},
	[RFDS] = {
		.name = "rfds",
		.what = "programs can read what was in the kernel's registers",
		.help = VERW,
		.file = "reg_file_data_sampling",
		.source = COMMON "reg-file-data-sampling.rst",
	},
	[ITS] = {
		.name = "its",
		.what = "indirect branches in the lower half of a line can be misled",
		.help = "keep them out of there",
		.file = "indirect_target_selection",
		.source = COMMON "indirect-target-selection.rst",
	},
	[TSA] = {
		.name = "tsa",
		.what = "programs can infer data of others from timing",
		.help = VERW,
		.file = "tsa",
		.source = "AMD-SB-7036; Linux arch/x86/kernel/cpu/bugs.c",
	},
};

_Static_assert(COUNT(errata) <= ISAHP_ERRATA_MAX, "a mask of 64 bits");

/*
 * Which CPUs have them, as far as a table of models tells; the first row that
 * matches counts. @clean: they have not. @microcode: the first revision that has
 * not.
 */
struct row {
	__u8 erratum;
	__u8 vendor;
	__u16 family;
	__u16 model, model_last;
	bool clean;
	__u32 microcode;
};

#define MODELS(first, last) .model = (first), .model_last = (last)
#define MODEL(one) MODELS(one, one)
#define ANY MODELS(0, 0xffff)

static const struct row rows[] = {
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
	{ MONITOR_GOLDMONT, INTEL, 6, MODEL(0x5c) },

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
};

/* Bits by which a CPU says that it has it not. */
static const struct {
	__u8 erratum;
	struct isahp_cpuid_bit bit; /* leaf 0: of IA32_ARCH_CAPABILITIES */
} cleared[] = {
	{ MELTDOWN, { "rdcl_no", .bit = RDCL_NO } },
	{ MDS, { "mds_no", .bit = MDS_NO } },
	{ RETBLEED_AMD, { "btc_no", 0x80000008, 0, ISAHP_EBX, 29 } },
	{ RETBLEED_INTEL, { "btc_no", 0x80000008, 0, ISAHP_EBX, 29 } },
	{ SRSO, { "srso_no", 0x80000021, 0, ISAHP_EAX, 29 } },
};

const struct isahp_erratum *isahp_erratum(unsigned int number)
{
	return number < COUNT(errata) ? &errata[number] : NULL;
}

int isahp_erratum_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(errata); i++)
		if (!strcmp(errata[i].name, name))
			return (int)i;
	return -ENOENT;
}

static const struct row *row_of(unsigned int number,
				const struct isahp_profile *cpu)
{
	struct isahp_signature s = isahp_profile_signature(cpu);
	__u32 vendor = isahp_profile_vendor(cpu);
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];

		if (r->erratum == number && r->vendor == vendor &&
		    r->family == s.family && r->model <= s.model &&
		    s.model <= r->model_last)
			return r->clean ? NULL : r;
	}
	return NULL;
}

static bool says_clean(unsigned int number, const struct isahp_profile *cpu)
{
	const struct isahp_cpuid_leaf *leaf;
	const struct isahp_msr *msr;
	size_t i;

	for (i = 0; i < COUNT(cleared); i++) {
		const struct isahp_cpuid_bit *b = &cleared[i].bit;

		if (cleared[i].erratum != number)
			continue;
		if (b->leaf) {
			leaf = isahp_profile_leaf(cpu, b->leaf, b->subleaf);
			return leaf && leaf->value[b->reg] >> b->bit & 1;
		}
		msr = isahp_profile_msr(cpu, MSR_ARCH_CAPABILITIES);
		return msr && msr->value >> b->bit & 1;
	}
	return false;
}

/* Return: 1, 0, or -1 where the host's kernel has not said. */
static int told(const struct isahp_erratum *e, const struct isahp_profile *cpu)
{
	static const char not[] = "Not affected";
	size_t i;

	for (i = 0; e->file && i < cpu->mitigation_count; i++)
		if (!strcmp(cpu->mitigations[i].name, e->file))
			return strncmp(cpu->mitigations[i].state, not,
				       strlen(not)) != 0;
	return -1;
}

/* One file for two errata: the vendor decides. */
static bool other_vendors(unsigned int number, const struct isahp_profile *cpu)
{
	__u32 vendor = isahp_profile_vendor(cpu);
	bool amd = vendor == AMD || vendor == HYGON;

	return (number == RETBLEED_AMD && !amd) ||
	       (number == RETBLEED_INTEL && amd);
}

static bool has(unsigned int number, const struct isahp_profile *cpu)
{
	const struct row *row;
	int said;

	if (other_vendors(number, cpu))
		return false;
	said = told(&errata[number], cpu);
	if (said >= 0)
		return said;
	row = row_of(number, cpu);
	return row && !says_clean(number, cpu) &&
	       !(row->microcode && cpu->microcode >= row->microcode);
}

__u64 isahp_errata_of(const struct isahp_profile *cpu)
{
	__u64 set = 0;
	unsigned int i;

	for (i = 0; i < COUNT(errata); i++)
		if (has(i, cpu))
			set |= 1ULL << i;
	return set;
}

__u32 isahp_erratum_microcode(unsigned int number,
			      const struct isahp_profile *cpu)
{
	const struct row *row = row_of(number, cpu);

	return row ? row->microcode : 0;
}

json_t *isahp_errata_to_json(__u64 mask)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; isahp_erratum(i); i++)
		if (mask >> i & 1)
			json_array_append_new(array,
					      json_string(isahp_erratum(i)->name));
	return array;
}

int isahp_errata_accept(const json_t *json, __u64 *ret_mask, bool *ret_entry,
			struct isahp_error *err)
{
	const json_t *item;
	bool entry = false;
	char shown[64];
	__u64 mask = 0;
	size_t i;

	if (!json_is_array(json))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "has to be an array of errata, and \"entry32\"");
	json_array_foreach(json, i, item) {
		const char *name = json_is_string(item) ? json_string_value(item) : "";
		int number = isahp_erratum_find(name);

		if (!strcmp(name, "entry32")) {
			entry = true;
		} else if (number >= 0) {
			mask |= 1ULL << number;
		} else {
			isahp_text_sanitize(shown, sizeof(shown), name, strlen(name));
			return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
					       "no erratum is called '%s'", shown);
		}
	}
	*ret_mask = mask;
	*ret_entry = entry;
	return 0;
}
