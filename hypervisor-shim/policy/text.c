// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void isahp_text_append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

void isahp_text_sanitize(char *to, size_t size, const char *from, size_t max)
{
	size_t i;

	for (i = 0; i + 1 < size && i < max && from[i]; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

char *isahp_text_of(void (*print)(FILE *to, const void *what), const void *what)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	print(to, what);
	if (ferror(to) | fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}
