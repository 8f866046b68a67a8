// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/cpuinfo: "key : value", an empty line behind each CPU.
 *
 * Linux lists what it has found and not hidden: a flag that is missing may be
 * there all the same, and nothing is said of it. Some flags are Linux's own words
 * for several bits, or for what it has decided; they say nothing of CPUID.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "import_formats.h"

struct cpu {
	struct isahp_profile profile;
	struct isahp_signature signature;
	unsigned int told;	/* of the signature: 1 family, 2 model, 4 stepping */
	const char *flags;
};

static bool number(const char *text, int base, unsigned long max, unsigned int *ret)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return false;
	value = strtoul(text, &end, base);
	if (*end || value > max)
		return false;
	*ret = (unsigned int)value;
	return true;
}

static int set_flags(struct cpu *cpu, char *list, struct isahp_profile *notes)
{
	const struct isahp_flag *flag;
	size_t hint = 0;
	char *name;
	int rc = 0;

	while (!rc && (name = strsep(&list, " "))) {
		if (!*name)
			continue;
		flag = isahp_flag_find(ISAHP_FLAG_LINUX, name, strlen(name), &hint);
		rc = flag ? isahp_flag_set(&cpu->profile, flag, true) :
			    isahp_import_not(notes, name, strlen(name));
	}
	return rc;
}

/* "48 bits physical, 48 bits virtual" */
static int set_sizes(struct isahp_profile *profile, const char *value)
{
	static const char between[] = " bits physical, ";
	unsigned long physical, linear;
	char *end;
	int rc;

	physical = strtoul(value, &end, 10);
	if (strncmp(end, between, strlen(between)))
		return -EINVAL;
	linear = strtoul(end + strlen(between), &end, 10);
	if (strcmp(end, " bits virtual") || physical > 64 || linear > 64)
		return -EINVAL;
	rc = isahp_import_physical(profile, (unsigned int)physical);
	return rc ? rc : isahp_profile_set(profile, 0x80000008, 0, ISAHP_EAX, 0xff00,
					   (__u32)linear << 8);
}

static int set_part(struct cpu *cpu, unsigned int *part, unsigned int bit,
		    const char *value)
{
	cpu->told |= bit;
	return number(value, 10, 0xffff, part) ? 0 : -EINVAL;
}

static int set_value(struct cpu *cpu, const char *key, const char *value)
{
	unsigned int n;

	if (!strcmp(key, "vendor_id"))
		return isahp_import_vendor(&cpu->profile, value);
	if (!strcmp(key, "cpu family"))
		return set_part(cpu, &cpu->signature.family, 1, value);
	if (!strcmp(key, "model"))
		return set_part(cpu, &cpu->signature.model, 2, value);
	if (!strcmp(key, "stepping"))
		/* "unknown" where CPUID does not tell. */
		return strcmp(value, "unknown") ?
			       set_part(cpu, &cpu->signature.stepping, 4, value) : 0;
	if (!strcmp(key, "microcode"))
		return number(value, 16, ~0U, &cpu->profile.microcode) ? 0 : -EINVAL;
	if (!strcmp(key, "cpuid level"))
		return number(value, 10, 0x7fffffff, &n) ?
			       isahp_profile_set(&cpu->profile, 0, 0, ISAHP_EAX, ~0U, n) :
			       -EINVAL;
	if (!strcmp(key, "clflush size"))
		return number(value, 10, 8 * 0xff, &n) ?
			       isahp_profile_set(&cpu->profile, 1, 0, ISAHP_EBX, 0xff00,
						 n / 8 << 8) : -EINVAL;
	if (!strcmp(key, "address sizes"))
		return set_sizes(&cpu->profile, value);
	return 0;
}

/*
 * A CPU is complete: it is the first one, or has to agree with it. -ERANGE: it has
 * a signature that is none.
 */
static int finish(struct isahp_profile *profile, struct cpu *cpu)
{
	int rc = 0;

	if (cpu->told == 7)
		rc = isahp_import_signature(&cpu->profile, &cpu->signature);
	if (rc == -EINVAL)
		rc = -ERANGE;
	if (!rc && cpu->profile.leaf_count) {
		if (profile->leaf_count) {
			isahp_import_agree(profile, &cpu->profile);
		} else {
			cpu->profile.document = profile->document;
			*profile = cpu->profile;
			memset(&cpu->profile, 0, sizeof(cpu->profile));
		}
	}
	isahp_profile_free(&cpu->profile);
	cpu->told = 0;
	return rc;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len && strchr(" \t\r", text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

/*
 * Also without the empty lines: some tools cut them out. The vendor's string may
 * begin and end with spaces; one stands behind the colon.
 */
static int read_line(char *line, struct cpu *cpu, struct isahp_profile *profile)
{
	char *value = strchr(line, ':');
	char *key;
	int rc = 0;

	if (!value)
		return *trim(line) ? -EINVAL : finish(profile, cpu);
	*value++ = '\0';
	key = trim(line);
	if (!strcmp(key, "processor"))
		rc = finish(profile, cpu);
	if (rc)
		return rc;
	if (!strcmp(key, "flags"))
		return set_flags(cpu, trim(value), profile);
	if (!strcmp(key, "vendor_id") && value[0] == ' ' && strlen(value) >= 13) {
		value[13] = '\0';
		return set_value(cpu, key, value + 1);
	}
	return set_value(cpu, key, trim(value));
}

int isahp_cpuinfo_read(char *text, struct isahp_profile *profile,
		       struct isahp_error *err)
{
	struct cpu cpu = { .told = 0 };
	size_t line_number = 0;
	char *line;
	int rc = 0;

	while (!rc && (line = strsep(&text, "\n"))) {
		line_number++;
		rc = read_line(line, &cpu, profile);
		if (rc == -EINVAL)
			isahp_import_bad(err, line_number, line,
					 "not as an x86 Linux writes /proc/cpuinfo");
	}
	if (!rc)
		rc = finish(profile, &cpu);
	if (rc == -ERANGE)
		rc = isahp_import_bad(err, line_number, NULL,
				      "the CPU above has a family, model and stepping that "
				      "no CPU has");
	isahp_profile_free(&cpu.profile);
	return rc;
}
