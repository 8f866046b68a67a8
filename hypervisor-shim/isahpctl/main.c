// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "ctl.h"
#include "paint.h"

enum { OPT_COLOR = 1000, OPT_COMPLETE };

static void list(FILE *out, bool local)
{
	size_t i;

	for (i = 0; ctl_commands[i]; i++)
		if (ctl_commands[i]->local == local)
			fprintf(out, "  %-13s %s\n", ctl_commands[i]->name,
				ctl_commands[i]->summary);
}

static void usage(FILE *out)
{
	fputs("Usage: isahpctl [--socket PATH] [--json] [--color[=WHEN]] COMMAND [ARGUMENT]...\n"
	      "Which CPU features running guests may use, and which a pool of hosts can\n"
	      "promise.\n"
	      "\n"
	      "Commands to isahpd (isahpctl COMMAND --help says more):\n", out);
	list(out, false);
	fputs("\nCommands that need no isahpd here:\n", out);
	list(out, true);
	fputs("\n"
	      "  --socket PATH   isahpd's control socket (default " CTL_DEFAULT_SOCKET ")\n"
	      "  --json          print JSON\n"
	      "  --color[=WHEN]  always, never, or auto (the default): where a terminal is,\n"
	      "                  and NO_COLOR is not set\n"
	      "  --version       print the version and exit\n"
	      "  --help          this text\n"
	      "\n"
	      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by policy,\n"
	      "4 not acknowledged, 5 isahpd or a host unreachable, 6 no such VM,\n"
	      "7 cancelled.\n",
	      out);
}

static int dispatch(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command;
	int words;

	command = ctl_command_find(argc, argv, &words);
	if (command)
		return ctl_command_run(ctl, command, argc - words + 1,
				       argv + words - 1);
	ctl_command_unknown(argv[0]);
	return ISAHP_ERROR_USAGE;
}

/* Return: -1 to go on, else the exit code. */
static int parse(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "color", optional_argument, NULL, OPT_COLOR },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "complete", no_argument, NULL, OPT_COMPLETE },
		{ 0 },
	};
	int c;

	/* '+': what stands behind the command is the command's. */
	while ((c = getopt_long(argc, argv, "+hs:j", options, NULL)) != -1) {
		switch (c) {
		case 's':
			ctl->socket = optarg;
			break;
		case 'j':
			ctl->json = true;
			break;
		case OPT_COLOR:
			if (!ctl_paint_mode(optarg))
				break;
			return ISAHP_ERROR_USAGE;
		case 'v':
			puts("isahpctl " ISAHP_VERSION_STRING);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		case OPT_COMPLETE:
			ctl_complete(ctl, argc - optind, argv + optind);
			return 0;
		default:
			usage(stderr);
			return ISAHP_ERROR_USAGE;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .socket = CTL_DEFAULT_SOCKET };
	int rc;

	signal(SIGPIPE, SIG_IGN);
	rc = parse(&ctl, argc, argv);
	if (rc >= 0)
		return rc;
	if (optind == argc) {
		usage(stderr);
		return ISAHP_ERROR_USAGE;
	}
	return dispatch(&ctl, argc - optind, argv + optind);
}
