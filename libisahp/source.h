/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the library hears of events: the kernel's device or a loopback shim.
 * Both show a state page and say when it changed; only the dispatching thread
 * uses a connection.
 */
#ifndef ISAHP_SOURCE_H
#define ISAHP_SOURCE_H

#include <isahp/uapi.h>
#include "library.h"

struct isahp_source_ops;

/**
 * struct isahp_source_link - one connection
 * @ops: of its kind; NULL: not connected.
 * @fd: readable when there is something to receive.
 * @page: the state page, mapped read-only.
 * @newest: newest event received; @size is 0 while there is none.
 */
struct isahp_source_link {
	const struct isahp_source_ops *ops;
	int fd;
	const struct isahp_state_page *page;
	struct isahp_event newest;
};

/**
 * struct isahp_source_ops - a kind of source
 * @kind: enum isahp_source.
 * @open: connect to @path, register @interest, map the page.
 * @receive: take in all that has come, without waiting, into @newest.
 * @interest: register another interest.
 * @acknowledge: answer an event. -ESTALE: a newer one is in force.
 * @unregister: leave in order.
 *
 * All return 0 or a negative errno; any but -ESTALE ends the connection.
 */
struct isahp_source_ops {
	uint32_t kind;
	int (*open)(struct isahp_source_link *link, const char *path,
		    const struct isahp_features *interest);
	int (*receive)(struct isahp_source_link *link);
	int (*interest)(struct isahp_source_link *link,
			const struct isahp_features *interest);
	int (*acknowledge)(struct isahp_source_link *link,
			   const struct isahp_ack *ack);
	int (*unregister)(struct isahp_source_link *link);
};

extern const struct isahp_source_ops isahp_source_device;
extern const struct isahp_source_ops isahp_source_loopback;

/**
 * isahp_source_map - map the state page
 * @link: gets @page.
 * @fd: to map from, offset 0.
 *
 * -EPROTO: not a state page, or not one that this version understands.
 */
int isahp_source_map(struct isahp_source_link *link, int fd);

/**
 * isahp_source_newest - what is in force
 * @link: connected.
 * @ret_event: from the page or received, whichever is newer.
 *
 * -EAGAIN: the page is being written all the time and nothing was received.
 */
int isahp_source_newest(const struct isahp_source_link *link,
			struct isahp_event *ret_event);

/**
 * isahp_source_answer - acknowledge or veto
 * @link: connected.
 * @event: what is answered.
 * @verdict: enum isahp_verdict.
 *
 * As @acknowledge; counts.
 */
int isahp_source_answer(struct isahp_source_link *link,
			const struct isahp_event *event, uint32_t verdict);

/**
 * isahp_source_usable - what of it this process may execute
 * @link: connected.
 * @set: features that the source says are usable.
 * @flags: ISAHP_STATE_F_*.
 *
 * A guest that is not masked may have been moved: CPUID is asked each time. The
 * loopback's processes run on this machine's CPU whatever the shim says.
 */
struct isahp_features isahp_source_usable(const struct isahp_source_link *link,
					  const struct isahp_features *set,
					  uint32_t flags);

/** isahp_source_close - drop the connection, without a word to the other end */
void isahp_source_close(struct isahp_source_link *link);

#endif /* ISAHP_SOURCE_H */
