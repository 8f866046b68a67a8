// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "source.h"

/* A writer is at it for less than a microsecond, unless it was preempted. */
#define PAGE_TRIES 10000

int isahp_source_map(struct isahp_source_link *link, int fd)
{
	const struct isahp_state_page *page;

	page = mmap(NULL, ISAHP_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	if (page->magic != ISAHP_STATE_MAGIC || page->version < 1 ||
	    page->size < sizeof(*page)) {
		munmap((void *)page, ISAHP_PAGE_SIZE);
		return -EPROTO;
	}
	link->page = page;
	return 0;
}

/* The page is written while it is copied: every access is one volatile word. */
static void copy_page(struct isahp_state_page *to,
		      const struct isahp_state_page *page)
{
	const volatile uint64_t *from = (const volatile uint64_t *)page;
	uint64_t word;
	size_t i;

	for (i = 0; i < sizeof(*to) / 8; i++) {
		word = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
		memcpy((char *)to + i * 8, &word, 8);
	}
}

static int read_page(const struct isahp_state_page *page,
		     struct isahp_state_page *ret_copy)
{
	uint32_t before;
	int i;

	for (i = 0; i < PAGE_TRIES; i++) {
		/* Partner: the writer's release of the even count. */
		before = __atomic_load_n(&page->seqcount, __ATOMIC_ACQUIRE);
		if (before & 1)
			continue;
		copy_page(ret_copy, page);
		/* Copy before the second look; partner: the writer's odd count. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&page->seqcount, __ATOMIC_RELAXED) == before)
			return 0;
	}
	return -EAGAIN;
}

static void event_of_page(const struct isahp_state_page *page,
			  struct isahp_event *ret_event)
{
	memset(ret_event, 0, sizeof(*ret_event));
	ret_event->size = sizeof(*ret_event);
	ret_event->flags = page->flags;
	memcpy(ret_event->epoch, page->epoch, ISAHP_EPOCH_SIZE);
	ret_event->sequence = page->sequence;
	ret_event->event = page->event;
	ret_event->deadline_ns = page->deadline_ns;
	ret_event->phase = page->phase;
	ret_event->vendor = page->vendor;
	ret_event->present = page->present;
	ret_event->leaving = page->leaving;
	ret_event->usable = page->usable;
}

int isahp_source_newest(const struct isahp_source_link *link,
			struct isahp_event *ret_event)
{
	struct isahp_state_page page;
	int rc = read_page(link->page, &page);

	if (rc && !link->newest.size)
		return rc;
	if (rc || (link->newest.size && link->newest.event >= page.event))
		*ret_event = link->newest;
	else
		event_of_page(&page, ret_event);
	return 0;
}

int isahp_source_answer(struct isahp_source_link *link,
			const struct isahp_event *event, uint32_t verdict)
{
	struct isahp_ack ack = {
		.size = sizeof(ack),
		.verdict = verdict,
		.sequence = event->sequence,
	};
	int rc;

	memcpy(ack.epoch, event->epoch, ISAHP_EPOCH_SIZE);
	rc = link->ops->acknowledge(link, &ack);
	if (!rc)
		isahp_count(verdict == ISAHP_ACK ? &isahp_library.acks :
						   &isahp_library.naks);
	return rc;
}

struct isahp_features isahp_source_usable(const struct isahp_source_link *link,
					  const struct isahp_features *set,
					  uint32_t flags)
{
	struct isahp_features cpu;

	if (link->ops->kind == ISAHP_SOURCE_DEVICE &&
	    (flags & ISAHP_STATE_F_MASKED))
		return isahp_features_andnot(set, &isahp_library.never);
	cpu = isahp_library_cpu();
	return isahp_features_and(set, &cpu);
}

void isahp_source_close(struct isahp_source_link *link)
{
	if (!link->ops)
		return;
	if (link->page)
		munmap((void *)link->page, ISAHP_PAGE_SIZE);
	close(link->fd);
	memset(link, 0, sizeof(*link));
	link->fd = -1;
}
