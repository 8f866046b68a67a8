// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <errno.h>

#include <isa-core/features.h>

#include "text.h"

#define FINE (-1)

/* Return: enum isahp_objection_kind, or FINE. */
typedef int (*judge_fn)(const struct isahp_rules *rules, unsigned int number);

struct isahp_features isahp_rules_gated(const struct isahp_features *visible)
{
	static const __u8 by_cpuid[] = {
		ISAHP_FEATURE_RDTSCP, ISAHP_FEATURE_RDPID, ISAHP_FEATURE_RDRAND,
		ISAHP_FEATURE_RDSEED, ISAHP_FEATURE_WAITPKG,
		ISAHP_FEATURE_RDPRU, ISAHP_FEATURE_MWAITX,
		ISAHP_FEATURE_FSGSBASE,
	};
	struct isahp_features gated = isahp_features_none();
	unsigned int i;

	for (i = 0; i < sizeof(by_cpuid); i++)
		if (!isahp_features_has(visible, by_cpuid[i]))
			isahp_features_add(&gated, by_cpuid[i]);
	return gated;
}

static int judge_removal(const struct isahp_rules *rules, unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);

	if (f->class == ISAHP_CLASS_SILENT && !rules->play_silent)
		return ISAHP_OBJECTION_SILENT;
	if (f->class == ISAHP_CLASS_STATE && !rules->no_state) {
		if (!rules->registered)
			return ISAHP_OBJECTION_STATE_UNTOLD;
		if (f->xfeatures & rules->xcr0)
			return ISAHP_OBJECTION_STATE_ENABLED;
	}
	if (isahp_features_has(&rules->baseline, number))
		return ISAHP_OBJECTION_BASELINE;
	/* Last: what holds for any guest says more than what this one's kernel did. */
	if (isahp_features_has(&rules->pinned, number))
		return ISAHP_OBJECTION_PINNED;
	return FINE;
}

static int judge_addition(const struct isahp_rules *rules, unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);

	if (!isahp_features_has(&rules->envelope, number))
		return ISAHP_OBJECTION_OUTSIDE;
	if (isahp_features_has(&rules->gated, number))
		return ISAHP_OBJECTION_GATED;
	if (f->class == ISAHP_CLASS_STATE && !rules->no_state) {
		if (!rules->registered)
			return ISAHP_OBJECTION_STATE_UNTOLD;
		if (f->xfeatures & ~rules->xcr0)
			return ISAHP_OBJECTION_STATE_OFF;
	}
	return FINE;
}

/* Return: how many. */
static size_t judge(const struct isahp_rules *rules,
		    const struct isahp_features *set, judge_fn by,
		    isahp_objection_fn each, void *context)
{
	size_t count = 0;
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		struct isahp_objection objection;
		int kind;

		if (!isahp_features_has(set, i) || !isahp_feature_info(i))
			continue;
		kind = by(rules, i);
		if (kind == FINE)
			continue;
		objection = isahp_objection_of(kind, i);
		each(&objection, context);
		count++;
	}
	return count;
}

/* All objections in one line, so that nobody has to try again. */
struct line {
	const char *action;
	struct isahp_error *err;
	bool begun;
};

static void say(const struct isahp_objection *objection, void *context)
{
	struct line *line = context;
	char name[64];

	isahp_objection_name(objection, name, sizeof(name));
	if (!line->begun)
		isahp_error_set(line->err, ISAHP_ERROR_POLICY, -EPERM,
				"refused to %s ", line->action);
	isahp_text_append(line->err->text, sizeof(line->err->text), "%s%s (%s)",
			  line->begun ? ", " : "", name, objection->why);
	line->begun = true;
}

static int check(const struct isahp_rules *rules,
		 const struct isahp_features *set, judge_fn by,
		 const char *action, struct isahp_error *err)
{
	struct line line = { .action = action, .err = err };

	return judge(rules, set, by, say, &line) ? -EPERM : 0;
}

int isahp_rules_remove(const struct isahp_rules *rules,
			const struct isahp_features *remove,
			struct isahp_features *ret_leaving,
			struct isahp_error *err)
{
	struct isahp_features all = isahp_features_dependents(remove);
	struct isahp_features leaving =
		isahp_features_and(&all, &rules->present);
	int rc = check(rules, &leaving, judge_removal, "remove", err);

	if (!rc)
		*ret_leaving = leaving;
	return rc;
}

/* Name, for each dependency that is missing, one feature that wants it. */
static int missing(const struct isahp_features *lacking,
		   const struct isahp_features *add, struct isahp_error *err)
{
	struct isahp_features wanting = isahp_features_or(add, lacking);
	unsigned int need, by;
	bool first = true;

	isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM, "refused to add: ");
	for (need = 0; need < ISAHP_FEATURE_COUNT; need++) {
		if (!isahp_features_has(lacking, need))
			continue;
		for (by = 0; by < ISAHP_FEATURE_COUNT; by++)
			if (isahp_features_has(&wanting, by) &&
			    isahp_feature_reason(by, need))
				break;
		if (by == ISAHP_FEATURE_COUNT)
			continue;
		isahp_text_append(err->text, sizeof(err->text),
				  "%s%s needs %s (%s)", first ? "" : ", ",
				  isahp_feature_info(by)->flag,
				  isahp_feature_info(need)->flag,
				  isahp_feature_reason(by, need));
		first = false;
	}
	isahp_text_append(err->text, sizeof(err->text), "; add %s too",
			  first ? "what is missing" : "them");
	return -EPERM;
}

int isahp_rules_add(const struct isahp_rules *rules,
		     const struct isahp_features *add,
		     struct isahp_features *ret_present,
		     struct isahp_error *err)
{
	struct isahp_features fresh =
		isahp_features_andnot(add, &rules->present);
	struct isahp_features lacking =
		isahp_features_missing(&rules->present, &fresh);

	if (!isahp_features_empty(&lacking))
		return missing(&lacking, &fresh, err);
	if (check(rules, &fresh, judge_addition, "add", err))
		return -EPERM;
	*ret_present = isahp_features_or(&rules->present, &fresh);
	return 0;
}

/* What is wrong with the place of register state. Return: how many. */
static size_t judge_layout(const struct isahp_rules *rules,
			   const struct isahp_target *target,
			   isahp_objection_fn each, void *context)
{
	struct isahp_objection objection = {
		.kind = ISAHP_OBJECTION_IMAGE,
		.feature = -1,
	};
	size_t count = 0;
	unsigned int i;

	if (!rules->layout.known || !target->layout.known)
		return 0;
	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		if (!isahp_layout_differs(&rules->layout, &target->layout, i,
					  objection.why, sizeof(objection.why)))
			continue;
		objection.component = (int)i;
		each(&objection, context);
		count++;
	}
	return count;
}

size_t isahp_rules_move_each(const struct isahp_rules *rules,
			     const struct isahp_target *target,
			     struct isahp_features *ret_leaving,
			     isahp_objection_fn each, void *context)
{
	struct isahp_features gone, leaving, there, firm, lacking;
	size_t count;

	gone = isahp_features_andnot(&rules->present, &target->present);
	gone = isahp_features_dependents(&gone);
	leaving = isahp_features_and(&gone, &rules->present);
	/* The kernel is built on more than anybody announces. */
	there = isahp_features_or(&target->present, &target->shown);
	firm = isahp_features_or(&rules->pinned, &rules->baseline);
	lacking = isahp_features_andnot(&firm, &there);
	gone = isahp_features_or(&leaving, &lacking);
	count = judge(rules, &gone, judge_removal, each, context);
	count += judge_layout(rules, target, each, context);
	*ret_leaving = leaving;
	return count;
}

int isahp_rules_move(const struct isahp_rules *rules,
		      const struct isahp_target *target,
		      struct isahp_features *ret_leaving,
		      struct isahp_error *err)
{
	struct line line = { .action = "move", .err = err };
	struct isahp_features leaving;

	if (isahp_rules_move_each(rules, target, &leaving, say, &line))
		return -EPERM;
	*ret_leaving = leaving;
	return 0;
}
