/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What import.c has of the files that know one format each.
 *
 * A reader gets text that it may change and a profile that it adds to; its error
 * begins with the line. It returns 0, -EINVAL (with an error), -E2BIG for more
 * leaves or registers than there can be, or -ENOMEM.
 */
#ifndef ISAHP_SHIM_IMPORT_FORMATS_H
#define ISAHP_SHIM_IMPORT_FORMATS_H

#include "profile.h"

int isahp_cpuid_raw_read(char *text, struct isahp_profile *profile,
			 struct isahp_error *err);
int isahp_cpuinfo_read(char *text, struct isahp_profile *profile,
		       struct isahp_error *err);
int isahp_libvirt_xml_read(char *text, struct isahp_profile *profile,
			   struct isahp_error *err);
int isahp_qemu_json_read(const json_t *json, struct isahp_profile *profile,
			 struct isahp_error *err);
int isahp_xen_featureset_read(char *text, struct isahp_profile *profile,
			      struct isahp_error *err);

/**
 * isahp_import_bad - say what is wrong
 * @line: its number, or 0.
 * @near: foreign text that is shown, or NULL.
 *
 * Return: -EINVAL.
 */
int isahp_import_bad(struct isahp_error *err, size_t line, const char *near,
		     const char *what);

/** isahp_import_not - note what can not be placed; 0, -E2BIG, -ENOMEM */
int isahp_import_not(struct isahp_profile *profile, const char *what, size_t len);

/**
 * isahp_import_agree - keep what two CPUs of a host have in common
 * @profile: of the one; what differs or is not told of the other becomes unknown.
 * @other: the other.
 */
void isahp_import_agree(struct isahp_profile *profile,
			const struct isahp_profile *other);

/** isahp_import_vendor - CPUID leaf 0 by its string, of 12 bytes; -EINVAL: no such */
int isahp_import_vendor(struct isahp_profile *profile, const char *vendor);

/**
 * isahp_import_signature - CPUID leaf 1's EAX
 *
 * Only the bits that these numbers come from become known.
 *
 * Return: as isahp_profile_set(), or -EINVAL for what no CPU can say.
 */
int isahp_import_signature(struct isahp_profile *profile,
			   const struct isahp_signature *signature);

/** isahp_import_physical - bits of a physical address; as isahp_profile_set() */
int isahp_import_physical(struct isahp_profile *profile, unsigned int bits);

#endif /* ISAHP_SHIM_IMPORT_FORMATS_H */
