/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that is attached, and the thread that looks through it for this
 * guest: when it runs, and what wakes it. What it sees there is guest.h's.
 */
#ifndef ISAHP_KMOD_ATTACHMENT_H
#define ISAHP_KMOD_ATTACHMENT_H

struct isahp_transport;

/**
 * isahp_attachment_init - start out with none
 *
 * Context: sleeps.
 */
void isahp_attachment_init(void);

/**
 * isahp_attachment_begin - a device was found
 * @transport: stays valid until isahp_attachment_end().
 *
 * Starts the thread.
 *
 * Context: sleeps.
 *
 * Return: 0; -EBUSY: there is one already; -ENODEV: it is not isahp's;
 * -ENOMEM, -EINTR: no thread.
 */
int isahp_attachment_begin(struct isahp_transport *transport);

/**
 * isahp_attachment_end - the device goes
 * @transport: as attached.
 *
 * The thread tells the host, and is waited for.
 *
 * Context: sleeps.
 */
void isahp_attachment_end(struct isahp_transport *transport);

/**
 * isahp_attachment_rung - the transport was interrupted
 * @vector: ISAHP_VECTOR_RECORD or ISAHP_VECTOR_REPLY.
 *
 * Context: any, hard interrupt included.
 */
void isahp_attachment_rung(int vector);

/**
 * isahp_attachment_kick - an answer came in: have it looked at
 *
 * Context: any.
 */
void isahp_attachment_kick(void);

/**
 * isahp_attachment_moved - look whether this guest has moved
 *
 * The thread judges what is found; without a device it is judged here.
 *
 * Context: sleeps.
 */
void isahp_attachment_moved(void);

/** isahp_attachment_transport - name of the transport, "none" without a device */
const char *isahp_attachment_transport(void);

#endif /* ISAHP_KMOD_ATTACHMENT_H */
