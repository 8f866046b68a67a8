/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the ways to reach a shim.
 *
 * A transport maps the two pages of <isahp/abi.h>, says when something may have
 * changed (isahp_channel_rung()) and carries a ring to the host. All else, the
 * protocol above all, is the same for every one of them.
 */
#ifndef ISAHP_KMOD_TRANSPORT_H
#define ISAHP_KMOD_TRANSPORT_H

#include <isahp/abi.h>

struct isahp_transport;

/**
 * struct isahp_transport_ops - one way to reach a shim
 * @name: for sysfs and the log.
 * @ring: tell the host that the request slot changed. Any context.
 * @rearm: the host side is another one: set up again whatever it needs to
 *	interrupt this guest. May sleep; called by the guest's thread alone.
 */
struct isahp_transport_ops {
	const char *name;
	void (*ring)(struct isahp_transport *transport);
	void (*rearm)(struct isahp_transport *transport);
};

/**
 * struct isahp_transport - one device, embedded in its driver's data
 * @ops: of its kind.
 * @host_page: shared memory that the host writes: hostile, only for
 *	isahp_slot_read() and single loads.
 * @guest_page: shared memory that only this guest writes.
 */
struct isahp_transport {
	const struct isahp_transport_ops *ops;
	const struct isahp_host_page *host_page;
	struct isahp_guest_page *guest_page;
};

int isahp_ivshmem_register(void);
void isahp_ivshmem_unregister(void);

#endif /* ISAHP_KMOD_TRANSPORT_H */
