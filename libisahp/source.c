// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <isa-core/state_page.h>
#include "source.h"

int isahp_source_map(struct isahp_source_link *link, int fd)
{
	const struct isahp_state_page *page;

	page = mmap(NULL, ISAHP_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	if (isahp_state_page_check(page)) {
		munmap((void *)page, ISAHP_PAGE_SIZE);
		return -EPROTO;
	}
	link->page = page;
	return 0;
}

int isahp_source_newest(const struct isahp_source_link *link,
			struct isahp_event *ret_event)
{
	struct isahp_event shown;
	int rc = isahp_state_page_read(link->page, &shown);

	if (rc && !link->newest.size)
		return rc;
	if (rc || (link->newest.size && link->newest.event >= shown.event))
		*ret_event = link->newest;
	else
		*ret_event = shown;
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
