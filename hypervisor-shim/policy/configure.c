// SPDX-License-Identifier: GPL-2.0-or-later
#include "configure.h"

#include <errno.h>
#include <isahp/abi.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "names.h"
#include "text.h"

/* 64-bit mode, 8000_0001h EDX: a guest kernel of this project has it. */
#define BIT_LM (1U << 29)

enum program { QEMU, LIBVIRT };

struct isahp_guest_cpu isahp_guest_cpu_of(const struct isahp_level *level,
					  const struct isahp_features *features)
{
	struct isahp_guest_cpu cpu = {
		.shown = isahp_level_wants(level),
		.decided = isahp_words_features(level->speaks),
		.vendor = level->vendor,
	};

	if (features)
		cpu.shown = isahp_features_and(&cpu.shown, features);
	cpu.shown = isahp_features_supported(&cpu.shown);
	return cpu;
}

static const char *spelling(const struct isahp_feature_info *f, enum program program)
{
	return program == QEMU ? f->qemu : f->libvirt;
}

static int check(const struct isahp_guest_cpu *cpu, struct isahp_error *err)
{
	struct isahp_features closed = isahp_features_supported(&cpu->shown), rest;
	char list[256];

	if (!isahp_features_subset(&cpu->shown, &cpu->decided))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "what shall be shown is not among what is decided");
	if (isahp_features_equal(&closed, &cpu->shown))
		return 0;
	rest = isahp_features_andnot(&cpu->shown, &closed);
	isahp_names_format(&rest, list, sizeof(list));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "%s cannot be shown without what they rest on", list);
}

/* Which of these features does the program have no name for? */
static struct isahp_features nameless(const struct isahp_features *set, enum program program)
{
	struct isahp_features r = isahp_features_none();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && isahp_features_has(set, i) && !*spelling(f, program))
			isahp_features_add(&r, i);
	}
	return r;
}

static unsigned int count(const struct isahp_features *set)
{
	unsigned int i, n = 0;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		n += __builtin_popcountll(set->word[i]);
	return n;
}

/* Is version @a, as "7.2", not newer than @b? */
static bool not_newer(const char *a, const char *b)
{
	unsigned int major_a = 0, minor_a = 0, major_b = 0, minor_b = 0;

	if (sscanf(a, "%u.%u", &major_a, &minor_a) < 1 ||
	    sscanf(b, "%u.%u", &major_b, &minor_b) < 1)
		return false;
	return major_a < major_b || (major_a == major_b && minor_a <= minor_b);
}

static bool has_version(const char *name)
{
	const char *v = strrchr(name, '-');

	return v && v[1] == 'v' && v[2] >= '0' && v[2] <= '9';
}

/* What is shown with a model: what it has beyond the policy's say is left. */
static struct isahp_features target(const struct isahp_model *model,
				    const struct isahp_guest_cpu *cpu)
{
	struct isahp_features has = isahp_model_features(model);
	struct isahp_features set = isahp_features_andnot(&has, &cpu->decided);

	if (cpu->floor) {
		struct isahp_features floor = isahp_words_features(cpu->floor);

		set = isahp_features_and(&set, &floor);
	}
	set = isahp_features_or(&set, &cpu->shown);
	return isahp_features_supported(&set);
}

/* Bits of a model's word that some host can't show, and the table has no row for. */
static __u32 beyond(const struct isahp_model *model, const struct isahp_guest_cpu *cpu,
		    enum isahp_word w)
{
	struct isahp_features known = isahp_features_known();
	__u32 rows[ISAHP_WORD_COUNT] = { 0 };

	if (!cpu->floor)
		return 0;
	isahp_words_add(rows, &known);
	return model->words[w] & ~cpu->floor[w] & ~rows[w];
}

/* The name of the next such bit, from *@bit on, that the program has one for. */
static const char *next_beyond(const struct isahp_model *model,
			       const struct isahp_guest_cpu *cpu,
			       enum isahp_flag_speaker speaker, unsigned int *bit)
{
	const char *name = NULL;

	for (; *bit < 32 * ISAHP_WORD_COUNT && !name; (*bit)++)
		if (beyond(model, cpu, *bit / 32) >> (*bit % 32) & 1)
			name = isahp_word_flag(*bit / 32, *bit % 32, speaker);
	return name;
}

static bool serves(const struct isahp_model *model, const struct isahp_guest_cpu *cpu,
		   enum program program)
{
	struct isahp_features has = isahp_model_features(model);
	struct isahp_features want = target(model, cpu), more;

	if (!(model->words[ISAHP_WORD_E1D] & BIT_LM))
		return false;
	if (cpu->qemu && !not_newer(model->since, cpu->qemu))
		return false;
	/* Libvirt has names with versions since 11.0 only. */
	if (program == LIBVIRT && (!*model->libvirt || has_version(model->libvirt)))
		return false;
	/* What it has beyond the policy must be possible to take away. */
	more = isahp_features_andnot(&has, &want);
	more = nameless(&more, program);
	return isahp_features_empty(&more);
}

static unsigned int distance(const struct isahp_model *model,
			     const struct isahp_guest_cpu *cpu)
{
	struct isahp_features has = isahp_model_features(model);
	struct isahp_features want = target(model, cpu);
	struct isahp_features more = isahp_features_andnot(&has, &want);
	struct isahp_features less = isahp_features_andnot(&want, &has);

	unsigned int d = count(&more) + count(&less);
	int w;

	for (w = 0; w < ISAHP_WORD_COUNT; w++)
		d += __builtin_popcount(beyond(model, cpu, w));
	return d;
}

/* The nearest model: of the vendor, if that is said and there is one. */
static const struct isahp_model *choose(const struct isahp_guest_cpu *cpu,
					enum program program)
{
	const struct isahp_model *model, *best = NULL;
	unsigned int least = 0, d;
	size_t i;

	for (i = 0; (model = isahp_model_at(i)); i++) {
		if (!serves(model, cpu, program))
			continue;
		d = distance(model, cpu);
		if (cpu->vendor != ISAHP_VENDOR_UNKNOWN && model->vendor != cpu->vendor)
			d += ISAHP_FEATURE_COUNT;
		if (best && d >= least)
			continue;
		best = model;
		least = d;
	}
	return best;
}

static int begin(const struct isahp_guest_cpu *cpu, enum program program,
		 struct isahp_configuration *conf, struct isahp_error *err)
{
	struct isahp_features missing;
	int rc = check(cpu, err);

	if (rc)
		return rc;
	memset(conf, 0, sizeof(*conf));
	conf->model = choose(cpu, program);
	if (!conf->model)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOENT,
				       "no CPU model that QEMU %s knows serves for this policy",
				       cpu->qemu ? cpu->qemu : "or libvirt");
	missing = cpu->shown;
	if (program == QEMU) {
		struct isahp_features has = isahp_model_features(conf->model);

		missing = isahp_features_andnot(&missing, &has);
	}
	conf->unnamed = nameless(&missing, program);
	return 0;
}

static int no_memory(struct isahp_error *err)
{
	return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
}

/* What is printed: a CPU, by a model. */
struct shown {
	const struct isahp_guest_cpu *cpu;
	const struct isahp_model *model;
};

static void print_qemu(FILE *out, const void *what)
{
	const struct isahp_model *model = ((const struct shown *)what)->model;
	const struct isahp_guest_cpu *cpu = ((const struct shown *)what)->cpu;
	struct isahp_features has = isahp_model_features(model);
	struct isahp_features shown = target(model, cpu);
	const char *vendor = isahp_vendor_cpuid(cpu->vendor), *name;
	unsigned int i;

	fputs(model->name, out);
	if (*vendor && cpu->vendor != model->vendor)
		fprintf(out, ",vendor=%s", vendor);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		bool want = isahp_features_has(&shown, i);

		if (f && *f->qemu && want != isahp_features_has(&has, i))
			fprintf(out, ",%c%s", want ? '+' : '-', f->qemu);
	}
	for (i = 0; (name = next_beyond(model, cpu, ISAHP_FLAG_QEMU, &i));)
		fprintf(out, ",-%s", name);
	if (cpu->phys_bits)
		fprintf(out, ",phys-bits=%u", cpu->phys_bits);
	fputs(cpu->enforce ? ",enforce" : "", out);
}

int isahp_configure_qemu(const struct isahp_guest_cpu *cpu,
			 struct isahp_configuration *ret, struct isahp_error *err)
{
	struct isahp_configuration conf;
	int rc = begin(cpu, QEMU, &conf, err);

	if (rc)
		return rc;
	conf.text = isahp_text_of(print_qemu, &(struct shown){ cpu, conf.model });
	if (!conf.text)
		return no_memory(err);
	*ret = conf;
	return 0;
}

#define X(string) ((const xmlChar *)(string))

static bool add_feature(xmlNodePtr cpu, const char *name, bool want)
{
	xmlNodePtr node = xmlNewChild(cpu, NULL, X("feature"), NULL);

	return node && xmlNewProp(node, X("policy"), X(want ? "require" : "disable")) &&
	       xmlNewProp(node, X("name"), X(name));
}

static bool add_phys_bits(xmlNodePtr cpu, unsigned int bits)
{
	xmlNodePtr node = xmlNewChild(cpu, NULL, X("maxphysaddr"), NULL);
	char text[16];

	snprintf(text, sizeof(text), "%u", bits);
	return node && xmlNewProp(node, X("mode"), X("emulate")) &&
	       xmlNewProp(node, X("bits"), X(text));
}

static bool fill_cpu(xmlNodePtr node, const struct isahp_guest_cpu *cpu,
		     const struct isahp_model *model)
{
	struct isahp_features has = isahp_model_features(model);
	struct isahp_features shown = target(model, cpu);
	struct isahp_features fell = isahp_features_andnot(&has, &shown);
	/* And what the model has beyond, but not without what is hidden. */
	struct isahp_features decided = isahp_features_or(&cpu->decided, &fell);
	const char *flag;
	xmlNodePtr name;
	unsigned int i;

	if (!xmlNewProp(node, X("mode"), X("custom")) ||
	    !xmlNewProp(node, X("match"), X("exact")) ||
	    !xmlNewProp(node, X("check"), X(cpu->enforce ? "full" : "partial")))
		return false;
	name = xmlNewTextChild(node, NULL, X("model"), X(model->libvirt));
	if (!name || !xmlNewProp(name, X("fallback"), X("forbid")))
		return false;
	if (cpu->phys_bits && !add_phys_bits(node, cpu->phys_bits))
		return false;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && *f->libvirt && isahp_features_has(&decided, i) &&
		    !add_feature(node, f->libvirt, isahp_features_has(&cpu->shown, i)))
			return false;
	}
	for (i = 0; (flag = next_beyond(model, cpu, ISAHP_FLAG_LIBVIRT, &i));)
		if (!add_feature(node, flag, false))
			return false;
	return true;
}

int isahp_configure_libvirt(const struct isahp_guest_cpu *cpu,
			    struct isahp_configuration *ret, struct isahp_error *err)
{
	struct isahp_configuration conf;
	int rc = begin(cpu, LIBVIRT, &conf, err);
	xmlBufferPtr buffer;
	xmlDocPtr doc;
	xmlNodePtr node;

	if (rc)
		return rc;
	doc = xmlNewDoc(X("1.0"));
	buffer = xmlBufferCreate();
	node = doc ? xmlNewDocNode(doc, NULL, X("cpu"), NULL) : NULL;
	if (node)
		xmlDocSetRootElement(doc, node);
	if (buffer && node && fill_cpu(node, cpu, conf.model) &&
	    xmlNodeDump(buffer, doc, node, 0, 1) > 0)
		conf.text = strdup((const char *)xmlBufferContent(buffer));
	if (buffer)
		xmlBufferFree(buffer);
	if (doc)
		xmlFreeDoc(doc);
	if (!conf.text)
		return no_memory(err);
	*ret = conf;
	return 0;
}

/* The leaves of which xl takes features: of others only what shall be shown. */
static bool is_xens(__u32 leaf)
{
	return leaf == 1 || leaf == 7 || leaf == 0xd || leaf >> 31;
}

/* 32 characters, the highest bit first: 1, 0, or x for Xen's own choice. */
static void print_bits(FILE *out, __u32 bits, __u32 ours)
{
	int i;

	for (i = 31; i >= 0; i--)
		fputc(!(ours >> i & 1) ? 'x' : bits >> i & 1 ? '1' : '0', out);
}

static void print_xl(FILE *out, const void *what)
{
	const struct isahp_guest_cpu *cpu = what;
	static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };
	__u32 bits[ISAHP_WORD_COUNT] = { 0 }, ours[ISAHP_WORD_COUNT] = { 0 };
	const char *separator = "";
	int w;

	isahp_words_add(bits, &cpu->shown);
	isahp_words_add(ours, &cpu->decided);
	fputs("cpuid = [", out);
	for (w = 0; w < ISAHP_WORD_COUNT; w++) {
		struct isahp_word_place at = isahp_word_place(w);

		if (!ours[w] || (!is_xens(at.leaf) && !bits[w]))
			continue;
		fprintf(out, "%s\n  \"0x%x", separator, at.leaf);
		if (at.leaf == 7 || at.leaf == 0xd || at.leaf == 0x1e)
			fprintf(out, ",%u", at.subleaf);
		fprintf(out, ":%s=", registers[at.reg]);
		print_bits(out, bits[w], ours[w]);
		fputc('"', out);
		separator = ",";
	}
	fputs("\n]\n", out);
}

int isahp_configure_xl(const struct isahp_guest_cpu *cpu,
		       struct isahp_configuration *ret, struct isahp_error *err)
{
	struct isahp_configuration conf = { 0 };
	int rc = check(cpu, err);

	if (rc)
		return rc;
	conf.text = isahp_text_of(print_xl, cpu);
	if (!conf.text)
		return no_memory(err);
	*ret = conf;
	return 0;
}

/* Xen's names for the halves of the registers (docs/misc/xen-command-line). */
static const struct {
	__u32 number;
	const char *low;
	const char *high;
} xen_parameters[] = {
	{ 0xc0011002, "l7s0_ebx", NULL },
	{ 0xc0011003, "thermal_ecx", NULL },
	{ 0xc0011004, "edx", "ecx" },
	{ 0xc0011005, "ext_edx", "ext_ecx" },
	{ 0x478, "ecx", "edx" },
	{ 0x130, "ecx", "edx" },
	{ 0x131, "ext_ecx", "ext_edx" },
	{ 0x132, "ecx", "edx" },
	{ 0x133, "ext_ecx", "ext_edx" },
	{ 0x134, "xsave_eax", NULL },
};

static void print_xen(FILE *out, const void *what)
{
	const struct isahp_mask *mask = what;
	const char *separator = "";
	size_t i, m;

	for (m = 0; m < mask->count; m++) {
		const struct isahp_mask_msr *msr = &mask->msr[m];

		for (i = 0; i < sizeof(xen_parameters) / sizeof(xen_parameters[0]); i++) {
			if (xen_parameters[i].number != msr->number)
				continue;
			fprintf(out, "%scpuid_mask_%s=0x%08x", separator,
				xen_parameters[i].low, (__u32)msr->value);
			separator = " ";
			if (xen_parameters[i].high)
				fprintf(out, " cpuid_mask_%s=0x%08x", xen_parameters[i].high,
					(__u32)(msr->value >> 32));
		}
	}
}

char *isahp_configure_xen(const struct isahp_mask *mask)
{
	return isahp_text_of(print_xen, mask);
}

void isahp_configuration_free(struct isahp_configuration *configuration)
{
	free(configuration->text);
	memset(configuration, 0, sizeof(*configuration));
}
