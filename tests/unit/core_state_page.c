// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <isa-core/state_page.h>

static union {
	struct isahp_state_page page;
	__u8 bytes[ISAHP_PAGE_SIZE];
} shared;

static void init(void)
{
	memset(&shared, 0, sizeof(shared));
	isahp_state_page_init(&shared.page);
}

/* Every field another value, all of them told by one number. */
static struct isahp_event make(__u64 n)
{
	struct isahp_event e = {
		.size = sizeof(e),
		.flags = n,
		.sequence = n + 1,
		.event = n + 2,
		.deadline_ns = n + 3,
		.phase = n + 4,
		.vendor = n + 5,
	};

	memset(e.epoch, (int)n, sizeof(e.epoch));
	for (int i = 0; i < ISAHP_FEATURE_WORDS; i++) {
		e.present.word[i] = n + 6 + i;
		e.leaving.word[i] = n + 10 + i;
		e.usable.word[i] = n + 14 + i;
	}
	return e;
}

Test(state_page, carries_every_field_over, .init = init)
{
	struct isahp_event in = make(0x1234), out;

	cr_assert_eq(isahp_state_page_check(&shared.page), 0);
	isahp_state_page_write(&shared.page, &in);
	cr_assert_eq(isahp_state_page_read(&shared.page, &out), 0);
	cr_assert(!memcmp(&in, &out, sizeof(in)));
	cr_assert_eq(shared.page.seqcount % 2, 0);
}

Test(state_page, type_and_missed_stay_with_the_event, .init = init)
{
	struct isahp_event in = make(1), out;

	in.type = ISAHP_RECORD_PREPARE;
	in.missed = 7;
	isahp_state_page_write(&shared.page, &in);
	cr_assert_eq(isahp_state_page_read(&shared.page, &out), 0);
	cr_assert_eq(out.type, 0);
	cr_assert_eq(out.missed, 0);
}

Test(state_page, a_writer_that_never_ends_is_given_up, .init = init)
{
	struct isahp_event out = make(9), before = out;

	shared.page.seqcount = 1;
	cr_assert_eq(isahp_state_page_read(&shared.page, &out), -EAGAIN);
	cr_assert(!memcmp(&out, &before, sizeof(out)));
}

Test(state_page, what_is_no_state_page_is_refused, .init = init)
{
	shared.page.version = ISAHP_UAPI_VERSION + 1;
	shared.page.size = sizeof(shared.page) + 64;
	cr_assert_eq(isahp_state_page_check(&shared.page), 0, "a newer one has what we know");
	shared.page.size = sizeof(shared.page) - 1;
	cr_assert_eq(isahp_state_page_check(&shared.page), -EPROTO);
	init();
	shared.page.version = 0;
	cr_assert_eq(isahp_state_page_check(&shared.page), -EPROTO);
	init();
	shared.page.magic++;
	cr_assert_eq(isahp_state_page_check(&shared.page), -EPROTO);
}

static atomic_bool stop;

static void *scribble(void *arg)
{
	for (__u64 n = 0; !atomic_load(&stop); n++) {
		struct isahp_event e = make(n);

		isahp_state_page_write(&shared.page, &e);
		for (volatile int pause = 0; pause < 200; pause++)
			;
	}
	return arg;
}

Test(state_page, a_reader_beside_a_writer_never_sees_a_mixture, .init = init)
{
	struct isahp_event out, whole = make(0);
	pthread_t writer;

	isahp_state_page_write(&shared.page, &whole);
	pthread_create(&writer, NULL, scribble, NULL);
	for (int good = 0; good < 20000;) {
		if (isahp_state_page_read(&shared.page, &out))
			continue;
		whole = make(out.sequence - 1);
		cr_assert(!memcmp(&out, &whole, sizeof(out)));
		good++;
	}
	atomic_store(&stop, true);
	pthread_join(writer, NULL);
}
