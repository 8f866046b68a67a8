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
