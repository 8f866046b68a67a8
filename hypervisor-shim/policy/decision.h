/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a field of a pool is what it is.
 */
#ifndef ISAHP_SHIM_DECISION_H
#define ISAHP_SHIM_DECISION_H

#include "field.h"
#include "profile.h"

/**
 * struct isahp_decision - one field, or one bit of many
 * @place: which.
 * @operator: enum isahp_operator by which it was decided.
 * @told: @result is known; otherwise a host did not say, and nothing is promised.
 * @before: what another host has, or what it was before this rule.
 * @result: what the pool has.
 * @rule: a phrase for people; static.
 * @name: of the field, for people; static.
 * @lowest: the host that decided; NULL where none did alone.
 * @feature: number of the feature that the bit announces, or -1.
 * @needs: number of the feature whose absence decided, or -1.
 */
struct isahp_decision {
	struct isahp_place place;
	enum isahp_operator operator;
	bool told;
	__u64 before;
	__u64 result;
	const char *rule;
	const char *name;
	const struct isahp_profile *lowest;
	int feature;
	int needs;
};

/**
 * struct isahp_decisions - a list that grows
 * @array: @count of them; owned.
 * @count: in use.
 * @room: allocated.
 * @failed: memory ran out, and some are missing.
 */
struct isahp_decisions {
	struct isahp_decision *array;
	size_t count;
	size_t room;
	bool failed;
};

/** isahp_decision_add - one more; sets @failed when there is no memory */
void isahp_decision_add(struct isahp_decisions *list,
			struct isahp_decision decision);

/**
 * isahp_decision_sort - by place; of one place, in the order they were added
 *
 * Sets @failed when there is no memory.
 */
void isahp_decision_sort(struct isahp_decisions *list);

/**
 * isahp_decision_format - one line for people
 * @decision: any.
 * @text: receives it, as "CPUID 7.0 EBX[5] avx2: 0: not on every host (old1)".
 * @size: of @text, at least 1.
 */
void isahp_decision_format(const struct isahp_decision *decision, char *text,
			   size_t size);

/**
 * isahp_decision_to_json - for programs
 * @decision: any.
 *
 * Keys: `leaf` (or `msr`), `subleaf` (not of an MSR), `register`, `shift`, `width`,
 * `name`, `operator`, `before`, `result` (null: left open), `rule`; where there is
 * one, `host` that decided, `feature`, and the feature that it `needs`. Values and
 * leaves are strings, as "0x2e".
 *
 * Return: a new object; NULL: out of memory.
 */
json_t *isahp_decision_to_json(const struct isahp_decision *decision);

/** isahp_place_feature - number of the feature that a bit announces, or -1 */
int isahp_place_feature(const struct isahp_place *place);

#endif /* ISAHP_SHIM_DECISION_H */
