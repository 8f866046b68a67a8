/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Levels: what an administrator says instead of a list of features. "As old as
 * our oldest Opterons", "what Haswell has", "x86-64-v3".
 *
 * A level is a wish. What a host gives of it is never more than the host has.
 */
#ifndef ISAHP_SHIM_LEVEL_H
#define ISAHP_SHIM_LEVEL_H

#include <isahp/features.h>
#include <stdbool.h>

#include "error.h"
#include "model.h"
#include "profile.h"

/**
 * enum isahp_level_kind - what sort of a level
 * @ISAHP_LEVEL_PSABI: x86-64-vN, what compilers go by. It says nothing of the
 *	features that only a kernel looks at, but for those it names.
 * @ISAHP_LEVEL_GENERATION: AMD's processors by family and revision.
 * @ISAHP_LEVEL_MODEL: a CPU that QEMU names.
 * @ISAHP_LEVEL_FEATURES: somebody's own list, feature by feature. It says of
 *	kernels' features as little as the first.
 */
enum isahp_level_kind {
	ISAHP_LEVEL_PSABI,
	ISAHP_LEVEL_GENERATION,
	ISAHP_LEVEL_MODEL,
	ISAHP_LEVEL_FEATURES,
};

/**
 * struct isahp_level - a level
 * @name: as people write it.
 * @alias: another name, as Xen's cpuid_mask_cpu had it; "" where there is none.
 * @title: for people.
 * @kind: enum isahp_level_kind.
 * @vendor: enum isahp_vendor; ISAHP_VENDOR_UNKNOWN: of no vendor.
 * @bits: by enum isahp_word: what CPUID shows at this level.
 * @speaks: the bits of each word that the level decides. Of the others a host
 *	keeps what it has.
 */
struct isahp_level {
	const char *name;
	const char *alias;
	const char *title;
	enum isahp_level_kind kind;
	__u32 vendor;
	__u32 bits[ISAHP_WORD_COUNT];
	__u32 speaks[ISAHP_WORD_COUNT];
};

/**
 * isahp_level_at - the levels one after the other: psABI, generations, models
 * @index: from 0.
 * @ret_level: the level.
 *
 * Return: whether there is one.
 */
bool isahp_level_at(size_t index, struct isahp_level *ret_level);

/**
 * isahp_level_find - a level by its name
 * @name: in any case of letters. NUL-terminated, otherwise hostile.
 * @ret_level: the level.
 * @err: names the nearest one.
 *
 * Return: 0 or -EINVAL.
 */
int isahp_level_find(const char *name, struct isahp_level *ret_level,
		     struct isahp_error *err);

/**
 * isahp_level_nearest - what an unknown name was probably meant to be
 * @name: as typed.
 *
 * Return: the name of the level with the longest beginning in common, or NULL where
 * that is shorter than four letters.
 */
const char *isahp_level_nearest(const char *name);

/**
 * isahp_level_of - a level of one's own: advanced compatibility
 * @name: for messages; has to outlive the level.
 * @set: its features.
 */
struct isahp_level isahp_level_of(const char *name, const struct isahp_features *set);

/** isahp_level_wants - the features of the table that a level has, as on paper */
struct isahp_features isahp_level_wants(const struct isahp_level *level);

/**
 * struct isahp_level_fit - what a host makes of a level
 * @features: of the level's, those that the host has with all they rest on.
 * @lacks: those that it does not have.
 * @untold: those of which its profile says nothing: not promised either.
 * @broken: those that it has, but not what they rest on.
 * @bits: by enum isahp_word: what CPUID would show: what the level does not
 *	decide is as the host has it, and features that fell out are gone.
 * @known: the bits of @bits of which that is certain.
 * @missing_bits: those of the level that the host is known not to have: also
 *	what the table of features has no row for, as HTT of a single core.
 */
struct isahp_level_fit {
	struct isahp_features features;
	struct isahp_features lacks;
	struct isahp_features untold;
	struct isahp_features broken;
	__u32 bits[ISAHP_WORD_COUNT];
	__u32 known[ISAHP_WORD_COUNT];
	__u32 missing_bits[ISAHP_WORD_COUNT];
};

/**
 * isahp_level_features - intersect a level with a host
 * @level: the wish.
 * @host: what there is; NULL: a host that has everything the level has and
 *	nothing else.
 * @ret_fit: what comes out.
 */
void isahp_level_features(const struct isahp_level *level,
			  const struct isahp_profile *host,
			  struct isahp_level_fit *ret_fit);

/**
 * isahp_level_explain - in words, what a host lacks of a level
 * @level: the wish.
 * @fit: what came out.
 * @host: the host's name.
 * @text: receives one line; "" when nothing is lacking.
 * @size: of @text.
 */
void isahp_level_explain(const struct isahp_level *level,
			 const struct isahp_level_fit *fit, const char *host,
			 char *text, size_t size);

#endif /* ISAHP_SHIM_LEVEL_H */
