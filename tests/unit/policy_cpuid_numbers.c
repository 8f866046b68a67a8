// SPDX-License-Identifier: MIT
/*
 * Fields that are numbers, against the program `cpuid`'s decoding of the same random
 * dump: their places in the table of fields, family and model, where XSAVE components
 * lie. That of features is policy_cpuid.c.
 */
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/export.h>
#include <hypervisor-shim/policy/field.h>
#include <hypervisor-shim/policy/import.h>
#include <hypervisor-shim/policy/layout.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 20
#define COMPONENTS 19	/* up to TILEDATA; the program has heard of these */

/**
 * struct number - a field that both know
 * @section: the end of the heading below which it stands.
 * @label: the end of the program's label.
 * @leaf: of the table's row.
 * @subleaf: of the row.
 * @name: of the row.
 */
static const struct number {
	const char *section;
	const char *label;
	__u32 leaf;
	__u32 subleaf;
	const char *name;
} numbers[] = {
	{ "(1/ebx):", "CLFLUSH line size", 1, 0, "CLFLUSH line" },
	{ "(1/ebx):", "brand index", 1, 0, "brand index" },
	{ "(1/ebx):", "process local APIC physical ID", 1, 0, "initial APIC ID" },
	{ "(1/ebx):", "maximum IDs for CPUs in pkg", 1, 0, "logical processors" },
	{ "(5):", "smallest monitor-line size (bytes)", 5, 0, "smallest MONITOR line" },
	{ "(5):", "largest monitor-line size (bytes)", 5, 0, "largest MONITOR line" },
	{ "(6):", "digital thermometer thresholds", 6, 0, "thermal thresholds" },
	{ "(6):", "number of enh hardware feedback classes", 6, 0, "Thread Director classes" },
	{ "(7):", "BNDLDX/BNDSTX MAWAU value in 64-bit mode", 7, 0, "MAWAU" },
	{ "(0xa):", "version ID", 0xa, 0, "PMU version" },
	{ "(0xa):", "number of counters per logical processor", 0xa, 0, "counters" },
	{ "(0xa):", "bit width of counter", 0xa, 0, "counter width" },
	{ "(0xa):", "length of EBX bit vector", 0xa, 0, "events enumerated" },
	{ "(0xa):", "number of contiguous fixed counters", 0xa, 0, "fixed counters" },
	{ "(0xa):", "bit width of fixed counters", 0xa, 0, "fixed counter width" },
	{ "(0xd/0):", "bytes required by fields in XCR0", 0xd, 0, "XSAVE image, enabled" },
	{ "(0xd/0):", "bytes required by XSAVE/XRSTOR area", 0xd, 0, "XSAVE image, all" },
	{ "(0xd/0):", "SAVE area size in bytes", 0xd, 1, "XSAVE image, compacted" },
	{ "(0x12/0):", "MaxEnclaveSize_Not64 (log2)", 0x12, 0, "largest enclave, 32-bit" },
	{ "(0x12/0):", "MaxEnclaveSize_64 (log2)", 0x12, 0, "largest enclave, 64-bit" },
	{ "(0x80000008/eax):", "maximum physical address bits", 0x80000008, 0,
	  "physical address bits" },
	{ "(0x80000008/eax):", "maximum linear (virtual) address bits", 0x80000008, 0,
	  "linear address bits" },
	{ "(0x80000008/eax):", "maximum guest physical address bits", 0x80000008, 0,
	  "guest physical address bits" },
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

struct decoded {
	unsigned long number[NUMBERS];
	bool has[NUMBERS];
	unsigned long family, model, stepping;
	unsigned long size[COMPONENTS], offset[COMPONENTS];
	bool supervisor[COMPONENTS];
	unsigned int components;
};

static const struct isahp_field *row_of(const struct number *n)
{
	size_t count, i;
	const struct isahp_field *table = isahp_field_table(&count);

	for (i = 0; i < count; i++)
		if (table[i].leaf == n->leaf && table[i].reg != ISAHP_REGISTER_MSR &&
		    table[i].operator != ISAHP_OPERATOR_AND &&
		    table[i].first <= n->subleaf && n->subleaf <= table[i].last &&
		    !strcmp(table[i].name, n->name))
			return &table[i];
	cr_assert(false, "no row is called '%s'", n->name);
	return NULL;
}

static __u32 dice(void)
{
	return (__u32)random() << 16 ^ (__u32)random();
}

static void set_all(struct isahp_profile *p, __u32 leaf, __u32 subleaf)
{
	unsigned int reg;

	for (reg = 0; reg < 4; reg++)
		cr_assert_eq(isahp_profile_set(p, leaf, subleaf, reg, ~0U, dice()), 0);
}

/* Of whatever says how far the leaves go only that is not random. */
static struct isahp_profile roll(const char *vendor)
{
	static const __u32 leaves[] = { 1, 5, 6, 7, 0xa, 0x80000008 };
	struct isahp_profile p = { .name = "random" };
	__u32 words[3];
	size_t i;

	memcpy(words, vendor, sizeof(words));
	isahp_profile_set(&p, 0, 0, ISAHP_EAX, ~0U, 0x20);
	isahp_profile_set(&p, 0, 0, ISAHP_EBX, ~0U, words[0]);
	isahp_profile_set(&p, 0, 0, ISAHP_EDX, ~0U, words[1]);
	isahp_profile_set(&p, 0, 0, ISAHP_ECX, ~0U, words[2]);
	for (i = 0; i < 4; i++)
		isahp_profile_set(&p, 0x80000000, 0, i, ~0U, i ? 0 : 0x80000028);
	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		set_all(&p, leaves[i], 0);
	/*
	 * Family 6 has an extended model, 0Fh an extended family too (SDM); no CPU of
	 * another one has any of them, and of what no CPU has opinions differ.
	 */
	if (random() % 2)
		isahp_profile_set(&p, 1, 0, ISAHP_EAX, 0xff00f00, 0x600);
	else
		isahp_profile_set(&p, 1, 0, ISAHP_EAX, 0xf00, 0xf00);
	set_all(&p, 0x12, 0);
	for (i = 0; i < COMPONENTS; i++)
		set_all(&p, 0xd, i);
	return p;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), want = strlen(end);

	return len >= want && !strcmp(text + len - want, end);
}

/* A line within a section: "label = value". */
static void take_line(struct decoded *d, const char *section, char *line)
{
	char *equals = strstr(line, " = "), *end = equals;
	unsigned int number;
	unsigned long value;
	size_t i;

	if (!equals)
		return;
	value = strtoul(equals + 3, NULL, 0);
	while (end > line && end[-1] == ' ')
		end--;
	*end = '\0';
	for (i = 0; i < NUMBERS; i++)
		if (ends_with(section, numbers[i].section) && ends_with(line, numbers[i].label)) {
			d->number[i] = value;
			d->has[i] = true;
		}
	if (ends_with(section, "(1/eax):")) {
		d->family = ends_with(line, "(family synth)") ? value : d->family;
		d->model = ends_with(line, "(model synth)") ? value : d->model;
		d->stepping = ends_with(line, "stepping id") ? value : d->stepping;
	}
	section = strstr(section, "(0xd/");
	if (!section || sscanf(section, "(0xd/%x)", &number) != 1)
		return;
	if (number < ISAHP_LAYOUT_FIRST || number >= COMPONENTS)
		return;
	if (ends_with(line, "save state byte size")) {
		d->size[number] = value;
		d->components++;
	} else if (ends_with(line, "save state byte offset")) {
		d->offset[number] = value;
	} else if (ends_with(line, "supported in IA32_XSS or XCR0")) {
		d->supervisor[number] = strstr(equals + 3, "IA32_XSS");
	}
}

static struct decoded decode(const struct isahp_profile *p)
{
	char path[] = "/tmp/isahp-cpuid-XXXXXX", command[64], line[512], section[512] = "";
	struct isahp_error err;
	char *text = isahp_export(p, ISAHP_IMPORT_CPUID, &err);
	struct decoded d = { 0 };
	FILE *file = fdopen(mkstemp(path), "w");

	cr_assert(text && file);
	fputs(text, file);
	fclose(file);
	free(text);
	snprintf(command, sizeof(command), "cpuid -f %s", path);
	file = popen(command, "r");
	cr_assert(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "   ", 3) && line[3] != ' ')
			strcpy(section, line);
		else
			take_line(&d, section, line);
	}
	cr_assert_eq(pclose(file), 0, "the program cpuid is missing: ./dev setup installs it");
	unlink(path);
	return d;
}

static void compare_numbers(const struct isahp_profile *p, const struct decoded *d)
{
	size_t i;

	for (i = 0; i < NUMBERS; i++) {
		const struct isahp_field *f = row_of(&numbers[i]);
		__u32 value = isahp_profile_leaf(p, f->leaf, numbers[i].subleaf)->value[f->reg];

		cr_assert(d->has[i], "the program says nothing of '%s'", numbers[i].label);
		cr_assert_eq((value & isahp_field_mask(f)) >> f->shift, d->number[i],
			     "%s: %#lx in %#x", f->name, d->number[i], value);
	}
}

static void compare_components(const struct isahp_profile *p, const struct decoded *d)
{
	static const struct number names[] = {
		{ .leaf = 0xd, .subleaf = 2, .name = "component's size" },
		{ .leaf = 0xd, .subleaf = 2, .name = "component's offset" },
	};
	const struct isahp_field *size = row_of(&names[0]), *offset = row_of(&names[1]);
	unsigned int i, compared = 0;

	for (i = ISAHP_LAYOUT_FIRST; i < COMPONENTS; i++) {
		const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, 0xd, i);

		/* Of a component that it has no name for, it says nothing. */
		if (!d->size[i])
			continue;
		cr_assert_eq(l->value[size->reg], d->size[i], "size of %u", i);
		cr_assert_eq(l->value[offset->reg], d->offset[i], "offset of %u", i);
		cr_assert_eq(l->value[ISAHP_ECX] & 1, d->supervisor[i], "kind of %u", i);
		compared++;
	}
	cr_assert_geq(compared, 12);
}

Test(cpuid_numbers, fields_are_where_the_program_finds_them)
{
	static const char *const vendors[] = { "GenuntelineI", "AuthcAMDenti" };
	const char *given = getenv("ISAHP_SEED");
	unsigned int seed = given ? atoi(given) : time(NULL), i;

	fprintf(stderr, "seed %u\n", seed);
	for (i = 0; i < ROUNDS; i++) {
		struct isahp_signature s;
		struct isahp_profile p;
		struct decoded d;

		srandom(seed + i);
		p = roll(vendors[i % 2]);
		d = decode(&p);
		compare_numbers(&p, &d);
		compare_components(&p, &d);
		s = isahp_profile_signature(&p);
		cr_assert_eq(s.family, d.family);
		cr_assert_eq(s.model, d.model);
		cr_assert_eq(s.stepping, d.stepping);
		isahp_profile_free(&p);
	}
}
