// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define LINE_SIZE 1400
#define WINDOW_NS (10ULL * 1000 * 1000 * 1000)
#define WINDOW_LINES 10

static const char *const names[] = {
	[ISAHP_LOG_ERROR] = "error",
	[ISAHP_LOG_WARNING] = "warning",
	[ISAHP_LOG_INFO] = "info",
	[ISAHP_LOG_DEBUG] = "debug",
};

/* The daemon has one thread. */
static enum isahp_log_level threshold = ISAHP_LOG_INFO;

int isahp_log_level_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -ENOENT;
}

void isahp_log_level_set(enum isahp_log_level level)
{
	threshold = level;
}

void isahp_log(enum isahp_log_level level, const char *format, ...)
{
	char text[LINE_SIZE], when[32];
	struct timespec now;
	struct tm tm;
	va_list args;

	if (level > threshold)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ld %-7s %s\n", when, now.tv_nsec / 1000000,
		names[level], text);
}

bool isahp_log_allowed(struct isahp_log_limit *limit)
{
	uint64_t now = uv_hrtime();

	if (!limit->window_ns || now - limit->window_ns > WINDOW_NS) {
		if (limit->dropped)
			isahp_log(ISAHP_LOG_WARNING,
				  "%u lines like the next were dropped",
				  limit->dropped);
		limit->window_ns = now;
		limit->said = 0;
		limit->dropped = 0;
	}
	if (limit->said < WINDOW_LINES) {
		limit->said++;
		return true;
	}
	limit->dropped++;
	return false;
}
