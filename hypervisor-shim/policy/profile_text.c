// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The JSON form as it lies in files: one line for each leaf and MSR.
 */
#include "profile.h"

#include <stdio.h>

#include "text.h"

/* An array with one line for each item, on one level of indentation. */
static void print_array(FILE *to, const json_t *array)
{
	const json_t *item;
	size_t i;

	fputc('[', to);
	json_array_foreach(array, i, item) {
		fputs(i ? ",\n    " : "\n    ", to);
		json_dumpf(item, to, JSON_ENCODE_ANY);
	}
	fputs(json_array_size(array) ? "\n  ]" : "]", to);
}

static void print_object(FILE *to, const void *what)
{
	json_t *object = (json_t *)what;
	const char *key, *comma = "";
	json_t *value, *name;

	fputc('{', to);
	json_object_foreach(object, key, value) {
		name = json_string(key);
		fprintf(to, "%s\n  ", comma);
		json_dumpf(name, to, JSON_ENCODE_ANY);
		fputs(": ", to);
		if (json_is_array(value))
			print_array(to, value);
		else
			json_dumpf(value, to, JSON_ENCODE_ANY);
		json_decref(name);
		comma = ",";
	}
	fputs("\n}\n", to);
}

char *isahp_profile_to_text(const struct isahp_profile *profile)
{
	json_t *document = isahp_profile_to_json(profile);
	char *text = document ? isahp_text_of(print_object, document) : NULL;

	json_decref(document);
	return text;
}
