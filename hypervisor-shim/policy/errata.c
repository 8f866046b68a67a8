// SPDX-License-Identifier: GPL-2.0-or-later
#include "errata.h"

#include <errno.h>
#include <isahp/abi.h>
#include <stddef.h>
#include <string.h>

#include <isa-core/features.h>

#include "errata_models.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BIT(n) (1ULL << (n))

#define MSR_ARCH_CAPABILITIES 0x10a

#define INTEL ISAHP_VENDOR_INTEL
#define AMD ISAHP_VENDOR_AMD
#define HYGON ISAHP_VENDOR_HYGON

#define VERW "clear the CPU's buffers whenever it returns to user mode"
#define COMMON "Linux arch/x86/kernel/cpu/common.c, cpu_set_bug_bits(); Documentation/admin-guide/hw-vuln/"

static const struct isahp_erratum errata[] = {
	[XSAVES_1386] = {
		.name = "amd-1386-xsaves",
		.what = "XSAVES sometimes saves an old value of XMM registers",
		.help = "save registers by XSAVEC",
		.hide = { "xsaves", 0xd, 1, ISAHP_EAX, 3 },
		.feature = ISAHP_FEATURE_XSAVES,
		.option = "clearcpuid=xsaves",
		.source = "AMD erratum 1386; Linux arch/x86/kernel/cpu/amd.c, fix_erratum_1386()",
	},
	[INVLPG_PCID] = {
		.name = "intel-invlpg-pcid",
		.what = "INVLPG leaves global translations of other PCIDs behind",
		.help = "do without PCID",
		.hide = { "pcid", 1, 0, ISAHP_ECX, 17 },
		.feature = -1,
		.option = "nopcid",
		.source = "Intel ADL063, RPL054 and others; Linux arch/x86/mm/init.c, invlpg_miss_ids",
	},
	[MONITOR_CLFLUSH] = {
		.name = "intel-monitor-clflush",
		.what = "MONITOR misses writes to a line that is in the cache",
		.help = "flush the line before MONITOR",
		.hide = { "monitor", 1, 0, ISAHP_ECX, 3 },
		.feature = -1,
		.seldom = true,
		.option = "idle=nomwait",
		.source = "Intel AAI65 and others; Linux arch/x86/kernel/cpu/intel.c, X86_BUG_CLFLUSH_MONITOR",
	},
	[MONITOR_GOLDMONT] = {
		.name = "intel-monitor-goldmont",
		.what = "a write does not wake a CPU from MWAIT",
		.help = "wake sleeping CPUs by interrupts",
		.hide = { "monitor", 1, 0, ISAHP_ECX, 3 },
		.feature = -1,
		.seldom = true,
		.option = "idle=nomwait",
		.source = "Intel ICX143 and others; Linux arch/x86/kernel/cpu/intel.c, monitor_bug_list[]",
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
		.feature = ISAHP_FEATURE_RTM,
		.shown = true,
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
	[RDSEED] = {
		.name = "amd-rdseed",
		.what = "RDSEED of 16 and 32 bits gives 0 far too often, and says that it is random",
		.help = "do without RDSEED",
		.hide = { "rdseed", 7, 0, ISAHP_EBX, 18 },
		.feature = ISAHP_FEATURE_RDSEED,
		.shown = true,
		.programs = true,
		.source = "AMD-SB-7055; Linux arch/x86/kernel/cpu/amd.c, zen5_rdseed_microcode[]",
	},
};

_Static_assert(COUNT(errata) == ERRATA && ERRATA <= ISAHP_ERRATA_MAX, "a mask of 64 bits");

/* Bits of CPUID, or of IA32_ARCH_CAPABILITIES (SDM vol. 4, table 2-2). */
struct sign {
	__u8 erratum;
	__u8 reg;
	bool firm;	/* whatever the host's kernel says */
	__u32 leaf;	/* 0: of the MSR */
	__u32 subleaf;
	__u64 bits;	/* all of them */
};

/* By which a CPU says that it has it not. */
static const struct sign cleared[] = {
	{ MELTDOWN, .bits = BIT(0) },			/* RDCL_NO */
	{ MDS, .bits = BIT(5) },			/* MDS_NO */
	{ TAA, .bits = BIT(8) },			/* TAA_NO */
	{ MMIO, .bits = BIT(13) | BIT(14) | BIT(15) },	/* SBDR_SSDP, FBSDP, PSDP */
	{ RFDS, .bits = BIT(27) },			/* RFDS_NO */
	{ ITS, .bits = BIT(62) },			/* ITS_NO */
	{ ITS, ISAHP_EDX, false, 7, 2, BIT(4) },	/* BHI_CTRL came after it */
	{ RETBLEED_AMD, ISAHP_EBX, false, 0x80000008, 0, BIT(29) },	/* BTC_NO */
	{ RETBLEED_INTEL, ISAHP_EBX, false, 0x80000008, 0, BIT(29) },
	{ SRSO, ISAHP_EAX, false, 0x80000021, 0, BIT(29) },	/* SRSO_NO */
	/* SRSO_USER_KERNEL_NO: what is left is for the hypervisor to see to. */
	{ SRSO, ISAHP_EAX, true, 0x80000021, 0, BIT(30) },
	{ TSA, ISAHP_ECX, false, 0x80000021, 0, BIT(1) | BIT(2) }, /* _SQ_NO, _L1_NO */
};

/* By which it says that it has it, or may be moved to where it is. */
static const struct sign declared[] = {
	{ RETBLEED_INTEL, .bits = BIT(2) },	/* RSBA */
	{ RFDS, .bits = BIT(28) },		/* RFDS_CLEAR */
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

static bool is_set(const struct sign *s, const struct isahp_profile *cpu)
{
	const struct isahp_cpuid_leaf *leaf;
	const struct isahp_msr *msr;

	if (s->leaf) {
		leaf = isahp_profile_leaf(cpu, s->leaf, s->subleaf);
		return leaf && (leaf->value[s->reg] & s->bits) == s->bits;
	}
	msr = isahp_profile_msr(cpu, MSR_ARCH_CAPABILITIES);
	return msr && (msr->value & s->bits) == s->bits;
}

static bool says_clean(unsigned int number, const struct isahp_profile *cpu, bool firm)
{
	size_t i;

	for (i = 0; i < COUNT(cleared); i++)
		if (cleared[i].erratum == number && cleared[i].firm >= firm &&
		    is_set(&cleared[i], cpu))
			return true;
	return false;
}

static bool says_affected(unsigned int number, const struct isahp_profile *cpu)
{
	size_t i;

	for (i = 0; i < COUNT(declared); i++)
		if (declared[i].erratum == number && is_set(&declared[i], cpu))
			return true;
	return false;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/*
 * Return: 1, 0, or -1 where the host's kernel has not said, or does not know: of
 * CPUs that nobody looked at any more some say "Unknown: No mitigations".
 */
static int told(const struct isahp_erratum *e, const struct isahp_profile *cpu)
{
	size_t i;

	for (i = 0; e->file && i < cpu->mitigation_count; i++)
		if (!strcmp(cpu->mitigations[i].name, e->file))
			return begins(cpu->mitigations[i].state, "Unknown") ? -1 :
			       !begins(cpu->mitigations[i].state, "Not affected");
	return -1;
}

/* One file for two errata: the vendor decides. */
static bool other_vendors(unsigned int number, __u32 vendor)
{
	bool amd = vendor == AMD || vendor == HYGON;

	return (number == RETBLEED_AMD && !amd) ||
	       (number == RETBLEED_INTEL && amd);
}

/* Return: 1, 0, or -1: CPUID's answer about what it is about was not told. */
static int shows(const struct isahp_cpuid_bit *b, const struct isahp_profile *cpu)
{
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(cpu, b->leaf, b->subleaf);

	if (!leaf || !(leaf->known[b->reg] >> b->bit & 1))
		return -1;
	return leaf->value[b->reg] >> b->bit & 1;
}

static bool has_by_model(unsigned int number, const struct isahp_profile *cpu,
			 const struct isahp_erratum_model *row)
{
	const struct isahp_erratum *e = &errata[number];
	int shown = e->hide.leaf ? shows(&e->hide, cpu) : 1;

	return row && (e->shown ? shown > 0 : shown != 0) &&
	       !(row->microcode && cpu->microcode >= row->microcode);
}

static bool has(unsigned int number, const struct isahp_profile *cpu,
		const struct isahp_erratum_model *row)
{
	int said;

	if (other_vendors(number, isahp_profile_vendor(cpu)) || says_clean(number, cpu, true))
		return false;
	said = told(&errata[number], cpu);
	if (said >= 0)
		return said;
	if (says_clean(number, cpu, false))
		return false;
	return says_affected(number, cpu) || has_by_model(number, cpu, row);
}

__u64 isahp_errata_of(const struct isahp_profile *host)
{
	const struct isahp_erratum_model *rows[ERRATA];
	__u64 set = 0;
	unsigned int i;

	isahp_erratum_models(host, rows);
	for (i = 0; i < COUNT(errata); i++)
		if (has(i, host, rows[i]))
			set |= BIT(i);
	return set;
}

/* What a kernel expects in a guest of any model, since it may be moved. */
static bool expected(unsigned int number, const struct isahp_profile *shown)
{
	__u32 vendor = isahp_profile_vendor(shown);

	if (number == ITS)
		return vendor == INTEL && !says_clean(ITS, shown, false);
	return number == TSA && vendor == AMD && !says_clean(TSA, shown, false) &&
	       isahp_profile_signature(shown).family >= 0x17;
}

/* Those of which programs suffer: no kernel sees to them. */
static __u64 of_programs(void)
{
	__u64 set = 0;
	unsigned int i;

	for (i = 0; i < COUNT(errata); i++)
		if (errata[i].programs)
			set |= BIT(i);
	return set;
}

__u64 isahp_errata_found(const struct isahp_profile *shown)
{
	__u64 set = isahp_errata_of(shown);
	unsigned int i;

	for (i = 0; i < COUNT(errata); i++)
		if (expected(i, shown))
			set |= BIT(i);
	return set & ~of_programs();
}

/*
 * "Mitigation: SMT disabled" of SRSO is no work that it does: on a CPU with two
 * threads it would do none either.
 */
static bool works_around(const struct isahp_erratum *e, const struct isahp_profile *guest)
{
	size_t i;

	for (i = 0; i < guest->mitigation_count; i++)
		if (!strcmp(guest->mitigations[i].name, e->file))
			return begins(guest->mitigations[i].state, "Mitigation") &&
			       !begins(guest->mitigations[i].state,
				       "Mitigation: SMT disabled");
	return false;
}

__u64 isahp_errata_reported(const struct isahp_profile *guest, __u32 boot_vendor,
			    __u64 found)
{
	__u64 set = 0;
	unsigned int i;

	for (i = 0; i < COUNT(errata); i++)
		if (errata[i].file ? !other_vendors(i, boot_vendor) &&
					     works_around(&errata[i], guest) :
				     found >> i & 1)
			set |= BIT(i);
	return set & ~of_programs();
}

struct isahp_features isahp_errata_broken(__u64 set, __u64 accepted)
{
	struct isahp_features broken = isahp_features_none();
	unsigned int i;

	set &= of_programs() & ~accepted;
	for (i = 0; i < COUNT(errata); i++)
		if (set >> i & 1)
			isahp_features_add(&broken, (unsigned int)errata[i].feature);
	return broken;
}

__u32 isahp_erratum_microcode(unsigned int number,
			      const struct isahp_profile *cpu)
{
	const struct isahp_erratum_model *rows[ERRATA];

	isahp_erratum_models(cpu, rows);
	return number < ERRATA && rows[number] ? rows[number]->microcode : 0;
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
