/* SPDX-License-Identifier: MIT */
#ifndef MATHDEMO_OPTIONS_H
#define MATHDEMO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEMO_THREADS_MAX 256

/**
 * struct demo_options - what the command line says
 * @threads: working threads.
 * @interval_ms: from line to line.
 * @seconds: to run; 0: until SIGTERM or SIGINT.
 * @size: rows and columns of sgemm's matrices, about.
 * @seed: of the operands.
 * @plant_wrong: call of the first thread to spoil, counted from 1; 0: none.
 * @label: goes into each line; letters, digits, '.', '_' and '-'.
 * @bind: name of the variant to be bound to at start; NULL: follow libisahp.
 * @json: one JSON object per line.
 */
struct demo_options {
	unsigned int threads;
	unsigned int interval_ms;
	double seconds;
	size_t size;
	uint64_t seed;
	uint64_t plant_wrong;
	const char *label;
	const char *bind;
	bool json;
};

/**
 * demo_options_parse - read the command line
 * @argc: of main(),
 * @argv: and its strings, which the result points into.
 * @ret_options: filled in.
 *
 * Return: 0; 1 when --help was asked for and given; -EINVAL after one line on
 * stderr.
 */
int demo_options_parse(int argc, char **argv, struct demo_options *ret_options);

#endif /* MATHDEMO_OPTIONS_H */
