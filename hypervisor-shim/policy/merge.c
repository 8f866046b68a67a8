// SPDX-License-Identifier: GPL-2.0-or-later
#include "merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merging.h"

static int name_compare(const void *a, const void *b)
{
	const struct isahp_profile *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Sorted by name, a result does not depend on the order in which they came. */
static int take_hosts(struct isahp_merging *m, const struct isahp_profile *const *hosts,
		      size_t count)
{
	size_t i;

	if (!count)
		return isahp_error_set(m->err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a pool without hosts promises nothing: name one");
	m->hosts = calloc(count, sizeof(*m->hosts));
	if (!m->hosts)
		return isahp_error_set(m->err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	memcpy(m->hosts, hosts, count * sizeof(*m->hosts));
	m->count = count;
	qsort(m->hosts, count, sizeof(*m->hosts), name_compare);
	for (i = 0; i < count; i++) {
		if (!m->hosts[i]->leaf_count)
			return isahp_error_set(
				m->err, ISAHP_ERROR_USAGE, -EINVAL,
				"%s tells nothing of an x86 CPU: take its profile again",
				m->hosts[i]->name);
		if (i && !strcmp(m->hosts[i]->name, m->hosts[i - 1]->name))
			return isahp_error_set(
				m->err, ISAHP_ERROR_USAGE, -EINVAL,
				"two hosts are called '%s': rename one, or leave it out",
				m->hosts[i]->name);
	}
	return 0;
}

struct isahp_cpuid_leaf *isahp_merging_leaf(struct isahp_merging *m, __u32 leaf,
					    __u32 subleaf)
{
	return (struct isahp_cpuid_leaf *)isahp_profile_leaf(&m->profile, leaf, subleaf);
}

static int run(struct isahp_merging *m)
{
	const char *name = m->options->name ? m->options->name : "pool";
	int rc;

	if (!isahp_profile_name_valid(name))
		return isahp_error_set(m->err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a pool's name is up to %d characters, without "
				       "spaces", ISAHP_PROFILE_NAME_SIZE - 1);
	snprintf(m->profile.name, sizeof(m->profile.name), "%s", name);
	snprintf(m->profile.source, sizeof(m->profile.source), "merge");
	rc = isahp_gather_hosts(&m->gather,
				(const struct isahp_profile *const *)m->hosts,
				m->count, m->err);
	if (!rc)
		rc = isahp_merging_identify(m);
	if (!rc)
		rc = isahp_merging_resolve(m);
	if (!rc)
		rc = isahp_merging_components(m);
	if (rc)
		return rc;
	rc = isahp_merging_choose(m);
	if (rc)
		return rc;
	isahp_merging_close(m);
	isahp_merging_recompute(m);
	isahp_decision_sort(&m->decisions);
	if (m->decisions.failed)
		return isahp_error_set(m->err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	return 0;
}

int isahp_merge(const struct isahp_profile *const *hosts, size_t count,
		const struct isahp_merge_options *options,
		struct isahp_merged *ret, struct isahp_error *err)
{
	static const struct isahp_merge_options defaults;
	struct isahp_merging m = { .options = options ? options : &defaults,
				   .err = err };
	int rc;

	rc = take_hosts(&m, hosts, count);
	if (!rc)
		rc = run(&m);
	isahp_gather_free(&m.gather);
	free(m.hosts);
	if (rc) {
		isahp_profile_free(&m.profile);
		free(m.decisions.array);
		return rc;
	}
	*ret = (struct isahp_merged){
		.profile = m.profile,
		.decisions = m.decisions.array,
		.decision_count = m.decisions.count,
		.features = m.features,
		.layout_class = m.layout_class,
	};
	return 0;
}

void isahp_merged_free(struct isahp_merged *merged)
{
	isahp_profile_free(&merged->profile);
	free(merged->decisions);
	memset(merged, 0, sizeof(*merged));
}
