/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Colour and width of the terminal, if there is one.
 */
#ifndef ISAHPCTL_PAINT_H
#define ISAHPCTL_PAINT_H

#include <stddef.h>

/* What a piece of text is; the colours are paint.c's. */
enum ctl_paint {
	CTL_PAINT_NONE,
	CTL_PAINT_HEAD,
	CTL_PAINT_GOOD,
	CTL_PAINT_BAD,
	CTL_PAINT_DOUBT,
	CTL_PAINT_FAINT,
};

/**
 * ctl_paint_mode - what --color says
 * @when: auto, always, never; NULL: always.
 *
 * Return: 0, or the exit code after a complaint.
 */
int ctl_paint_mode(const char *when);

/**
 * ctl_paint - print text, padded with spaces
 * @paint: what it is; only text is coloured.
 * @width: at least so many columns; negative: aligned to the right.
 * @text: printable ASCII.
 */
void ctl_paint(enum ctl_paint paint, int width, const char *text);

/**
 * ctl_paint_width - columns of a line
 *
 * Return: of the terminal, or what COLUMNS says; 0: as many as wanted.
 */
size_t ctl_paint_width(void);

#endif /* ISAHPCTL_PAINT_H */
