// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Xen's featuresets: words of 8 digits with ':' or '-' between them, bare, as
 * `xl info` has them (hw_caps, the first eight) or as `xe host-cpu-info` has them
 * (features_hvm_host). The order is that of Xen since 4.7: xen/include/public/
 * arch-x86/cpufeatureset.h.
 */
#include <errno.h>
#include <string.h>

#include "hex.h"
#include "import_formats.h"
#include "xen_featureset.h"

#define ARCH_CAPABILITIES 0x10a
#define WORDS_MAX 32

const struct isahp_xen_word isahp_xen_words[ISAHP_XEN_WORDS] = {
	{ 0x1, 0, ISAHP_EDX }, { 0x1, 0, ISAHP_ECX },
	{ 0x80000001, 0, ISAHP_EDX }, { 0x80000001, 0, ISAHP_ECX },
	{ 0xd, 1, ISAHP_EAX }, { 0x7, 0, ISAHP_EBX }, { 0x7, 0, ISAHP_ECX },
	{ 0x80000007, 0, ISAHP_EDX }, { 0x80000008, 0, ISAHP_EBX },
	{ 0x7, 0, ISAHP_EDX }, { 0x7, 1, ISAHP_EAX }, { 0x80000021, 0, ISAHP_EAX },
	{ 0x7, 1, ISAHP_EBX }, { 0x7, 2, ISAHP_EDX }, { 0x7, 1, ISAHP_ECX },
	{ 0x7, 1, ISAHP_EDX },
	{ ISAHP_XEN_MSR, ARCH_CAPABILITIES, 0 }, { ISAHP_XEN_MSR, ARCH_CAPABILITIES, 32 },
	{ 0x80000021, 0, ISAHP_ECX },
};

/*
 * Return: how many there are, 0 when it is no featureset at all, or -E2BIG: of
 * words behind those that we know only zeros are understood.
 */
static int scan(const char *text, __u32 words[ISAHP_XEN_WORDS])
{
	int count = 0;
	__u64 value;

	for (;; text++) {
		const char *start = text;

		if (!isahp_hex_digits(&text, 8, &value) || text - start != 8)
			return 0;
		if (count >= ISAHP_XEN_WORDS && (value || count >= WORDS_MAX))
			return -E2BIG;
		if (count < ISAHP_XEN_WORDS)
			words[count] = (__u32)value;
		count++;
		if (*text != ':' && *text != '-')
			break;
	}
	if (text[strspn(text, " \t\r")])
		return 0;
	return count < ISAHP_XEN_WORDS ? count : ISAHP_XEN_WORDS;
}

static int set_word(struct isahp_profile *profile, size_t at, __u32 word)
{
	const struct isahp_xen_word *w = &isahp_xen_words[at];
	__u32 bits = ~0U;

	if (w->leaf == ISAHP_XEN_MSR)
		return isahp_profile_msr_set(profile, w->subleaf, 0xffffffffULL << w->reg,
					     (__u64)word << w->reg);
	/*
	 * AMD repeats bits of leaf 1 there; Xen takes them out, which says nothing
	 * of the CPU.
	 */
	if (w->leaf == 0x80000001 && w->reg == ISAHP_EDX)
		bits = ~ISAHP_XEN_COMMON | word;
	return isahp_profile_set(profile, w->leaf, w->subleaf, w->reg, bits, word);
}

/* Which line: hw_caps has eight words; a host has more than its guests get. */
static const char *choose(char *text, size_t *ret_line)
{
	static const char *const keys[] = {
		"", "hw_caps", "features", "features_pv", "features_hvm",
		"features_pv_host", "features_hvm_host",
	};
	const char *found = NULL;
	size_t rank = 0, number = 0, i, len;
	char *line, *key, *value;

	while ((line = strsep(&text, "\n"))) {
		number++;
		key = line + strspn(line, " \t");
		len = strcspn(key, " \t:");
		value = key + len + strspn(key + len, " \t");
		if (*value == ':' && (value[1] == ' ' || value[1] == '\t')) {
			value += 1 + strspn(value + 1, " \t");
		} else {
			value = key;
			len = 0;
		}
		if (!*value)
			continue;
		for (i = rank; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (strlen(keys[i]) != len || strncmp(keys[i], key, len) ||
			    (found && i == rank))
				continue;
			rank = i;
			found = value;
			*ret_line = number;
		}
	}
	return found;
}

int isahp_xen_featureset_read(char *text, struct isahp_profile *profile,
			      struct isahp_error *err)
{
	__u32 words[ISAHP_XEN_WORDS] = { 0 };
	size_t line = 0, i;
	const char *found = choose(text, &line);
	int count = found ? scan(found, words) : 0, rc = 0;

	if (count == -E2BIG)
		return isahp_import_bad(err, line, NULL,
					"a featureset of a newer Xen, with more words than "
					"this program knows");
	if (count < 4)
		return isahp_import_bad(err, line, found,
					"not a Xen featureset: words of 8 hexadecimal "
					"digits, ':' or '-' between them");
	/* Since 4.3 Xen runs on CPUs with long mode alone. */
	if (!(words[2] >> 29 & 1))
		return isahp_import_bad(err, line, NULL,
					"not of an x86 Xen since 4.7: the third word, CPUID "
					"80000001h EDX, lacks long mode");
	for (i = 0; i < (size_t)count && !rc; i++)
		rc = set_word(profile, i, words[i]);
	return rc;
}
