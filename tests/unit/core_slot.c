// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <isa-core/crc32c.h>
#include <isa-core/slot.h>

static struct {
	struct isahp_slot slot;
	__u8 room[256];
} page;

static void write_pattern(__u8 value, size_t size)
{
	__u8 data[256];

	memset(data, value, size);
	isahp_slot_write(&page.slot, page.room, data, size);
}

static int read_into(__u8 *to, size_t want, size_t min)
{
	return isahp_slot_read(&page.slot, page.room, sizeof(page.room), to, want, min);
}

Test(slot, carries_a_payload_over)
{
	__u8 got[64];

	write_pattern(0x5a, 64);
	cr_assert_eq(read_into(got, 64, 64), 0);
	for (int i = 0; i < 64; i++)
		cr_assert_eq(got[i], 0x5a);
	cr_assert_eq(page.slot.seqcount % 2, 0);
}

Test(slot, a_shorter_payload_of_an_older_peer_reads_as_zero_at_its_end)
{
	__u8 got[64];

	memset(got, 0xff, sizeof(got));
	write_pattern(0x11, 40);
	cr_assert_eq(read_into(got, 64, 40), 0);
	cr_assert_eq(got[39], 0x11);
	for (int i = 40; i < 64; i++)
		cr_assert_eq(got[i], 0);
}

Test(slot, a_longer_payload_of_a_newer_peer_gives_its_beginning)
{
	__u8 got[64];

	write_pattern(0x22, 200);
	cr_assert_eq(read_into(got, 64, 64), 0);
	cr_assert_eq(got[63], 0x22);
}

Test(slot, nothing_is_believed_while_the_writer_is_at_work)
{
	__u8 got[64];

	write_pattern(1, 64);
	page.slot.seqcount |= 1;
	cr_assert_eq(read_into(got, 64, 64), -EAGAIN);
}

Test(slot, a_half_copied_slot_with_a_settled_count_fails_its_crc)
{
	__u8 got[64];

	write_pattern(1, 64);
	memset(page.room + 32, 2, 32);
	cr_assert_eq(read_into(got, 64, 64), -EBADMSG);
}

Test(slot, absurd_sizes_are_refused)
{
	__u8 got[64];

	write_pattern(1, 64);
	page.slot.size = 63;
	cr_assert_eq(read_into(got, 64, 64), -EBADMSG);
	page.slot.size = 257;
	cr_assert_eq(read_into(got, 64, 64), -EBADMSG);
	page.slot.size = ~0u;
	cr_assert_eq(read_into(got, 64, 64), -EBADMSG);
	page.slot.size = 64;
	cr_assert_eq(read_into(got, 64, 64), 0);
}

Test(slot, a_writer_recovers_a_slot_that_was_left_odd)
{
	__u8 got[64];

	page.slot.seqcount = 7;
	write_pattern(9, 64);
	cr_assert_eq(page.slot.seqcount, 8);
	cr_assert_eq(read_into(got, 64, 64), 0);
	page.slot.seqcount = ~0u;
	write_pattern(9, 64);
	cr_assert_eq(page.slot.seqcount, 0);
	cr_assert_eq(read_into(got, 64, 64), 0);
}

static atomic_bool stop;

static void *scribble(void *arg)
{
	for (unsigned int i = 0; !atomic_load(&stop); i++) {
		write_pattern(i, 64 + i % 3 * 64);
		/* Quiet for about as long as a read takes, so that some succeed. */
		(void)isahp_crc32c(page.room, 192);
		(void)isahp_crc32c(page.room, 192);
	}
	return arg;
}

Test(slot, a_reader_beside_a_writer_never_sees_a_mixture)
{
	pthread_t writer;
	__u8 got[192];
	int good = 0;

	pthread_create(&writer, NULL, scribble, NULL);
	while (good < 5000) {
		int r = read_into(got, sizeof(got), 64);

		if (r == -EAGAIN)
			continue;
		/* A torn header may be noticed as a bad message, never as good. */
		if (r == -EBADMSG)
			continue;
		cr_assert_eq(r, 0);
		for (size_t i = 1; i < 64; i++)
			cr_assert_eq(got[i], got[0]);
		good++;
	}
	atomic_store(&stop, true);
	pthread_join(writer, NULL);
}
