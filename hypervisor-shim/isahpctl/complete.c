// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "policy/level.h"

static const struct ctl_option globals[] = {
	{ "socket", CTL_FILE, NULL },
	{ "json", CTL_FLAG, NULL },
	{ "color", CTL_FLAG, NULL },
	{ "version", CTL_FLAG, NULL },
	{ "help", CTL_FLAG, NULL },
	{ 0 },
};

static const struct ctl_option behind[] = {
	{ "json", CTL_FLAG, NULL },
	{ "color", CTL_FLAG, NULL },
	{ "help", CTL_FLAG, NULL },
	{ 0 },
};

/* Offer a word that begins as what was typed does. */
static void offer(const char *typed, const char *prefix, const char *word,
		  size_t len, const char *meaning)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%.*s", prefix, (int)len, word);
	if (!strncmp(text, typed, strlen(typed)))
		printf("%s\t%s\n", text, meaning);
}

static void offer_words(const char *typed, const char *words)
{
	for (; *words; words += strspn(words, " ")) {
		size_t len = strcspn(words, " ");

		offer(typed, "", words, len, "");
		words += len;
	}
}

/* Behind the last comma, or the '-' that takes a feature out again. */
static void offer_features(const char *typed)
{
	static const char levels[] =
		"native none x86-64-v1 x86-64-v2 x86-64-v3 x86-64-v4";
	const char *last = strrchr(typed, ','), *word;
	char prefix[400];
	unsigned int i;

	last = last ? last + 1 : typed;
	if (*last == '-')
		last++;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)(last - typed), typed);
	for (word = levels; *word; word += strspn(word, " ")) {
		offer(typed, prefix, word, strcspn(word, " "), "");
		word += strcspn(word, " ");
	}
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f)
			offer(typed, prefix, f->flag, strlen(f->flag), "");
	}
}

/* Levels are psABI's, AMD's generations, and the models. */
static void offer_levels(const char *typed, bool models_only)
{
	struct isahp_level level;
	size_t i;

	for (i = 0; isahp_level_at(i, &level); i++)
		if (!models_only || level.kind == ISAHP_LEVEL_MODEL)
			offer(typed, "", level.name, strlen(level.name), level.title);
}

static void offer_vms(const struct ctl *ctl, const char *typed)
{
	json_t *args = json_object(), *data, *vm;
	struct isahp_error err;
	size_t i;

	if (!ctl_request(ctl, ctl->socket, "vm-list", args, &data, &err))
		json_array_foreach(json_object_get(data, "vms"), i, vm) {
			const char *name = ctl_text(vm, "name");

			offer(typed, "", name, strlen(name), ctl_text(vm, "run_state"));
		}
	json_decref(data);
	json_decref(args);
}

static void offer_argument(const struct ctl *ctl, const char *typed,
			   enum ctl_type type)
{
	switch (type) {
	case CTL_FILE:
		puts(":files");
		break;
	case CTL_FEATURES:
		offer_features(typed);
		break;
	case CTL_VM:
		offer_vms(ctl, typed);
		break;
	case CTL_VENDOR:
		offer_words(typed, "intel amd hygon zhaoxin");
		break;
	case CTL_CONDITION:
		offer_words(typed, "target registered settled");
		break;
	case CTL_FORMAT:
		offer_words(typed, "auto profile cpuid cpuinfo libvirt qemu xen");
		break;
	case CTL_MODEL:
	case CTL_LEVEL:
		offer_levels(typed, type == CTL_MODEL);
		break;
	case CTL_GUESTS:
		offer_words(typed, "kvm qemu xen");
		break;
	case CTL_FORM:
		offer_words(typed, "text profile qemu libvirt xl");
		break;
	default:
		break;
	}
}

static void offer_options(const char *typed, const struct ctl_option *options)
{
	for (; options && options->name; options++)
		offer(typed, "--", options->name, strlen(options->name), "");
}

/* Whether a command before this one begins with the same word. */
static bool is_known_word(size_t index, size_t len)
{
	const char *word = ctl_commands[index]->name;
	size_t i;

	for (i = 0; i < index; i++)
		if (!strncmp(ctl_commands[i]->name, word, len + 1))
			return true;
	return false;
}

static void offer_commands(const char *typed)
{
	size_t i, len;

	for (i = 0; ctl_commands[i]; i++) {
		const char *name = ctl_commands[i]->name;

		len = strcspn(name, " ");
		if (!name[len])
			offer(typed, "", name, len, ctl_commands[i]->summary);
		else if (!is_known_word(i, len))
			offer(typed, "", name, len, "");
	}
}

static void offer_second_words(const char *first, const char *typed)
{
	size_t i, len = strlen(first);

	for (i = 0; ctl_commands[i]; i++) {
		const char *name = ctl_commands[i]->name;

		if (!strncmp(name, first, len) && name[len] == ' ')
			offer(typed, "", name + len + 1, strlen(name + len + 1),
			      ctl_commands[i]->summary);
	}
}

/* The option whose argument comes next, or NULL: "--deadline", not "--force". */
static const struct ctl_option *awaits(const struct ctl_option *options,
				       const char *word)
{
	for (; options && options->name; options++)
		if (!strncmp(word, "--", 2) && !strcmp(word + 2, options->name))
			return options->type == CTL_FLAG ? NULL : options;
	return NULL;
}

/* Words of a command; the last is unfinished. */
static void complete_command(const struct ctl *ctl,
			     const struct ctl_command *command, int argc,
			     char **argv)
{
	const struct ctl_positional *positional = command->positionals;
	const struct ctl_option *option = NULL;
	const char *typed = argv[argc - 1];
	int i;

	for (i = 0; i < argc - 1; i++) {
		if (option) {
			option = NULL;
			continue;
		}
		option = awaits(command->options, argv[i]);
		if (!option && ctl_command_has_socket(command))
			option = awaits(globals, argv[i]);
		if (*argv[i] != '-' && positional && positional->name &&
		    positional->count < CTL_MANY)
			positional++;
	}
	if (option) {
		offer_argument(ctl, typed, option->type);
	} else if (*typed == '-') {
		offer_options(typed, command->options);
		offer_options(typed, behind);
		if (ctl_command_has_socket(command))
			offer(typed, "--", "socket", 6, "");
	} else if (positional && positional->name) {
		offer_argument(ctl, typed, positional->type);
	}
}

void ctl_complete(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command;
	int words = 0;

	/* Options before the command. */
	while (argc > 1 && *argv[0] == '-') {
		if (awaits(globals, argv[0]) && argc == 2) {
			offer_argument(ctl, argv[1], CTL_FILE);
			return;
		}
		if (awaits(globals, argv[0])) {
			ctl->socket = argv[1];
			argv++;
			argc--;
		}
		argv++;
		argc--;
	}
	if (argc < 1)
		return;
	if (argc == 1) {
		if (*argv[0] == '-')
			offer_options(argv[0], globals);
		else
			offer_commands(argv[0]);
		return;
	}
	/* Its name has to be finished. */
	command = ctl_command_find(argc - 1, argv, &words);
	if (command)
		complete_command(ctl, command, argc - words, argv + words);
	else if (argc == 2)
		offer_second_words(argv[0], argv[1]);
}
