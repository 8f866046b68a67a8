/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes wrong, in a form that people and programs can use: a class, which
 * is isahpctl's exit code too, and one line that names the thing and the fix.
 */
#ifndef ISAHP_SHIM_ERROR_H
#define ISAHP_SHIM_ERROR_H

#include <stddef.h>

/** enum isahp_error_class - classes of failure; the values are exit codes */
enum isahp_error_class {
	ISAHP_ERROR_NONE = 0,
	ISAHP_ERROR_FAILED = 1,		/* tried, and it did not work */
	ISAHP_ERROR_USAGE = 2,		/* the request makes no sense */
	ISAHP_ERROR_POLICY = 3,		/* refused by the rules */
	ISAHP_ERROR_UNACKED = 4,	/* the guest did not agree, or not in time */
	ISAHP_ERROR_UNREACHABLE = 5,	/* no daemon at the socket, no host at the URI */
	ISAHP_ERROR_NO_VM = 6,		/* no VM of that name */
	ISAHP_ERROR_CANCELLED = 7,	/* the client went away or said stop */
};

#define ISAHP_ERROR_TEXT_SIZE 1024

/**
 * struct isahp_error - one failure
 * @class: enum isahp_error_class.
 * @text: one line, no newline.
 */
struct isahp_error {
	enum isahp_error_class class;
	char text[ISAHP_ERROR_TEXT_SIZE];
};

/**
 * isahp_error_set - fill in an error
 * @err: to be filled; overwrites what was there.
 * @class: not ISAHP_ERROR_NONE.
 * @errno_value: negative errno to return.
 * @format: as printf's; cut at ISAHP_ERROR_TEXT_SIZE.
 *
 * Return: @errno_value, so that a function can end in it.
 */
int isahp_error_set(struct isahp_error *err, enum isahp_error_class class,
		    int errno_value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** isahp_error_class_name - the class as it is spelled in JSON */
const char *isahp_error_class_name(enum isahp_error_class class);

#endif /* ISAHP_SHIM_ERROR_H */
