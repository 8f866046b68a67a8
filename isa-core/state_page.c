// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "state_page.h"
#include "shared.h"

/* A writer is at it for less than a microsecond, unless it was preempted. */
#define READ_TRIES 10000

/* What the sequence count guards: all that stands behind the flags' word. */
#define GUARDED offsetof(struct isahp_state_page, epoch)

void isahp_state_page_init(struct isahp_state_page *page)
{
	page->magic = ISAHP_STATE_MAGIC;
	page->version = ISAHP_UAPI_VERSION;
	page->size = sizeof(*page);
}

int isahp_state_page_check(const struct isahp_state_page *page)
{
	if (page->magic != ISAHP_STATE_MAGIC || page->version < 1 ||
	    page->size < sizeof(*page))
		return -EPROTO;
	return 0;
}

static void to_page(struct isahp_state_page *page, const struct isahp_event *state)
{
	memcpy(page->epoch, state->epoch, sizeof(page->epoch));
	page->sequence = state->sequence;
	page->event = state->event;
	page->deadline_ns = state->deadline_ns;
	page->phase = state->phase;
	page->vendor = state->vendor;
	page->present = state->present;
	page->leaving = state->leaving;
	page->usable = state->usable;
}

static void from_page(struct isahp_event *state, const struct isahp_state_page *page)
{
	memset(state, 0, sizeof(*state));
	state->size = sizeof(*state);
	state->flags = page->flags;
	memcpy(state->epoch, page->epoch, sizeof(state->epoch));
	state->sequence = page->sequence;
	state->event = page->event;
	state->deadline_ns = page->deadline_ns;
	state->phase = page->phase;
	state->vendor = page->vendor;
	state->present = page->present;
	state->leaving = page->leaving;
	state->usable = page->usable;
}

void isahp_state_page_write(struct isahp_state_page *page,
			    const struct isahp_event *state)
{
	__u32 seqcount = ISAHP_LOAD_RELAXED(&page->seqcount);
	struct isahp_state_page next;

	to_page(&next, state);
	ISAHP_STORE_RELAXED(&page->seqcount, seqcount + 1);
	/* Odd before the fields; partner: the reader's second load. */
	ISAHP_FENCE_RELEASE();
	ISAHP_STORE_RELAXED(&page->flags, state->flags);
	isahp_shared_write((__u8 *)page + GUARDED, (const __u8 *)&next + GUARDED,
			   sizeof(next) - GUARDED);
	/* Fields before even; partner: the reader's first load. */
	ISAHP_STORE_RELEASE(&page->seqcount, seqcount + 2);
}

int isahp_state_page_read(const struct isahp_state_page *page,
			  struct isahp_event *ret_state)
{
	struct isahp_state_page copy;
	__u32 before;
	int i;

	for (i = 0; i < READ_TRIES; i++) {
		before = ISAHP_LOAD_ACQUIRE(&page->seqcount);
		if (before & 1)
			continue;
		isahp_shared_read(&copy, page, sizeof(copy));
		/* Copy before the second look; partner: the writer's fence. */
		ISAHP_FENCE_ACQUIRE();
		if (ISAHP_LOAD_RELAXED(&page->seqcount) != before)
			continue;
		from_page(ret_state, &copy);
		return 0;
	}
	return -EAGAIN;
}
