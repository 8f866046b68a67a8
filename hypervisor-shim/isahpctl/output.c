// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl.h"

#define LINE_WIDTH 78
#define LABEL_WIDTH 14

const char *ctl_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : "-";
}

json_t *ctl_split(const char *text)
{
	json_t *array = json_array();
	size_t len;

	for (; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		if (len)
			json_array_append_new(array, json_stringn(text, len));
	}
	return array;
}

long long ctl_integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

double ctl_real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

void ctl_print_features(const char *label, const json_t *array)
{
	int column = printf("%-*s", LABEL_WIDTH, label);
	const json_t *item;
	size_t i;

	if (!json_array_size(array))
		printf("-");
	json_array_foreach(array, i, item) {
		const char *name = json_string_value(item);

		if (!name)
			continue;
		if (i && column + 1 + strlen(name) > LINE_WIDTH)
			column = printf("\n%*s", LABEL_WIDTH, "") - 1;
		else if (i)
			column += printf(" ");
		column += printf("%s", name);
	}
	putchar('\n');
}

static void print_laggards(const json_t *answer)
{
	const json_t *laggards = json_object_get(answer, "laggards"), *item;
	size_t i;

	json_array_foreach(laggards, i, item)
		printf("  laggard: pid %lld %s (%s)\n", ctl_integer(item, "pid"),
		       ctl_text(item, "comm"), ctl_text(item, "reason"));
}

void ctl_print_answer(const json_t *answer)
{
	if (json_object_get(answer, "prepare"))
		ctl_print_answer(json_object_get(answer, "prepare"));
	printf("%s: record %lld: %s", ctl_text(answer, "vm"),
	       ctl_integer(answer, "sequence"), ctl_text(answer, "verdict"));
	if (strcmp(ctl_text(answer, "verdict"), "none"))
		printf(" after %.3f ms (guest: %.3f ms), %lld of %lld registrants concerned, %lld untracked",
		       ctl_real(answer, "ack_ms"),
		       ctl_real(answer, "guest_elapsed_ms"),
		       ctl_integer(answer, "concerned"),
		       ctl_integer(answer, "registrants"),
		       ctl_integer(answer, "untracked"));
	putchar('\n');
	print_laggards(answer);
}

static int print_json(int rc, json_t *data, const struct isahp_error *err)
{
	json_t *json = data;

	if (!rc && !data)
		json = json_object();
	if (rc) {
		json = json_pack("{s:{s:s, s:i, s:s}}", "error", "class",
				 isahp_error_class_name(rc), "exit", rc,
				 "message", err->text);
		if (data)
			json_object_set_new(json, "data", data);
	}
	if (json_dumpf(json, stdout, JSON_INDENT(2)) || putchar('\n') == EOF)
		rc = rc ? rc : ISAHP_ERROR_FAILED;
	json_decref(json);
	return rc;
}

int ctl_finish(const struct ctl *ctl, int rc, json_t *data,
	       const struct isahp_error *err, void (*print)(const json_t *data))
{
	if (rc)
		fprintf(stderr, "isahpctl: %s\n", err->text);
	if (ctl->json) {
		rc = print_json(rc, data, err);
	} else {
		if (!rc && print)
			print(data);
		json_decref(data);
	}
	if (fflush(stdout))
		rc = rc ? rc : ISAHP_ERROR_FAILED;
	return rc;
}
