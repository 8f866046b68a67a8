/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operator's program, which does what isahp cannot: start a QEMU, end one. */
#ifndef ISAHPCTL_HOOK_H
#define ISAHPCTL_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/error.h"

/**
 * ctl_hook - run a program and take the line that it prints
 * @program: path, or a name to be looked for in $PATH.
 * @vm: its first argument.
 * @host: its second.
 * @ret_line: receives the first line of its standard output, which has to be there
 *	and printable; NULL: what it prints is shown on standard error.
 * @size: of @ret_line.
 * @err: says what went wrong.
 *
 * Its standard input is empty, its standard error ours. Ctrl-C ends it, unless it
 * is asked for a line no more: then it cleans up, and is let finish.
 *
 * Return: 0, or the exit code.
 */
int ctl_hook(const char *program, const char *vm, const char *host, char *ret_line,
	     size_t size, struct isahp_error *err);

#endif /* ISAHPCTL_HOOK_H */
