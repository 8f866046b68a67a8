/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles from what operators have: files of other programs.
 *
 * What a source does not tell stays unknown. A flag that /proc/cpuinfo or libvirt
 * does not list is unknown, too: a kernel hides flags, and has not heard of newer
 * ones. Names and words that this program can not place are kept in the profile's
 * document as "not-imported".
 */
#ifndef ISAHP_SHIM_IMPORT_H
#define ISAHP_SHIM_IMPORT_H

#include "profile.h"

/* /proc/cpuinfo of a thousand CPUs has 2 MiB, their `cpuid -r` 8 MiB. */
#define ISAHP_IMPORT_MAX (32 * 1024 * 1024)

/** enum isahp_import_format - what a file may be */
enum isahp_import_format {
	ISAHP_IMPORT_AUTO,	/* find out */
	ISAHP_IMPORT_PROFILE,	/* the project's own */
	ISAHP_IMPORT_CPUID,	/* cpuid -r */
	ISAHP_IMPORT_CPUINFO,	/* /proc/cpuinfo */
	ISAHP_IMPORT_LIBVIRT,	/* virsh capabilities, domcapabilities, <cpu> */
	ISAHP_IMPORT_QEMU,	/* query-cpu-model-expansion's answer */
	ISAHP_IMPORT_XEN,	/* a featureset; xl info's hw_caps */
};

/** isahp_import_format_name - auto, profile, cpuid, cpuinfo, libvirt, qemu, xen */
const char *isahp_import_format_name(enum isahp_import_format format);

/** isahp_import_format_find - the inverse; -ENOENT */
int isahp_import_format_find(const char *name);

/**
 * isahp_import - make a profile of what a file holds
 * @data: hostile.
 * @size: of @data.
 * @format: what it is.
 * @name: the host's name, where the file has none of its own.
 * @ret_profile: to be freed; untouched on failure.
 * @err: names @name, the line or path, and what is wrong there.
 *
 * Where a file tells of several CPUs, what they differ in becomes unknown.
 *
 * Return: 0, -EINVAL, or -ENOMEM.
 */
int isahp_import(const char *data, size_t size, enum isahp_import_format format,
		 const char *name, struct isahp_profile *ret_profile,
		 struct isahp_error *err);

/**
 * isahp_import_file - read a file
 * @path: of it; "-" is standard input.
 * @format: what it is.
 * @name: the host's name; NULL: the file's own, without folder and ending.
 * @ret_profile: to be freed; untouched on failure.
 * @err: says what is wrong.
 *
 * A profile of Intel's that a 32-bit program took is refused: it misses SYSCALL.
 *
 * Return: as isahp_import(), or the negative errno of reading it.
 */
int isahp_import_file(const char *path, enum isahp_import_format format,
		      const char *name, struct isahp_profile *ret_profile,
		      struct isahp_error *err);

#endif /* ISAHP_SHIM_IMPORT_H */
