/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isahpctl: what its commands share. Each command is a file of its own.
 */
#ifndef ISAHPCTL_H
#define ISAHPCTL_H

#include <jansson.h>
#include <stdbool.h>

#include "policy/error.h"

/**
 * struct ctl - global options
 * @socket: isahpd's control socket.
 * @json: print JSON, for programs.
 * @progress: print the stages of what takes long.
 */
struct ctl {
	const char *socket;
	bool json;
	bool progress;
};

enum ctl_type {
	CTL_FLAG,	/* JSON true */
	CTL_TEXT,	/* JSON string */
	CTL_NUMBER,	/* JSON integer */
};

/**
 * struct ctl_option - one option of a command
 * @name: without the dashes.
 * @type: of the argument.
 * @key: in the request's arguments.
 */
struct ctl_option {
	const char *name;
	enum ctl_type type;
	const char *key;
};

/**
 * struct ctl_command - one command
 * @name: as typed.
 * @summary: for the list of commands.
 * @usage: for --help: what stands behind "Usage: isahpctl ".
 * @positional: key of the one argument without an option, or NULL for none.
 * @options: ends with an all-zero row.
 * @run: @args is owned by the caller. Return: exit code.
 */
struct ctl_command {
	const char *name;
	const char *summary;
	const char *usage;
	const char *positional;
	const struct ctl_option *options;
	int (*run)(const struct ctl *ctl, json_t *args);
};

extern const struct ctl_command ctl_vm_add;
extern const struct ctl_command ctl_vm_remove;
extern const struct ctl_command ctl_vm_list;
extern const struct ctl_command ctl_vm_show;
extern const struct ctl_command ctl_vm_resume;
extern const struct ctl_command ctl_vm_wait;
extern const struct ctl_command ctl_announce;
extern const struct ctl_command ctl_prepare;
extern const struct ctl_command ctl_commit;
extern const struct ctl_command ctl_abort;
extern const struct ctl_command ctl_migrate;
extern const struct ctl_command ctl_features;

/* --- options.c ------------------------------------------------------------- */

/**
 * ctl_command_run - parse a command's options and run it
 * @ctl: may be changed by --json and --socket behind the command's name.
 * @command: which.
 * @argc: of @argv.
 * @argv: from the command's own name on.
 *
 * Return: exit code.
 */
int ctl_command_run(struct ctl *ctl, const struct ctl_command *command,
		    int argc, char **argv);

/* --- client.c -------------------------------------------------------------- */

/**
 * ctl_request - ask isahpd, and wait for the answer
 * @ctl: how to show progress.
 * @socket: of the daemon.
 * @command: as control.h lists them.
 * @args: borrowed.
 * @ret_data: what the answer carried, may be NULL; also on failure.
 * @err: filled on failure.
 *
 * Ctrl-C asks the daemon to stop, and waits for what it says; a second one
 * ends the program.
 *
 * Return: 0, or the exit code.
 */
int ctl_request(const struct ctl *ctl, const char *socket, const char *command,
		json_t *args, json_t **ret_data, struct isahp_error *err);

/* --- output.c -------------------------------------------------------------- */

/**
 * ctl_finish - print the outcome of a request
 * @ctl: how.
 * @rc: exit code so far.
 * @data: taken over; may be NULL.
 * @err: used when @rc is not 0.
 * @print: for people, on success; may be NULL.
 *
 * Return: @rc, or 1 when it could not be written.
 */
int ctl_finish(const struct ctl *ctl, int rc, json_t *data,
	       const struct isahp_error *err, void (*print)(const json_t *data));

/** ctl_text - string member of an object, "-" when it is not there */
const char *ctl_text(const json_t *object, const char *key);

/** ctl_integer - integer member of an object, 0 when it is not there */
long long ctl_integer(const json_t *object, const char *key);

/** ctl_real - number member of an object, 0 when it is not there */
double ctl_real(const json_t *object, const char *key);

/** ctl_print_features - "LABEL: a, b, c", wrapped */
void ctl_print_features(const char *label, const json_t *array);

/** ctl_print_answer - what a guest said of a record, on one line */
void ctl_print_answer(const json_t *answer);

#endif /* ISAHPCTL_H */
