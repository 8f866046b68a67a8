// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include <isa-core/features.h>
#include <isa-core/state.h>

#define F(name) ISAHP_FEATURE_##name
#define XCR0_AVX 7

static struct isahp_state state;

static struct isahp_features rich(void)
{
	struct isahp_features s = isahp_features_known();

	return isahp_features_enabled(&s, XCR0_AVX);
}

static struct isahp_features poor(void)
{
	struct isahp_features s = rich(), gone = isahp_features_none();

	isahp_features_add(&gone, F(AVX2));
	isahp_features_add(&gone, F(FMA));
	return isahp_features_without(&s, &gone);
}

static struct isahp_record make(__u32 type, int epoch, __u64 sequence,
				struct isahp_features present)
{
	struct isahp_record r = {
		.type = type,
		.sequence = sequence,
		.vendor = ISAHP_VENDOR_INTEL,
		.vendor_next = ISAHP_VENDOR_INTEL,
		.present = present,
	};

	memset(r.epoch, epoch, sizeof(r.epoch));
	if (type == ISAHP_RECORD_PREPARE) {
		struct isahp_features p = poor();

		r.leaving = isahp_features_andnot(&present, &p);
		r.deadline_ns = 1000000000;
	}
	return r;
}

static enum isahp_outcome apply(struct isahp_record r)
{
	return isahp_state_apply(&state, &r, NULL);
}

static bool usable(int number)
{
	struct isahp_features u = isahp_state_usable(&state);

	return isahp_features_has(&u, number);
}

static void attach(void)
{
	struct isahp_features visible = rich();

	isahp_state_init(&state, &visible, ISAHP_VENDOR_INTEL, XCR0_AVX);
	cr_assert_eq(state.phase, ISAHP_PHASE_DETACHED);
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 1, rich())), ISAHP_OUTCOME_NEW_EPOCH);
	cr_assert_eq(state.phase, ISAHP_PHASE_STEADY);
}

Test(state, prepare_then_commit_lowers, .init = attach)
{
	cr_assert(usable(F(AVX2)));
	cr_assert_eq(apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich())), ISAHP_OUTCOME_CHANGED);
	cr_assert_eq(state.phase, ISAHP_PHASE_LEAVING);
	cr_assert_not(usable(F(AVX2)));
	cr_assert_not(usable(F(VAES)));
	isahp_state_quiesced(&state);
	cr_assert_eq(state.phase, ISAHP_PHASE_QUIESCED);
	cr_assert_not(usable(F(AVX2)));
	cr_assert_eq(apply(make(ISAHP_RECORD_COMMIT, 2, 1, poor())), ISAHP_OUTCOME_NEW_EPOCH);
	cr_assert_eq(state.phase, ISAHP_PHASE_STEADY);
	cr_assert_not(usable(F(AVX2)));
	cr_assert(usable(F(AES)));
}

Test(state, abort_of_the_same_epoch_restores, .init = attach)
{
	apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich()));
	cr_assert_eq(apply(make(ISAHP_RECORD_ABORT, 1, 3, rich())), ISAHP_OUTCOME_CHANGED);
	cr_assert(usable(F(AVX2)));
	cr_assert_eq(state.phase, ISAHP_PHASE_STEADY);
}

Test(state, an_abort_of_another_epoch_never_raises, .init = attach)
{
	const char *why = NULL;
	struct isahp_record r = make(ISAHP_RECORD_ABORT, 2, 1, rich());

	apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich()));
	cr_assert_eq(isahp_state_apply(&state, &r, &why), ISAHP_OUTCOME_REFUSED);
	cr_assert_not_null(why);
	cr_assert_not(usable(F(AVX2)));
	cr_assert_eq(state.phase, ISAHP_PHASE_LEAVING);
}

Test(state, a_retired_epoch_is_never_believed_again, .init = attach)
{
	apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich()));
	apply(make(ISAHP_RECORD_COMMIT, 2, 1, poor()));
	/* The page of host A shows up again, even with a newer sequence. */
	cr_assert_eq(apply(make(ISAHP_RECORD_ABORT, 1, 3, rich())), ISAHP_OUTCOME_STALE);
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 9, rich())), ISAHP_OUTCOME_STALE);
	cr_assert_not(usable(F(AVX2)));
}

Test(state, a_repeated_record_changes_nothing_and_is_known_as_such, .init = attach)
{
	apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich()));
	isahp_state_quiesced(&state);
	cr_assert_eq(apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich())), ISAHP_OUTCOME_SAME);
	cr_assert_eq(state.phase, ISAHP_PHASE_QUIESCED);
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 1, rich())), ISAHP_OUTCOME_STALE);
}

Test(state, a_newer_prepare_supersedes, .init = attach)
{
	struct isahp_record r = make(ISAHP_RECORD_PREPARE, 1, 3, rich());

	apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich()));
	isahp_state_quiesced(&state);
	r.leaving = isahp_features_none();
	isahp_features_add(&r.leaving, F(AES));
	cr_assert_eq(apply(r), ISAHP_OUTCOME_CHANGED);
	cr_assert_eq(state.phase, ISAHP_PHASE_LEAVING);
	cr_assert(usable(F(AVX2)));
	cr_assert_not(usable(F(AES)));
}

Test(state, prepare_and_abort_do_not_raise, .init = attach)
{
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 2, poor())), ISAHP_OUTCOME_CHANGED);
	cr_assert_eq(apply(make(ISAHP_RECORD_PREPARE, 1, 3, rich())), ISAHP_OUTCOME_REFUSED);
	cr_assert_eq(apply(make(ISAHP_RECORD_ABORT, 1, 4, rich())), ISAHP_OUTCOME_REFUSED);
	cr_assert_not(usable(F(AVX2)));
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 5, rich())), ISAHP_OUTCOME_CHANGED);
	cr_assert(usable(F(AVX2)));
}

Test(state, features_without_register_state_are_never_taken, .init = attach)
{
	apply(make(ISAHP_RECORD_ANNOUNCE, 1, 2, isahp_features_known()));
	cr_assert(usable(F(AVX2)));
	cr_assert_not(usable(F(AVX512F)));
	cr_assert_not(usable(F(AVX512_VNNI)));
}

Test(state, malformed_records_change_nothing, .init = attach)
{
	struct isahp_state before = state;
	struct isahp_record r;

	r = make(0, 1, 2, rich());
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	r = make(5, 1, 2, rich());
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	r = make(ISAHP_RECORD_ANNOUNCE, 0, 2, rich());
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	r = make(ISAHP_RECORD_ANNOUNCE, 1, 0, rich());
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	r = make(ISAHP_RECORD_ANNOUNCE, 1, 2, rich());
	isahp_features_add(&r.leaving, F(AVX2));
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	r = make(ISAHP_RECORD_PREPARE, 1, 2, poor());
	isahp_features_add(&r.leaving, F(AVX2));
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	r = make(ISAHP_RECORD_PREPARE, 1, 2, rich());
	r.deadline_ns = ISAHP_DEADLINE_MIN_NS - 1;
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	r.deadline_ns = ISAHP_DEADLINE_MAX_NS + 1;
	cr_assert_eq(apply(r), ISAHP_OUTCOME_REFUSED);
	cr_assert(!memcmp(&before, &state, sizeof(state)));
}

Test(state, many_epochs_later_the_recent_ones_are_still_retired, .init = attach)
{
	for (int epoch = 2; epoch <= 100; epoch++) {
		cr_assert_eq(apply(make(ISAHP_RECORD_COMMIT, epoch, 1, poor())),
			     ISAHP_OUTCOME_NEW_EPOCH);
		for (int old = epoch - 1; old >= 1 && old >= epoch - ISAHP_EPOCHS_RETIRED; old--)
			cr_assert_eq(apply(make(ISAHP_RECORD_COMMIT, old, 99, rich())),
				     ISAHP_OUTCOME_STALE);
	}
}

/* --- moves that nobody announced ------------------------------------------ */

static void moved_to(struct isahp_features visible)
{
	isahp_state_moved(&state, &visible, ISAHP_VENDOR_AMD);
	cr_assert_eq(state.phase, ISAHP_PHASE_DETACHED);
	cr_assert_eq(state.record.vendor, ISAHP_VENDOR_AMD);
	cr_assert_eq(state.record.sequence, 0);
}

static enum isahp_suspicion suspect(__u32 signs, struct isahp_features lost)
{
	return isahp_state_suspect(&state, signs, &lost);
}

static struct isahp_features the_difference(void)
{
	struct isahp_features r = rich(), p = poor();

	return isahp_features_andnot(&r, &p);
}

Test(moved, lost_features_are_wrong_unless_they_were_let_go, .init = attach)
{
	__u32 signs = ISAHP_MOVED_FEATURES | ISAHP_MOVED_GENERATION;
	struct isahp_features more = the_difference();

	cr_assert_eq(suspect(signs, the_difference()), ISAHP_SUSPECT_TRAPS);
	apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich()));
	cr_assert_eq(suspect(signs, the_difference()), ISAHP_SUSPECT_TRAPS);
	isahp_state_quiesced(&state);
	cr_assert_eq(suspect(signs, the_difference()), ISAHP_SUSPECT_NOTHING);
	isahp_features_add(&more, F(AES));
	cr_assert_eq(suspect(signs, more), ISAHP_SUSPECT_TRAPS);
	cr_assert_eq(suspect(signs | ISAHP_MOVED_VENDOR, the_difference()), ISAHP_SUSPECT_TRAPS);
}

Test(moved, a_vendor_that_was_announced_is_no_surprise, .init = attach)
{
	struct isahp_record r = make(ISAHP_RECORD_PREPARE, 1, 2, rich());

	r.vendor_next = ISAHP_VENDOR_AMD;
	apply(r);
	isahp_state_quiesced(&state);
	cr_assert_eq(suspect(ISAHP_MOVED_VENDOR, isahp_features_none()), ISAHP_SUSPECT_NOTHING);
}

Test(moved, signs_without_a_loss_wait_or_ask, .init = attach)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_record r = make(ISAHP_RECORD_ANNOUNCE, 1, 2, poor());

	cr_assert_eq(suspect(ISAHP_MOVED_GENERATION, none), ISAHP_SUSPECT_HOST);
	cr_assert_eq(suspect(ISAHP_MOVED_FEATURES, none), ISAHP_SUSPECT_HOST);
	cr_assert_eq(suspect(ISAHP_MOVED_VENDOR, none), ISAHP_SUSPECT_STATE);
	/* Losing what is in no use is losing nothing. */
	apply(r);
	cr_assert_eq(suspect(ISAHP_MOVED_FEATURES, the_difference()), ISAHP_SUSPECT_HOST);
	r.sequence = 3;
	r.flags = ISAHP_RECORD_F_MASKED;
	apply(r);
	cr_assert_eq(suspect(ISAHP_MOVED_GENERATION, none), ISAHP_SUSPECT_STATE);
}

Test(moved, what_cpuid_does_not_show_falls, .init = attach)
{
	moved_to(poor());
	cr_assert_not(usable(F(AVX2)));
	cr_assert_not(usable(F(VAES)));
	cr_assert(usable(F(AES)));
}

Test(moved, nothing_rises_until_a_shim_speaks, .init = attach)
{
	apply(make(ISAHP_RECORD_ANNOUNCE, 1, 2, poor()));
	moved_to(rich());
	cr_assert_not(usable(F(AVX2)));
	/* Nor by moving twice. */
	moved_to(rich());
	cr_assert_not(usable(F(AVX2)));
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 2, 1, rich())), ISAHP_OUTCOME_NEW_EPOCH);
	cr_assert(usable(F(AVX2)));
}

Test(moved, what_was_leaving_is_gone_although_cpuid_shows_it, .init = attach)
{
	apply(make(ISAHP_RECORD_PREPARE, 1, 2, rich()));
	isahp_state_quiesced(&state);
	moved_to(rich());
	cr_assert_not(usable(F(AVX2)));
	cr_assert_not(usable(F(VAES)));
	cr_assert(isahp_features_empty(&state.record.leaving));
	cr_assert(usable(F(AES)));
}

Test(moved, hidden_features_of_a_masked_guest_fall, .init = attach)
{
	struct isahp_record r = make(ISAHP_RECORD_ANNOUNCE, 1, 2, rich());

	r.flags = ISAHP_RECORD_F_MASKED;
	apply(r);
	moved_to(poor());
	cr_assert_not(usable(F(AVX2)));
	cr_assert_eq(state.record.flags, 0);
}

Test(moved, without_a_shim_ever_cpuid_alone_counts)
{
	struct isahp_features visible = poor();

	isahp_state_init(&state, &visible, ISAHP_VENDOR_INTEL, XCR0_AVX);
	moved_to(rich());
	cr_assert(usable(F(AVX2)));
	moved_to(poor());
	cr_assert_not(usable(F(AVX2)));
}

Test(moved, the_old_epoch_is_not_believed, .init = attach)
{
	/* The page that came along, and a later one of the same host. */
	moved_to(poor());
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 1, rich())), ISAHP_OUTCOME_STALE);
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 7, rich())), ISAHP_OUTCOME_STALE);
	cr_assert_not(usable(F(AVX2)));
	cr_assert_eq(apply(make(ISAHP_RECORD_ABORT, 2, 1, rich())), ISAHP_OUTCOME_REFUSED);
	cr_assert_eq(apply(make(ISAHP_RECORD_COMMIT, 2, 1, poor())), ISAHP_OUTCOME_NEW_EPOCH);
}

Test(moved, only_the_epoch_that_a_live_host_names_is_revived, .init = attach)
{
	__u8 one[ISAHP_EPOCH_SIZE], two[ISAHP_EPOCH_SIZE];

	memset(one, 1, sizeof(one));
	memset(two, 2, sizeof(two));
	apply(make(ISAHP_RECORD_ANNOUNCE, 2, 1, rich()));
	moved_to(poor());
	isahp_state_revive(&state, two);
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 1, 9, rich())), ISAHP_OUTCOME_STALE);
	cr_assert_eq(apply(make(ISAHP_RECORD_ANNOUNCE, 2, 1, rich())), ISAHP_OUTCOME_NEW_EPOCH);
	cr_assert(usable(F(AVX2)));
}
