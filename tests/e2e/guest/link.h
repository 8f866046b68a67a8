/* SPDX-License-Identifier: MIT */
/*
 * A reliable line of frames between the guest's agent and the lab on the host.
 *
 * The serial line below it loses and tears bytes whenever the VM moves: what
 * the guest sends comes out of the source's QEMU up to some byte and of the
 * destination's from there on, and what the host sent to the source may never
 * arrive. So frames are numbered, checked and kept until acknowledged. One
 * frame is one line:
 *
 *	@SESSION SEQ ACK PAYLOAD #CRC\n
 *
 * SESSION  8 hex digits, chosen by the host; a frame of another session is
 *	    ignored, except that "reset" begins its session.
 * SEQ      number of the frame in its direction, from 1; 0: not numbered, a
 *	    word between the links: "boot", "reset", "ack", "resend".
 * ACK      last frame that the sender has received in order.
 * PAYLOAD  bytes, with control characters and the backslash as \xHH.
 * CRC      CRC-32 (the one of zlib) of all from the @ to the blank before #,
 *	    8 hex digits.
 *
 * The receiver takes frames in order only, and drops the others: the sender
 * sends again all that is not acknowledged when the receiver says "resend", or
 * when no acknowledgement has come for a second.
 */
#ifndef LAB_LINK_H
#define LAB_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_SESSION_SIZE 8
#define LINK_PAYLOAD_MAX 16384
#define LINK_LINE_MAX (4 * LINK_PAYLOAD_MAX + 128)
/* Unacknowledged bytes beyond which link_is_full() says to wait. */
#define LINK_WINDOW_BYTES 32768

struct link_frame;

/**
 * struct link - one end of the line
 * @fd: the serial line, raw, blocking for writes.
 * @session: of the host, as text; all zeros before the first reset.
 * @tx_last: number of the last frame sent, @rx_last: received in order.
 * @head: and
 * @tail: frames sent and not acknowledged, oldest first.
 * @kept_bytes: size of these.
 * @asked: a "resend" is on its way; no other until something arrives in order.
 * @owes_ack: frames have arrived since the last frame was sent.
 * @progress_ns: CLOCK_MONOTONIC time of the last acknowledgement.
 * @line: what has come of the line being received.
 * @line_len: its length; LINK_LINE_MAX: too long, skip to its end.
 * @on_reset: called when the host begins a session.
 * @on_frame: called for each frame's payload, in order, once.
 */
struct link {
	int fd;
	char session[LINK_SESSION_SIZE + 1];
	uint64_t tx_last;
	uint64_t rx_last;
	struct link_frame *head;
	struct link_frame *tail;
	size_t kept_bytes;
	bool asked;
	bool owes_ack;
	uint64_t progress_ns;
	char line[LINK_LINE_MAX];
	size_t line_len;
	void (*on_reset)(struct link *link);
	void (*on_frame)(struct link *link, char *payload, size_t len);
};

/** link_init - take over a serial line that is raw already, and say "boot" */
void link_init(struct link *link, int fd);

/**
 * link_send - send a frame, once and in order, whatever the line does
 * @payload: @len bytes, at most LINK_PAYLOAD_MAX; copied.
 *
 * May block as long as the line does. -EMSGSIZE, -ENOMEM.
 */
int link_send(struct link *link, const void *payload, size_t len);

/** link_sendf - link_send() of a formatted text shorter than 256 bytes */
int link_sendf(struct link *link, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * link_receive - read what has come and hand the frames on
 *
 * 0, or a negative errno when the line is gone.
 */
int link_receive(struct link *link);

/** link_is_full - too much is unacknowledged: do not link_send() data now */
bool link_is_full(const struct link *link);

/**
 * link_tick - send again what has waited for a second
 *
 * Return: how long poll() may wait before the next call, in ms; -1: for ever.
 */
int link_tick(struct link *link);

#endif
