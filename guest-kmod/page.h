/* SPDX-License-Identifier: GPL-2.0-only */
/* The state page that processes map. */
#ifndef ISAHP_KMOD_PAGE_H
#define ISAHP_KMOD_PAGE_H

#include <linux/mm_types.h>
#include <isahp/uapi.h>

/**
 * isahp_page_init - allocate the page
 *
 * Return: 0 or -ENOMEM.
 */
int isahp_page_init(void);
void isahp_page_exit(void);

/**
 * isahp_page_write - publish a state
 * @state: what is in force; size, type and missed do not go to the page.
 *
 * Context: serialised by the caller (isahp_roll_lock).
 */
void isahp_page_write(const struct isahp_event *state);

/**
 * isahp_page_map - map the page into a process, for reading only and for good
 * @vma: one page at offset 0.
 *
 * Return: 0; -EINVAL: another size or offset; -EPERM: writable or executable.
 */
int isahp_page_map(struct vm_area_struct *vma);

#endif /* ISAHP_KMOD_PAGE_H */
