/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The channel between a hypervisor shim (host) and a guest kernel.
 *
 * Two pages are shared. The host writes the first and only reads the second;
 * the guest writes the second and only reads the first. Each side treats the
 * other's page as hostile: it copies a slot once into private memory, checks
 * it there, and never looks at the page again for the same decision.
 *
 *	page 0  struct isahp_host_page   written by the host
 *	page 1  struct isahp_guest_page  written by the guest
 *	rest    reserved, zero
 *
 * State is level-triggered. The record slot of page 0 always holds the whole
 * truth about which features are present and which are leaving; an interrupt
 * only says "look now", and losing one costs a poll period, nothing else.
 *
 * Slots. What one side tells the other lies in a slot: a header followed by a
 * payload. The writer makes `seqcount` odd, writes header and payload, makes
 * `seqcount` even again. The reader reads `seqcount`, copies, reads `seqcount`
 * again, and believes the copy only when both were the same even number and
 * the payload's CRC is right. The CRC is not an ornament: a live migration
 * copies this memory while the host writes it from outside the VM, so the
 * destination can wake up over half a slot whose count looks settled.
 *
 * Epochs. One attachment of a guest to a shim has a random 128-bit epoch; the
 * records within it are numbered from 1 by `sequence`. An acknowledgement
 * counts only for the epoch and sequence it names. A guest that has moved on
 * to another epoch never believes a record of the old one again.
 *
 * Records:
 *
 *	ANNOUNCE  `present` is what the guest may use; nothing is leaving. Sent at
 *		  attachment and when features arrive.
 *	PREPARE   `present` is still all there, but `leaving` must not be entered
 *		  any more and is to be drained until `deadline_ns` has passed.
 *		  A newer PREPARE supersedes a pending one.
 *	COMMIT    the change that was prepared has happened, here or on another
 *		  host: `present` is what there is now.
 *	ABORT     the change will not happen: `present` is as it was before the
 *		  PREPARE. Valid in the epoch of that PREPARE only.
 *
 * Hypercalls. What the guest asks of the host is a numbered call, put into the
 * request slot of page 1 and answered in the reply slot of page 0. There is at
 * most one outstanding; `token` pairs question and answer. A guest without an
 * answer rings again; a host that sees a token for the second time answers
 * again with the same reply, and does not do the work again.
 *
 * Growth. Nothing here ever moves. A structure grows at its end; the slot
 * header's `size` says how much of it the writer knows. A reader takes what it
 * knows and treats what is missing as zero. Reserved fields are zero when
 * written and ignored when read, so that they can get a meaning later; a
 * meaning that an older peer must not overlook takes a new version instead.
 *
 * All fields are little-endian; nothing is padded implicitly.
 */
#ifndef ISAHP_ABI_H
#define ISAHP_ABI_H

#include <linux/types.h>
#include <isahp/features.h>

/* The versions this header describes. A peer that shares none is refused. */
#define ISAHP_ABI_VERSION_MIN 1
#define ISAHP_ABI_VERSION 1

#define ISAHP_HOST_MAGIC  0x5453485048415349ULL /* "ISAHPHST" in memory order */
#define ISAHP_GUEST_MAGIC 0x5453475048415349ULL /* "ISAHPGST" */

#define ISAHP_PAGE_SIZE 4096u
#define ISAHP_HOST_PAGE 0u	/* byte offsets into the shared memory */
#define ISAHP_GUEST_PAGE 4096u
#define ISAHP_SHM_SIZE 16384u	/* a power of two, as PCI wants a BAR to be */

/* Peers and vectors of the ivshmem transport. */
#define ISAHP_PEER_GUEST 0	/* must be 0: QEMU's `master=on` */
#define ISAHP_PEER_HOST 1
#define ISAHP_VECTOR_RECORD 0	/* host -> guest: the record slot changed */
#define ISAHP_VECTOR_REPLY 1	/* host -> guest: the reply slot changed */
#define ISAHP_VECTOR_REQUEST 0	/* guest -> host: the request slot changed */
#define ISAHP_VECTORS 2

#define ISAHP_EPOCH_SIZE 16
#define ISAHP_COMM_SIZE 16	/* TASK_COMM_LEN */
#define ISAHP_LAGGARDS_LISTED 16

/** enum isahp_vendor - who made the physical CPU, whatever CPUID pretends */
enum isahp_vendor {
	ISAHP_VENDOR_UNKNOWN = 0,
	ISAHP_VENDOR_INTEL = 1,
	ISAHP_VENDOR_AMD = 2,
	ISAHP_VENDOR_HYGON = 3,
	ISAHP_VENDOR_ZHAOXIN = 4,
};

/**
 * struct isahp_slot - header of everything that crosses a page
 * @seqcount: odd while the writer is at work. Written with release, read with
 *	acquire; the payload's plain accesses lie between the two.
 * @size: bytes of the payload that the writer wrote.
 * @crc: CRC-32C (Castagnoli, as SSE4.2's CRC32 computes it, inverted in and
 *	out) over @size bytes of payload.
 * @reserved: zero.
 */
struct isahp_slot {
	__le32 seqcount;
	__le32 size;
	__le32 crc;
	__le32 reserved;
};

enum isahp_record_type {
	ISAHP_RECORD_ANNOUNCE = 1,
	ISAHP_RECORD_PREPARE = 2,
	ISAHP_RECORD_COMMIT = 3,
	ISAHP_RECORD_ABORT = 4,
};

/* The guest's CPUID shows the baseline only; `present` holds more than that. */
#define ISAHP_RECORD_F_MASKED (1u << 0)

/**
 * struct isahp_record - the host's word on features
 * @type: enum isahp_record_type.
 * @flags: ISAHP_RECORD_F_*.
 * @epoch: identity of the attachment.
 * @sequence: number of the record within the epoch, from 1.
 * @deadline_ns: PREPARE only: how long the guest may take to acknowledge, in
 *	nanoseconds of its own monotonic clock, from the moment it first sees
 *	the record. At least ISAHP_DEADLINE_MIN_NS.
 * @vendor: enum isahp_vendor of the CPU under the guest.
 * @vendor_next: PREPARE only: that of the CPU the guest is about to move to;
 *	equal to @vendor when it stays or the vendor is the same.
 * @present: features that exist for this guest.
 * @leaving: subset of @present that must be drained. Empty except in PREPARE.
 */
struct isahp_record {
	__le32 type;
	__le32 flags;
	__u8 epoch[ISAHP_EPOCH_SIZE];
	__le64 sequence;
	__le64 deadline_ns;
	__le32 vendor;
	__le32 vendor_next;
	struct isahp_features present;
	struct isahp_features leaving;
};

/*
 * The guest's poll periods: between its acknowledgement and the COMMIT or ABORT
 * that must follow, and otherwise. A deadline is at least two of the latter.
 */
#define ISAHP_POLL_BUSY_NS (20ULL * 1000 * 1000)
#define ISAHP_POLL_IDLE_NS (1000ULL * 1000 * 1000)
#define ISAHP_DEADLINE_MIN_NS (2 * ISAHP_POLL_BUSY_NS)
#define ISAHP_DEADLINE_MAX_NS (600ULL * 1000 * 1000 * 1000)

/**
 * enum isahp_hypercall - what the guest can ask
 *
 * Each has arguments struct isahp_<name>_args and a result struct
 * isahp_<name>_result (none where there is none). Errors are negative Linux
 * errno values; every call may also return -EBADMSG (slot or argument size
 * wrong), -EPROTO (not registered) and -ENOSYS (number unknown to this host).
 */
enum isahp_hypercall {
	/*
	 * Announce this kernel: what it is built on and which protocol it
	 * speaks. Repeated after every epoch change and allowed at any time.
	 * -EPROTONOSUPPORT: no common version; the result still names the host's.
	 */
	ISAHP_HC_REGISTER = 1,
	/* Ask for the record in force and the pool's limits around it. */
	ISAHP_HC_QUERY = 2,
	/*
	 * Answer a PREPARE, COMMIT, ABORT or ANNOUNCE. A NAK may be followed by
	 * an ACK of the same sequence while the PREPARE is pending.
	 * -ESTALE: another epoch or sequence is in force.
	 */
	ISAHP_HC_ACKNOWLEDGE = 3,
	/* Tell the host something it should log. */
	ISAHP_HC_REPORT = 4,
	/* The module is going away: whatever it knew counts as untracked. */
	ISAHP_HC_UNREGISTER = 5,
};

/*
 * This guest found that it was moved, or put back to an earlier moment, and
 * nobody told it: whatever it answered before does not count. A host that had
 * this guest registered in the present epoch begins a new one.
 */
#define ISAHP_REGISTER_F_MOVED (1u << 0)

/* XSAVES or XSAVEC is in use: the kernel's own images are compacted. */
#define ISAHP_XSAVE_F_COMPACTED (1u << 0)

#define ISAHP_XSAVE_COMPONENTS 16

/**
 * struct isahp_xsave_component - where one component lies in an XSAVE image
 * @number: bit number in XCR0, from 2.
 * @offset: bytes from the beginning of the standard-format image.
 * @size: bytes.
 * @flags: as ECX of CPUID leaf 0Dh: bit 0, of IA32_XSS; bit 1, aligned to 64
 *	bytes when compacted.
 *
 * EAX, EBX, ECX of CPUID leaf 0Dh, subleaf @number (SDM vol. 1, 13.2). Images in
 * the standard format are in signal frames and in debuggers' and checkpoints'
 * hands, and are not the same on all CPUs: an AMD CPU that has PKU but no MPX
 * puts PKRU elsewhere than an Intel CPU.
 */
struct isahp_xsave_component {
	__le32 number;
	__le32 offset;
	__le32 size;
	__le32 flags;
};

/**
 * struct isahp_register_args - who is calling
 * @version_min: lowest protocol version the guest speaks.
 * @version: highest protocol version the guest speaks.
 * @flags: ISAHP_REGISTER_F_*.
 * @boot_vendor: enum isahp_vendor this kernel was booted on.
 * @xcr0: live XCR0.
 * @xsave_size: bytes of the standard-format XSAVE image for @xcr0.
 * @cpus: online CPUs.
 * @pinned: features this kernel can not lose, as of now: a kernel module that
 *	is loaded later may add some, and the guest registers again then.
 * @visible: features that the guest's CPUID shows right now.
 * @release: utsname release, NUL-terminated.
 * @xsave_flags: ISAHP_XSAVE_F_*. This and all that follows was added later: a
 *	guest that sends ISAHP_REGISTER_SIZE_MIN bytes does not say.
 * @components: entries of @component in use, at most ISAHP_XSAVE_COMPONENTS.
 * @component: those of @xcr0 behind the legacy area, by ascending number.
 */
struct isahp_register_args {
	__le16 version_min;
	__le16 version;
	__le32 flags;
	__le32 boot_vendor;
	__le32 cpus;
	__le64 xcr0;
	__le32 xsave_size;
	__le32 reserved;
	struct isahp_features pinned;
	struct isahp_features visible;
	char release[64];
	__le32 xsave_flags;
	__le32 components;
	struct isahp_xsave_component component[ISAHP_XSAVE_COMPONENTS];
};

/* What the first guests of protocol version 1 sent. */
#define ISAHP_REGISTER_SIZE_MIN 160

/**
 * struct isahp_register_result - what the host made of it
 * @version_min: the host's lowest version.
 * @version: on success the one both will speak, on -EPROTONOSUPPORT the host's
 *	highest.
 * @flags: zero.
 * @epoch: of this attachment.
 */
struct isahp_register_result {
	__le16 version_min;
	__le16 version;
	__le32 flags;
	__u8 epoch[ISAHP_EPOCH_SIZE];
};

/**
 * struct isahp_query_args - nothing to say yet
 * @flags: zero.
 * @reserved: zero.
 */
struct isahp_query_args {
	__le32 flags;
	__le32 reserved;
};

/**
 * struct isahp_query_result - the state in force
 * @record: as in the record slot.
 * @baseline: features that every host of the pool has.
 * @envelope: features that may come and go in this guest's life.
 */
struct isahp_query_result {
	struct isahp_record record;
	struct isahp_features baseline;
	struct isahp_features envelope;
};

enum isahp_verdict {
	ISAHP_ACK = 0,
	ISAHP_NAK = 1,
};

enum isahp_nak_reason {
	ISAHP_NAK_NONE = 0,
	ISAHP_NAK_DEADLINE = 1,	/* laggards were left at the deadline */
	ISAHP_NAK_VETO = 2,	/* a registrant refused */
	ISAHP_NAK_PINNED = 3,	/* the kernel itself needs a leaving feature */
	ISAHP_NAK_VDSO = 4,	/* the system call entry could not be changed */
};

/**
 * struct isahp_laggard - a process that has not acknowledged
 * @pid: in the guest's initial PID namespace; 0: code of its kernel.
 * @reason: enum isahp_nak_reason: _DEADLINE or _VETO.
 * @comm: its name, NUL-padded.
 */
struct isahp_laggard {
	__le32 pid;
	__le32 reason;
	char comm[ISAHP_COMM_SIZE];
};

/**
 * struct isahp_acknowledge_args - the guest's answer to one record
 * @epoch: of the record that is answered.
 * @sequence: of the record that is answered.
 * @verdict: enum isahp_verdict.
 * @reason: enum isahp_nak_reason.
 * @registrants: processes registered.
 * @concerned: those of them whose interest met the leaving features.
 * @laggards: concerned ones that did not acknowledge, or vetoed.
 * @untracked: processes that closed their registration while running on.
 * @elapsed_ns: from first sight of the record to the verdict.
 * @listed: entries of @laggard in use, at most ISAHP_LAGGARDS_LISTED.
 * @reserved: zero.
 * @laggard: the first of them.
 */
struct isahp_acknowledge_args {
	__u8 epoch[ISAHP_EPOCH_SIZE];
	__le64 sequence;
	__le32 verdict;
	__le32 reason;
	__le32 registrants;
	__le32 concerned;
	__le32 laggards;
	__le32 untracked;
	__le64 elapsed_ns;
	__le32 listed;
	__le32 reserved;
	struct isahp_laggard laggard[ISAHP_LAGGARDS_LISTED];
};

enum isahp_report_kind {
	/* Nothing came after an acknowledgement; the guest stays reduced. */
	ISAHP_REPORT_HOST_SILENT = 1,
	/* The host spoke again after that. */
	ISAHP_REPORT_HOST_BACK = 2,
	/* A record was refused; @value is its sequence. */
	ISAHP_REPORT_BAD_RECORD = 3,
	/* A process that was not told executed an instruction of a feature that
	 * has gone; @value is the feature's number, @text "PID COMM FLAG". */
	ISAHP_REPORT_UNDEFINED = 4,
	/*
	 * The guest found itself moved and had not been told; @value says by
	 * what (ISAHP_MOVED_*), the text what it lost.
	 */
	ISAHP_REPORT_MOVED = 5,
};

/* What showed a guest that it had moved. */
#define ISAHP_MOVED_FEATURES (1u << 0)	/* CPUID shows other features */
#define ISAHP_MOVED_VENDOR (1u << 1)	/* ... another vendor */
#define ISAHP_MOVED_CPU (1u << 2)	/* ... another model or hypervisor */
#define ISAHP_MOVED_GENERATION (1u << 3) /* the VM generation ID changed */

#define ISAHP_REPORT_TEXT_SIZE 112

/**
 * struct isahp_report_args - one line for the host's log
 * @kind: enum isahp_report_kind.
 * @flags: zero.
 * @value: depends on @kind.
 * @text: for people, NUL-terminated, printable ASCII.
 */
struct isahp_report_args {
	__le32 kind;
	__le32 flags;
	__le64 value;
	char text[ISAHP_REPORT_TEXT_SIZE];
};

/**
 * struct isahp_unregister_args - goodbye
 * @reason: zero.
 * @reserved: zero.
 */
struct isahp_unregister_args {
	__le32 reason;
	__le32 reserved;
};

#define ISAHP_ARGS_SIZE 960
#define ISAHP_RESULT_SIZE 960

/**
 * struct isahp_request - payload of the request slot
 * @token: chosen by the guest, different from the one before.
 * @number: enum isahp_hypercall.
 * @size: bytes of @args in use.
 * @args: the call's arguments.
 */
struct isahp_request {
	__le64 token;
	__le32 number;
	__le32 size;
	__u8 args[ISAHP_ARGS_SIZE];
};

/**
 * struct isahp_reply - payload of the reply slot
 * @token: of the request that is answered.
 * @status: 0 or a negative errno, two's complement.
 * @size: bytes of @result in use.
 * @result: the call's result.
 */
struct isahp_reply {
	__le64 token;
	__le32 status;
	__le32 size;
	__u8 result[ISAHP_RESULT_SIZE];
};

/**
 * struct isahp_host_page - page 0, written by the host alone
 * @magic: ISAHP_HOST_MAGIC; written last when the page is made anew.
 * @version_min: lowest protocol version the host speaks.
 * @version: highest protocol version the host speaks.
 * @flags: zero.
 * @record_slot: header of @record.
 * @record: the record in force.
 * @reply_slot: header of @reply.
 * @reply: answer to the last hypercall.
 *
 * The guest reads @magic with acquire, then the rest; barrier partner: the
 * host's release store of @magic.
 */
struct isahp_host_page {
	__le64 magic;
	__le16 version_min;
	__le16 version;
	__le32 flags;
	__u8 reserved0[48];
	struct isahp_slot record_slot;		/* 64 */
	struct isahp_record record;		/* 80 */
	__u8 reserved1[832];			/* room for the record to grow */
	struct isahp_slot reply_slot;		/* 1024 */
	struct isahp_reply reply;		/* 1040 */
	__u8 reserved2[2080];
};

/**
 * struct isahp_guest_page - page 1, written by the guest alone
 * @magic: ISAHP_GUEST_MAGIC while a module is attached, else 0.
 * @flags: zero.
 * @request_slot: header of @request.
 * @request: the outstanding hypercall.
 */
struct isahp_guest_page {
	__le64 magic;
	__le32 flags;
	__u8 reserved0[52];
	struct isahp_slot request_slot;		/* 64 */
	struct isahp_request request;		/* 80 */
	__u8 reserved1[3040];
};

#if defined(__cplusplus)
#define ISAHP_ABI_ASSERT(e) static_assert(e, #e)
#else
#define ISAHP_ABI_ASSERT(e) _Static_assert(e, #e)
#endif
#define ISAHP_ABI_AT(type, field, offset) \
	ISAHP_ABI_ASSERT(__builtin_offsetof(struct type, field) == (offset))
#define ISAHP_ABI_SIZE(type, size) ISAHP_ABI_ASSERT(sizeof(struct type) == (size))

ISAHP_ABI_SIZE(isahp_features, 32);
ISAHP_ABI_SIZE(isahp_slot, 16);
ISAHP_ABI_AT(isahp_slot, seqcount, 0);
ISAHP_ABI_AT(isahp_slot, size, 4);
ISAHP_ABI_AT(isahp_slot, crc, 8);
ISAHP_ABI_AT(isahp_record, type, 0);
ISAHP_ABI_AT(isahp_record, flags, 4);
ISAHP_ABI_AT(isahp_record, epoch, 8);
ISAHP_ABI_AT(isahp_record, sequence, 24);
ISAHP_ABI_AT(isahp_record, deadline_ns, 32);
ISAHP_ABI_AT(isahp_record, vendor, 40);
ISAHP_ABI_AT(isahp_record, vendor_next, 44);
ISAHP_ABI_AT(isahp_record, present, 48);
ISAHP_ABI_AT(isahp_record, leaving, 80);
ISAHP_ABI_SIZE(isahp_record, 112);
ISAHP_ABI_AT(isahp_register_args, version_min, 0);
ISAHP_ABI_AT(isahp_register_args, version, 2);
ISAHP_ABI_AT(isahp_register_args, flags, 4);
ISAHP_ABI_AT(isahp_register_args, boot_vendor, 8);
ISAHP_ABI_AT(isahp_register_args, cpus, 12);
ISAHP_ABI_AT(isahp_register_args, xcr0, 16);
ISAHP_ABI_AT(isahp_register_args, xsave_size, 24);
ISAHP_ABI_AT(isahp_register_args, pinned, 32);
ISAHP_ABI_AT(isahp_register_args, visible, 64);
ISAHP_ABI_AT(isahp_register_args, release, 96);
ISAHP_ABI_AT(isahp_register_args, xsave_flags, ISAHP_REGISTER_SIZE_MIN);
ISAHP_ABI_AT(isahp_register_args, components, 164);
ISAHP_ABI_AT(isahp_register_args, component, 168);
ISAHP_ABI_SIZE(isahp_register_args, 424);
ISAHP_ABI_AT(isahp_xsave_component, number, 0);
ISAHP_ABI_AT(isahp_xsave_component, offset, 4);
ISAHP_ABI_AT(isahp_xsave_component, size, 8);
ISAHP_ABI_AT(isahp_xsave_component, flags, 12);
ISAHP_ABI_SIZE(isahp_xsave_component, 16);
ISAHP_ABI_AT(isahp_register_result, version_min, 0);
ISAHP_ABI_AT(isahp_register_result, version, 2);
ISAHP_ABI_AT(isahp_register_result, flags, 4);
ISAHP_ABI_AT(isahp_register_result, epoch, 8);
ISAHP_ABI_SIZE(isahp_register_result, 24);
ISAHP_ABI_SIZE(isahp_query_args, 8);
ISAHP_ABI_AT(isahp_query_result, record, 0);
ISAHP_ABI_AT(isahp_query_result, baseline, 112);
ISAHP_ABI_AT(isahp_query_result, envelope, 144);
ISAHP_ABI_SIZE(isahp_query_result, 176);
ISAHP_ABI_AT(isahp_laggard, pid, 0);
ISAHP_ABI_AT(isahp_laggard, reason, 4);
ISAHP_ABI_AT(isahp_laggard, comm, 8);
ISAHP_ABI_SIZE(isahp_laggard, 24);
ISAHP_ABI_AT(isahp_acknowledge_args, epoch, 0);
ISAHP_ABI_AT(isahp_acknowledge_args, sequence, 16);
ISAHP_ABI_AT(isahp_acknowledge_args, verdict, 24);
ISAHP_ABI_AT(isahp_acknowledge_args, reason, 28);
ISAHP_ABI_AT(isahp_acknowledge_args, registrants, 32);
ISAHP_ABI_AT(isahp_acknowledge_args, concerned, 36);
ISAHP_ABI_AT(isahp_acknowledge_args, laggards, 40);
ISAHP_ABI_AT(isahp_acknowledge_args, untracked, 44);
ISAHP_ABI_AT(isahp_acknowledge_args, elapsed_ns, 48);
ISAHP_ABI_AT(isahp_acknowledge_args, listed, 56);
ISAHP_ABI_AT(isahp_acknowledge_args, laggard, 64);
ISAHP_ABI_SIZE(isahp_acknowledge_args, 448);
ISAHP_ABI_AT(isahp_report_args, kind, 0);
ISAHP_ABI_AT(isahp_report_args, flags, 4);
ISAHP_ABI_AT(isahp_report_args, value, 8);
ISAHP_ABI_AT(isahp_report_args, text, 16);
ISAHP_ABI_SIZE(isahp_report_args, 128);
ISAHP_ABI_SIZE(isahp_unregister_args, 8);
ISAHP_ABI_AT(isahp_request, token, 0);
ISAHP_ABI_AT(isahp_request, number, 8);
ISAHP_ABI_AT(isahp_request, size, 12);
ISAHP_ABI_AT(isahp_request, args, 16);
ISAHP_ABI_SIZE(isahp_request, 976);
ISAHP_ABI_AT(isahp_reply, token, 0);
ISAHP_ABI_AT(isahp_reply, status, 8);
ISAHP_ABI_AT(isahp_reply, size, 12);
ISAHP_ABI_AT(isahp_reply, result, 16);
ISAHP_ABI_SIZE(isahp_reply, 976);
ISAHP_ABI_AT(isahp_host_page, magic, 0);
ISAHP_ABI_AT(isahp_host_page, version_min, 8);
ISAHP_ABI_AT(isahp_host_page, version, 10);
ISAHP_ABI_AT(isahp_host_page, flags, 12);
ISAHP_ABI_AT(isahp_host_page, record_slot, 64);
ISAHP_ABI_AT(isahp_host_page, record, 80);
ISAHP_ABI_AT(isahp_host_page, reply_slot, 1024);
ISAHP_ABI_AT(isahp_host_page, reply, 1040);
ISAHP_ABI_SIZE(isahp_host_page, ISAHP_PAGE_SIZE);
ISAHP_ABI_AT(isahp_guest_page, magic, 0);
ISAHP_ABI_AT(isahp_guest_page, flags, 8);
ISAHP_ABI_AT(isahp_guest_page, request_slot, 64);
ISAHP_ABI_AT(isahp_guest_page, request, 80);
ISAHP_ABI_SIZE(isahp_guest_page, ISAHP_PAGE_SIZE);
ISAHP_ABI_ASSERT(sizeof(struct isahp_register_args) <= ISAHP_ARGS_SIZE);
ISAHP_ABI_ASSERT(sizeof(struct isahp_acknowledge_args) <= ISAHP_ARGS_SIZE);
ISAHP_ABI_ASSERT(sizeof(struct isahp_query_result) <= ISAHP_RESULT_SIZE);

#endif /* ISAHP_ABI_H */
