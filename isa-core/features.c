// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "features.h"

#define SPELLING(name, flag) ((name) ? (name) : (flag))

#define ROW(n, sym, flag_, leaf_, subleaf_, reg_, bit_, qemu_, libvirt_, class_, x_) \
	[n] = {                                                               \
		.flag = flag_,                                                \
		.qemu = SPELLING(qemu_, flag_),                               \
		.libvirt = SPELLING(libvirt_, flag_),                         \
		.leaf = leaf_,                                                \
		.subleaf = subleaf_,                                          \
		.reg = ISAHP_##reg_,                                          \
		.bit = bit_,                                                  \
		.class = ISAHP_CLASS_##class_,                                \
		.xfeatures = x_,                                              \
	},
static const struct isahp_feature_info table[ISAHP_FEATURE_COUNT] = {
	ISAHP_FEATURE_TABLE(ROW)
};
#undef ROW

#define ALIAS(sym, name_) { ISAHP_FEATURE_##sym, name_ },
static const struct {
	__u8 feature;
	const char *name;
} aliases[] = { ISAHP_ALIAS_TABLE(ALIAS) };
#undef ALIAS

#define ALIASES (sizeof(aliases) / sizeof(aliases[0]))

struct dependency {
	__u8 feature;
	__u8 needs;
	const char *reason;
};

#define EDGE(sym, needs_, reason_) \
	{ ISAHP_FEATURE_##sym, ISAHP_FEATURE_##needs_, reason_ },
static const struct dependency dependencies[] = {
	ISAHP_DEPENDENCY_TABLE(EDGE)
};
#undef EDGE

#define DEPENDENCIES (sizeof(dependencies) / sizeof(dependencies[0]))

const struct isahp_feature_info *isahp_feature_info(unsigned int number)
{
	if (number >= ISAHP_FEATURE_COUNT || !table[number].flag)
		return NULL;
	return &table[number];
}

static bool spelled(const char *name, const char *typed, size_t len)
{
	return *name && strlen(name) == len && !memcmp(name, typed, len);
}

int isahp_feature_find(const char *name, size_t len)
{
	int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i) && spelled(table[i].flag, name, len))
			return i;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i) &&
		    (spelled(table[i].qemu, name, len) ||
		     spelled(table[i].libvirt, name, len)))
			return i;
	for (i = 0; i < (int)ALIASES; i++)
		if (spelled(aliases[i].name, name, len))
			return aliases[i].feature;
	return -ENOENT;
}

#define NAME_MAX_COMPARED 32

/* Levenshtein distance; both strings at most NAME_MAX_COMPARED bytes. */
static unsigned int edits(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned int row[NAME_MAX_COMPARED + 1];
	size_t i, j;

	for (j = 0; j <= blen; j++)
		row[j] = j;
	for (i = 1; i <= alen; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= blen; j++) {
			unsigned int best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[blen];
}

int isahp_feature_nearest(const char *name, size_t len)
{
	unsigned int best = len / 3 + 1;
	int found = -ENOENT;
	int i;

	if (!len || len > NAME_MAX_COMPARED)
		return -ENOENT;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		unsigned int d;

		if (!isahp_feature_info(i))
			continue;
		d = edits(name, len, table[i].flag, strlen(table[i].flag));
		if (d < best) {
			best = d;
			found = i;
		}
	}
	return found;
}

struct isahp_features isahp_features_known(void)
{
	struct isahp_features set = isahp_features_none();
	int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i))
			isahp_features_add(&set, i);
	return set;
}

struct isahp_features isahp_features_of_class(unsigned int class)
{
	struct isahp_features set = isahp_features_none();
	int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i) && table[i].class == class)
			isahp_features_add(&set, i);
	return set;
}

struct isahp_features isahp_features_supported(const struct isahp_features *set)
{
	struct isahp_features known = isahp_features_known();
	struct isahp_features r = isahp_features_and(set, &known);
	bool changed;
	size_t i;

	/* Each round removes at least one feature: it ends. */
	do {
		changed = false;
		for (i = 0; i < DEPENDENCIES; i++) {
			const struct dependency *d = &dependencies[i];

			if (isahp_features_has(&r, d->feature) &&
			    !isahp_features_has(&r, d->needs)) {
				isahp_features_del(&r, d->feature);
				changed = true;
			}
		}
	} while (changed);
	return r;
}

struct isahp_features isahp_features_without(const struct isahp_features *set,
					     const struct isahp_features *gone)
{
	struct isahp_features rest = isahp_features_andnot(set, gone);

	return isahp_features_supported(&rest);
}

struct isahp_features isahp_features_dependents(const struct isahp_features *set)
{
	struct isahp_features r = *set;
	bool changed;
	size_t i;

	do {
		changed = false;
		for (i = 0; i < DEPENDENCIES; i++) {
			const struct dependency *d = &dependencies[i];

			if (isahp_features_has(&r, d->needs) &&
			    !isahp_features_has(&r, d->feature)) {
				isahp_features_add(&r, d->feature);
				changed = true;
			}
		}
	} while (changed);
	return r;
}

struct isahp_features isahp_features_missing(const struct isahp_features *have,
					     const struct isahp_features *add)
{
	struct isahp_features needed = *add;
	bool changed;
	size_t i;

	do {
		changed = false;
		for (i = 0; i < DEPENDENCIES; i++) {
			const struct dependency *d = &dependencies[i];

			if (isahp_features_has(&needed, d->feature) &&
			    !isahp_features_has(&needed, d->needs)) {
				isahp_features_add(&needed, d->needs);
				changed = true;
			}
		}
	} while (changed);
	needed = isahp_features_andnot(&needed, add);
	return isahp_features_andnot(&needed, have);
}

const char *isahp_feature_reason(unsigned int number, unsigned int on)
{
	size_t i;

	for (i = 0; i < DEPENDENCIES; i++)
		if (dependencies[i].feature == number && dependencies[i].needs == on)
			return dependencies[i].reason;
	return NULL;
}

struct isahp_features isahp_features_usable(const struct isahp_features *present,
					    const struct isahp_features *leaving)
{
	struct isahp_features system = isahp_features_of_class(ISAHP_CLASS_SYSTEM);
	struct isahp_features r = isahp_features_without(present, leaving);

	/* After the closure: AVX depends on XSAVE, which is SYSTEM's. */
	return isahp_features_andnot(&r, &system);
}

__u64 isahp_features_xfeatures(const struct isahp_features *set)
{
	__u64 mask = 0;
	int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_features_has(set, i))
			mask |= table[i].xfeatures;
	return mask;
}

struct isahp_features isahp_features_enabled(const struct isahp_features *set,
					     __u64 xcr0)
{
	struct isahp_features r = *set;
	int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (table[i].xfeatures & ~xcr0)
			isahp_features_del(&r, i);
	return isahp_features_supported(&r);
}
