/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's side of the protocol: looks at the host's record, lets isa-core
 * decide what it does to the state, and acts on it.
 *
 * It looks when it is told to, and by itself knows no thread and no lock: of
 * these functions one runs at a time. attachment.c sees to that.
 */
#ifndef ISAHP_KMOD_GUEST_H
#define ISAHP_KMOD_GUEST_H

#include <linux/types.h>

struct isahp_host;

/**
 * isahp_guest_init - start out detached: present is what CPUID shows
 * @host: initialised; the other end, whenever there is one.
 *
 * Context: sleeps.
 */
void isahp_guest_init(struct isahp_host *host);

/**
 * isahp_guest_look - look at everything, and do what there is to do
 * @rung: the host has rung for its record since the last look.
 *
 * Registers once a shim is at the other end.
 *
 * Context: sleeps, for a hypercall's answer also; the host has a transport.
 */
void isahp_guest_look(bool rung);

/**
 * isahp_guest_look_alone - the same where there is no device
 *
 * All that can happen is a move, and no shim will explain it.
 *
 * Context: sleeps.
 */
void isahp_guest_look_alone(void);

/**
 * isahp_guest_look_again_ns - when to look again if nobody rings
 *
 * Return: how long from now, in nanoseconds.
 */
u64 isahp_guest_look_again_ns(void);

/**
 * isahp_guest_leave - the device goes: tell the host
 *
 * The state stays as it was.
 *
 * Context: as isahp_guest_look().
 */
void isahp_guest_leave(void);

#endif /* ISAHP_KMOD_GUEST_H */
