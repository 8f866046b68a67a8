/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table with a column for each host, made to fit the terminal.
 */
#ifndef ISAHPCTL_MATRIX_H
#define ISAHPCTL_MATRIX_H

#include <jansson.h>
#include <stdbool.h>

/**
 * ctl_matrix_heading - a line over the rows that follow
 * @rows: array; gets it.
 * @name: of the group.
 * @meaning: a phrase.
 */
void ctl_matrix_heading(json_t *rows, const char *name, const char *meaning);

/**
 * ctl_matrix_row - one more row
 * @rows: array; gets it.
 * @label: what it is about.
 * @cells: array of strings, by host; taken over.
 */
void ctl_matrix_row(json_t *rows, const char *label, json_t *cells);

/**
 * ctl_matrix_print - print it
 * @names: array of strings: the hosts.
 * @rows: as made above.
 * @legend: say which host has which number, where numbers are used.
 *
 * Where the names do not fit, columns are called by their numbers, from 1; where
 * there are too many columns, they come in blocks. "yes" is green, "-" is red,
 * "off" and "?" are yellow.
 */
void ctl_matrix_print(const json_t *names, const json_t *rows, bool legend);

#endif /* ISAHPCTL_MATRIX_H */
