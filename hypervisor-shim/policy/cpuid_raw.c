// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `cpuid -r`: a line "CPU 0:" and then, for each input,
 *    0x00000007 0x00: eax=0x00000001 ebx=0xf1bf07ab ecx=0x00405fc6 edx=0x00000010
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "import_formats.h"
#include "text.h"

/* One of "0x", digits, and what has to follow. */
static bool scan(const char **text, const char *before, const char *behind, __u32 *ret)
{
	const char *s = *text + strspn(*text, " \t");
	__u64 value;

	if (strncmp(s, before, strlen(before)))
		return false;
	s += strlen(before);
	if (!isahp_hex_digits(&s, 8, &value) || strncmp(s, behind, strlen(behind)))
		return false;
	*text = s + strlen(behind);
	*ret = (__u32)value;
	return true;
}

static bool scan_line(const char *line, struct isahp_cpuid_leaf *l)
{
	return scan(&line, "0x", " ", &l->leaf) &&
	       scan(&line, "0x", ":", &l->subleaf) &&
	       scan(&line, "eax=0x", " ", &l->value[ISAHP_EAX]) &&
	       scan(&line, "ebx=0x", " ", &l->value[ISAHP_EBX]) &&
	       scan(&line, "ecx=0x", " ", &l->value[ISAHP_ECX]) &&
	       scan(&line, "edx=0x", "", &l->value[ISAHP_EDX]) &&
	       !line[strspn(line, " \t\r")];
}

static int add(const struct isahp_cpuid_leaf *l, size_t number, const char *line,
	       struct isahp_profile *cpu, struct isahp_error *err)
{
	const struct isahp_cpuid_leaf *before =
		isahp_profile_leaf(cpu, l->leaf, l->subleaf);
	unsigned int i;
	int rc = 0;

	if (before && memcmp(before->value, l->value, sizeof(l->value)))
		return isahp_import_bad(err, number, line,
					"told before, and otherwise; are these two "
					"hosts in one file?");
	for (i = 0; i < 4 && !rc; i++)
		rc = isahp_profile_set(cpu, l->leaf, l->subleaf, i, ~0U, l->value[i]);
	return rc;
}

/* A CPU is complete: it is the first one, or has to agree with it. */
static void finish(struct isahp_profile *profile, struct isahp_profile *cpu)
{
	if (cpu->leaf_count && !profile->leaf_count) {
		profile->leaves = cpu->leaves;
		profile->leaf_count = cpu->leaf_count;
		memset(cpu, 0, sizeof(*cpu));
		return;
	}
	if (cpu->leaf_count)
		isahp_import_agree(profile, cpu);
	isahp_profile_free(cpu);
}

int isahp_cpuid_raw_read(char *text, struct isahp_profile *profile,
			 struct isahp_error *err)
{
	struct isahp_profile cpu = { 0 };
	struct isahp_cpuid_leaf l;
	size_t number = 0;
	char *line;
	int rc = 0;

	while (!rc && (line = strsep(&text, "\n"))) {
		number++;
		if (!line[strspn(line, " \t\r")])
			continue;
		if (!strncmp(line, "CPU", 3))
			finish(profile, &cpu);
		else if (scan_line(line, &l))
			rc = add(&l, number, line, &cpu, err);
		else
			rc = isahp_import_bad(err, number, line,
					      "not as `cpuid -r` writes it; without -r it "
					      "explains, and can not be read back");
	}
	finish(profile, &cpu);
	return rc;
}
