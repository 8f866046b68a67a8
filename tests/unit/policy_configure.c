// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/configure.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct isahp_guest_cpu cpu_of(const char *name)
{
	struct isahp_level level;
	struct isahp_error err;

	cr_assert_eq(isahp_level_find(name, &level, &err), 0, "%s", err.text);
	return isahp_guest_cpu_of(&level, NULL);
}

static struct isahp_features random_set(void)
{
	struct isahp_features set = isahp_features_none();
	unsigned int i, dense = random() % 4;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (random() % 4 <= dense)
			isahp_features_add(&set, i);
	return isahp_features_supported(&set);
}

/* What QEMU makes of a -cpu: the model, then each change in its turn. */
static struct isahp_features read_qemu(const char *text, const struct isahp_model *model)
{
	struct isahp_features set = isahp_model_features(model);
	char *copy = strdup(text), *part, *rest = copy;

	part = strsep(&rest, ",");
	cr_assert_str_eq(part, model->name);
	while ((part = strsep(&rest, ","))) {
		int number = *part == '+' || *part == '-' ?
				     isahp_feature_find(part + 1, strlen(part + 1)) : -1;

		if (strchr(part, '=') || !strcmp(part, "enforce"))
			continue;
		cr_assert_geq(number, 0, "%s", part);
		cr_assert_str_eq(isahp_feature_info(number)->qemu, part + 1);
		if (*part == '+')
			isahp_features_add(&set, number);
		else
			isahp_features_del(&set, number);
	}
	free(copy);
	return set;
}

static struct isahp_features read_libvirt(const char *text, struct isahp_features *ret_told,
					  char *ret_model, size_t size)
{
	struct isahp_features set = isahp_features_none();
	xmlDocPtr doc = xmlReadMemory(text, strlen(text), NULL, NULL, 0);
	xmlNodePtr node;

	cr_assert(doc);
	*ret_told = set;
	for (node = xmlDocGetRootElement(doc)->children; node; node = node->next) {
		xmlChar *name = xmlGetProp(node, (const xmlChar *)"name");
		xmlChar *policy = xmlGetProp(node, (const xmlChar *)"policy");
		xmlChar *content = xmlNodeGetContent(node);
		int number;

		if (!xmlStrcmp(node->name, (const xmlChar *)"model"))
			snprintf(ret_model, size, "%s", (char *)content);
		if (!xmlStrcmp(node->name, (const xmlChar *)"feature")) {
			number = isahp_feature_find((char *)name, strlen((char *)name));
			cr_assert_geq(number, 0);
			cr_assert(!isahp_features_has(ret_told, number), "once each");
			isahp_features_add(ret_told, number);
			if (!strcmp((char *)policy, "require"))
				isahp_features_add(&set, number);
			else
				cr_assert_str_eq((char *)policy, "disable");
		}
		xmlFree(name);
		xmlFree(policy);
		xmlFree(content);
	}
	xmlFreeDoc(doc);
	xmlCleanupParser();
	return set;
}

static struct isahp_features read_xl(const char *text)
{
	static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };
	__u32 words[ISAHP_WORD_COUNT] = { 0 };
	const char *p = text;
	unsigned int leaf, subleaf, reg;
	char name[4], bits[40];
	int w, i, used;

	while ((p = strchr(p, '"'))) {
		subleaf = 0;
		if (sscanf(p, "\"0x%x,%u:%3[a-z]=%39[01x]\"%n", &leaf, &subleaf, name, bits,
			   &used) != 4)
			cr_assert_eq(sscanf(p, "\"0x%x:%3[a-z]=%39[01x]\"%n", &leaf, name,
					    bits, &used), 3, "%s", p);
		for (reg = 0; strcmp(registers[reg], name); reg++)
			;
		cr_assert_eq(strlen(bits), 32);
		w = isahp_word_find(leaf, subleaf, reg);
		cr_assert_geq(w, 0);
		for (i = 0; i < 32; i++)
			words[w] |= (bits[i] == '1') ? 1U << (31 - i) : 0;
		p += used;
	}
	return isahp_words_features(words);
}

/* Random policies, all decided: each program would show just what was asked. */
Test(configure, each_program_shows_what_was_asked)
{
	unsigned int seed = time(NULL), round;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 300; round++) {
		struct isahp_guest_cpu cpu = {
			.shown = random_set(),
			.decided = isahp_features_known(),
			.vendor = random() % 5,
		};
		struct isahp_features named, got, told, all = isahp_features_known();
		struct isahp_configuration c;
		struct isahp_error err;
		char model[64];

		cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0, "%s", err.text);
		named = isahp_features_andnot(&cpu.shown, &c.unnamed);
		got = read_qemu(c.text, c.model);
		cr_assert(isahp_features_equal(&got, &named), "seed %u: %s", seed, c.text);
		isahp_configuration_free(&c);

		cr_assert_eq(isahp_configure_libvirt(&cpu, &c, &err), 0, "%s", err.text);
		named = isahp_features_andnot(&cpu.shown, &c.unnamed);
		got = read_libvirt(c.text, &told, model, sizeof(model));
		cr_assert(isahp_features_equal(&got, &named), "seed %u", seed);
		cr_assert(isahp_features_subset(&named, &told));
		cr_assert_str_eq(model, c.model->libvirt);
		isahp_configuration_free(&c);

		cr_assert_eq(isahp_configure_xl(&cpu, &c, &err), 0, "%s", err.text);
		got = read_xl(c.text);
		cr_assert(isahp_features_equal(&got, &cpu.shown), "seed %u", seed);
		cr_assert(isahp_features_subset(&got, &all));
		isahp_configuration_free(&c);
	}
}

/* Of random policies that leave much open: what is decided, and nothing broken. */
Test(configure, what_is_left_open_breaks_nothing)
{
	unsigned int seed = time(NULL), round;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 300; round++) {
		struct isahp_guest_cpu cpu = { .shown = random_set(), .decided = random_set() };
		struct isahp_features named, got, told, closed;
		struct isahp_configuration c;
		struct isahp_error err;
		char model[64];

		cpu.decided = isahp_features_or(&cpu.decided, &cpu.shown);
		cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0, "%s", err.text);
		got = read_qemu(c.text, c.model);
		got = isahp_features_or(&got, &c.unnamed);
		closed = isahp_features_supported(&got);
		cr_assert(isahp_features_equal(&got, &closed), "seed %u: %s", seed, c.text);
		got = isahp_features_and(&got, &cpu.decided);
		cr_assert(isahp_features_equal(&got, &cpu.shown), "seed %u: %s", seed, c.text);
		isahp_configuration_free(&c);

		cr_assert_eq(isahp_configure_libvirt(&cpu, &c, &err), 0, "%s", err.text);
		named = read_libvirt(c.text, &told, model, sizeof(model));
		got = isahp_model_features(c.model);
		got = isahp_features_andnot(&got, &told);
		got = isahp_features_or(&got, &named);
		got = isahp_features_or(&got, &c.unnamed);
		closed = isahp_features_supported(&got);
		cr_assert(isahp_features_equal(&got, &closed), "seed %u: %s", seed, c.text);
		got = isahp_features_and(&got, &cpu.decided);
		cr_assert(isahp_features_equal(&got, &cpu.shown), "seed %u: %s", seed, c.text);
		isahp_configuration_free(&c);
	}
}

/* A model's own policy is that model, and nothing more. */
Test(configure, each_model_is_its_own_nearest)
{
	const struct isahp_model *model;
	size_t i;

	for (i = 0; (model = isahp_model_at(i)); i++) {
		struct isahp_guest_cpu cpu = cpu_of(model->name);
		struct isahp_features want = isahp_model_features(model), got;
		struct isahp_configuration c;
		struct isahp_error err;

		if (!(model->words[ISAHP_WORD_E1D] >> 29 & 1))
			continue; /* no 64-bit mode */
		cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0, "%s", err.text);
		got = isahp_model_features(c.model);
		cr_assert(isahp_features_equal(&got, &want), "%s: %s", model->name, c.text);
		cr_assert_eq(c.model->vendor, model->vendor);
		cr_assert_str_eq(c.text, c.model->name);
		isahp_configuration_free(&c);
	}
}

Test(configure, what_a_level_does_not_decide_is_the_models)
{
	struct isahp_guest_cpu cpu = cpu_of("x86-64-v3");
	struct isahp_features got, smep = isahp_features_none();
	struct isahp_configuration c;
	struct isahp_error err;

	isahp_features_add(&smep, ISAHP_FEATURE_SMEP);
	isahp_features_add(&smep, ISAHP_FEATURE_SYSCALL);
	cpu.vendor = ISAHP_VENDOR_AMD;
	cpu.phys_bits = 46;
	cpu.enforce = true;
	cpu.qemu = "7.2";
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0, "%s", err.text);
	cr_assert_eq(c.model->vendor, ISAHP_VENDOR_AMD);
	cr_assert(strstr(c.text, ",phys-bits=46,enforce"), "%s", c.text);
	got = read_qemu(c.text, c.model);
	cr_assert(isahp_features_subset(&smep, &got), "%s", c.text);
	cr_assert(isahp_features_subset(&cpu.shown, &got));
	isahp_configuration_free(&c);
	cr_assert_eq(isahp_configure_libvirt(&cpu, &c, &err), 0);
	cr_assert(!strstr(c.text, "\"syscall\""), "%s", c.text);
	cr_assert(strstr(c.text, "<maxphysaddr mode=\"emulate\" bits=\"46\"/>"), "%s", c.text);
	isahp_configuration_free(&c);
	cr_assert_eq(isahp_configure_xl(&cpu, &c, &err), 0);
	cr_assert(strstr(c.text, "\"0x80000001:edx=00xx0xxxx0xxxxxxxxxxxxxxxxxxxxxx\""), "%s",
		  c.text);
	isahp_configuration_free(&c);
}

Test(configure, a_foreign_model_gets_the_guests_vendor)
{
	struct isahp_guest_cpu cpu = cpu_of("Skylake-Server");
	struct isahp_configuration c;
	struct isahp_error err;

	cpu.vendor = ISAHP_VENDOR_HYGON;
	cpu.qemu = "7.2";
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0);
	cr_assert_eq(c.model->vendor, ISAHP_VENDOR_HYGON, "one of the vendor first");
	isahp_configuration_free(&c);
	cpu.vendor = ISAHP_VENDOR_ZHAOXIN; /* 7.2 has none of these */
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0);
	cr_assert(strstr(c.text, ",vendor=CentaurHauls"), "%s", c.text);
	isahp_configuration_free(&c);
}

Test(configure, contradictions_are_refused)
{
	struct isahp_guest_cpu cpu = cpu_of("x86-64-v4");
	struct isahp_features v4 = cpu.shown;
	struct isahp_configuration c = { .unnamed = cpu.shown };
	struct isahp_error err;

	isahp_features_del(&cpu.shown, ISAHP_FEATURE_AVX2);
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), -EINVAL);
	cr_assert(strstr(err.text, "avx512f"), "%s", err.text);
	cr_assert_eq(isahp_configure_libvirt(&cpu, &c, &err), -EINVAL);
	cr_assert_eq(isahp_configure_xl(&cpu, &c, &err), -EINVAL);
	cpu = cpu_of("x86-64-v4");
	isahp_features_del(&cpu.decided, ISAHP_FEATURE_AVX2);
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), -EINVAL);
	cpu = cpu_of("x86-64-v4");
	cpu.qemu = "6.9";
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), -ENOENT);
	cr_assert(strstr(err.text, "6.9"), "%s", err.text);
	cr_assert(!c.text && isahp_features_equal(&c.unnamed, &v4), "untouched on failure");
}

Test(configure, xens_boot_parameters_are_the_halves_of_the_registers)
{
	struct isahp_level level;
	struct isahp_mask mask;
	struct isahp_error err;
	char *text;

	cr_assert_eq(isahp_level_find("fam_0f_rev_f", &level, &err), 0);
	cr_assert_eq(isahp_mask_msrs(&level, NULL, &mask, &err), 0);
	text = isahp_configure_xen(&mask);
	cr_assert_str_eq(text,
			 "cpuid_mask_edx=0x178bfbff cpuid_mask_ecx=0x00002001 "
			 "cpuid_mask_ext_edx=0xebd3fbff cpuid_mask_ext_ecx=0x0000001f");
	free(text);
}
