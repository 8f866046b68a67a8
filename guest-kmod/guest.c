// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isa-core/state.h>
#include "consent.h"
#include "entry.h"
#include "figures.h"
#include "guest.h"
#include "host.h"
#include "moved.h"
#include "registrant.h"
#include "report.h"
#include "trapped.h"
#include "undefined.h"

static unsigned int host_silent_ms = 10000;
module_param(host_silent_ms, uint, 0644);
MODULE_PARM_DESC(host_silent_ms,
		 "how long after an acknowledgement the host may be silent (default 10000)");

/**
 * enum verdict_given - what the host was told of the record in force
 * @GIVEN_NOTHING: it is being drained, or nothing was decided yet.
 * @GIVEN_NAK: refused; an ACK may follow.
 * @GIVEN_ACK: done with.
 */
enum verdict_given {
	GIVEN_NOTHING,
	GIVEN_NAK,
	GIVEN_ACK,
};

/* All of it belongs to whoever looks. The host can read none of it. */
static struct {
	struct isahp_host *host;
	struct isahp_state state;
	u32 flags;			/* ISAHP_STATE_F_* */
	u64 seen_ns;			/* when the record was first seen */
	u64 deadline_ns;		/* absolute; 0 outside a PREPARE */
	enum isahp_nak_reason obstacle;	/* that no registrant can clear away */
	enum verdict_given given;
	u64 given_ns;			/* when a verdict was first given */

	u64 epoch_ns;			/* when the epoch in force began, or 0 */
	u32 unreported;			/* ISAHP_MOVED_*, for the host, */
	char moved_text[ISAHP_REPORT_TEXT_SIZE]; /* and what was lost */

	u32 count;			/* of the record slot, last looked at */
	u32 bad_count;			/* as @count, last complained of */
} guest;

static bool waiting_for_host(void)
{
	return guest.state.phase == ISAHP_PHASE_LEAVING ||
	       guest.state.phase == ISAHP_PHASE_QUIESCED;
}

/* --- what is published --------------------------------------------------- */

static struct isahp_event state_now(void)
{
	/* The number is given at publication. */
	return isahp_state_event(&guest.state, guest.flags, guest.deadline_ns, 0);
}

static void publish_record(void)
{
	struct isahp_event state;

	state = state_now();
	isahp_undefined_seen(&state.present);
	isahp_registrants_publish(&state);
	isahp_report_event(&state);
}

static enum isahp_nak_reason tell_participants(enum isahp_kernel_event event)
{
	struct isahp_event state = state_now();

	return isahp_consent_participants(event, &state);
}

static void publish_flags(u32 flags, const struct isahp_features *what)
{
	struct isahp_event state;

	guest.flags = flags;
	state = state_now();
	isahp_registrants_amend(&state, what);
}

/* --- a new record -------------------------------------------------------- */

static void give_verdict(u32 verdict, u32 reason, const struct isahp_roll *roll)
{
	const struct isahp_record *r = &guest.state.record;
	u64 now = ktime_get_ns();
	struct isahp_acknowledge_args answer = {
		.sequence = r->sequence,
		.verdict = verdict,
		.reason = reason,
		.registrants = roll->registrants,
		.concerned = roll->concerned,
		.laggards = roll->pending + roll->vetoes,
		.untracked = roll->untracked,
		.elapsed_ns = now - guest.seen_ns,
		.listed = roll->listed,
	};

	BUILD_BUG_ON(sizeof(answer.laggard) != sizeof(roll->laggard));
	memcpy(answer.epoch, r->epoch, sizeof(answer.epoch));
	memcpy(answer.laggard, roll->laggard, sizeof(answer.laggard));
	if (guest.obstacle == ISAHP_NAK_VETO)
		isahp_consent_list_veto(&answer);
	if (guest.given == GIVEN_NOTHING)
		guest.given_ns = now;
	guest.given = verdict == ISAHP_ACK ? GIVEN_ACK : GIVEN_NAK;
	isahp_host_answer(guest.host, &answer);
}

static void report_host_back(void)
{
	pr_info_ratelimited("the host speaks again\n");
	isahp_host_report(guest.host, ISAHP_REPORT_HOST_BACK,
			  guest.state.record.sequence, "the host speaks again");
}

static void act_on_record(enum isahp_outcome outcome)
{
	const struct isahp_record *r = &guest.state.record;
	bool prepare = r->type == ISAHP_RECORD_PREPARE;
	bool was_silent = guest.flags & ISAHP_STATE_F_HOST_SILENT;
	struct isahp_roll roll;
	int entry_err;

	guest.seen_ns = ktime_get_ns();
	guest.deadline_ns = prepare ? guest.seen_ns + r->deadline_ns : 0;
	guest.given = GIVEN_NOTHING;
	isahp_host_forget_answer(guest.host);
	/*
	 * The entry first of all: on another vendor's CPU each 32-bit system
	 * call counts, and in a PREPARE nothing may be acknowledged before.
	 */
	entry_err = isahp_entry_follow(r->vendor,
				       prepare ? r->vendor_next : r->vendor);
	guest.obstacle = isahp_consent_prepare(&guest.state, entry_err);
	if (outcome == ISAHP_OUTCOME_NEW_EPOCH) {
		/* It says where this guest is: nothing is unplanned about it. */
		guest.epoch_ns = guest.seen_ns;
		isahp_moved_forget();
		isahp_host_follow(guest.host, r->epoch);
	}
	guest.flags = 0;
	publish_record();
	/* Processes drain meanwhile. A kernel that must refuse asks nobody. */
	if (!guest.obstacle)
		guest.obstacle = tell_participants(r->type);
	if (was_silent)
		report_host_back();
	if (prepare)
		return;
	isahp_registrants_count(&roll);
	give_verdict(guest.obstacle ? ISAHP_NAK : ISAHP_ACK, guest.obstacle, &roll);
}

static void refuse_record(u32 count, u64 sequence, const char *why)
{
	if (guest.bad_count == count)
		return;
	guest.bad_count = count;
	pr_warn_ratelimited("record %llu of the host refused: %s\n", sequence, why);
	isahp_host_report(guest.host, ISAHP_REPORT_BAD_RECORD, sequence, why);
}

/*
 * The host asks for the answer again by ringing or by writing the same record
 * once more. An answer that is not there yet will be sent when it is.
 */
static void answer_again(bool rung, u32 count)
{
	if (guest.given != GIVEN_NOTHING && (rung || count != guest.count))
		isahp_host_answer_again(guest.host);
}

static void look_at_record(bool rung)
{
	struct isahp_record record;
	enum isahp_outcome outcome;
	const char *why = "";
	u32 count;
	int err;

	err = isahp_channel_record(&guest.host->channel, &record, &count);
	if (err == -EBADMSG)
		refuse_record(count, 0, "size or checksum is wrong");
	if (err)
		return;
	outcome = isahp_state_apply(&guest.state, &record, &why);
	switch (outcome) {
	case ISAHP_OUTCOME_CHANGED:
	case ISAHP_OUTCOME_NEW_EPOCH:
		act_on_record(outcome);
		break;
	case ISAHP_OUTCOME_SAME:
		answer_again(rung, count);
		break;
	case ISAHP_OUTCOME_STALE:
		break;
	case ISAHP_OUTCOME_REFUSED:
		refuse_record(count, record.sequence, why);
		break;
	}
	guest.count = count;
}

/* --- answers of registrants ---------------------------------------------- */

static bool try_quiesce(struct isahp_roll *ret_roll)
{
	struct isahp_state after = guest.state;
	struct isahp_event state;

	isahp_state_quiesced(&after);
	state = state_now();
	state.phase = after.phase;
	state.flags &= ~ISAHP_STATE_F_REFUSED;
	if (!isahp_registrants_quiesce(&state, ret_roll))
		return false;
	guest.state = after;
	guest.flags &= ~ISAHP_STATE_F_REFUSED;
	return true;
}

static void refuse(enum isahp_nak_reason reason, const struct isahp_roll *roll)
{
	isahp_report_refused(reason, roll);
	if (reason == ISAHP_NAK_DEADLINE) {
		struct isahp_features nothing = isahp_features_none();

		publish_flags(guest.flags | ISAHP_STATE_F_REFUSED, &nothing);
	}
	give_verdict(ISAHP_NAK, reason, roll);
}

static bool all_settled(struct isahp_roll *ret_roll)
{
	isahp_registrants_count(ret_roll);
	return !ret_roll->pending && !ret_roll->vetoes;
}

static void look_at_answers(void)
{
	struct isahp_roll roll;

	if (guest.state.phase != ISAHP_PHASE_LEAVING)
		return;
	if (guest.obstacle) {
		isahp_registrants_count(&roll);
		if (guest.given == GIVEN_NOTHING)
			give_verdict(ISAHP_NAK, guest.obstacle, &roll);
		return;
	}
	if (all_settled(&roll) && isahp_consent_pinned(&guest.state)) {
		guest.obstacle = ISAHP_NAK_PINNED;
		give_verdict(ISAHP_NAK, guest.obstacle, &roll);
		return;
	}
	if (try_quiesce(&roll)) {
		give_verdict(ISAHP_ACK, ISAHP_NAK_NONE, &roll);
		return;
	}
	if (guest.given == GIVEN_NAK)
		return;
	if (roll.vetoes)
		refuse(ISAHP_NAK_VETO, &roll);
	else if (ktime_get_ns() >= guest.deadline_ns)
		refuse(ISAHP_NAK_DEADLINE, &roll);
}

/* Stay on the safe side, say so, and say it once. */
static bool host_fell_silent(const char *why)
{
	if (!waiting_for_host() || guest.flags & ISAHP_STATE_F_HOST_SILENT)
		return false;
	pr_warn("%s after record %llu: what was leaving stays out of use until the host speaks\n",
		why, guest.state.record.sequence);
	publish_flags(guest.flags | ISAHP_STATE_F_HOST_SILENT,
		      &guest.state.record.leaving);
	return true;
}

static void look_at_silence(void)
{
	u64 silent_ns = (u64)READ_ONCE(host_silent_ms) * NSEC_PER_MSEC;

	if (guest.given == GIVEN_NOTHING ||
	    ktime_get_ns() - guest.given_ns < silent_ns)
		return;
	if (host_fell_silent("the host has said nothing for too long"))
		isahp_host_report(guest.host, ISAHP_REPORT_HOST_SILENT,
				  guest.state.record.sequence,
				  "nothing came after an acknowledgement; staying reduced");
}

/* --- moves that nobody announced ------------------------------------------ */

static void act_on_move(const struct isahp_moved *m)
{
	struct isahp_features lost = isahp_features_and(&m->lost,
							&guest.state.record.present);

	/* The processes first: each call into what is missing is a trap. */
	isahp_state_moved(&guest.state, &m->visible, m->vendor);
	guest.flags = ISAHP_STATE_F_UNPLANNED;
	guest.deadline_ns = 0;
	guest.obstacle = ISAHP_NAK_NONE;
	guest.given = GIVEN_NOTHING;
	publish_record();
	/* Works everywhere; which vendor's CPU it is, only a shim can tell. */
	isahp_entry_follow(m->vendor, ISAHP_VENDOR_UNKNOWN);
	isahp_consent_prepare(&guest.state, 0);
	tell_participants(ISAHP_KERNEL_MOVED);
	isahp_figure_count(ISAHP_FIGURE_moves_unplanned);
	isahp_report_moved(m->signs, &lost, guest.moved_text,
			   sizeof(guest.moved_text));
	guest.unreported |= m->signs;
}

static void look_at_signs(bool patient)
{
	struct isahp_moved m;

	switch (isahp_moved_judge(&guest.state, guest.epoch_ns, patient, &m)) {
	case ISAHP_SUSPECT_NOTHING:
		return;
	case ISAHP_SUSPECT_HOST:
		break;
	case ISAHP_SUSPECT_STATE:
	case ISAHP_SUSPECT_TRAPS:
		act_on_move(&m);
	}
	/* The same record may be in force here, or none: ask. */
	isahp_host_forget(guest.host);
}

/* The host of an epoch that was left may be there after all; and it has to know. */
static void registered_again(void)
{
	isahp_state_revive(&guest.state, guest.host->epoch);
	if (!guest.unreported)
		return;
	if (isahp_host_report(guest.host, ISAHP_REPORT_MOVED, guest.unreported,
			      guest.moved_text) != -EAGAIN)
		guest.unreported = 0;
}

/* "PID COMM FLAG". isahpd makes it printable. */
static void report_undefined(void)
{
	struct isahp_trapped_report report;
	char text[64];

	while (isahp_trapped_peek_report(&report)) {
		snprintf(text, sizeof(text), "%u %.*s %s", report.pid,
			 (int)sizeof(report.comm), report.comm,
			 isahp_feature_info(report.feature)->flag);
		if (isahp_host_report(guest.host, ISAHP_REPORT_UNDEFINED,
				      report.feature, text) == -EAGAIN)
			return;
		isahp_trapped_drop_report();
	}
}

/* --- from outside -------------------------------------------------------- */

void isahp_guest_init(struct isahp_host *host)
{
	struct isahp_features visible = isahp_cpuid_features();
	struct isahp_event state;

	guest.host = host;
	isahp_state_init(&guest.state, &visible, isahp_cpuid_vendor(),
			 isahp_cpuid_xcr0());
	state = state_now();
	isahp_registrants_publish(&state);
	/* The kernel may have been booted where there was more. */
	isahp_consent_prepare(&guest.state, 0);
	tell_participants(ISAHP_KERNEL_ANNOUNCE);
}

void isahp_guest_look(bool rung)
{
	bool knew = guest.host->registered;

	if (isahp_host_there(guest.host)) {
		if (!knew)
			registered_again();
		look_at_record(rung);
	}
	look_at_signs(true);
	if (guest.host->registered) {
		isahp_host_send_owed(guest.host);
		if (guest.state.phase == ISAHP_PHASE_STEADY)
			isahp_host_tell_pinned(guest.host);
		report_undefined();
	}
	/* Without a host too: deadlines and silence are this guest's own. */
	look_at_answers();
	look_at_silence();
}

void isahp_guest_look_alone(void)
{
	look_at_signs(false);
}

u64 isahp_guest_look_again_ns(void)
{
	u64 now = ktime_get_ns();

	if (isahp_moved_seen())
		return ISAHP_POLL_BUSY_NS;
	if (isahp_host_ahead(guest.host, guest.state.record.epoch))
		return ISAHP_POLL_BUSY_NS;
	if (!waiting_for_host())
		return ISAHP_POLL_IDLE_NS;
	if (guest.given == GIVEN_NOTHING && guest.deadline_ns > now)
		return min_t(u64, ISAHP_POLL_BUSY_NS, guest.deadline_ns - now);
	/* A shim that is dead for good is not worth 50 wakeups a second. */
	if (now - guest.given_ns > ISAHP_DEADLINE_MAX_NS)
		return ISAHP_POLL_IDLE_NS;
	return ISAHP_POLL_BUSY_NS;
}

void isahp_guest_leave(void)
{
	isahp_host_leave(guest.host);
	host_fell_silent("the channel to the host has gone");
}
