/* SPDX-License-Identifier: MIT */
/* A mathdemo under test, and the lines it prints. Failures fail the test. */
#ifndef MATHLIB_PROCESS_H
#define MATHLIB_PROCESS_H

#include <jansson.h>
#include <stdio.h>
#include <sys/types.h>

/**
 * struct mathdemo - a mathdemo that runs
 * @pid: of it.
 * @out: its standard output.
 */
struct mathdemo {
	pid_t pid;
	FILE *out;
};

/** mathdemo_start - @args are separated by single blanks */
struct mathdemo mathdemo_start(const char *args);

/** mathdemo_line - the next line, which must be JSON; NULL at the end */
json_t *mathdemo_line(struct mathdemo *d);

/** mathdemo_wait - until it ends, as it must soon: its status */
int mathdemo_wait(struct mathdemo *d);

/** mathdemo_integer - a member that must be there */
json_int_t mathdemo_integer(const json_t *object, const char *key);

#endif /* MATHLIB_PROCESS_H */
