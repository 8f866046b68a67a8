/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <isahp/features.h>

#define FEATURE_FLAG(n, sym, flag, ...) [n] = flag,
static const char *const flags[ISAHP_FEATURE_MAX] = {
	ISAHP_FEATURE_TABLE(FEATURE_FLAG)
};

void line_add(struct line *l, const char *format, ...)
{
	/* One byte stays free for the newline. */
	size_t room = LINE_SIZE - 1 - l->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		l->cut = 1;
	else
		l->len += (size_t)n;
}

void line_add_features(struct line *l, const struct isahp_features *set,
		       int json)
{
	const char *separator = "";
	unsigned int n;

	if (json)
		line_add(l, "[");
	for (n = 0; n < ISAHP_FEATURE_MAX; n++) {
		if (!(set->word[n / 64] >> (n % 64) & 1) || !flags[n])
			continue;
		line_add(l, json ? "%s\"%s\"" : "%s%s", separator, flags[n]);
		separator = json ? "," : " ";
	}
	if (json)
		line_add(l, "]");
}

int line_write(struct line *l)
{
	size_t done = 0;
	ssize_t n;

	if (l->cut)
		return -EMSGSIZE;
	l->text[l->len++] = '\n';
	while (done < l->len) {
		n = write(STDOUT_FILENO, l->text + done, l->len - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}
