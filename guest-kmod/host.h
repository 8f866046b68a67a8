/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shim at the other end: whether it is there, knows this guest, and has
 * heard its last answer. All for the guest's thread alone.
 */
#ifndef ISAHP_KMOD_HOST_H
#define ISAHP_KMOD_HOST_H

#include "channel.h"

/**
 * struct isahp_host - what is known of the other end
 * @channel: to it.
 * @registered: it knows this guest.
 * @introduced: it may, by a call whose answer was not heard or does not count.
 * @epoch: of that registration.
 * @armed_epoch: for which interrupts were last set up.
 * @register_err: what it last said instead, and was logged.
 * @moved: it has not heard yet that this guest moved unannounced.
 * @told_pinned: what it was last told this kernel can not lose.
 * @pinned_ns: when it was last looked whether that is still so.
 * @incompatible: versions that were complained of, highest << 16 | lowest, and
 *	bit 32 to tell that from nothing.
 * @owed: it has not confirmed @answer.
 * @owed_from_ns: when to send that again.
 * @answer: the last one.
 */
struct isahp_host {
	struct isahp_channel channel;
	bool registered;
	bool introduced;
	u8 epoch[ISAHP_EPOCH_SIZE];
	u8 armed_epoch[ISAHP_EPOCH_SIZE];
	int register_err;
	bool moved;
	struct isahp_features told_pinned;
	u64 pinned_ns;
	u64 incompatible;
	bool owed;
	u64 owed_from_ns;
	struct isahp_acknowledge_args answer;
};

/**
 * isahp_host_init - once
 * @host: zeroed.
 */
void isahp_host_init(struct isahp_host *host);

/**
 * isahp_host_reset - another device: nothing is known of what is behind it
 * @host: initialised.
 * @transport: to it.
 */
void isahp_host_reset(struct isahp_host *host, struct isahp_transport *transport);

/**
 * isahp_host_there - is a shim there that knows this guest?
 * @host: with a transport.
 *
 * Registers with one that does not. Whatever keeps it from that is logged once.
 */
bool isahp_host_there(struct isahp_host *host);

/**
 * isahp_host_follow - a record of an epoch came into force
 * @host: with a transport.
 * @epoch: of the record. Unless it came with the registration, the other end is
 *	a new one: interrupts are set up again, and this guest registers.
 */
void isahp_host_follow(struct isahp_host *host, const u8 *epoch);

/**
 * isahp_host_forget - this guest has moved, or was put back to an earlier moment
 * @host: initialised. Whatever was said to it or by it does not count: the next
 *	look registers, and says so.
 */
void isahp_host_forget(struct isahp_host *host);

/**
 * isahp_host_tell_pinned - register again if other features are pinned now
 * @host: with a transport. Looks no more than twice a second.
 */
void isahp_host_tell_pinned(struct isahp_host *host);

/**
 * isahp_host_ahead - registered in an epoch of which no record is in force yet
 * @host: initialised.
 * @epoch: of the record in force.
 */
bool isahp_host_ahead(const struct isahp_host *host, const u8 *epoch);

/**
 * isahp_host_report - a line for the host's log
 * @host: with a transport.
 * @kind: enum isahp_report_kind.
 * @value: depends on @kind.
 * @text: printable.
 *
 * No more than an attempt: this guest's log has it too.
 *
 * Return: 0; -EAGAIN: nobody has heard it who knows this guest, say it again
 * later; else it was lost, or refused for good.
 */
int isahp_host_report(struct isahp_host *host, u32 kind, u64 value,
		      const char *text);

/**
 * isahp_host_answer - acknowledge a record
 * @host: with a transport.
 * @answer: copied, and owed until the host has confirmed it.
 */
void isahp_host_answer(struct isahp_host *host,
		       const struct isahp_acknowledge_args *answer);

/**
 * isahp_host_answer_again - the host asks for the last answer once more
 * @host: with a transport.
 */
void isahp_host_answer_again(struct isahp_host *host);

/**
 * isahp_host_forget_answer - it is about a record that is not in force now
 * @host: initialised.
 */
void isahp_host_forget_answer(struct isahp_host *host);

/**
 * isahp_host_send_owed - send what is owed, if it is time
 * @host: with a transport.
 */
void isahp_host_send_owed(struct isahp_host *host);

/**
 * isahp_host_leave - goodbye
 * @host: with a transport.
 */
void isahp_host_leave(struct isahp_host *host);

#endif /* ISAHP_KMOD_HOST_H */
