// SPDX-License-Identifier: MIT
/*
 * The table of models, the names and the dependencies, against QEMU itself: the
 * one that is installed. No guest runs.
 */
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/configure.h>
#include <hypervisor-shim/policy/floor.h>
#include <hypervisor-shim/policy/level.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QEMU "qemu-system-x86_64 -accel tcg -display none -nodefaults -S -qmp stdio"
#define WORDS "{\"execute\":\"qom-get\",\"arguments\":" \
	      "{\"path\":\"/machine/unattached/device[0]\",\"property\":\"%s\"}}"

/* Ask a QEMU; what it returns, the answer to qmp_capabilities first. */
static json_t *ask(const char *options, const char *commands)
{
	char path[] = "/tmp/isahp-qmp-XXXXXX", command[1024];
	json_t *answers = json_array(), *line, *answer;
	/* There are unsigned 64-bit numbers, which jansson has no type for. */
	size_t flags = JSON_DISABLE_EOF_CHECK | JSON_DECODE_INT_AS_REAL;
	FILE *out;
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	dprintf(fd, "{\"execute\":\"qmp_capabilities\"}%s{\"execute\":\"quit\"}", commands);
	close(fd);
	snprintf(command, sizeof(command), QEMU " %s < %s 2>/dev/null", options, path);
	out = popen(command, "r");
	cr_assert(out);
	while ((line = json_loadf(out, flags, NULL))) {
		answer = json_object_get(line, "return");
		cr_assert(!json_object_get(line, "error"), "%s",
			  json_dumps(json_object_get(line, "error"), 0));
		if (answer)
			json_array_append(answers, answer);
		json_decref(line);
	}
	cr_assert_eq(pclose(out), 0, "%s", command);
	unlink(path);
	return answers;
}

static __u32 bits_of(const json_t *words, struct isahp_word_place at)
{
	static const char *const registers[] = { "EAX", "EBX", "ECX", "EDX" };
	const json_t *word;
	size_t i;

	json_array_foreach(words, i, word) {
		const json_t *ecx = json_object_get(word, "cpuid-input-ecx");

		if (json_number_value(json_object_get(word, "cpuid-input-eax")) == at.leaf &&
		    json_number_value(ecx) == at.subleaf &&
		    !strcmp(json_string_value(json_object_get(word, "cpuid-register")),
			    registers[at.reg]))
			return json_number_value(json_object_get(word, "features"));
	}
	return 0;
}

/* What a QEMU would show that could: what TCG can, and what it took away. */
static void words_of(const char *cpu, __u32 *ret_words)
{
	char options[512], commands[512];
	json_t *answers;
	int w;

	snprintf(options, sizeof(options), "-machine pc -m 16 -cpu '%s'", cpu);
	snprintf(commands, sizeof(commands), WORDS WORDS, "feature-words", "filtered-features");
	answers = ask(options, commands);
	cr_assert_geq(json_array_size(answers), 3, "%s", cpu);
	for (w = 0; w < ISAHP_WORD_COUNT; w++)
		ret_words[w] = bits_of(json_array_get(answers, 1), isahp_word_place(w)) |
			       bits_of(json_array_get(answers, 2), isahp_word_place(w));
	/* What TCG adds to and takes from every model. */
	ret_words[ISAHP_WORD_1C] &= ~(1U << 31);
	ret_words[ISAHP_WORD_1D] |= 1U << 1;
	json_decref(answers);
}

/*
 * No feature that QEMU gives a model lacks what it rests on, by our table of
 * dependencies. Should one do so one day: explain it here, or correct the table.
 */
Test(qemu, dependencies_hold_in_every_model)
{
	const struct isahp_model *model;
	struct isahp_features broken, closed;
	char list[256];
	size_t i;

	for (i = 0; (model = isahp_model_at(i)); i++) {
		broken = isahp_model_features(model);
		closed = isahp_features_supported(&broken);
		broken = isahp_features_andnot(&broken, &closed);
		isahp_names_format(&broken, list, sizeof(list));
		cr_assert(isahp_features_empty(&broken), "%s: %s", model->name, list);
	}
	cr_assert_geq(i, 20);
}

struct comparison {
	unsigned int models;
	unsigned int bits;
	unsigned int set;
};

static void compare(const struct isahp_model *model, const json_t *props,
		    struct comparison *sum)
{
	struct isahp_features has = isahp_model_features(model);
	unsigned int n;

	cr_assert_eq(json_number_value(json_object_get(props, "family")),
		     model->signature.family, "%s", model->name);
	cr_assert_eq(json_number_value(json_object_get(props, "model")),
		     model->signature.model, "%s", model->name);
	cr_assert_eq(isahp_vendor_find(json_string_value(json_object_get(props, "vendor"))),
		     model->vendor, "%s", model->name);
	for (n = 0; n < ISAHP_FEATURE_COUNT; n++) {
		const struct isahp_feature_info *f = isahp_feature_info(n);
		const json_t *prop = f && *f->qemu ? json_object_get(props, f->qemu) : NULL;

		if (!prop) /* newer than this QEMU */
			continue;
		cr_assert_eq(json_is_true(prop), isahp_features_has(&has, n), "%s: %s",
			     model->name, f->flag);
		sum->bits++;
		sum->set += json_is_true(prop);
	}
	sum->models++;
}

/* The models that this QEMU knows, and a command for each that expands it. */
static char *expansions(void)
{
	json_t *answers = ask("-machine none", "{\"execute\":\"query-cpu-definitions\"}");
	const json_t *definition;
	char *commands = NULL;
	size_t i, size;
	FILE *out = open_memstream(&commands, &size);

	json_array_foreach(json_array_get(answers, 1), i, definition) {
		const char *name = json_string_value(json_object_get(definition, "name"));
		const struct isahp_model *model = isahp_model_find(name);

		if (model && !strcmp(model->name, name))
			fprintf(out, "{\"execute\":\"query-cpu-model-expansion\","
				"\"arguments\":{\"type\":\"full\","
				"\"model\":{\"name\":\"%s\"}}}", name);
	}
	fclose(out);
	json_decref(answers);
	return commands;
}

/* Each model that this QEMU knows: its names for bits against our coordinates. */
Test(qemu, names_and_coordinates_agree, .timeout = 60)
{
	struct comparison sum = { 0 };
	char *commands = expansions();
	json_t *answers = ask("-machine none", commands);
	const json_t *answer;
	size_t i;

	json_array_foreach(answers, i, answer) {
		const json_t *model = json_object_get(answer, "model");

		if (model)
			compare(isahp_model_find(json_string_value(
					json_object_get(model, "name"))),
				json_object_get(model, "props"), &sum);
	}
	cr_log_info("%u models, %u bits compared, %u of them set", sum.models, sum.bits,
		    sum.set);
	cr_assert_geq(sum.models, 60);
	cr_assert_gt(sum.set, 1000);
	json_decref(answers);
	free(commands);
}

Test(qemu, words_are_as_qemu_has_them, .timeout = 60)
{
	static const char *const names[] = {
		"Broadwell-v4", "Cascadelake-Server-v5", "Conroe-v1", "Cooperlake-v2",
		"Denverton-v3", "Dhyana-v2", "EPYC-v3", "EPYC-Rome-v2", "EPYC-Milan-v1",
		"Haswell-v1", "Haswell-v4", "Icelake-Server-v6", "IvyBridge-v2",
		"KnightsMill-v1", "Nehalem-v2", "Opteron_G1-v1", "Opteron_G2-v1",
		"Opteron_G3-v1", "Opteron_G4-v1", "Opteron_G5-v1", "Penryn-v1", "phenom-v1",
		"SandyBridge-v2", "Skylake-Client-v4", "Skylake-Server-v5", "Snowridge-v4",
		"Westmere-v2",
	};
	__u32 words[ISAHP_WORD_COUNT];
	size_t i;
	int w;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct isahp_model *model = isahp_model_find(names[i]);

		cr_assert(model, "%s", names[i]);
		words_of(names[i], words);
		for (w = 0; w < ISAHP_WORD_COUNT; w++)
			cr_assert_eq(words[w], model->words[w], "%s: word %d: %08x, not %08x",
				     names[i], w, words[w], model->words[w]);
	}
}

/* A generated -cpu, given to QEMU, shows what the policy says. */
Test(qemu, generated_configurations_show_the_policy, .timeout = 60)
{
	static const char *const policies[] = {
		"x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4", "amd-k8-rev-f",
		"amd-10h-rev-c", "EPYC-Rome", "Skylake-Server-noTSX-IBRS",
	};
	static const __u32 vendors[] = { ISAHP_VENDOR_INTEL, ISAHP_VENDOR_AMD };
	size_t i;

	for (i = 0; i < 2 * sizeof(policies) / sizeof(policies[0]); i++) {
		struct isahp_features shown;
		struct isahp_configuration c;
		struct isahp_guest_cpu cpu;
		struct isahp_level level;
		struct isahp_error err;
		__u32 words[ISAHP_WORD_COUNT];

		cr_assert_eq(isahp_level_find(policies[i / 2], &level, &err), 0);
		cpu = isahp_guest_cpu_of(&level, NULL);
		cpu.vendor = vendors[i % 2];
		cpu.qemu = "7.2";
		cpu.phys_bits = 40; /* the only width that TCG takes */
		cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0, "%s", err.text);
		words_of(c.text, words);
		shown = isahp_words_features(words);
		shown = isahp_features_and(&shown, &cpu.decided);
		cr_assert(isahp_features_empty(&c.unnamed));
		cr_assert(isahp_features_equal(&shown, &cpu.shown), "%s", c.text);
		isahp_configuration_free(&c);
	}
}

/* In a mixed pool the model of one vendor comes down to what all hosts can show. */
Test(qemu, generated_configurations_stay_above_the_pools_floor, .timeout = 60)
{
	static const char *const pools[][2] = {
		{ "EPYC-Rome", "Skylake-Server-noTSX-IBRS" },
		{ "Opteron_G5", "Haswell" },
		{ "EPYC-Genoa", "SapphireRapids" },
	};
	static const __u32 vendors[] = { ISAHP_VENDOR_INTEL, ISAHP_VENDOR_AMD };
	struct isahp_level v2;
	struct isahp_error err;
	size_t i;
	int w;

	cr_assert_eq(isahp_level_find("x86-64-v2", &v2, &err), 0);
	for (i = 0; i < 2 * sizeof(pools) / sizeof(pools[0]); i++) {
		__u32 words[ISAHP_WORD_COUNT], floor[ISAHP_WORD_COUNT];
		struct isahp_guest_cpu cpu = isahp_guest_cpu_of(&v2, NULL);
		struct isahp_profile host[2];
		const struct isahp_profile *hosts[2] = { &host[0], &host[1] };
		struct isahp_configuration c;

		isahp_model_profile(isahp_model_find(pools[i / 2][0]), &host[0]);
		isahp_model_profile(isahp_model_find(pools[i / 2][1]), &host[1]);
		isahp_floor_of(hosts, 2, floor);
		cpu.vendor = vendors[i % 2];
		cpu.qemu = "7.2";
		cpu.floor = floor;
		cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0, "%s", err.text);
		words_of(c.text, words);
		for (w = 0; w < ISAHP_WORD_COUNT; w++)
			cr_assert_eq(words[w] & ~floor[w], 0, "%s: word %d: %08x", c.text, w,
				     words[w] & ~floor[w]);
		isahp_configuration_free(&c);
		isahp_profile_free(&host[0]);
		isahp_profile_free(&host[1]);
	}
}
