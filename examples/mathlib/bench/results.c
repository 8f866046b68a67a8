/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

struct result *results_add(struct results *r)
{
	return r->count < RESULTS_MAX ? &r->row[r->count++] : NULL;
}

static bool met(const struct result *row)
{
	return row->ratio >= row->goal;
}

static const char *verdict(const struct result *row, double noise)
{
	if (!row->goal)
		return "";
	if (met(row))
		return "met";
	return row->ratio + noise >= row->goal ? "missed, within noise" : "missed";
}

void results_print(const struct results *r, double noise)
{
	size_t i;

	printf("%-28s %12s %-8s %7s  %-20s %5s\n", "name", "value", "unit",
	       "ratio", "to", "goal");
	for (i = 0; i < r->count; i++) {
		const struct result *row = &r->row[i];

		printf("%-28s %12.3f %-8s", row->name, row->value, row->unit);
		if (*row->peer)
			printf(" %7.3f  %-20s", row->ratio, row->peer);
		if (row->goal)
			printf(" %5.2f %s", row->goal, verdict(row, noise));
		putchar('\n');
	}
}

static void write_row(FILE *f, const struct result *row)
{
	/* Names are this program's own: nothing in them to escape. */
	fprintf(f, "  {\"suite\": \"mathlib\", \"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", ",
		row->name, row->value, row->unit);
	if (*row->peer)
		fprintf(f, "\"peer\": \"%s\", \"ratio\": %.4f, ", row->peer, row->ratio);
	else
		fputs("\"peer\": null, \"ratio\": null, ", f);
	if (row->goal)
		fprintf(f, "\"goal\": %g, \"met\": %s}", row->goal,
			met(row) ? "true" : "false");
	else
		fputs("\"goal\": null, \"met\": null}", f);
}

int results_write(const struct results *r, const char *path)
{
	FILE *f = fopen(path, "w");
	bool failed;
	size_t i;

	if (!f)
		return -errno;
	fputs("[\n", f);
	for (i = 0; i < r->count; i++) {
		write_row(f, &r->row[i]);
		fputs(i + 1 < r->count ? ",\n" : "\n", f);
	}
	fputs("]\n", f);
	failed = ferror(f);
	/* A full disk may show only now. */
	if (fclose(f))
		return -errno;
	return failed ? -EIO : 0;
}
