// SPDX-License-Identifier: GPL-2.0-or-later
#include "objection.h"

#include <stdio.h>

#include <isa-core/features.h>

#include "layout.h"

static const struct {
	const char *word;
	const char *phrase;
} kinds[] = {
#define ROW(sym, word, phrase) [ISAHP_OBJECTION_##sym] = { word, phrase },
	ISAHP_OBJECTION_TABLE(ROW)
#undef ROW
};

struct isahp_objection isahp_objection_of(enum isahp_objection_kind kind,
					  unsigned int feature)
{
	struct isahp_objection objection = {
		.kind = kind,
		.feature = (int)feature,
		.component = -1,
	};

	snprintf(objection.why, sizeof(objection.why), "%s",
		 isahp_objection_phrase(kind));
	return objection;
}

const char *isahp_objection_word(enum isahp_objection_kind kind)
{
	return (size_t)kind < ISAHP_OBJECTION_COUNT ? kinds[kind].word : "";
}

const char *isahp_objection_phrase(enum isahp_objection_kind kind)
{
	return (size_t)kind < ISAHP_OBJECTION_COUNT ? kinds[kind].phrase : "";
}

void isahp_objection_name(const struct isahp_objection *objection, char *name,
			  size_t size)
{
	const struct isahp_feature_info *f =
		objection->feature < 0 ? NULL :
					 isahp_feature_info(objection->feature);

	if (f)
		snprintf(name, size, "%s", f->flag);
	else if (objection->component >= 0)
		snprintf(name, size, "%s state",
			 isahp_layout_name(objection->component));
	else
		snprintf(name, size, "%s", "");
}
