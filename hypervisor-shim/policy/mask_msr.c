// SPDX-License-Identifier: GPL-2.0-or-later
#include "mask_msr.h"

#include <errno.h>
#include <isahp/abi.h>
#include <string.h>

#include <isa-core/features.h>

#include "names.h"
#include "text.h"

#define AMD_LEAF7 0xc0011002U
#define AMD_LEAF6 0xc0011003U
#define AMD_LEAF1 0xc0011004U
#define AMD_EXT 0xc0011005U
/* In EDI, before family 10h: BIOS and Kernel Developer's Guide 32559. */
#define AMD_KEY 0x9c5a203aU

#define NO_WORD ISAHP_WORD_COUNT

/**
 * struct layout - a register and the words of CPUID in it
 * @low: word of the lower half,
 * @high: of the upper half; NO_WORD: not CPUID's.
 */
struct layout {
	__u32 number;
	__u8 low;
	__u8 high;
};

static const struct layout amd_layouts[] = {
	{ AMD_LEAF7, ISAHP_WORD_7B, NO_WORD }, /* high: 7.EAX, a count */
	{ AMD_LEAF6, ISAHP_WORD_6C, NO_WORD },
	{ AMD_LEAF1, ISAHP_WORD_1D, ISAHP_WORD_1C },
	{ AMD_EXT, ISAHP_WORD_E1D, ISAHP_WORD_E1C },
};

static const struct layout penryn_layouts[] = {
	{ 0x478, ISAHP_WORD_1C, ISAHP_WORD_1D },
};

static const struct layout nehalem_layouts[] = {
	{ 0x130, ISAHP_WORD_1C, ISAHP_WORD_1D },
	{ 0x131, ISAHP_WORD_E1C, ISAHP_WORD_E1D },
};

static const struct layout sandybridge_layouts[] = {
	{ 0x132, ISAHP_WORD_1C, ISAHP_WORD_1D },
	{ 0x133, ISAHP_WORD_E1C, ISAHP_WORD_E1D },
	{ 0x134, ISAHP_WORD_D_1A, NO_WORD },
};

#define BIT_OSXSAVE (1U << 27) /* 1.ECX */
#define BIT_XSAVE (1U << 26)
#define BIT_APIC (1U << 9) /* 1.EDX */

/*
 * CPUID shows these as the operating system has set them (CR4.OSXSAVE, the APIC's
 * enable). A 1 in the register lets that through, a 0 hides it for good.
 */
static __u32 passed_through(enum isahp_word word, __u32 bits)
{
	if (word == ISAHP_WORD_1C)
		return bits & BIT_XSAVE ? BIT_OSXSAVE : 0;
	return word == ISAHP_WORD_1D ? BIT_APIC : 0;
}

static const char *amd_refusal(const struct isahp_signature *s)
{
	if (s->family < 0xf)
		return "AMD's processors before family 0Fh have no CPUID override registers";
	if (s->family == 0x11)
		return "family 11h has no CPUID override registers";
	if (s->family == 0xf && s->model < 0x20)
		return "family 0Fh up to revision D has its CPUID override registers elsewhere: of them only the one for leaf 8000_0001h is published, C001_100D (erratum 110)";
	return NULL;
}

static const char *intel_layouts(const struct isahp_signature *s,
				 const struct layout **ret_layouts, size_t *ret_count)
{
	*ret_count = 0;
	if (s->family != 6)
		return "Intel's processors outside family 6 have no CPUID mask registers";
	switch (s->model) {
	case 0x17: /* Penryn, Wolfdale, Harpertown */
	case 0x1d: /* Dunnington */
		*ret_layouts = penryn_layouts;
		*ret_count = 1;
		return NULL;
	case 0x1a: /* Nehalem-EP */
	case 0x1e: /* Lynnfield, Jasper Forest */
	case 0x1f: /* Havendale */
	case 0x25: /* Westmere, two cores */
	case 0x2c: /* Westmere-EP */
	case 0x2e: /* Nehalem-EX */
	case 0x2f: /* Westmere-EX */
		*ret_layouts = nehalem_layouts;
		*ret_count = 2;
		return NULL;
	case 0x2a: /* Sandy Bridge */
	case 0x2d: /* Sandy Bridge-EP */
		*ret_layouts = sandybridge_layouts;
		*ret_count = 3;
		return NULL;
	}
	if (s->model < 0x17 || s->model == 0x1c)
		return "this processor is older than Intel's CPUID mask registers";
	return "this processor has no CPUID mask registers: from Ivy Bridge on CPUID can be made to fault instead (MSR 140h bit 0), and what the kernel then answers is its affair";
}

static int refuse(const struct isahp_profile *host, const char *why, struct isahp_error *err)
{
	return isahp_error_set(err, ISAHP_ERROR_POLICY, -EOPNOTSUPP, "%s: %s",
			       host->name, why);
}

static bool leaf_exists(const struct isahp_profile *host, __u32 number)
{
	const struct isahp_cpuid_leaf *first = isahp_profile_leaf(host, 0, 0);

	return isahp_profile_leaf(host, number, 0) ||
	       (first && first->value[ISAHP_EAX] >= number);
}

/* Which of AMD's registers a processor has. */
static bool amd_has(const struct isahp_profile *host, __u32 number)
{
	const struct isahp_cpuid_leaf *leaf;
	unsigned int family;

	if (number == AMD_LEAF1 || number == AMD_EXT)
		return true;
	if (!host)
		return false;
	family = isahp_profile_signature(host).family;
	if (number == AMD_LEAF7)
		return family >= 0x15 && leaf_exists(host, 7);
	/* Of no use without bits in leaf 6; family 16h is not said to have it. */
	leaf = isahp_profile_leaf(host, 6, 0);
	return family >= 0x15 && family != 0x16 && leaf && leaf->value[ISAHP_ECX];
}

static int untold(const struct isahp_profile *host, enum isahp_word word,
		  struct isahp_error *err)
{
	static const char *const registers[] = { "EAX", "EBX", "ECX", "EDX" };
	struct isahp_word_place at = isahp_word_place(word);

	return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENODATA,
			       "%s: its profile does not tell all of CPUID %Xh %s: take it on the host itself",
			       host->name, at.leaf, registers[at.reg]);
}

/* An override shows exactly what is written: a bit that is not sure can't be. */
static int override_half(const struct isahp_level_fit *fit, const struct isahp_profile *host,
			 enum isahp_word word, __u32 *ret, struct isahp_error *err)
{
	__u32 bits;

	if (word == NO_WORD) {
		*ret = 0;
		return 0;
	}
	if (fit->known[word] != ~0U)
		return untold(host, word, err);
	bits = fit->bits[word];
	if (word == ISAHP_WORD_1C)
		bits &= ~BIT_OSXSAVE;
	*ret = bits | (host ? passed_through(word, bits) : 0);
	return 0;
}

static int add_override(const struct layout *layout, const struct isahp_level_fit *fit,
			const struct isahp_profile *host, struct isahp_mask *mask,
			struct isahp_error *err)
{
	struct isahp_mask_msr *msr = &mask->msr[mask->count];
	__u32 low = 0, high = 0;

	if (override_half(fit, host, layout->low, &low, err) ||
	    override_half(fit, host, layout->high, &high, err))
		return -ENODATA;
	msr->number = layout->number;
	msr->value = (__u64)high << 32 | low;
	msr->keep = layout->high == NO_WORD ? ~0ULL << 32 : 0;
	msr->key = host && isahp_profile_signature(host).family == 0xf ? AMD_KEY : 0;
	mask->count++;
	return 0;
}

static bool decides(const struct isahp_level *level, const struct layout *layout)
{
	return level->speaks[layout->low] ||
	       (layout->high != NO_WORD && level->speaks[layout->high]);
}

static int amd_mask(const struct isahp_level *level, const struct isahp_level_fit *fit,
		    const struct isahp_profile *host, struct isahp_mask *mask,
		    struct isahp_error *err)
{
	size_t i;

	for (i = 0; i < sizeof(amd_layouts) / sizeof(amd_layouts[0]); i++) {
		/* Of what the level decides nothing, nothing is to be written. */
		if (!amd_has(host, amd_layouts[i].number) ||
		    !decides(level, &amd_layouts[i]))
			continue;
		if (add_override(&amd_layouts[i], fit, host, mask, err))
			return -ENODATA;
	}
	return 0;
}

/* A mask hides what the level does not have, whatever the host has. */
static __u32 mask_half(const struct isahp_level *level, const struct isahp_level_fit *fit,
		       unsigned int word)
{
	__u32 hidden;

	if (word == NO_WORD)
		return ~0U;
	hidden = level->speaks[word] & ~level->bits[word];
	/* And what the host has without what it rests on. */
	hidden |= fit->known[word] & level->bits[word] & ~fit->bits[word] &
		  ~fit->missing_bits[word];
	return ~hidden | passed_through(word, ~hidden);
}

static void intel_mask(const struct isahp_level *level, const struct isahp_level_fit *fit,
		       const struct layout *layouts, size_t count, struct isahp_mask *mask)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct isahp_mask_msr *msr = &mask->msr[mask->count++];

		msr->number = layouts[i].number;
		msr->value = (__u64)mask_half(level, fit, layouts[i].high) << 32 |
			     mask_half(level, fit, layouts[i].low);
		msr->keep = layouts[i].high == NO_WORD ? ~0ULL << 32 : 0;
	}
}

/* Is the word in one of the mask's registers? */
static bool covered(const struct isahp_mask *mask, const struct layout *layouts, size_t count,
		    unsigned int word)
{
	size_t i, m;

	for (i = 0; i < count; i++)
		for (m = 0; m < mask->count; m++)
			if (mask->msr[m].number == layouts[i].number &&
			    (layouts[i].low == word || layouts[i].high == word))
				return true;
	return false;
}

static struct isahp_features left_over(const struct isahp_level_fit *fit,
				       const struct isahp_profile *host,
				       const struct isahp_mask *mask,
				       const struct layout *layouts, size_t count)
{
	__u32 words[ISAHP_WORD_COUNT] = { 0 };
	int w;

	for (w = 0; host && w < ISAHP_WORD_COUNT; w++) {
		struct isahp_word_place at = isahp_word_place(w);
		const struct isahp_cpuid_leaf *leaf =
			isahp_profile_leaf(host, at.leaf, at.subleaf);

		if (leaf && !covered(mask, layouts, count, w))
			words[w] = leaf->value[at.reg] & ~fit->bits[w];
	}
	return isahp_words_features(words);
}

int isahp_mask_msrs(const struct isahp_level *level, const struct isahp_profile *host,
		    struct isahp_mask *ret_mask, struct isahp_error *err)
{
	__u32 vendor = host ? isahp_profile_vendor(host) : ISAHP_VENDOR_AMD;
	const struct layout *layouts = amd_layouts;
	size_t count = sizeof(amd_layouts) / sizeof(amd_layouts[0]);
	struct isahp_mask mask = { 0 };
	struct isahp_level_fit fit;
	struct isahp_signature s = { 0 };
	const char *why = NULL;
	int rc = 0;

	if (!host && (level->kind == ISAHP_LEVEL_PSABI ||
		      level->kind == ISAHP_LEVEL_FEATURES))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -ENODATA,
				       "%s says nothing of what kernels look at: say for which host the value shall be",
				       level->name);
	if (host)
		s = isahp_profile_signature(host);
	if (vendor == ISAHP_VENDOR_AMD && host)
		why = amd_refusal(&s);
	else if (vendor == ISAHP_VENDOR_INTEL)
		why = intel_layouts(&s, &layouts, &count);
	else if (host && vendor != ISAHP_VENDOR_HYGON)
		why = "no CPUID mask registers are known of this vendor's processors";
	if (why)
		return refuse(host, why, err);
	if (level->vendor != ISAHP_VENDOR_UNKNOWN && level->vendor != vendor &&
	    !(level->vendor == ISAHP_VENDOR_AMD && vendor == ISAHP_VENDOR_HYGON))
		return isahp_error_set(err, ISAHP_ERROR_POLICY, -EINVAL,
				       "%s: level %s is of another vendor, and mask registers do not change the vendor: take x86-64-vN or a list of features",
				       host ? host->name : "no host", level->name);
	isahp_level_features(level, host, &fit);
	if (vendor == ISAHP_VENDOR_INTEL)
		intel_mask(level, &fit, layouts, count, &mask);
	else
		rc = amd_mask(level, &fit, host, &mask, err);
	if (rc)
		return rc;
	mask.left = left_over(&fit, host, &mask, layouts, count);
	*ret_mask = mask;
	return 0;
}

/* Bits without which no 64-bit kernel boots, and those that no AMD processor has. */
static const struct {
	__u32 number;
	__u8 bit; /* of the register */
	bool has_to_be;
	const char *why;
} rules[] = {
	{ AMD_LEAF1, 0, true, "hides the FPU" },
	{ AMD_LEAF1, 5, true, "hides MSR" },
	{ AMD_LEAF1, 6, true, "hides PAE, without which there is no 64-bit mode" },
	{ AMD_LEAF1, 8, true, "hides CMPXCHG8B" },
	{ AMD_LEAF1, 10, false, "sets a reserved bit" },
	{ AMD_LEAF1, 14, true, "hides MCA, and leaves MCE without it" },
	{ AMD_LEAF1, 18, false, "shows PSN, a serial number that no AMD processor has" },
	{ AMD_LEAF1, 20, false, "sets a reserved bit" },
	{ AMD_LEAF1, 24, true, "hides FXSR" },
	{ AMD_LEAF1, 25, true, "hides SSE" },
	{ AMD_LEAF1, 26, true, "hides SSE2" },
	{ AMD_EXT, 6, true, "hides PAE, without which there is no 64-bit mode" },
	{ AMD_EXT, 29, true, "hides 64-bit mode itself" },
};

static void check_against_host(const struct layout *layout, __u64 value,
			       const struct isahp_profile *host, char *text, size_t size)
{
	const __u8 words[2] = { layout->low, layout->high };
	unsigned int half, bit;

	for (half = 0; half < 2; half++) {
		struct isahp_word_place at = isahp_word_place(words[half]);
		const struct isahp_cpuid_leaf *leaf =
			isahp_profile_leaf(host, at.leaf, at.subleaf);
		__u32 invented;

		if (!leaf)
			continue;
		invented = (__u32)(value >> (32 * half)) & leaf->known[at.reg] &
			   ~leaf->value[at.reg];
		invented &= ~passed_through(words[half], leaf->value[at.reg]);
		for (bit = 0; bit < 32; bit++)
			if (invented >> bit & 1)
				isahp_text_append(text, size,
						  "; bit %u shows what %s does not have",
						  bit + 32 * half, host->name);
	}
}

int isahp_mask_check(__u32 number, __u64 value, const struct isahp_profile *host,
		     struct isahp_error *err)
{
	const struct layout *layout = number == AMD_LEAF1 ? &amd_layouts[2] : &amd_layouts[3];
	struct isahp_signature s = { 0 };
	const char *why = NULL;
	char text[768] = "";
	size_t i;

	if (number != AMD_LEAF1 && number != AMD_EXT)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EOPNOTSUPP,
				       "MSR %08X is not one of AMD's override registers of leaves 1 and 8000_0001h",
				       number);
	if (host)
		s = isahp_profile_signature(host);
	if (host && isahp_profile_vendor(host) == ISAHP_VENDOR_AMD)
		why = amd_refusal(&s);
	if (why)
		return refuse(host, why, err);
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].number == number &&
		    (bool)(value >> rules[i].bit & 1) != rules[i].has_to_be)
			isahp_text_append(text, sizeof(text), "; bit %u %s", rules[i].bit,
					  rules[i].why);
	if (host)
		check_against_host(layout, value, host, text, sizeof(text));
	if (number == AMD_LEAF1 && (__u32)value == ISAHP_MASK_SLIDE_EAX)
		isahp_text_append(text, sizeof(text),
				  "; this is the value of AMD's Extended Migration slides, a misprint of 178BFBFF");
	if (!*text)
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_POLICY, -EINVAL, "%08X must not be %08X:%08X: %s",
			       number, (__u32)(value >> 32), (__u32)value, text + 2);
}
