/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM as the shim knows it. What is in here is private memory and is the
 * truth; what lies on shared pages is a copy of it that others can spoil.
 *
 * Everything runs on one thread, the event loop's.
 */
#ifndef ISAHP_SHIM_VM_H
#define ISAHP_SHIM_VM_H

#include <isahp/abi.h>
#include <isahp/uapi.h>
#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#include "policy/error.h"
#include "log.h"
#include "policy/record.h"
#include "policy/rules.h"

#define ISAHP_VM_NAME_SIZE 49
#define ISAHP_VMS_MAX 1024

struct isahp_vm;
struct isahp_job;
struct isahp_qmp;

/**
 * struct isahp_transport_ops - how a VM's records travel
 * @kind: its name, as `vm add` and `vm show` spell it.
 * @no_state: the guest carries no XSAVE image and moves nowhere.
 * @start: make what the other side connects to. Sets @vm->transport. On
 *	failure fills @err and leaves nothing behind.
 * @stop: take it all down; @vm must not be touched after return.
 * @publish: show @vm->record, which has just changed.
 * @rewrite: write everything anew, as if the other side knew nothing. May be
 *	NULL.
 * @ring: tell the guest to look. May be NULL.
 * @poll: look whether the guest has asked for something. May be NULL.
 * @describe: add what is particular to @show, for `vm show`.
 */
struct isahp_transport_ops {
	const char *kind;
	bool no_state;
	int (*start)(struct isahp_vm *vm, struct isahp_error *err);
	void (*stop)(struct isahp_vm *vm);
	void (*publish)(struct isahp_vm *vm);
	void (*rewrite)(struct isahp_vm *vm);
	void (*ring)(struct isahp_vm *vm);
	void (*poll)(struct isahp_vm *vm);
	void (*describe)(struct isahp_vm *vm, json_t *show);
};

extern const struct isahp_transport_ops isahp_ivshmem_ops;
extern const struct isahp_transport_ops isahp_loopback_ops;

/** enum isahp_run_state - what QEMU says the VM does */
enum isahp_run_state {
	ISAHP_RUN_UNKNOWN,
	ISAHP_RUN_INCOMING,	/* waits for a migration to arrive */
	ISAHP_RUN_RUNNING,
	ISAHP_RUN_STOPPED,
	ISAHP_RUN_GONE,		/* migrated away: must never run here again */
};

/**
 * struct isahp_vm_config - what the operator said in `vm add`
 * @name: letters, digits, '-', '_', '.'; not starting with '.' or '-'.
 * @ops: transport.
 * @socket: path of the listening socket; empty: the transport's own choice.
 * @qmp: path of QEMU's QMP socket; empty: none.
 * @have_present: @present was given; else QEMU is asked for it.
 * @have_vendor: @vendor was given; likewise.
 * @have_envelope: @envelope was given.
 * @present: features that the guest may use at attachment.
 * @baseline: features that every host of the pool has; empty: not said.
 * @envelope: features that may come and go.
 * @vendor: enum isahp_vendor of the physical CPU.
 * @masked: the guest's CPUID shows less than @present.
 * @play_silent: loopback only, see struct isahp_rules.
 */
struct isahp_vm_config {
	char name[ISAHP_VM_NAME_SIZE];
	const struct isahp_transport_ops *ops;
	char socket[108];
	char qmp[108];
	bool have_present;
	bool have_vendor;
	bool have_envelope;
	struct isahp_features present;
	struct isahp_features baseline;
	struct isahp_features envelope;
	__u32 vendor;
	bool masked;
	bool play_silent;
};

/**
 * struct isahp_vm_guest - what the guest's kernel said of itself
 * @registered: it did, in the present epoch.
 * @version: protocol version spoken.
 * @refused_version: lowest version of a guest that was too new, else 0.
 * @boot_vendor: enum isahp_vendor it was booted on.
 * @cpus: online CPUs.
 * @xcr0: XSAVE components enabled.
 * @xsave_size: bytes of its XSAVE image.
 * @xsave_flags: ISAHP_XSAVE_F_*.
 * @layout: of its XSAVE images.
 * @pinned: features it can not lose.
 * @visible: features its CPUID shows.
 * @release: utsname release, sanitized.
 */
struct isahp_vm_guest {
	bool registered;
	unsigned int version;
	unsigned int refused_version;
	__u32 boot_vendor;
	__u32 cpus;
	__u64 xcr0;
	__u32 xsave_size;
	__u32 xsave_flags;
	struct isahp_layout layout;
	struct isahp_features pinned;
	struct isahp_features visible;
	char release[64];
};

/**
 * struct isahp_answer - the guest's word on the record in force
 * @valid: there is one.
 * @verdict: enum isahp_verdict.
 * @reason: enum isahp_nak_reason.
 * @registrants: as in struct isahp_acknowledge_args, as the next five.
 * @concerned: see there.
 * @laggards: see there.
 * @untracked: see there.
 * @elapsed_ns: see there.
 * @listed: entries of @laggard in use.
 * @latency_ns: from publication to arrival here.
 * @laggard: names are sanitized.
 */
struct isahp_answer {
	bool valid;
	__u32 verdict;
	__u32 reason;
	__u32 registrants;
	__u32 concerned;
	__u32 laggards;
	__u32 untracked;
	__u64 elapsed_ns;
	__u32 listed;
	__u64 latency_ns;
	struct isahp_laggard laggard[ISAHP_LAGGARDS_LISTED];
};

/** enum isahp_await - how waiting for an answer ended */
enum isahp_await {
	ISAHP_AWAIT_ACK,
	ISAHP_AWAIT_NAK,
	ISAHP_AWAIT_TIMEOUT,
	ISAHP_AWAIT_DETACHED,	/* the guest, or its module, went away */
};

typedef void (*isahp_await_fn)(struct isahp_vm *vm, enum isahp_await how,
			       void *data);

/**
 * struct isahp_vm_stats - counted since `vm add`
 * @records: published.
 * @acks: received,
 * @naks: received.
 * @hypercalls: served.
 * @bad_requests: hypercalls that were answered with an error.
 * @throttled: how often the guest rang too much and had to wait.
 * @rewrites: of the whole host page.
 * @attachments: epochs begun.
 * @ack_latency_last_ns: from publication to arrival of the ACK,
 * @ack_latency_max_ns: the longest,
 * @ack_latency_sum_ns: all of them.
 */
struct isahp_vm_stats {
	__u64 records;
	__u64 acks;
	__u64 naks;
	__u64 hypercalls;
	__u64 bad_requests;
	__u64 throttled;
	__u64 rewrites;
	__u64 attachments;
	__u64 ack_latency_last_ns;
	__u64 ack_latency_max_ns;
	__u64 ack_latency_sum_ns;
};

/**
 * struct isahp_host - the daemon's state
 * @loop: everything runs on it.
 * @runtime_dir: where sockets go.
 * @state_dir: where VMs' records are stored; empty: nowhere.
 * @vms: list, by order of addition.
 * @vm_count: its length.
 */
struct isahp_host {
	uv_loop_t *loop;
	char runtime_dir[80];
	char state_dir[256];
	struct isahp_vm *vms;
	unsigned int vm_count;
};

/**
 * struct isahp_vm - one VM
 * @next: in @host->vms.
 * @host: whose it is.
 * @config: what the operator said.
 * @transport: @config.ops's own.
 * @qmp: connection to QEMU, or NULL.
 * @job: what is going on with it (announce, migrate), or NULL.
 * @profile: features of the host under it; valid when @profile_known.
 * @gated: those that it would not execute for this guest, which is masked;
 *	never in @profile.
 * @vendor: enum isahp_vendor of the host under it; likewise.
 * @shown: features that QEMU shows in its guest's CPUID, if it was asked.
 * @layout: of XSAVE images there; likewise.
 * @cpu: what QEMU shows in its guest's CPUID, bit by bit; no leaves: not told.
 * @emulated: QEMU's own CPU executes the guest; when @cpu was told.
 * @kept: the record that the VM came with; no document: none. attributes.c's.
 * @arriving: one that was admitted and has not arrived; likewise.
 * @connected: the other side of the transport is there.
 * @attached: @record is in force in the present epoch.
 * @reassert: the other side may hold something else than @record: rewrite
 *	until it answers.
 * @incoming: a migration was awaited: the next RESUME is its arrival.
 * @run_state: as far as known.
 * @record: in force.
 * @phase: enum isahp_phase, by what the guest has acknowledged.
 * @published_ns: when @record was, by uv_hrtime().
 * @guest: what it said of itself.
 * @answer: what it said of @record.
 * @reply: to the last hypercall; its token identifies that.
 * @have_reply: there is one.
 */
struct isahp_vm {
	struct isahp_vm *next;
	struct isahp_host *host;
	struct isahp_vm_config config;
	void *transport;
	struct isahp_qmp *qmp;
	struct isahp_job *job;

	struct isahp_features profile;
	struct isahp_features gated;
	__u32 vendor;
	struct isahp_features shown;
	struct isahp_layout layout;
	bool profile_known;

	struct isahp_profile cpu;
	bool emulated;
	struct isahp_vm_record kept;
	struct isahp_vm_record arriving;

	bool connected;
	bool attached;
	bool reassert;
	bool incoming;
	enum isahp_run_state run_state;

	struct isahp_record record;
	__u32 phase;
	__u64 published_ns;
	struct isahp_vm_guest guest;
	struct isahp_answer answer;
	struct isahp_reply reply;
	bool have_reply;

	struct isahp_vm_stats stats;
	struct isahp_log_limit guest_limit;

	/* vm.c's own */
	isahp_await_fn await_fn;
	void *await_data;
	uv_timer_t await_timer;
	uv_timer_t poll_timer;
	__u64 poll_ms;
	unsigned int closing;
};

/**
 * isahp_vm_add - a new VM
 * @host: to whom it is added.
 * @config: copied.
 * @ret_vm: the VM; isahp_vm_remove() ends it.
 * @err: what is wrong with @config or the system.
 *
 * Return: 0; -EEXIST, -EINVAL, -ENOSPC, -ENOMEM or what the transport says.
 */
int isahp_vm_add(struct isahp_host *host, const struct isahp_vm_config *config,
		 struct isahp_vm **ret_vm, struct isahp_error *err);

/**
 * isahp_vm_remove - forget a VM
 * @vm: not to be used after return. A job of it is cancelled first.
 */
void isahp_vm_remove(struct isahp_vm *vm);

/**
 * isahp_vm_find - VM by name
 * @host: where to look.
 * @name: as given to `vm add`.
 * @err: on failure names the VMs that there are.
 *
 * Return: the VM or NULL.
 */
struct isahp_vm *isahp_vm_find(struct isahp_host *host, const char *name,
			       struct isahp_error *err);

/**
 * isahp_vm_connected - the other side of the transport has come
 * @vm: of the transport. Attaches when the host's features are known.
 */
void isahp_vm_connected(struct isahp_vm *vm);

/** isahp_vm_disconnected - the other side has gone, and all it said with it */
void isahp_vm_disconnected(struct isahp_vm *vm);

/**
 * isahp_vm_profile_set - the features of the host under the VM
 * @vm: the VM. Attaches when the transport is connected and it has not yet.
 * @profile: features; `--present` goes before.
 * @vendor: enum isahp_vendor; `--vendor` goes before.
 */
void isahp_vm_profile_set(struct isahp_vm *vm,
			  const struct isahp_features *profile, __u32 vendor);

/**
 * isahp_vm_shown_set - what QEMU's CPU is, whatever is announced of it
 * @vm: the VM. Called before isahp_vm_profile_set().
 * @shown: features in the guest's CPUID.
 * @layout: of XSAVE images.
 */
void isahp_vm_shown_set(struct isahp_vm *vm, const struct isahp_features *shown,
			const struct isahp_layout *layout);

/** isahp_vm_run_state_set - QEMU, or the operator, says what the VM does */
void isahp_vm_run_state_set(struct isahp_vm *vm, enum isahp_run_state state);

/**
 * isahp_vm_attach - begin a new epoch
 * @vm: connected, with its profile known.
 * @type: ISAHP_RECORD_ANNOUNCE or ISAHP_RECORD_COMMIT.
 */
void isahp_vm_attach(struct isahp_vm *vm, __u32 type);

/**
 * isahp_vm_resumed - the VM runs again, after whatever was done to it
 * @vm: any; nothing happens while a job is at work, which knows better.
 *
 * It may have been put back to a snapshot in place: what it acknowledged, it may
 * not have, any more. Repeats what is in force, to be acknowledged anew.
 */
void isahp_vm_resumed(struct isahp_vm *vm);

/** isahp_vm_reset - the guest starts from scratch: begin a new epoch with it */
void isahp_vm_reset(struct isahp_vm *vm);

/**
 * isahp_vm_reassert - the guest may believe another host: tell it the truth
 * @vm: any; nothing happens unless attached.
 *
 * Publishes a COMMIT of what is present here, and rewrites it until answered.
 */
void isahp_vm_reassert(struct isahp_vm *vm);

/**
 * isahp_vm_publish - put a new record in force
 * @vm: attached.
 * @record: @type, @deadline_ns, @vendor, @vendor_next, @present and @leaving
 *	count; the rest is filled in.
 */
void isahp_vm_publish(struct isahp_vm *vm, const struct isahp_record *record);

/**
 * isahp_vm_answered - the guest has answered the record in force
 * @vm: of the guest.
 * @answer: checked, sanitized; @valid and @latency_ns are filled in here.
 */
void isahp_vm_answered(struct isahp_vm *vm, const struct isahp_answer *answer);

/**
 * isahp_vm_joined - a guest registers
 * @vm: it may have registered before, as an older kernel (kexec) or module.
 *
 * Whoever registers has acknowledged nothing yet: the record in force is
 * repeated until it has.
 */
void isahp_vm_joined(struct isahp_vm *vm);

/** isahp_vm_left - the guest's module has gone; the transport is still there */
void isahp_vm_left(struct isahp_vm *vm);

/**
 * isahp_vm_await - be told once of the answer to the record in force
 * @vm: nobody else is waiting.
 * @timeout_ms: give up after that.
 * @fn: called from the loop, never from inside this function.
 * @data: for @fn.
 */
void isahp_vm_await(struct isahp_vm *vm, __u64 timeout_ms, isahp_await_fn fn,
		    void *data);

/** isahp_vm_await_cancel - forget about it; @fn will not be called */
void isahp_vm_await_cancel(struct isahp_vm *vm);

/** isahp_vm_poll_soon - have the transport look within ISAHP_POLL_BUSY_NS */
void isahp_vm_poll_soon(struct isahp_vm *vm);

/** isahp_vm_policy - the facts for the rules, as of now */
struct isahp_rules isahp_vm_policy(const struct isahp_vm *vm);

/** isahp_vm_socket_path - where the transport listens */
const char *isahp_vm_socket_path(const struct isahp_vm *vm);

#endif /* ISAHP_SHIM_VM_H */
