// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

#define DEFAULT_SOCKET "/run/isahp/control.sock"

static const struct ctl_command *const commands[] = {
	&ctl_vm_list, &ctl_vm_show, &ctl_vm_add, &ctl_vm_remove, &ctl_vm_resume,
	&ctl_vm_wait, &ctl_announce, &ctl_prepare, &ctl_commit, &ctl_abort,
	&ctl_migrate, &ctl_features,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: isahpctl [--socket PATH] [--json] COMMAND [ARGUMENT]...\n"
	      "Command isahpd: which CPU features running guests may use.\n"
	      "\n"
	      "Commands (isahpctl COMMAND --help says more):\n", out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-11s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\n"
	      "  --socket PATH   isahpd's control socket (default " DEFAULT_SOCKET ")\n"
	      "  --json          print JSON\n"
	      "  --version       print the version and exit\n"
	      "  --help          this text\n"
	      "\n"
	      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by policy,\n"
	      "4 not acknowledged, 5 isahpd unreachable, 6 no such VM, 7 cancelled.\n",
	      out);
}

/* "vm list" is one name of two words. Return: words that matched. */
static int matches(const struct ctl_command *command, int argc, char **argv)
{
	const char *space = strchr(command->name, ' ');
	size_t first = space ? (size_t)(space - command->name) :
			       strlen(command->name);

	if (strlen(argv[0]) != first || strncmp(command->name, argv[0], first))
		return 0;
	if (!space)
		return 1;
	return argc > 1 && !strcmp(space + 1, argv[1]) ? 2 : 0;
}

static int dispatch(struct ctl *ctl, int argc, char **argv)
{
	size_t i;
	int words;

	for (i = 0; i < COMMANDS; i++) {
		words = matches(commands[i], argc, argv);
		if (words)
			return ctl_command_run(ctl, commands[i], argc - words + 1,
					       argv + words - 1);
	}
	if (!strcmp(argv[0], "vm"))
		fprintf(stderr, "isahpctl: vm what? list, show, add, remove, resume or wait\n");
	else
		fprintf(stderr, "isahpctl: unknown command '%s', see isahpctl --help\n",
			argv[0]);
	return ISAHP_ERROR_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct ctl ctl = { .socket = DEFAULT_SOCKET };
	int c;

	signal(SIGPIPE, SIG_IGN);
	/* '+': what stands behind the command is the command's. */
	while ((c = getopt_long(argc, argv, "+hs:j", options, NULL)) != -1) {
		switch (c) {
		case 's':
			ctl.socket = optarg;
			break;
		case 'j':
			ctl.json = true;
			break;
		case 'v':
			puts("isahpctl " ISAHP_VERSION_STRING);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return ISAHP_ERROR_USAGE;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return ISAHP_ERROR_USAGE;
	}
	return dispatch(&ctl, argc - optind, argv + optind);
}
