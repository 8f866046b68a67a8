// SPDX-License-Identifier: GPL-2.0-or-later
#include "matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "paint.h"

#define INDENT 2
#define GAP 2

/**
 * struct layout - how wide what is
 * @names: array of strings.
 * @rows: to be printed.
 * @numbered: columns are called by numbers.
 * @label: width of the first column.
 * @widths: of the others.
 * @count: of @widths.
 */
struct layout {
	const json_t *names;
	const json_t *rows;
	bool numbered;
	size_t label;
	size_t *widths;
	size_t count;
};

void ctl_matrix_heading(json_t *rows, const char *name, const char *meaning)
{
	json_array_append_new(rows, json_pack("{s:s, s:s}", "heading", name,
					      "meaning", meaning));
}

void ctl_matrix_row(json_t *rows, const char *label, json_t *cells)
{
	json_array_append_new(rows, json_pack("{s:s, s:o}", "label", label,
					      "cells", cells));
}

static void title(const struct layout *layout, size_t column, char *text,
		  size_t size)
{
	if (layout->numbered)
		snprintf(text, size, "%zu", column + 1);
	else
		snprintf(text, size, "%s",
			 json_string_value(json_array_get(layout->names, column)));
}

static size_t longer(size_t width, const char *text)
{
	return text && strlen(text) > width ? strlen(text) : width;
}

static const char *cell(const json_t *row, size_t column)
{
	return json_string_value(json_array_get(json_object_get(row, "cells"),
						column));
}

/* Return: of a whole line. */
static size_t measure(struct layout *layout)
{
	const json_t *row;
	char text[128];
	size_t i, at, total;

	layout->label = 0;
	json_array_foreach(layout->rows, at, row)
		layout->label = longer(layout->label, json_string_value(
					       json_object_get(row, "label")));
	layout->label += INDENT;
	total = layout->label;
	for (i = 0; i < layout->count; i++) {
		title(layout, i, text, sizeof(text));
		layout->widths[i] = strlen(text);
		json_array_foreach(layout->rows, at, row)
			layout->widths[i] = longer(layout->widths[i], cell(row, i));
		total += GAP + layout->widths[i];
	}
	return total;
}

static enum ctl_paint paint_of(const char *text)
{
	if (!strcmp(text, "yes"))
		return CTL_PAINT_GOOD;
	if (!strcmp(text, "-"))
		return CTL_PAINT_BAD;
	return !strcmp(text, "off") || !strcmp(text, "?") ? CTL_PAINT_DOUBT :
							    CTL_PAINT_NONE;
}

static void print_cell(const struct layout *layout, size_t column,
		       enum ctl_paint paint, const char *text, bool last)
{
	printf("%*s", GAP, "");
	ctl_paint(paint, last ? 0 : (int)layout->widths[column], text);
}

static void print_row(const struct layout *layout, const json_t *row, size_t from,
		      size_t to)
{
	const char *heading = json_string_value(json_object_get(row, "heading"));
	size_t i;

	if (heading) {
		ctl_paint(CTL_PAINT_HEAD, 0, heading);
		printf(": %s\n", ctl_text(row, "meaning"));
		return;
	}
	printf("%*s%-*s", INDENT, "", (int)layout->label - INDENT,
	       ctl_text(row, "label"));
	for (i = from; i < to; i++)
		print_cell(layout, i, paint_of(cell(row, i)), cell(row, i),
			   i + 1 == to);
	putchar('\n');
}

static void print_block(const struct layout *layout, size_t from, size_t to)
{
	const json_t *row;
	char text[128];
	size_t i;

	printf("%*s", (int)layout->label, "");
	for (i = from; i < to; i++) {
		title(layout, i, text, sizeof(text));
		print_cell(layout, i, CTL_PAINT_HEAD, text, i + 1 == to);
	}
	putchar('\n');
	json_array_foreach(layout->rows, i, row)
		print_row(layout, row, from, to);
}

static void print_legend(const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		printf("%4zu  %s\n", i + 1, json_string_value(name));
	putchar('\n');
}

void ctl_matrix_print(const json_t *names, const json_t *rows, bool legend)
{
	size_t count = json_array_size(names), width = ctl_paint_width(), from, to;
	struct layout layout = { names, rows, false, 0,
				 calloc(count + 1, sizeof(size_t)), count };
	size_t used;

	if (layout.widths && measure(&layout) > width && width) {
		layout.numbered = true;
		measure(&layout);
		if (legend)
			print_legend(names);
	}
	for (from = 0; layout.widths && from < count; from = to) {
		used = layout.label;
		for (to = from; to < count; to++) {
			used += GAP + layout.widths[to];
			if (width && used > width && to > from)
				break;
		}
		if (from)
			putchar('\n');
		print_block(&layout, from, to);
	}
	free(layout.widths);
}
