// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/* X(SYMBOL): in the order of --help */
#define COMMANDS(X) \
X(vm_list) \
X(vm_show) \
X(vm_add) \
X(vm_remove) \
X(vm_resume) \
X(vm_wait) \
X(vm_set) \
X(vm_record) \
X(announce) \
X(prepare) \
X(commit) \
X(abort) \
X(migrate) \
X(features) \
X(host_profile) \
X(host_show) \
X(host_compare) \
X(host_mask) \
X(pool_baseline) \
X(pool_levels) \
X(pool_explain) \
X(pool_plan) \
X(pool_apply) \
X(vm_check)

#define DECLARE(sym) extern const struct ctl_command ctl_##sym;
COMMANDS(DECLARE)
#undef DECLARE

const struct ctl_command *const ctl_commands[] = {
#define POINTER(sym) &ctl_##sym,
	COMMANDS(POINTER)
#undef POINTER
	NULL,
};

const struct ctl_positional ctl_takes_vm[] = {
	{ "the VM's name", CTL_VM, "vm", CTL_ONE },
	{ 0 },
};

/* "vm list" is one name of two words. Return: words that matched. */
static int matches(const struct ctl_command *command, int argc, char **argv)
{
	size_t first = strcspn(command->name, " ");

	if (strlen(argv[0]) != first || strncmp(command->name, argv[0], first))
		return 0;
	if (!command->name[first])
		return 1;
	return argc > 1 && !strcmp(command->name + first + 1, argv[1]) ? 2 : 0;
}

const struct ctl_command *ctl_command_find(int argc, char **argv, int *ret_words)
{
	size_t i;

	for (i = 0; ctl_commands[i]; i++) {
		*ret_words = matches(ctl_commands[i], argc, argv);
		if (*ret_words)
			return ctl_commands[i];
	}
	return NULL;
}

/* The second words of a family of commands, as "list, show or add". */
static size_t family(const char *word, char *text, size_t size)
{
	const char *seconds[32];
	size_t i, count = 0, len = strlen(word);

	*text = '\0';
	for (i = 0; ctl_commands[i]; i++)
		if (!strncmp(ctl_commands[i]->name, word, len) &&
		    ctl_commands[i]->name[len] == ' ' && count < 32)
			seconds[count++] = ctl_commands[i]->name + len + 1;
	for (i = 0; i < count; i++) {
		strncat(text, seconds[i], size - strlen(text) - 1);
		if (i + 1 < count)
			strncat(text, i + 2 < count ? ", " : " or ",
				size - strlen(text) - 1);
	}
	return count;
}

void ctl_command_unknown(const char *word)
{
	char text[256];

	if (family(word, text, sizeof(text)))
		fprintf(stderr, "isahpctl: %s what? %s\n", word, text);
	else
		fprintf(stderr, "isahpctl: unknown command '%s', see isahpctl --help\n",
			word);
}
