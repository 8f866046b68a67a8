// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#define OPTIONS_MAX 24

enum { OPT_HELP = 1000, OPT_JSON, OPT_SOCKET };

static void table_build(const struct ctl_command *command,
			  struct option *table)
{
	bool own_socket = false;
	size_t n = 0;

	for (; command->options[n].name; n++) {
		table[n].name = command->options[n].name;
		table[n].has_arg = command->options[n].type == CTL_FLAG ?
					   no_argument : required_argument;
		table[n].flag = NULL;
		table[n].val = (int)n + 1;
		own_socket |= !strcmp(table[n].name, "socket");
	}
	table[n++] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	table[n++] = (struct option){ "json", no_argument, NULL, OPT_JSON };
	/* `vm add --socket` is where the VM listens. */
	if (!own_socket)
		table[n++] = (struct option){ "socket", required_argument, NULL,
					      OPT_SOCKET };
	table[n] = (struct option){ 0 };
}

static json_t *value(const struct ctl_option *option, const char *text)
{
	long long number;
	char *end;

	if (option->type == CTL_FLAG)
		return json_true();
	if (option->type == CTL_TEXT)
		return json_string(text);
	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || end == text || *end ? NULL : json_integer(number);
}

static int take(const struct ctl_option *option, const char *text, json_t *args)
{
	json_t *json = value(option, text);

	if (!json || json_object_set_new(args, option->key, json)) {
		fprintf(stderr, "isahpctl: --%s wants %s, not '%s'\n", option->name,
			option->type == CTL_NUMBER ? "a number" : "UTF-8 text",
			text);
		return ISAHP_ERROR_USAGE;
	}
	return 0;
}

static int take_positional(const struct ctl_command *command, int argc,
			   char **argv, json_t *args)
{
	if (command->positional && optind < argc) {
		json_object_set_new(args, command->positional,
				    json_string(argv[optind]));
		optind++;
	} else if (command->positional) {
		fprintf(stderr, "isahpctl: %s: which VM? See isahpctl %s --help\n",
			command->name, command->name);
		return ISAHP_ERROR_USAGE;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "isahpctl: %s: unexpected argument '%s'\n", command->name,
		argv[optind]);
	return ISAHP_ERROR_USAGE;
}

/* Return: -1 to go on, else the exit code. */
static int parse(struct ctl *ctl, const struct ctl_command *command, int argc,
		 char **argv, json_t *args)
{
	struct option table[OPTIONS_MAX];
	int c, rc = 0;

	table_build(command, table);
	optind = 0;
	while (!rc && (c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == OPT_HELP || c == 'h') {
			printf("Usage: isahpctl %s", command->usage);
			return 0;
		} else if (c == OPT_JSON) {
			ctl->json = true;
		} else if (c == OPT_SOCKET) {
			ctl->socket = optarg;
		} else if (c == '?') {
			fprintf(stderr, "isahpctl: see isahpctl %s --help\n",
				command->name);
			return ISAHP_ERROR_USAGE;
		} else {
			rc = take(&command->options[c - 1], optarg, args);
		}
	}
	if (!rc)
		rc = take_positional(command, argc, argv, args);
	return rc ? rc : -1;
}

int ctl_command_run(struct ctl *ctl, const struct ctl_command *command,
		    int argc, char **argv)
{
	json_t *args = json_object();
	int rc = parse(ctl, command, argc, argv, args);

	if (rc < 0)
		rc = command->run(ctl, args);
	json_decref(args);
	return rc;
}
