// SPDX-License-Identifier: GPL-2.0-or-later
/* The hosts of a plan, and the pool that they are before and after. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "alike.h"
#include "errata.h"
#include "planning.h"
#include "text.h"

static int bad(struct isahp_planning *p, const char *name, const char *what)
{
	char shown[ISAHP_PROFILE_NAME_SIZE];

	isahp_text_sanitize(shown, sizeof(shown), name, strlen(name));
	return isahp_error_set(p->err, ISAHP_ERROR_USAGE, -EINVAL, "host %s %s", shown,
			       what);
}

/* --- who there is ------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	const struct isahp_planned_host *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct isahp_planned_host *find(struct isahp_planning *p, const char *name)
{
	struct isahp_planned_host key = { .name = name };

	return bsearch(&key, p->hosts, p->plan->host_count, sizeof(key), by_name);
}

static int list_hosts(struct isahp_planning *p)
{
	const struct isahp_plan_change *c = p->change;
	size_t count = p->pool->host_count + c->joining_count, i;

	p->hosts = calloc(count ? count : 1, sizeof(*p->hosts));
	if (!p->hosts)
		return isahp_planning_memory(p);
	for (i = 0; i < p->pool->host_count; i++) {
		p->hosts[i].name = p->pool->hosts[i].name;
		p->hosts[i].before = p->hosts[i].after = &p->pool->hosts[i];
	}
	for (; i < count; i++) {
		p->hosts[i].after = c->joining[i - p->pool->host_count];
		p->hosts[i].name = p->hosts[i].after->name;
	}
	p->plan->host_count = count;
	qsort(p->hosts, count, sizeof(*p->hosts), by_name);
	for (i = 1; i < count; i++)
		if (!strcmp(p->hosts[i - 1].name, p->hosts[i].name))
			return bad(p, p->hosts[i].name,
				   p->hosts[i].before && p->hosts[i - 1].before ?
				   "is in the pool twice" :
				   "joins, and there is one of that name already");
	for (i = 0; i < count; i++)
		p->hosts[i].first = p->hosts[i].last = ISAHP_PLAN_NONE;
	return 0;
}

static int change_hosts(struct isahp_planning *p)
{
	const struct isahp_plan_change *c = p->change;
	struct isahp_planned_host *h;
	size_t i;

	for (i = 0; i < c->leaving_count; i++) {
		h = find(p, c->leaving[i]);
		if (!h || !h->before)
			return bad(p, c->leaving[i], "leaves, and is not in the pool");
		if (!h->after)
			return bad(p, c->leaving[i], "leaves twice");
		h->after = NULL;
	}
	for (i = 0; i < c->replaced_count; i++) {
		h = find(p, c->replaced[i]->name);
		if (!h || !h->before)
			return bad(p, c->replaced[i]->name,
				   "changes, and is not in the pool");
		if (!h->after || h->replaced)
			return bad(p, c->replaced[i]->name,
				   "changes twice, or changes and leaves");
		h->after = c->replaced[i];
		h->replaced = true;
	}
	for (i = 0; i < p->plan->host_count; i++)
		if (p->hosts[i].after)
			return 0;
	return isahp_error_set(p->err, ISAHP_ERROR_USAGE, -EINVAL,
			       "all hosts of pool %s leave: one has to stay, or to join",
			       p->pool->name);
}

/* --- kinds of hosts ------------------------------------------------------------- */

static __u64 hash(const void *host)
{
	return isahp_alike_host_hash(host);
}

static bool same(const void *a, const void *b)
{
	return isahp_alike_hosts(a, b);
}

static void name_class(struct isahp_planning *p, struct isahp_plan_class *class)
{
	const struct isahp_planned_host *h = find(p, class->profile->name);

	isahp_text_sanitize(class->name, sizeof(class->name), class->profile->name,
			    sizeof(class->profile->name));
	if (!class->after && h->after)
		isahp_text_append(class->name, sizeof(class->name), " (before)");
}

static int fill_classes(struct isahp_planning *p, const struct isahp_profile **all,
			const size_t *kind, size_t count)
{
	struct isahp_plan *plan = p->plan;
	size_t n = plan->class_count, i, at = 0;
	struct isahp_features broken;

	plan->classes = calloc(n, sizeof(*plan->classes));
	p->usable = calloc(n, sizeof(*p->usable));
	p->peers = calloc(n, sizeof(*p->peers));
	if (!plan->classes || !p->usable || !p->peers)
		return isahp_planning_memory(p);
	for (i = 0; i < count; i++)
		if (!plan->classes[kind[i]].profile)
			plan->classes[kind[i]].profile = all[i];
	for (i = 0; i < plan->host_count; i++) {
		plan->class_after[i] = p->hosts[i].after ? kind[at++] : ISAHP_PLAN_NONE;
		if (p->hosts[i].after)
			plan->classes[plan->class_after[i]].after++;
	}
	for (i = 0; i < plan->host_count; i++) {
		plan->class_of[i] = p->hosts[i].before ? kind[at++] : ISAHP_PLAN_NONE;
		if (p->hosts[i].before)
			plan->classes[plan->class_of[i]].before++;
	}
	for (i = 0; i < n; i++) {
		p->peers[i] = plan->classes[i].profile;
		broken = isahp_errata_broken(isahp_errata_of(p->peers[i]),
					     p->pool->accepted);
		p->usable[i] = isahp_envelope_usable(p->peers[i]);
		p->usable[i] = isahp_features_without(&p->usable[i], &broken);
		name_class(p, &plan->classes[i]);
	}
	return 0;
}

/* As they will be first, so that kinds are called by who stays. */
static int sort_hosts(struct isahp_planning *p)
{
	size_t hosts = p->plan->host_count, count = 0, i;
	const struct isahp_profile **all = calloc(2 * hosts, sizeof(*all));
	size_t *kind = calloc(2 * hosts, sizeof(*kind));
	int rc = -ENOMEM;

	p->plan->hosts = calloc(hosts, sizeof(*p->plan->hosts));
	p->plan->class_of = calloc(hosts, sizeof(*p->plan->class_of));
	p->plan->class_after = calloc(hosts, sizeof(*p->plan->class_after));
	if (!all || !kind || !p->plan->hosts || !p->plan->class_of ||
	    !p->plan->class_after)
		goto out;
	for (i = 0; i < hosts; i++) {
		p->plan->hosts[i] = p->hosts[i].name;
		if (p->hosts[i].after)
			all[count++] = p->hosts[i].after;
	}
	for (i = 0; i < hosts; i++)
		if (p->hosts[i].before)
			all[count++] = p->hosts[i].before;
	rc = isahp_alike_sort((const void *const *)all, count, hash, same, kind,
			      &p->plan->class_count);
	if (!rc)
		rc = fill_classes(p, all, kind, count);
out:
	free(all);
	free(kind);
	return rc ? isahp_planning_memory(p) : 0;
}

/* --- the pools ------------------------------------------------------------------- */

/* Choices of a merge may name a host: it has to be among those that are left. */
static int rename_choice(struct isahp_planning *p, const struct isahp_pool *pool,
			 const struct isahp_profile **choice)
{
	const struct isahp_profile *there;

	if (!*choice)
		return 0;
	there = isahp_pool_host(pool, (*choice)->name);
	if (!there)
		return bad(p, (*choice)->name,
			   "leaves, and the pool's identity or cache is taken from it: name another there first");
	*choice = there;
	return 0;
}

static int fill_pool(struct isahp_planning *p, struct isahp_planned_pool *side, bool after)
{
	size_t n = p->plan->host_count, i;

	side->pool = *p->pool;
	side->pool.host_count = side->pool.room = 0;
	side->pool.hosts = calloc(n, sizeof(*side->pool.hosts));
	side->kinds = side->pool;
	side->kinds.hosts = calloc(p->plan->class_count, sizeof(*side->kinds.hosts));
	side->at = calloc(p->plan->class_count, sizeof(*side->at));
	if (!side->pool.hosts || !side->kinds.hosts || !side->at)
		return isahp_planning_memory(p);
	for (i = 0; i < p->plan->class_count; i++)
		side->at[i] = ISAHP_PLAN_NONE;
	for (i = 0; i < n; i++) {
		const struct isahp_profile *is = after ? p->hosts[i].after :
							 p->hosts[i].before;
		size_t class = after ? p->plan->class_after[i] : p->plan->class_of[i];

		if (!is)
			continue;
		side->pool.hosts[side->pool.host_count++] = *is;
		if (side->at[class] != ISAHP_PLAN_NONE)
			continue;
		side->at[class] = side->kinds.host_count;
		side->kinds.hosts[side->kinds.host_count++] = *is;
	}
	return 0;
}

static int make_pool(struct isahp_planning *p, struct isahp_planned_pool *side, bool after)
{
	int rc = fill_pool(p, side, after);
	char text[ISAHP_ERROR_TEXT_SIZE];

	if (!rc && after && p->change->relevel) {
		side->pool.pinned = false;
		side->pool.wanted = p->change->level;
		if (p->change->level)
			side->pool.level = *p->change->level;
	}
	if (!rc)
		rc = rename_choice(p, &side->pool, &side->pool.options.identity_host);
	if (!rc)
		rc = rename_choice(p, &side->pool, &side->pool.options.cache_host);
	if (rc)
		return rc;
	rc = isahp_pool_merge(&side->pool, &side->merged, p->err);
	if (!rc || !after)
		return rc;
	memcpy(text, p->err->text, sizeof(text));
	return isahp_error_set(p->err, p->err->class, rc, "after the change: %.900s", text);
}

int isahp_planning_hosts(struct isahp_planning *p)
{
	int rc = list_hosts(p);

	if (!rc)
		rc = change_hosts(p);
	if (!rc)
		rc = sort_hosts(p);
	if (!rc)
		rc = make_pool(p, &p->before, false);
	if (!rc)
		rc = make_pool(p, &p->after, true);
	return rc;
}

static void free_pool(struct isahp_planned_pool *side, size_t kinds)
{
	size_t i;

	for (i = 0; side->envelopes && i < kinds; i++)
		isahp_envelope_free(&side->envelopes[i]);
	free(side->envelopes);
	free(side->state);
	isahp_merged_free(&side->merged);
	free(side->pool.hosts);
	free(side->kinds.hosts);
	free(side->at);
}

void isahp_planning_pools_free(struct isahp_planning *p)
{
	free_pool(&p->before, p->kinds);
	free_pool(&p->after, p->kinds);
}

const char *isahp_planning_lacking(const struct isahp_planning *p,
				   const struct isahp_planned_pool *side,
				   unsigned int feature)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < p->plan->class_count; i++) {
		const char *name = p->plan->classes[i].name;

		if (side->at[i] != ISAHP_PLAN_NONE &&
		    !isahp_features_has(&p->usable[i], feature) &&
		    (!first || strcmp(name, first) < 0))
			first = name;
	}
	return first;
}
