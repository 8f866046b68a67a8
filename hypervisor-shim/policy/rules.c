// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <errno.h>

#include <isa-core/features.h>

#include "text.h"

typedef const char *(*objection_fn)(const struct isahp_rules *rules,
				    unsigned int number);

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

static const char *object_to_removal(const struct isahp_rules *rules,
				     unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);

	if (f->class == ISAHP_CLASS_SILENT && !rules->play_silent)
		return "silent: without it its instructions do not trap but compute something else";
	if (f->class == ISAHP_CLASS_STATE && !rules->no_state) {
		if (!rules->registered)
			return "owns XSAVE state, and the guest has not said what it enabled";
		if (f->xfeatures & rules->xcr0)
			return "owns XSAVE state that the guest has enabled";
	}
	/* Last: what holds for any guest says more than what this one's kernel did. */
	if (isahp_features_has(&rules->pinned, number))
		return "pinned: the guest's kernel is built on it";
	return NULL;
}

static const char *object_to_addition(const struct isahp_rules *rules,
				      unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);

	if (!isahp_features_has(&rules->envelope, number))
		return "outside the VM's envelope: its host lacks it";
	if (isahp_features_has(&rules->gated, number))
		return "hidden in the guest's CPUID, and refused by hypervisors where it is";
	if (f->class == ISAHP_CLASS_STATE && !rules->no_state) {
		if (!rules->registered)
			return "owns XSAVE state, and the guest has not said what it enabled";
		if (f->xfeatures & ~rules->xcr0)
			return "owns XSAVE state that the guest has not enabled";
	}
	return NULL;
}

/* Collect all objections into one line, so that nobody has to try again. */
static int check(const struct isahp_rules *rules,
		 const struct isahp_features *set, objection_fn object,
		 const char *action, struct isahp_error *err)
{
	bool refused = false;
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const char *why;

		if (!isahp_features_has(set, i) || !isahp_feature_info(i))
			continue;
		why = object(rules, i);
		if (!why)
			continue;
		if (!refused)
			isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
					"refused to %s ", action);
		isahp_text_append(err->text, sizeof(err->text), "%s%s (%s)",
				  refused ? ", " : "",
				  isahp_feature_info(i)->flag, why);
		refused = true;
	}
	return refused ? -EPERM : 0;
}

int isahp_rules_remove(const struct isahp_rules *rules,
			const struct isahp_features *remove,
			struct isahp_features *ret_leaving,
			struct isahp_error *err)
{
	struct isahp_features all = isahp_features_dependents(remove);
	struct isahp_features leaving =
		isahp_features_and(&all, &rules->present);
	int rc = check(rules, &leaving, object_to_removal, "remove", err);

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
	if (check(rules, &fresh, object_to_addition, "add", err))
		return -EPERM;
	*ret_present = isahp_features_or(&rules->present, &fresh);
	return 0;
}

/* Add to the objections, @rc, what is wrong with the place of register state. */
static int check_layout(const struct isahp_rules *rules,
			const struct isahp_target *target, int rc,
			struct isahp_error *err)
{
	char why[96];
	unsigned int i;

	if (!rules->layout.known || !target->layout.known)
		return rc;
	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		if (!isahp_layout_differs(&rules->layout, &target->layout, i, why,
					  sizeof(why)))
			continue;
		if (!rc)
			isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
					"refused to move ");
		isahp_text_append(err->text, sizeof(err->text), "%s%s state (%s)",
				  rc ? ", " : "", isahp_layout_name(i), why);
		rc = -EPERM;
	}
	return rc;
}

int isahp_rules_move(const struct isahp_rules *rules,
		      const struct isahp_target *target,
		      struct isahp_features *ret_leaving,
		      struct isahp_error *err)
{
	struct isahp_features gone, leaving, there, lacking;
	int rc;

	gone = isahp_features_andnot(&rules->present, &target->present);
	gone = isahp_features_dependents(&gone);
	leaving = isahp_features_and(&gone, &rules->present);
	/* The kernel is built on more than anybody announces. */
	there = isahp_features_or(&target->present, &target->shown);
	lacking = isahp_features_andnot(&rules->pinned, &there);
	gone = isahp_features_or(&leaving, &lacking);
	rc = check(rules, &gone, object_to_removal, "remove", err);
	rc = check_layout(rules, target, rc, err);
	if (!rc)
		*ret_leaving = leaving;
	return rc;
}
