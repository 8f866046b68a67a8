/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel symbols that are not exported: asked for by name, here and nowhere else. */
#ifndef ISAHP_KMOD_SYMBOLS_H
#define ISAHP_KMOD_SYMBOLS_H

/**
 * isahp_symbol_lookup - address of a kernel symbol
 * @name: as in /proc/kallsyms.
 *
 * What is found is somebody else's and unversioned: the caller checks it before
 * use, and comes up without the capability where it is not what is known.
 *
 * Context: sleeps.
 *
 * Return: the address; NULL: there is none, or this kernel does not tell.
 */
void *isahp_symbol_lookup(const char *name);

/**
 * isahp_symbol_lookup_only - address of a symbol that no other shares its name with
 * @name: as in /proc/kallsyms; one of the kernel itself, static perhaps.
 *
 * Needs kallsyms_on_each_match_symbol(), which is there from 6.2 on, and for
 * data CONFIG_KALLSYMS_ALL.
 *
 * Context: sleeps.
 *
 * Return: the address; NULL: there is none, or more than one, or this kernel
 * does not tell.
 */
void *isahp_symbol_lookup_only(const char *name);

#endif /* ISAHP_KMOD_SYMBOLS_H */
