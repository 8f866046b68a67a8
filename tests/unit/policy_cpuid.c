// SPDX-License-Identifier: MIT
/*
 * The places of features, against the program `cpuid`'s decoding of the same dump.
 */
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/import.h>
#include <hypervisor-shim/policy/model.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALL, AMD };

#define LABEL(sym, whose_, label_) { ISAHP_FEATURE_##sym, whose_, label_ },
static const struct {
	__u8 feature;
	__u8 whose;
	const char *label;
} labels[] = {
#include "policy/cpuid_labels.def"
};
#undef LABEL

#define LABELS (sizeof(labels) / sizeof(labels[0]))
#define SECTIONS_MAX 256

/* One dump, and what is made of it. */
struct section {
	bool amd;
	struct isahp_features ours;
	struct isahp_features theirs;
};

struct dumps {
	struct section *section;
	size_t count;
	char path[32];
	FILE *file;
};

static struct dumps begin(void)
{
	struct dumps d = { .path = "/tmp/isahp-cpuid-XXXXXX" };

	d.section = calloc(SECTIONS_MAX, sizeof(*d.section));
	d.file = fdopen(mkstemp(d.path), "w");
	cr_assert(d.section && d.file);
	return d;
}

static void add(struct dumps *d, const struct isahp_profile *p)
{
	struct section *s = &d->section[d->count++];
	__u32 vendor = isahp_profile_vendor(p);
	size_t i;

	cr_assert_lt(d->count, SECTIONS_MAX);
	s->amd = vendor == ISAHP_VENDOR_AMD || vendor == ISAHP_VENDOR_HYGON;
	s->ours = isahp_profile_features(p);
	fprintf(d->file, "CPU %zu:\n", d->count - 1);
	for (i = 0; i < p->leaf_count; i++)
		fprintf(d->file,
			"   0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n",
			p->leaves[i].leaf, p->leaves[i].subleaf, p->leaves[i].value[0],
			p->leaves[i].value[1], p->leaves[i].value[2], p->leaves[i].value[3]);
}

static void take_label(struct section *s, char *line)
{
	char *equals = strstr(line, "= true"), *end = equals;
	size_t i;

	if (!equals || equals == line)
		return;
	while (end > line && end[-1] == ' ')
		end--;
	*end = '\0';
	line += strspn(line, " ");
	for (i = 0; i < LABELS; i++)
		if (!strcmp(labels[i].label, line))
			isahp_features_add(&s->theirs, labels[i].feature);
}

/* Let the program decode them all, and compare. Return: bits that are set. */
static unsigned int compare(struct dumps *d)
{
	char command[64], line[512];
	size_t n = 0, i, seen = 0;
	unsigned int set = 0;
	FILE *out;

	fclose(d->file);
	snprintf(command, sizeof(command), "cpuid -f %s", d->path);
	out = popen(command, "r");
	cr_assert(out);
	while (fgets(line, sizeof(line), out)) {
		if (sscanf(line, "CPU %zu:", &n) == 1)
			seen++;
		else if (n < d->count)
			take_label(&d->section[n], line);
	}
	cr_assert_eq(pclose(out), 0, "the program cpuid is missing: ./dev setup installs it");
	unlink(d->path);
	cr_assert_eq(seen, d->count);
	for (n = 0; n < d->count; n++)
		for (i = 0; i < LABELS; i++) {
			bool theirs = isahp_features_has(&d->section[n].theirs, labels[i].feature);

			if (labels[i].whose == AMD && !d->section[n].amd)
				continue;
			cr_assert_eq(theirs, isahp_features_has(&d->section[n].ours,
								labels[i].feature),
				     "dump %zu: %s", n, labels[i].label);
			set += theirs;
		}
	free(d->section);
	return set;
}

/* A CPU with leaves for everything and features for nothing. */
static struct isahp_profile blank(void)
{
	struct isahp_profile p = { .name = "blank" };
	const struct isahp_model *zen = isahp_model_find("EPYC");
	struct isahp_profile named;
	unsigned int i;
	int reg;

	cr_assert_eq(isahp_model_profile(zen, &named), 0);
	for (reg = 0; reg < 4; reg++) {
		__u32 value = isahp_profile_leaf(&named, 0, 0)->value[reg];

		isahp_profile_set(&p, 0, 0, reg, ~0U, reg ? value : 0x20);
		isahp_profile_set(&p, 0x80000000, 0, reg, ~0U, reg ? value : 0x80000028);
	}
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, ~0U,
			  isahp_profile_leaf(&named, 1, 0)->value[ISAHP_EAX]);
	isahp_profile_set(&p, 7, 0, ISAHP_EAX, ~0U, 2);
	isahp_profile_set(&p, 0xd, 0, ISAHP_EAX, ~0U, 0);
	isahp_profile_set(&p, 0x1e, 0, ISAHP_EAX, ~0U, 1);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f)
			isahp_profile_set(&p, f->leaf, f->subleaf, f->reg, 1U << f->bit, 0);
	}
	isahp_profile_free(&named);
	return p;
}

/* A single bit set: the program names this feature, and no other. */
Test(cpuid, each_bit_alone_is_the_feature_that_it_names)
{
	struct dumps d = begin();
	unsigned int i, named = 0;

	for (i = 0; i < LABELS; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(labels[i].feature);
		struct isahp_profile p = blank();

		isahp_profile_set(&p, f->leaf, f->subleaf, f->reg, 1U << f->bit, ~0U);
		add(&d, &p);
		named++;
		isahp_profile_free(&p);
	}
	cr_assert_eq(compare(&d), named);
	cr_assert_geq(named, 100);
}

Test(cpuid, whole_models_are_decoded_alike)
{
	const struct isahp_model *model;
	struct dumps d = begin();
	size_t i;

	for (i = 0; (model = isahp_model_at(i)); i++) {
		struct isahp_profile p;

		/* Of these it reads leaf 8000_0001h as VIA's 32-bit CPUs had it. */
		if (model->vendor == ISAHP_VENDOR_ZHAOXIN)
			continue;
		cr_assert_eq(isahp_model_profile(model, &p), 0);
		add(&d, &p);
		isahp_profile_free(&p);
	}
	cr_assert_gt(compare(&d), 1000);
}

Test(cpuid, a_real_dump_is_decoded_alike)
{
	struct dumps d = begin();
	struct isahp_profile p;
	struct isahp_error err;

	cr_assert_eq(isahp_import_file(POLICY_DATA "/genoa-guest.cpuid.txt",
				       ISAHP_IMPORT_AUTO, NULL, &p, &err), 0, "%s", err.text);
	add(&d, &p);
	cr_assert_gt(compare(&d), 50);
	isahp_profile_free(&p);
}

Test(cpuid, this_host_is_decoded_alike)
{
	__u32 leaf, subleaf, value[4];
	struct isahp_profile p = { .name = "host" };
	struct dumps d = begin();
	char line[256];
	FILE *raw = popen("cpuid -1 -r", "r");
	int reg;

	while (raw && fgets(line, sizeof(line), raw)) {
		if (sscanf(line, " 0x%x 0x%x: eax=0x%x ebx=0x%x ecx=0x%x edx=0x%x", &leaf,
			   &subleaf, &value[0], &value[1], &value[2], &value[3]) != 6)
			continue;
		for (reg = 0; reg < 4; reg++)
			cr_assert_eq(isahp_profile_set(&p, leaf, subleaf, reg, ~0U, value[reg]),
				     0);
	}
	cr_assert(raw && !pclose(raw), "the program cpuid is missing: ./dev setup installs it");
	add(&d, &p);
	compare(&d);
	isahp_profile_free(&p);
}
