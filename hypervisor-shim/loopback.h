/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loopback: a "guest" that is this machine's own processes.
 *
 * isahpd plays the guest kernel: it applies its own records to a struct
 * isahp_state and serves uapi.h's messages over a SOCK_SEQPACKET socket. Every
 * client is untrusted: a packet is received whole, checked and answered, the
 * queue towards a client is bounded, and none can hold up another.
 */
#ifndef ISAHP_SHIM_LOOPBACK_H
#define ISAHP_SHIM_LOOPBACK_H

#include <isa-core/state.h>
#include <isahp/uapi.h>
#include <sys/types.h>
#include <uv.h>

#include "vm.h"

#define ISAHP_LOOPBACK_REGISTRANTS_MAX 1024

/* Results that a client may leave unread before it is dropped. */
#define ISAHP_LOOPBACK_RESULTS_MAX 8

struct isahp_loopback;
struct isahp_watch;

/**
 * struct isahp_registrant - one connection, and the process behind it
 * @next: in @loopback->registrants.
 * @loopback: whose it is.
 * @fd: the connection; -1 once it is closed.
 * @pid: process that registered, or 0.
 * @watch: tells when @pid has ended, or NULL.
 * @comm: its name.
 * @registered: told of changes, and asked to acknowledge.
 * @untracked: it closed the connection and runs on.
 * @lingering: the connection is closed; whether the process ends will show.
 * @pending: its acknowledgement of the PREPARE in force is outstanding.
 * @vetoed: it answered NAK; still @pending.
 * @page_sent: it has the state page.
 * @interest: features that concern it.
 * @event: newest one that was not sent.
 * @have_event: there is one.
 * @missed: events that @event has overtaken.
 * @results: statuses not sent yet, oldest first.
 * @result_count: of them.
 * @poll: on @fd.
 * @linger: grace period.
 * @closing: handles that are not closed yet.
 */
struct isahp_registrant {
	struct isahp_registrant *next;
	struct isahp_loopback *loopback;
	int fd;
	pid_t pid;
	struct isahp_watch *watch;
	char comm[ISAHP_COMM_SIZE];
	bool registered;
	bool untracked;
	bool lingering;
	bool pending;
	bool vetoed;
	bool page_sent;
	struct isahp_features interest;
	struct isahp_event event;
	bool have_event;
	__u32 missed;
	int results[ISAHP_LOOPBACK_RESULTS_MAX];
	unsigned int result_count;
	uv_poll_t poll;
	uv_timer_t linger;
	unsigned int closing;
};

/**
 * struct isahp_loopback - the stand-in for a guest's kernel
 * @vm: the VM; NULL once it is removed and handles are closing.
 * @listen_fd: where clients connect.
 * @listen_poll: on it.
 * @deadline: of the PREPARE in force.
 * @page_fd: memfd of the state page, sealed against other writers.
 * @page: our mapping of it.
 * @state: what the "kernel" believes.
 * @flags: ISAHP_STATE_F_* in force.
 * @event_number: of the state in force.
 * @deadline_ns: CLOCK_MONOTONIC, or 0.
 * @first_seen_ns: when the record in force was applied.
 * @concerned: registrants that the PREPARE in force asked.
 * @veto_told: the host knows that one of them vetoed.
 * @registrants: list, also of the untracked.
 * @count: its length.
 * @limit: for log lines that clients cause.
 * @closing: handles and registrants that are not gone yet.
 */
struct isahp_loopback {
	struct isahp_vm *vm;
	int listen_fd;
	uv_poll_t listen_poll;
	uv_timer_t deadline;
	int page_fd;
	struct isahp_state_page *page;
	struct isahp_state state;
	__u32 flags;
	__u64 event_number;
	__u64 deadline_ns;
	__u64 first_seen_ns;
	unsigned int concerned;
	bool veto_told;
	struct isahp_registrant *registrants;
	unsigned int count;
	struct isahp_log_limit limit;
	unsigned int closing;
};

/* --- registrant.c ---------------------------------------------------------- */

/**
 * isahp_registrant_accept - take over a new connection
 * @lo: the loopback.
 * @fd: connected socket; closed here in any case.
 */
void isahp_registrant_accept(struct isahp_loopback *lo, int fd);

/** isahp_registrant_tell - make the state in force its newest event */
void isahp_registrant_tell(struct isahp_registrant *r);

/** isahp_registrant_drop - close the connection, and forget the process */
void isahp_registrant_drop(struct isahp_registrant *r);

/**
 * isahp_registrant_packet - handle one packet
 * @r: from whom.
 * @data: the packet,
 * @size: its bytes.
 * @pid: its sender by SCM_CREDENTIALS, 0 when not known.
 *
 * Return: status for an ISAHP_MSG_RESULT.
 */
int isahp_registrant_packet(struct isahp_registrant *r, const void *data,
			    size_t size, pid_t pid);

/* --- loopback.c ------------------------------------------------------------ */

/** isahp_loopback_event - the state in force as an event */
struct isahp_event isahp_loopback_event(const struct isahp_loopback *lo);

/**
 * isahp_loopback_reconsider - a registrant's acknowledgement, or its being asked
 * for one, has changed: answer the host when that settles the PREPARE in force.
 */
void isahp_loopback_reconsider(struct isahp_loopback *lo);

/** isahp_loopback_concerns - does the PREPARE in force ask this interest */
bool isahp_loopback_concerns(const struct isahp_loopback *lo,
			     const struct isahp_features *interest);

/** isahp_loopback_put - one handle or registrant less; frees on the last */
void isahp_loopback_put(struct isahp_loopback *lo);

#endif /* ISAHP_SHIM_LOOPBACK_H */
