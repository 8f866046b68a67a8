/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_LOG_H
#define ISAHP_SHIM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum isahp_log_level {
	ISAHP_LOG_NOTHING = -1,	/* only for _set(): fuzzers provoke errors */
	ISAHP_LOG_ERROR,
	ISAHP_LOG_WARNING,
	ISAHP_LOG_INFO,
	ISAHP_LOG_DEBUG,
};

/**
 * isahp_log_level_find - level by name
 * @name: error, warning, info or debug.
 *
 * Return: enum isahp_log_level, or -ENOENT.
 */
int isahp_log_level_find(const char *name);

/** isahp_log_level_set - drop what is less urgent than @level (default: info) */
void isahp_log_level_set(enum isahp_log_level level);

/**
 * isahp_log - one line on stderr, with time and level
 * @level: how urgent.
 * @format: as printf's, no newline. Text from guests goes through
 *	isahp_text_sanitize() before it comes here.
 */
void isahp_log(enum isahp_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * struct isahp_log_limit - how much one source has said lately
 * @window_ns: when the present window began, by the monotonic clock.
 * @said: lines in it.
 * @dropped: lines that were not written since the last one that was.
 *
 * All zero to begin with.
 */
struct isahp_log_limit {
	uint64_t window_ns;
	unsigned int said;
	unsigned int dropped;
};

/**
 * isahp_log_allowed - may a source that others control say another line
 * @limit: of that source; updated.
 *
 * Ten lines in ten seconds. When lines were dropped, says so first.
 */
bool isahp_log_allowed(struct isahp_log_limit *limit);

#endif /* ISAHP_SHIM_LOG_H */
