/* SPDX-License-Identifier: MIT */
/*
 * A line of output: put together in memory, written with one write(2). Lines of
 * several threads do not mix, and nothing is lost in a buffer when the program
 * dies.
 */
#ifndef MATHDEMO_LINE_H
#define MATHDEMO_LINE_H

#include <stddef.h>

struct isahp_features;

/* PIPE_BUF: up to here a write to a pipe is not torn. */
#define LINE_SIZE 4096

/**
 * struct line - a line in the making; zero it first
 * @len: characters so far.
 * @cut: whether something did not fit: line_write() then fails.
 */
struct line {
	size_t len;
	int cut;
	char text[LINE_SIZE];
};

void line_add(struct line *l, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** line_add_features - flag names, as a JSON array or separated by spaces */
void line_add_features(struct line *l, const struct isahp_features *set,
		       int json);

/**
 * line_write - end the line and write it to standard output
 * @l: not usable after it.
 *
 * Return: 0, -EMSGSIZE: it was cut, and not written; what write() said.
 */
int line_write(struct line *l);

#endif /* MATHDEMO_LINE_H */
