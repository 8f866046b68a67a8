/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's side of the protocol: one thread that looks at the host's record,
 * lets isa-core decide what it does to the state, and acts on it.
 */
#ifndef ISAHP_KMOD_GUEST_H
#define ISAHP_KMOD_GUEST_H

#include <isahp/abi.h>
#include <isahp/features.h>

struct isahp_transport;

/**
 * isahp_guest_init - start out detached: present is what CPUID shows
 */
void isahp_guest_init(void);

/**
 * isahp_guest_attach - a device was found
 * @transport: stays valid until isahp_guest_detach().
 *
 * Starts the thread, which registers once a shim is at the other end.
 *
 * Return: 0; -EBUSY: there is one already; -ENODEV: it is not isahp's;
 * -ENOMEM, -EINTR: no thread.
 */
int isahp_guest_attach(struct isahp_transport *transport);

/**
 * isahp_guest_detach - the device goes
 * @transport: as attached.
 *
 * Tells the host, waits for the thread. The state stays as it was.
 */
void isahp_guest_detach(struct isahp_transport *transport);

/**
 * isahp_guest_rung - the transport was interrupted
 * @vector: ISAHP_VECTOR_RECORD or ISAHP_VECTOR_REPLY.
 *
 * Context: any, hard interrupt included.
 */
void isahp_guest_rung(int vector);

/**
 * isahp_guest_kick - an answer came in: look at them
 *
 * Context: any.
 */
void isahp_guest_kick(void);

/**
 * isahp_guest_moved - look whether this guest has moved
 *
 * Context: sleeps.
 */
void isahp_guest_moved(void);

/** isahp_guest_transport - name of the transport in use, "none" without one */
const char *isahp_guest_transport(void);

#endif /* ISAHP_KMOD_GUEST_H */
