// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "paint.h"

#define OPTIONS_MAX 24

enum { OPT_HELP = 1000, OPT_JSON, OPT_SOCKET, OPT_COLOR };

static const struct ctl_option *options_of(const struct ctl_command *command)
{
	static const struct ctl_option none[] = { { 0 } };

	return command->options ? command->options : none;
}

bool ctl_command_has_socket(const struct ctl_command *command)
{
	const struct ctl_option *option;

	for (option = options_of(command); option->name; option++)
		if (!strcmp(option->name, "socket"))
			return false;
	return !command->local;
}

static void table_build(const struct ctl_command *command,
			struct option *table)
{
	const struct ctl_option *options = options_of(command);
	size_t n = 0;

	for (; options[n].name; n++) {
		table[n].name = options[n].name;
		table[n].has_arg = options[n].type == CTL_FLAG ? no_argument :
								 required_argument;
		table[n].flag = NULL;
		table[n].val = (int)n + 1;
	}
	table[n++] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	table[n++] = (struct option){ "json", no_argument, NULL, OPT_JSON };
	table[n++] = (struct option){ "color", optional_argument, NULL, OPT_COLOR };
	if (ctl_command_has_socket(command))
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
	if (option->type != CTL_NUMBER)
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

/* One of them, or all that are left. */
static int take_positional(const struct ctl_command *command,
			   const struct ctl_positional *positional, int argc,
			   char **argv, json_t *args)
{
	bool many = positional->count == CTL_MANY || positional->count == CTL_ANY;
	json_t *array = json_array();
	int rc = 0;

	do {
		if (json_array_append_new(array, json_string(argv[optind])))
			rc = -1;
	} while (!rc && ++optind < argc && many);
	if (!rc)
		rc = json_object_set(args, positional->key,
				     many ? array : json_array_get(array, 0));
	json_decref(array);
	if (!rc)
		return 0;
	fprintf(stderr, "isahpctl: %s: %s has to be UTF-8 text\n", command->name,
		positional->name);
	return ISAHP_ERROR_USAGE;
}

static int take_positionals(const struct ctl_command *command, int argc,
			    char **argv, json_t *args)
{
	const struct ctl_positional *positional = command->positionals;
	int rc;

	for (; positional && positional->name; positional++) {
		if (optind == argc && (positional->count == CTL_OPTIONAL ||
				       positional->count == CTL_ANY))
			break;
		if (optind == argc) {
			fprintf(stderr, "isahpctl: %s: %s is missing, see isahpctl %s --help\n",
				command->name, positional->name, command->name);
			return ISAHP_ERROR_USAGE;
		}
		rc = take_positional(command, positional, argc, argv, args);
		if (rc)
			return rc;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "isahpctl: %s: unexpected argument '%s'\n", command->name,
		argv[optind]);
	return ISAHP_ERROR_USAGE;
}

/* Return: -1 to go on, else the exit code. */
static int take_option(struct ctl *ctl, const struct ctl_command *command, int c,
		       json_t *args)
{
	int rc = 0;

	switch (c) {
	case OPT_HELP:
	case 'h':
		printf("Usage: isahpctl %s", command->usage);
		return 0;
	case OPT_JSON:
		ctl->json = true;
		break;
	case OPT_SOCKET:
		ctl->socket = optarg;
		break;
	case OPT_COLOR:
		rc = ctl_paint_mode(optarg);
		break;
	case '?':
		fprintf(stderr, "isahpctl: see isahpctl %s --help\n", command->name);
		return ISAHP_ERROR_USAGE;
	default:
		rc = take(&command->options[c - 1], optarg, args);
	}
	return rc ? rc : -1;
}

static int parse(struct ctl *ctl, const struct ctl_command *command, int argc,
		 char **argv, json_t *args)
{
	struct option table[OPTIONS_MAX];
	int c, rc = -1;

	table_build(command, table);
	optind = 0;
	while (rc < 0 && (c = getopt_long(argc, argv, "h", table, NULL)) != -1)
		rc = take_option(ctl, command, c, args);
	if (rc < 0) {
		rc = take_positionals(command, argc, argv, args);
		rc = rc ? rc : -1;
	}
	return rc;
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
