/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The interface between the guest kernel (or a loopback shim that stands in
 * for it) and the processes that follow ISA events.
 *
 * A process opens /dev/isahp, registers the features it is interested in, maps
 * the state page read-only, and then reads events. To an event with leaving
 * features that meet its interest it answers with an acknowledgement, once no
 * thread of it is inside code that uses them and none will enter it.
 *
 * A registrant is one (open file, mm). Calls on the file from another mm fail
 * with -ESTALE, so a fork's child must open again. The end of the mm counts as
 * an acknowledgement; closing the file while the mm lives on, without
 * ISAHP_IOC_UNREGISTER, makes the process untracked.
 *
 * State is level-triggered here too: the state page holds the truth, an event
 * says that it changed. A reader that was slow gets one event for the newest
 * state and the number of those it missed.
 *
 * The loopback carries the same structures as messages over a SOCK_SEQPACKET
 * Unix socket: see struct isahp_message.
 *
 * Growth: as in abi.h. `size` fields say how much of a structure the caller
 * knows; what it does not know it neither gets nor sets.
 */
#ifndef ISAHP_UAPI_H
#define ISAHP_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <isahp/abi.h>

#define ISAHP_UAPI_VERSION 1
#define ISAHP_DEVICE_PATH "/dev/isahp"
#define ISAHP_STATE_MAGIC 0x5453555048415349ULL /* "ISAHPUST" in memory order */

/**
 * enum isahp_phase - where the guest stands
 * @ISAHP_PHASE_DETACHED: no shim has spoken yet; `present` is what CPUID shows.
 *	Or ISAHP_STATE_F_UNPLANNED, and none has spoken since.
 * @ISAHP_PHASE_STEADY: nothing is leaving.
 * @ISAHP_PHASE_LEAVING: `leaving` is being drained.
 * @ISAHP_PHASE_QUIESCED: acknowledged; COMMIT or ABORT has not come yet. Treat
 *	`leaving` as absent.
 */
enum isahp_phase {
	ISAHP_PHASE_DETACHED = 0,
	ISAHP_PHASE_STEADY = 1,
	ISAHP_PHASE_LEAVING = 2,
	ISAHP_PHASE_QUIESCED = 3,
};

/* The host has said nothing for too long after an acknowledgement. */
#define ISAHP_STATE_F_HOST_SILENT (1u << 0)
/* CPUID shows the baseline only: `usable` is the word to go by. */
#define ISAHP_STATE_F_MASKED (1u << 1)
/* The deadline passed with laggards: the host was told NAK. */
#define ISAHP_STATE_F_REFUSED (1u << 2)
/*
 * The guest has moved and nobody said so before: what is missing in `usable` is
 * missing already. Whoever is inside such code has trapped, or is about to.
 */
#define ISAHP_STATE_F_UNPLANNED (1u << 3)
/*
 * In events alone, not in the page: since its last event a thread of this very
 * process has executed an instruction of a feature that has gone. The kernel
 * finishes such instructions, or not, as ISAHP_IOC_UNDEFINED says; either way
 * some code does not follow the events. Once for each process and feature.
 */
#define ISAHP_STATE_F_UNDEFINED (1u << 4)

/**
 * struct isahp_state_page - the page that a registrant maps
 * @magic: ISAHP_STATE_MAGIC.
 * @version: ISAHP_UAPI_VERSION of the writer.
 * @size: bytes of this structure that the writer knows.
 * @seqcount: odd while the kernel writes; read with acquire before and after,
 *	as a seqlock. The kernel is the only writer.
 * @flags: ISAHP_STATE_F_*.
 * @epoch: of the host's record in force; zero while detached.
 * @sequence: of the host's record in force; zero while detached.
 * @event: local number of this state, 1 more than the one before.
 * @deadline_ns: CLOCK_MONOTONIC time until which the leaving features should be
 *	drained; 0 when nothing is leaving.
 * @phase: enum isahp_phase.
 * @vendor: enum isahp_vendor.
 * @present: features that exist.
 * @leaving: those of them that must not be entered any more.
 * @usable: @present without @leaving and without what lost a dependency by it:
 *	what a new call may use.
 */
struct isahp_state_page {
	__u64 magic;
	__u32 version;
	__u32 size;
	__u32 seqcount;
	__u32 flags;
	__u8 epoch[ISAHP_EPOCH_SIZE];
	__u64 sequence;
	__u64 event;
	__u64 deadline_ns;
	__u32 phase;
	__u32 vendor;
	struct isahp_features present;
	struct isahp_features leaving;
	struct isahp_features usable;
};

/**
 * struct isahp_event - what read() returns
 * @size: bytes of this structure that were written.
 * @type: enum isahp_record_type of the record behind the event.
 * @flags: ISAHP_STATE_F_*.
 * @missed: events since the one read before this, that were overtaken.
 * @epoch: what an acknowledgement of this event must name.
 * @sequence: what an acknowledgement of this event must name.
 * @event: local number, as in the state page.
 * @deadline_ns: as in the state page.
 * @phase: enum isahp_phase.
 * @vendor: enum isahp_vendor.
 * @present: as in the state page.
 * @leaving: as in the state page.
 * @usable: as in the state page.
 *
 * The file is readable (poll: EPOLLIN) while there is a state that the file has
 * not read and that changed something the registrant is interested in.
 * read() with a buffer smaller than ISAHP_EVENT_SIZE_MIN: -EINVAL; nothing to
 * read and O_NONBLOCK: -EAGAIN; not registered: -ENOTCONN; another mm: -ESTALE.
 */
struct isahp_event {
	__u32 size;
	__u32 type;
	__u32 flags;
	__u32 missed;
	__u8 epoch[ISAHP_EPOCH_SIZE];
	__u64 sequence;
	__u64 event;
	__u64 deadline_ns;
	__u32 phase;
	__u32 vendor;
	struct isahp_features present;
	struct isahp_features leaving;
	struct isahp_features usable;
};

#define ISAHP_EVENT_SIZE_MIN 160u

/**
 * struct isahp_register - argument of ISAHP_IOC_REGISTER
 * @size: sizeof(struct isahp_register) as the caller knows it.
 * @flags: zero.
 * @interest: features whose coming and going concerns the caller. A later call
 *	replaces it. Empty: told of everything, asked for nothing.
 *
 * Registers the calling mm through this file. The next read() returns the
 * present state, whatever it is.
 * -EINVAL: size or flags; -EBUSY: the file belongs to an mm that is alive and
 * is not the caller's; -EMFILE: too many registrations by this user.
 */
struct isahp_register {
	__u32 size;
	__u32 flags;
	struct isahp_features interest;
};

/**
 * struct isahp_ack - argument of ISAHP_IOC_ACK
 * @size: sizeof(struct isahp_ack) as the caller knows it.
 * @verdict: enum isahp_verdict; a NAK is a veto and may be followed by an ACK.
 * @epoch: copied from the event that is answered.
 * @sequence: copied from the event that is answered.
 *
 * -ESTALE: called from another mm, or a newer event is in force (read it and
 * answer that one); -ENOTCONN: not registered; -EINVAL: size or verdict.
 * Acknowledging an event that asked for nothing succeeds and does nothing.
 */
struct isahp_ack {
	__u32 size;
	__u32 verdict;
	__u8 epoch[ISAHP_EPOCH_SIZE];
	__u64 sequence;
};

/**
 * struct isahp_info - argument of ISAHP_IOC_INFO
 * @size: sizeof(struct isahp_info) as the caller knows it.
 * @version: ISAHP_UAPI_VERSION of the kernel.
 * @registrants: processes registered.
 * @untracked: processes that closed while running on.
 * @pending: registrants whose acknowledgement is outstanding.
 * @reserved: zero.
 */
struct isahp_info {
	__u32 size;
	__u32 version;
	__u32 registrants;
	__u32 untracked;
	__u32 pending;
	__u32 reserved;
};

/**
 * enum isahp_undefined_policy - what becomes of an instruction whose feature has
 * gone, where the kernel knows how to finish it
 * @ISAHP_UNDEFINED_DEFAULT: what the cgroup or else the guest says.
 * @ISAHP_UNDEFINED_EMULATE: it is finished.
 * @ISAHP_UNDEFINED_WARN: it is finished, and the log says so for as long as it
 *	goes on.
 * @ISAHP_UNDEFINED_SIGNAL: SIGILL, as from a kernel that knows nothing of isahp.
 */
enum isahp_undefined_policy {
	ISAHP_UNDEFINED_DEFAULT = 0,
	ISAHP_UNDEFINED_EMULATE = 1,
	ISAHP_UNDEFINED_WARN = 2,
	ISAHP_UNDEFINED_SIGNAL = 3,
};

/**
 * struct isahp_undefined - argument of ISAHP_IOC_UNDEFINED
 * @size: sizeof(struct isahp_undefined) as the caller knows it.
 * @policy: enum isahp_undefined_policy, for the calling process until it ends or
 *	executes another program; not for its children. It need not be registered.
 *
 * -EINVAL: size or policy; -ENOMEM.
 */
struct isahp_undefined {
	__u32 size;
	__u32 policy;
};

#define ISAHP_IOC_TYPE 0xb5
#define ISAHP_IOC_REGISTER _IOW(ISAHP_IOC_TYPE, 1, struct isahp_register)
#define ISAHP_IOC_ACK _IOW(ISAHP_IOC_TYPE, 2, struct isahp_ack)
/* Leave in order: the caller uses none of its interest any more. No argument. */
#define ISAHP_IOC_UNREGISTER _IO(ISAHP_IOC_TYPE, 3)
#define ISAHP_IOC_INFO _IOWR(ISAHP_IOC_TYPE, 4, struct isahp_info)
#define ISAHP_IOC_UNDEFINED _IOW(ISAHP_IOC_TYPE, 5, struct isahp_undefined)

/* --- loopback ------------------------------------------------------------ */

/**
 * enum isahp_message_type - messages of the loopback
 * @ISAHP_MSG_REGISTER: client -> shim, carries reg. Answered by ISAHP_MSG_RESULT,
 *	the first one with the state page's file descriptor (SCM_RIGHTS; sealed
 *	against writing and resizing).
 * @ISAHP_MSG_ACK: client -> shim, carries ack. Answered by ISAHP_MSG_RESULT.
 * @ISAHP_MSG_UNREGISTER: client -> shim. Answered by ISAHP_MSG_RESULT.
 * @ISAHP_MSG_RESULT: shim -> client, carries status.
 * @ISAHP_MSG_EVENT: shim -> client, carries event.
 */
enum isahp_message_type {
	ISAHP_MSG_REGISTER = 1,
	ISAHP_MSG_ACK = 2,
	ISAHP_MSG_UNREGISTER = 3,
	ISAHP_MSG_RESULT = 4,
	ISAHP_MSG_EVENT = 5,
};

/**
 * struct isahp_message - one packet of the loopback
 * @type: enum isahp_message_type.
 * @status: of ISAHP_MSG_RESULT: 0 or a negative errno; else zero.
 * @reg: for ISAHP_MSG_REGISTER.
 * @ack: for ISAHP_MSG_ACK.
 * @event: for ISAHP_MSG_EVENT.
 *
 * A packet may be as short as its type needs: ISAHP_MESSAGE_HEADER and the member. The
 * shim identifies the sender of each packet by its credentials: the process
 * that registered, or -ESTALE.
 */
struct isahp_message {
	__u32 type;
	__s32 status;
	union {
		struct isahp_register reg;
		struct isahp_ack ack;
		struct isahp_event event;
	};
};

#define ISAHP_MESSAGE_HEADER 8u
#define ISAHP_LOOPBACK_PATH "/run/isahp/loopback.sock"

ISAHP_ABI_AT(isahp_state_page, magic, 0);
ISAHP_ABI_AT(isahp_state_page, version, 8);
ISAHP_ABI_AT(isahp_state_page, size, 12);
ISAHP_ABI_AT(isahp_state_page, seqcount, 16);
ISAHP_ABI_AT(isahp_state_page, flags, 20);
ISAHP_ABI_AT(isahp_state_page, epoch, 24);
ISAHP_ABI_AT(isahp_state_page, sequence, 40);
ISAHP_ABI_AT(isahp_state_page, event, 48);
ISAHP_ABI_AT(isahp_state_page, deadline_ns, 56);
ISAHP_ABI_AT(isahp_state_page, phase, 64);
ISAHP_ABI_AT(isahp_state_page, vendor, 68);
ISAHP_ABI_AT(isahp_state_page, present, 72);
ISAHP_ABI_AT(isahp_state_page, leaving, 104);
ISAHP_ABI_AT(isahp_state_page, usable, 136);
ISAHP_ABI_SIZE(isahp_state_page, 168);
ISAHP_ABI_AT(isahp_event, size, 0);
ISAHP_ABI_AT(isahp_event, type, 4);
ISAHP_ABI_AT(isahp_event, flags, 8);
ISAHP_ABI_AT(isahp_event, missed, 12);
ISAHP_ABI_AT(isahp_event, epoch, 16);
ISAHP_ABI_AT(isahp_event, sequence, 32);
ISAHP_ABI_AT(isahp_event, event, 40);
ISAHP_ABI_AT(isahp_event, deadline_ns, 48);
ISAHP_ABI_AT(isahp_event, phase, 56);
ISAHP_ABI_AT(isahp_event, vendor, 60);
ISAHP_ABI_AT(isahp_event, present, 64);
ISAHP_ABI_AT(isahp_event, leaving, 96);
ISAHP_ABI_AT(isahp_event, usable, 128);
ISAHP_ABI_SIZE(isahp_event, ISAHP_EVENT_SIZE_MIN);
ISAHP_ABI_AT(isahp_register, interest, 8);
ISAHP_ABI_SIZE(isahp_register, 40);
ISAHP_ABI_AT(isahp_ack, verdict, 4);
ISAHP_ABI_AT(isahp_ack, epoch, 8);
ISAHP_ABI_AT(isahp_ack, sequence, 24);
ISAHP_ABI_SIZE(isahp_ack, 32);
ISAHP_ABI_SIZE(isahp_info, 24);
ISAHP_ABI_AT(isahp_undefined, policy, 4);
ISAHP_ABI_SIZE(isahp_undefined, 8);
ISAHP_ABI_AT(isahp_message, status, 4);
ISAHP_ABI_AT(isahp_message, event, ISAHP_MESSAGE_HEADER);
ISAHP_ABI_SIZE(isahp_message, 168);

#endif /* ISAHP_UAPI_H */
