/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sets of features, and what follows from what.
 *
 * The inline functions are plain set algebra on struct isahp_features. The
 * others know the dependency table and the classes of <isahp/features.h>.
 * All are pure and may be called in any context.
 */
#ifndef ISAHP_CORE_FEATURES_H
#define ISAHP_CORE_FEATURES_H

#include "env.h"
#include <isahp/features.h>

/**
 * struct isahp_feature_info - one row of the feature table
 * @flag: Linux flag name.
 * @qemu: QEMU's spelling, "" where it has none.
 * @libvirt: libvirt's spelling, "" where it has none.
 * @leaf: CPUID leaf (EAX) and
 * @subleaf: subleaf (ECX).
 * @reg: enum isahp_cpuid_register.
 * @bit: 0 to 31.
 * @class: enum isahp_feature_class.
 * @xfeatures: XSAVE components it owns, as an XCR0 or IA32_XSS mask.
 */
struct isahp_feature_info {
	const char *flag;
	const char *qemu;
	const char *libvirt;
	__u32 leaf;
	__u32 subleaf;
	__u8 reg;
	__u8 bit;
	__u8 class;
	__u64 xfeatures;
};

static inline struct isahp_features isahp_features_none(void)
{
	struct isahp_features set = { { 0 } };

	return set;
}

static inline bool isahp_features_has(const struct isahp_features *set,
				      unsigned int number)
{
	return number < ISAHP_FEATURE_MAX &&
	       (set->word[number / 64] >> (number % 64) & 1);
}

static inline void isahp_features_add(struct isahp_features *set,
				      unsigned int number)
{
	if (number < ISAHP_FEATURE_MAX)
		set->word[number / 64] |= 1ULL << (number % 64);
}

static inline void isahp_features_del(struct isahp_features *set,
				      unsigned int number)
{
	if (number < ISAHP_FEATURE_MAX)
		set->word[number / 64] &= ~(1ULL << (number % 64));
}

#define ISAHP_FEATURES_BINARY(name, op)						\
	static inline struct isahp_features isahp_features_##name(		\
		const struct isahp_features *a, const struct isahp_features *b)	\
	{									\
		struct isahp_features r;					\
		int i;								\
										\
		for (i = 0; i < ISAHP_FEATURE_WORDS; i++)			\
			r.word[i] = a->word[i] op b->word[i];			\
		return r;							\
	}
ISAHP_FEATURES_BINARY(and, &)
ISAHP_FEATURES_BINARY(or, |)
ISAHP_FEATURES_BINARY(andnot, &~)
#undef ISAHP_FEATURES_BINARY

static inline bool isahp_features_empty(const struct isahp_features *set)
{
	return !(set->word[0] | set->word[1] | set->word[2] | set->word[3]);
}

static inline bool isahp_features_equal(const struct isahp_features *a,
					const struct isahp_features *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool isahp_features_meet(const struct isahp_features *a,
				       const struct isahp_features *b)
{
	struct isahp_features both = isahp_features_and(a, b);

	return !isahp_features_empty(&both);
}

static inline bool isahp_features_subset(const struct isahp_features *a,
					 const struct isahp_features *b)
{
	struct isahp_features rest = isahp_features_andnot(a, b);

	return isahp_features_empty(&rest);
}

/**
 * isahp_feature_info - look up a row of the feature table
 * @number: feature number.
 *
 * Return: the row, or NULL where no feature has that number.
 */
const struct isahp_feature_info *isahp_feature_info(unsigned int number);

/**
 * isahp_feature_find - number of the feature with this name
 * @name: Linux flag name, or QEMU's or libvirt's spelling, or an alias.
 * @len: its length in bytes; it need not be terminated.
 *
 * Return: feature number, or -ENOENT.
 */
int isahp_feature_find(const char *name, size_t len);

/**
 * isahp_feature_nearest - what an unknown name was probably meant to be
 * @name: as typed.
 * @len: its length in bytes.
 *
 * Return: number of the feature whose flag name is fewest edits away, or
 * -ENOENT when none is within a third of the name's length.
 */
int isahp_feature_nearest(const char *name, size_t len);

/** isahp_features_known - every feature that the table has a row for */
struct isahp_features isahp_features_known(void);

/** isahp_features_of_class - every feature of one enum isahp_feature_class */
struct isahp_features isahp_features_of_class(unsigned int class);

/**
 * isahp_features_supported - the largest closed subset
 * @set: any set.
 *
 * A feature stays when everything that it depends on, however indirectly,
 * is in @set as well. Idempotent and monotone. Numbers without a row fall out.
 */
struct isahp_features isahp_features_supported(const struct isahp_features *set);

/**
 * isahp_features_without - what is left when some features go
 * @set: what there is; need not be closed.
 * @gone: what goes.
 *
 * Return: isahp_features_supported(@set minus @gone): with AVX2 go VAES and the
 * whole of AVX-512.
 */
struct isahp_features isahp_features_without(const struct isahp_features *set,
					     const struct isahp_features *gone);

/**
 * isahp_features_dependents - everything that falls with a set
 * @set: what goes.
 *
 * Return: @set and all features that depend on one of it, however indirectly,
 * present or not.
 */
struct isahp_features isahp_features_dependents(const struct isahp_features *set);

/**
 * isahp_features_missing - what has to be there first
 * @have: what there is.
 * @add: what is to be added.
 *
 * Return: the features that @add depends on, however indirectly, and that are
 * neither in @have nor in @add.
 */
struct isahp_features isahp_features_missing(const struct isahp_features *have,
					     const struct isahp_features *add);

/**
 * isahp_feature_reason - why one feature depends on another
 * @number: the one,
 * @on: the other.
 *
 * Return: the reason of the direct edge, or NULL where there is none.
 */
const char *isahp_feature_reason(unsigned int number, unsigned int on);

/**
 * isahp_features_usable - what a program may enter
 * @present: features that exist.
 * @leaving: those that are being drained.
 *
 * Return: @present without @leaving and its dependents, and without what is
 * SYSTEM's.
 */
struct isahp_features isahp_features_usable(const struct isahp_features *present,
					    const struct isahp_features *leaving);

/**
 * isahp_features_xfeatures - XSAVE components that a set needs
 * @set: any set.
 *
 * Return: XCR0 or IA32_XSS mask.
 */
__u64 isahp_features_xfeatures(const struct isahp_features *set);

/**
 * isahp_features_enabled - drop what the register state at hand can not carry
 * @set: any set.
 * @xcr0: components that are enabled.
 *
 * Return: the largest closed subset of @set whose XSAVE components are all in
 * @xcr0.
 */
struct isahp_features isahp_features_enabled(const struct isahp_features *set,
					     __u64 xcr0);

#endif /* ISAHP_CORE_FEATURES_H */
