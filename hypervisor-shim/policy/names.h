/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The features of a host: as people write them, as JSON carries them, and as
 * QEMU reports them.
 */
#ifndef ISAHP_SHIM_NAMES_H
#define ISAHP_SHIM_NAMES_H

#include <isahp/abi.h>
#include <jansson.h>

#include "error.h"

/**
 * isahp_names_parse - a list of features as people write it
 * @list: names separated by commas or spaces: Linux flags, QEMU's or libvirt's
 *	spellings, `native` (CPUID of this host), `none`, and levels (level.h):
 *	`x86-64-v3`, `Haswell-noTSX`, `amd-10h-rev-c`. A name with a leading '-'
 *	takes a feature and what depends on it out of what stands before it.
 * @ret_set: the features, exactly as listed.
 * @err: on failure, the unknown name and the nearest known one.
 *
 * Return: 0 or -EINVAL.
 */
int isahp_names_parse(const char *list, struct isahp_features *ret_set,
			struct isahp_error *err);

/**
 * isahp_names_complete - add what a set rests on
 * @set: what somebody says a host has.
 *
 * A host that has AVX2 has AVX: saying the one says the other.
 */
struct isahp_features isahp_names_complete(const struct isahp_features *set);

/** isahp_names_to_json - an array of flag names; NULL when out of memory */
json_t *isahp_names_to_json(const struct isahp_features *set);

/**
 * isahp_names_from_json - the inverse; also takes a string for _parse()
 * @json: array of strings, or a string.
 * @ret_set: the features.
 * @err: says what is wrong.
 *
 * Return: 0 or -EINVAL.
 */
int isahp_names_from_json(const json_t *json, struct isahp_features *ret_set,
			    struct isahp_error *err);

/**
 * isahp_names_from_words - QEMU's `feature-words` property of a CPU
 * @words: array of {cpuid-input-eax, cpuid-input-ecx, cpuid-register, features}.
 * @ret_set: the features of our table that QEMU's words show.
 *
 * Return: 0, or -EPROTO when it does not have that form.
 */
int isahp_names_from_words(const json_t *words, struct isahp_features *ret_set);

/**
 * isahp_names_xcr0_from_words - XSAVE components that QEMU's words show
 * @words: as above.
 *
 * Return: a mask as XCR0; 3 where there is no XSAVE.
 */
__u64 isahp_names_xcr0_from_words(const json_t *words);

/**
 * isahp_names_format - flag names, separated by commas
 * @set: any set.
 * @text: receives them, cut with "..." where they do not fit.
 * @size: of @text, at least 8.
 */
void isahp_names_format(const struct isahp_features *set, char *text,
			  size_t size);

/** isahp_vendor_name - intel, amd, hygon, zhaoxin, unknown */
const char *isahp_vendor_name(__u32 vendor);

/** isahp_vendor_cpuid - as CPUID leaf 0 spells it; "" where it is unknown */
const char *isahp_vendor_cpuid(__u32 vendor);

/**
 * isahp_vendor_find - the inverse
 * @name: as above, or as CPUID leaf 0 spells it (GenuineIntel ...).
 *
 * Return: enum isahp_vendor, or -ENOENT.
 */
int isahp_vendor_find(const char *name);

#endif /* ISAHP_SHIM_NAMES_H */
