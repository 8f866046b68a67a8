/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls and the record slot, over any transport. */
#ifndef ISAHP_KMOD_CHANNEL_H
#define ISAHP_KMOD_CHANNEL_H

#include <linux/wait.h>
#include "transport.h"

/**
 * struct isahp_channel - the guest's end of one attachment
 * @transport: what carries it.
 * @wait: where the guest's thread sleeps; see isahp_channel_rung().
 * @rung: bit per vector (ISAHP_VECTOR_*) that rang and was not looked at, and
 *	ISAHP_CHANNEL_KICK.
 * @token: of the last request.
 * @request: being sent. This and @reply are the thread's own: too large for a
 *	stack that already carries a slot.
 * @reply: last one read.
 */
struct isahp_channel {
	struct isahp_transport *transport;
	wait_queue_head_t wait;
	unsigned long rung;
	u64 token;
	struct isahp_request request;
	struct isahp_reply reply;
};

/* A bit of @rung beside the vectors: something happened inside this guest. */
#define ISAHP_CHANNEL_KICK 31
/* Another: this guest has moved. Ends a hypercall that waits for an answer. */
#define ISAHP_CHANNEL_MOVED 30

/**
 * isahp_channel_init - prepare a channel for use
 * @channel: to be initialised, no transport yet.
 */
void isahp_channel_init(struct isahp_channel *channel);

/**
 * isahp_channel_rung - the thread should look at something
 * @channel: initialised.
 * @bit: ISAHP_VECTOR_RECORD, ISAHP_VECTOR_REPLY, ISAHP_CHANNEL_KICK or
 *	ISAHP_CHANNEL_MOVED.
 *
 * Context: any, hard interrupt included.
 */
void isahp_channel_rung(struct isahp_channel *channel, int bit);

/**
 * isahp_channel_forget - the other side may remember requests of a future that
 *	did not happen
 * @channel: initialised. Tokens go on from somewhere else.
 */
void isahp_channel_forget(struct isahp_channel *channel);

/**
 * isahp_channel_present - is there a shim at the other end?
 * @channel: with a transport.
 * @ret_min: the lowest and
 * @ret_max: the highest protocol version it speaks. Untouched on failure.
 *
 * Return: 0; -ENODEV: nobody has written the host page yet; -ENXIO: what lies
 * there is no host page.
 */
int isahp_channel_present(struct isahp_channel *channel, u16 *ret_min,
			  u16 *ret_max);

/**
 * isahp_channel_record - copy the record in force
 * @channel: with a transport.
 * @ret_record: receives it; CRC right, everything else to be checked.
 * @ret_count: receives the slot's sequence count: a repeated record differs
 *	from an old one by it.
 *
 * Return: 0, -EAGAIN or -EBADMSG as isahp_slot_read().
 */
int isahp_channel_record(struct isahp_channel *channel,
			 struct isahp_record *ret_record, u32 *ret_count);

/**
 * isahp_channel_call - one hypercall
 * @channel: with a transport.
 * @number: enum isahp_hypercall.
 * @args: its arguments,
 * @args_size: their bytes, at most ISAHP_ARGS_SIZE.
 * @ret_result: receives the result, zero-filled where the host knows less, on
 *	failure too when the host answered. May be NULL.
 * @result_size: bytes of @ret_result.
 *
 * Rings again every 100 ms, for a second in all.
 *
 * Context: the guest's thread; sleeps.
 *
 * Return: the host's status, 0 or a negative errno; -ETIMEDOUT: no answer;
 * -EINTR: this guest has moved meanwhile, look at that first;
 * -EBADMSG: an answer that makes no sense.
 */
int isahp_channel_call(struct isahp_channel *channel, u32 number,
		       const void *args, size_t args_size, void *ret_result,
		       size_t result_size);

#endif /* ISAHP_KMOD_CHANNEL_H */
