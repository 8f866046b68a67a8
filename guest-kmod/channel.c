// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <isa-core/slot.h>
#include "channel.h"

/* All of a call; between two rings; between two looks without an interrupt. */
#define CALL_MS 1000
#define RING_AGAIN_MS 100
#define LOOK_MS 20

#define REQUEST_HEADER offsetof(struct isahp_request, args)
#define REPLY_HEADER offsetof(struct isahp_reply, result)

void isahp_channel_init(struct isahp_channel *channel)
{
	init_waitqueue_head(&channel->wait);
	/* A host that kept the last token of a former module must not match. */
	channel->token = get_random_u64();
}

void isahp_channel_rung(struct isahp_channel *channel, int bit)
{
	set_bit(bit, &channel->rung);
	wake_up(&channel->wait);
}

int isahp_channel_present(struct isahp_channel *channel, u16 *ret_min,
			  u16 *ret_max)
{
	const struct isahp_host_page *page = channel->transport->host_page;
	u64 magic = ISAHP_LOAD_ACQUIRE(&page->magic);

	if (!magic)
		return -ENODEV;
	if (magic != ISAHP_HOST_MAGIC)
		return -ENXIO;
	*ret_min = ISAHP_LOAD_RELAXED(&page->version_min);
	*ret_max = ISAHP_LOAD_RELAXED(&page->version);
	return 0;
}

int isahp_channel_record(struct isahp_channel *channel,
			 struct isahp_record *ret_record, u32 *ret_count)
{
	const struct isahp_host_page *page = channel->transport->host_page;

	*ret_count = ISAHP_LOAD_RELAXED(&page->record_slot.seqcount);
	return isahp_slot_read(&page->record_slot, &page->record,
			       sizeof(page->record) + sizeof(page->reserved1),
			       ret_record, sizeof(*ret_record),
			       sizeof(*ret_record));
}

void isahp_channel_forget(struct isahp_channel *channel)
{
	channel->token = get_random_u64();
}

static bool reply_arrived(struct isahp_channel *channel)
{
	const struct isahp_host_page *page = channel->transport->host_page;

	clear_bit(ISAHP_VECTOR_REPLY, &channel->rung);
	if (isahp_slot_read(&page->reply_slot, &page->reply,
			    sizeof(page->reply), &channel->reply,
			    sizeof(channel->reply), REPLY_HEADER))
		return false;
	return channel->reply.token == channel->token;
}

static bool reply_wait(struct isahp_channel *channel)
{
	unsigned long now = jiffies;
	unsigned long end = now + msecs_to_jiffies(CALL_MS);
	unsigned long ring = now;

	while (!reply_arrived(channel)) {
		now = jiffies;
		if (time_after_eq(now, end) ||
		    test_bit(ISAHP_CHANNEL_MOVED, &channel->rung))
			return false;
		if (time_after_eq(now, ring)) {
			channel->transport->ops->ring(channel->transport);
			ring = now + msecs_to_jiffies(RING_AGAIN_MS);
		}
		wait_event_idle_timeout(channel->wait,
					test_bit(ISAHP_VECTOR_REPLY,
						 &channel->rung) ||
					test_bit(ISAHP_CHANNEL_MOVED,
						 &channel->rung),
					msecs_to_jiffies(LOOK_MS));
	}
	return true;
}

static int reply_take(const struct isahp_reply *reply, void *ret_result,
		      size_t result_size)
{
	int status = (int)reply->status;
	size_t size = min_t(size_t, reply->size, result_size);

	if (reply->size > sizeof(reply->result) || !(status == 0 || IS_ERR_VALUE((long)status)))
		return -EBADMSG;
	if (result_size) {
		memset(ret_result, 0, result_size);
		memcpy(ret_result, reply->result, size);
	}
	return status;
}

int isahp_channel_call(struct isahp_channel *channel, u32 number,
		       const void *args, size_t args_size, void *ret_result,
		       size_t result_size)
{
	struct isahp_guest_page *page = channel->transport->guest_page;
	struct isahp_request *request = &channel->request;

	if (args_size > sizeof(request->args))
		return -EINVAL;
	request->token = ++channel->token;
	request->number = number;
	request->size = args_size;
	memcpy(request->args, args, args_size);
	isahp_slot_write(&page->request_slot, &page->request, request,
			 REQUEST_HEADER + args_size);
	if (!reply_wait(channel))
		return test_bit(ISAHP_CHANNEL_MOVED, &channel->rung) ?
			       -EINTR : -ETIMEDOUT;
	return reply_take(&channel->reply, ret_result, result_size);
}
