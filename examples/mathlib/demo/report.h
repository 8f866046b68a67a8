/* SPDX-License-Identifier: MIT */
/* The lines that mathdemo prints while all goes well. */
#ifndef MATHDEMO_REPORT_H
#define MATHDEMO_REPORT_H

#include "options.h"
#include "workers.h"

/**
 * struct demo_report - what the next line is to be compared with
 * @options: the caller's.
 * @start_ns: CLOCK_MONOTONIC when the threads began,
 * @last_ns: and when the last line was written,
 * @last: with these counts.
 */
struct demo_report {
	const struct demo_options *options;
	uint64_t start_ns;
	uint64_t last_ns;
	struct demo_counts last;
};

/** demo_now_ns - CLOCK_MONOTONIC */
uint64_t demo_now_ns(void);

void demo_report_begin(struct demo_report *r, const struct demo_options *options);

/**
 * demo_report_interval - a line about the time since the last one
 * @r: begun.
 * @counts: as they stand.
 *
 * Return: 0 or what writing it said.
 */
int demo_report_interval(struct demo_report *r, const struct demo_counts *counts);

/**
 * demo_report_summary - the last line, about the whole run
 * @r: begun.
 * @counts: final.
 * @planted: whether a wrong result was planted.
 *
 * Return: 0 or what writing it said.
 */
int demo_report_summary(struct demo_report *r, const struct demo_counts *counts,
			bool planted);

/** demo_report_change - a line per change; an isahp_callback, @arg is the options */
int demo_report_change(const struct isahp_change *change, void *arg);

#endif /* MATHDEMO_REPORT_H */
