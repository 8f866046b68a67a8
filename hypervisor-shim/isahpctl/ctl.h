/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isahpctl: what its commands share. Each command is a file of its own.
 */
#ifndef ISAHPCTL_H
#define ISAHPCTL_H

#include <jansson.h>
#include <signal.h>
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

#define CTL_DEFAULT_SOCKET "/run/isahp/control.sock"

/* What an argument is: the parser tells them from numbers, completion all. */
enum ctl_type {
	CTL_FLAG,	/* JSON true */
	CTL_TEXT,	/* JSON string */
	CTL_FILE,	/* the same: a path */
	CTL_FEATURES,	/* the same: a list of features */
	CTL_VM,		/* the same: a VM that isahpd knows */
	CTL_VENDOR,	/* the same: of a CPU */
	CTL_CONDITION,	/* the same: of `vm wait` */
	CTL_FORMAT,	/* the same: of a host's file */
	CTL_MODEL,	/* the same: of a CPU, as QEMU names it */
	CTL_LEVEL,	/* the same: of features */
	CTL_GUESTS,	/* the same: of a kind that libvirt knows */
	CTL_FORM,	/* the same: of `pool baseline` */
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

/* How many arguments: those of which there may be many become an array. */
enum ctl_count { CTL_ONE, CTL_OPTIONAL, CTL_MANY, CTL_ANY };

/**
 * struct ctl_positional - an argument without an option
 * @name: for messages, mostly as the usage writes it.
 * @type: of it.
 * @key: in the request's arguments.
 * @count: enum ctl_count; all but CTL_ONE come last.
 */
struct ctl_positional {
	const char *name;
	enum ctl_type type;
	const char *key;
	enum ctl_count count;
};

/**
 * struct ctl_command - one command
 * @name: as typed, of one or two words.
 * @summary: for the list of commands.
 * @usage: for --help: what stands behind "Usage: isahpctl ".
 * @positionals: ends with an all-zero row; NULL: none.
 * @options: ends with an all-zero row; NULL: none.
 * @local: needs no isahpd, so that it has no --socket.
 * @run: @args is owned by the caller. Return: exit code.
 */
struct ctl_command {
	const char *name;
	const char *summary;
	const char *usage;
	const struct ctl_positional *positionals;
	const struct ctl_option *options;
	bool local;
	int (*run)(const struct ctl *ctl, json_t *args);
};

/* --- commands.c ------------------------------------------------------------ */

/** ctl_takes_vm - the argument of most commands to isahpd */
extern const struct ctl_positional ctl_takes_vm[];

/** ctl_commands - every command; ends with NULL */
extern const struct ctl_command *const ctl_commands[];

/**
 * ctl_command_find - the command that a command line begins with
 * @argc: of @argv, at least 1.
 * @argv: from the command's name on.
 * @ret_words: how many words its name has.
 *
 * Return: the command, or NULL.
 */
const struct ctl_command *ctl_command_find(int argc, char **argv, int *ret_words);

/**
 * ctl_command_unknown - say what could have been meant
 * @word: the first.
 */
void ctl_command_unknown(const char *word);

/* --- options.c ------------------------------------------------------------- */

/**
 * ctl_command_run - parse a command's options and run it
 * @ctl: may be changed by --json and --socket behind the command's name.
 * @command: which.
 * @argc: of @argv.
 * @argv: from the last word of the command's name on.
 *
 * Return: exit code.
 */
int ctl_command_run(struct ctl *ctl, const struct ctl_command *command,
		    int argc, char **argv);

/**
 * ctl_command_has_socket - whether it takes the global --socket behind its name
 *
 * `vm add --socket` is where the VM listens.
 */
bool ctl_command_has_socket(const struct ctl_command *command);

/* --- complete.c ------------------------------------------------------------ */

/**
 * ctl_complete - print what may stand at the end of a command line
 * @ctl: where isahpd is, to ask for VMs.
 * @argc: of @argv.
 * @argv: words behind "isahpctl"; the last is unfinished, and may be empty.
 *
 * One line each: the word, a tab, what it means. A line ":files" stands for the
 * names of files. For the shells' completion: never fails, never says a word of
 * what is wrong.
 */
void ctl_complete(struct ctl *ctl, int argc, char **argv);

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

/**
 * ctl_signals_hold - let SIGINT and SIGTERM through where one waits, and only there
 * @ret_mask: for ppoll(), and to be set again afterwards.
 */
void ctl_signals_hold(sigset_t *ret_mask);

/** ctl_interrupted - whether there was one; a second one ends the program */
bool ctl_interrupted(void);

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

/** ctl_split - "a,b" as ["a", "b"], a new array */
json_t *ctl_split(const char *text);

/** ctl_integer - integer member of an object, 0 when it is not there */
long long ctl_integer(const json_t *object, const char *key);

/** ctl_real - number member of an object, 0 when it is not there */
double ctl_real(const json_t *object, const char *key);

/** ctl_print_features - "LABEL: a, b, c", wrapped */
void ctl_print_features(const char *label, const json_t *array);

/** ctl_print_answer - what a guest said of a record, on one line */
void ctl_print_answer(const json_t *answer);

#endif /* ISAHPCTL_H */
