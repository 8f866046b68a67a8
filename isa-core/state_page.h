/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The state page of <isahp/uapi.h>, from both ends: the guest's kernel and the
 * loopback write it, processes read it.
 */
#ifndef ISAHP_CORE_STATE_PAGE_H
#define ISAHP_CORE_STATE_PAGE_H

#include "env.h"
#include <isahp/uapi.h>

/**
 * isahp_state_page_init - make a zeroed page a state page
 * @page: not yet mapped by anybody else.
 */
void isahp_state_page_init(struct isahp_state_page *page);

/**
 * isahp_state_page_check - is this a page that this code can read?
 * @page: mapped, ISAHP_PAGE_SIZE bytes.
 *
 * Return: 0, or -EPROTO: no state page, or one of an older version than 1.
 */
int isahp_state_page_check(const struct isahp_state_page *page);

/**
 * isahp_state_page_write - publish a state
 * @page: initialised; the caller serialises writers.
 * @state: what is in force. Its size, type and missed do not go to the page.
 *
 * Context: any.
 */
void isahp_state_page_write(struct isahp_state_page *page,
			    const struct isahp_event *state);

/**
 * isahp_state_page_read - what is in force
 * @page: checked.
 * @ret_state: receives it; type and missed are zero. Untouched on failure.
 *
 * Return: 0; -EAGAIN: the writer was at it each time that was looked.
 */
int isahp_state_page_read(const struct isahp_state_page *page,
			  struct isahp_event *ret_state);

#endif /* ISAHP_CORE_STATE_PAGE_H */
