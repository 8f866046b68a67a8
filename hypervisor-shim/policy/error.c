// SPDX-License-Identifier: GPL-2.0-or-later
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

int isahp_error_set(struct isahp_error *err, enum isahp_error_class class,
		    int errno_value, const char *format, ...)
{
	va_list args;

	err->class = class;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return errno_value;
}

const char *isahp_error_class_name(enum isahp_error_class class)
{
	static const char *const names[] = {
		[ISAHP_ERROR_NONE] = "none",
		[ISAHP_ERROR_FAILED] = "failed",
		[ISAHP_ERROR_USAGE] = "usage",
		[ISAHP_ERROR_POLICY] = "policy",
		[ISAHP_ERROR_UNACKED] = "unacknowledged",
		[ISAHP_ERROR_UNREACHABLE] = "unreachable",
		[ISAHP_ERROR_NO_VM] = "no-vm",
		[ISAHP_ERROR_CANCELLED] = "cancelled",
	};

	if ((size_t)class >= sizeof(names) / sizeof(names[0]))
		return "failed";
	return names[class];
}
