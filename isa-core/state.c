// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "state.h"
#include "features.h"

static bool epoch_equal(const __u8 *a, const __u8 *b)
{
	return !memcmp(a, b, ISAHP_EPOCH_SIZE);
}

static bool epoch_null(const __u8 *epoch)
{
	static const __u8 null[ISAHP_EPOCH_SIZE];

	return epoch_equal(epoch, null);
}

static bool epoch_retired(const struct isahp_state *state, const __u8 *epoch)
{
	int i;

	for (i = 0; i < ISAHP_EPOCHS_RETIRED; i++)
		if (epoch_equal(state->retired[i], epoch))
			return true;
	return false;
}

static void epoch_retire(struct isahp_state *state, const __u8 *epoch)
{
	if (epoch_null(epoch))
		return;
	memmove(state->retired[0], state->retired[1],
		sizeof(state->retired) - ISAHP_EPOCH_SIZE);
	memcpy(state->retired[ISAHP_EPOCHS_RETIRED - 1], epoch, ISAHP_EPOCH_SIZE);
}

/* Features that this guest knows, can carry, and has the groundwork for. */
static struct isahp_features cut_down(const struct isahp_state *state,
				      const struct isahp_features *set)
{
	return isahp_features_enabled(set, state->xcr0);
}

void isahp_state_init(struct isahp_state *state,
		      const struct isahp_features *present, __u32 vendor,
		      __u64 xcr0)
{
	memset(state, 0, sizeof(*state));
	state->xcr0 = xcr0;
	state->phase = ISAHP_PHASE_DETACHED;
	state->record.vendor = vendor;
	state->record.vendor_next = vendor;
	state->record.present = cut_down(state, present);
}

static const char *check_form(const struct isahp_record *r)
{
	bool prepare = r->type == ISAHP_RECORD_PREPARE;

	if (r->type < ISAHP_RECORD_ANNOUNCE || r->type > ISAHP_RECORD_ABORT)
		return "unknown record type";
	if (epoch_null(r->epoch))
		return "the epoch is zero";
	if (!r->sequence)
		return "the sequence is zero";
	if (!prepare && !isahp_features_empty(&r->leaving))
		return "features leave outside a PREPARE";
	if (!isahp_features_subset(&r->leaving, &r->present))
		return "features leave that are not present";
	if (prepare && (r->deadline_ns < ISAHP_DEADLINE_MIN_NS ||
			r->deadline_ns > ISAHP_DEADLINE_MAX_NS))
		return "the deadline is out of bounds";
	return NULL;
}

/* PREPARE and ABORT take away or give back; only the others may raise. */
static const char *check_raise(const struct isahp_state *state,
			       const struct isahp_record *r, bool same_epoch)
{
	struct isahp_features present;

	if (r->type == ISAHP_RECORD_ABORT && !same_epoch)
		return "an ABORT of another epoch";
	if (r->type != ISAHP_RECORD_ABORT && r->type != ISAHP_RECORD_PREPARE)
		return NULL;
	if (!same_epoch)
		return NULL;
	present = cut_down(state, &r->present);
	if (!isahp_features_subset(&present, &state->record.present))
		return "a PREPARE or ABORT that raises features";
	return NULL;
}

static void accept(struct isahp_state *state, const struct isahp_record *r)
{
	state->record = *r;
	state->fell = false;
	state->record.present = cut_down(state, &r->present);
	state->record.leaving =
		isahp_features_and(&r->leaving, &state->record.present);
	state->phase = r->type == ISAHP_RECORD_PREPARE ? ISAHP_PHASE_LEAVING :
							 ISAHP_PHASE_STEADY;
}

enum isahp_outcome isahp_state_apply(struct isahp_state *state,
				     const struct isahp_record *record,
				     const char **ret_why)
{
	bool same_epoch = epoch_equal(record->epoch, state->record.epoch);
	const char *why = check_form(record);

	if (!why && same_epoch && record->sequence <= state->record.sequence)
		return record->sequence == state->record.sequence ?
			       ISAHP_OUTCOME_SAME :
			       ISAHP_OUTCOME_STALE;
	if (!why && epoch_retired(state, record->epoch))
		return ISAHP_OUTCOME_STALE;
	if (!why)
		why = check_raise(state, record, same_epoch);
	if (why) {
		if (ret_why)
			*ret_why = why;
		return ISAHP_OUTCOME_REFUSED;
	}
	if (!same_epoch)
		epoch_retire(state, state->record.epoch);
	accept(state, record);
	return same_epoch ? ISAHP_OUTCOME_CHANGED : ISAHP_OUTCOME_NEW_EPOCH;
}

void isahp_state_quiesced(struct isahp_state *state)
{
	if (state->phase == ISAHP_PHASE_LEAVING)
		state->phase = ISAHP_PHASE_QUIESCED;
}

enum isahp_suspicion isahp_state_suspect(const struct isahp_state *state,
					 __u32 signs,
					 const struct isahp_features *lost)
{
	const struct isahp_record *r = &state->record;
	struct isahp_features leaving = isahp_features_dependents(&r->leaving);
	struct isahp_features missed = isahp_features_and(lost, &r->present);
	bool other_vendor = signs & ISAHP_MOVED_VENDOR;

	if (state->phase == ISAHP_PHASE_QUIESCED &&
	    isahp_features_subset(&missed, &leaving) &&
	    (!other_vendor || r->vendor_next != r->vendor))
		return ISAHP_SUSPECT_NOTHING;
	if (!isahp_features_empty(&missed))
		return ISAHP_SUSPECT_TRAPS;
	/*
	 * What CPUID hides from a masked guest it does not show to be there
	 * either. Without a shim, CPUID is all there is.
	 */
	if (other_vendor || r->flags & ISAHP_RECORD_F_MASKED ||
	    (state->phase == ISAHP_PHASE_DETACHED &&
	     signs & ISAHP_MOVED_FEATURES))
		return ISAHP_SUSPECT_STATE;
	return ISAHP_SUSPECT_HOST;
}

void isahp_state_moved(struct isahp_state *state,
		       const struct isahp_features *visible, __u32 vendor)
{
	bool heard = !epoch_null(state->record.epoch);
	struct isahp_features gone, kept;
	struct isahp_record r = {
		.vendor = vendor,
		.vendor_next = vendor,
		.present = *visible,
	};

	/* A second move before a shim spoke: what fell stays down as well. */
	if (heard || state->fell) {
		gone = isahp_features_dependents(&state->record.leaving);
		kept = isahp_features_andnot(&state->record.present, &gone);
		r.present = isahp_features_and(&kept, visible);
		state->fell = true;
	}
	r.present = cut_down(state, &r.present);
	epoch_retire(state, state->record.epoch);
	state->record = r;
	state->phase = ISAHP_PHASE_DETACHED;
}

void isahp_state_revive(struct isahp_state *state, const __u8 *epoch)
{
	int i;

	for (i = 0; i < ISAHP_EPOCHS_RETIRED; i++)
		if (epoch_equal(state->retired[i], epoch))
			memset(state->retired[i], 0, ISAHP_EPOCH_SIZE);
}

struct isahp_features isahp_state_usable(const struct isahp_state *state)
{
	return isahp_features_usable(&state->record.present,
				     &state->record.leaving);
}

struct isahp_event isahp_state_event(const struct isahp_state *state,
				     __u32 flags, __u64 deadline_ns,
				     __u64 event)
{
	const struct isahp_record *r = &state->record;
	struct isahp_event e = {
		.size = sizeof(e),
		.type = r->type,
		.flags = flags,
		.sequence = r->sequence,
		.event = event,
		.deadline_ns = deadline_ns,
		.phase = state->phase,
		.vendor = r->vendor,
		.present = r->present,
		.leaving = r->leaving,
		.usable = isahp_state_usable(state),
	};

	if (r->flags & ISAHP_RECORD_F_MASKED)
		e.flags |= ISAHP_STATE_F_MASKED;
	memcpy(e.epoch, r->epoch, sizeof(e.epoch));
	return e;
}
