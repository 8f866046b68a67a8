/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_TEXT_H
#define ISAHP_SHIM_TEXT_H

#include <stddef.h>
#include <stdio.h>

/**
 * isahp_text_append - printf behind what a buffer holds
 * @text: NUL-terminated; stays so.
 * @size: of @text; what does not fit is cut.
 * @format: as printf's.
 */
void isahp_text_append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * isahp_text_sanitize - make foreign text fit for a log and a terminal
 * @to: receives printable ASCII, NUL-terminated; the rest becomes '?'.
 * @size: of @to, at least 1.
 * @from: ends at a NUL or after @max bytes.
 * @max: bytes that exist at @from.
 */
void isahp_text_sanitize(char *to, size_t size, const char *from, size_t max);

/**
 * isahp_text_of - what a printer prints, as a string
 * @print: to a stream in memory; need not look at its errors.
 * @what: for @print.
 *
 * Return: to be given to free(); NULL: out of memory.
 */
char *isahp_text_of(void (*print)(FILE *to, const void *what), const void *what);

#endif /* ISAHP_SHIM_TEXT_H */
