// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <isa-core/slot.h>

int isahp_channel_create(struct isahp_channel *channel)
{
	void *map;
	int rc, fd;

	fd = memfd_create("isahp-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	/* A guest's QEMU must not be able to shrink it under our feet (SIGBUS). */
	if (ftruncate(fd, ISAHP_SHM_SIZE) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto err;
	map = mmap(NULL, ISAHP_SHM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		goto err;
	channel->fd = fd;
	channel->host = (void *)((char *)map + ISAHP_HOST_PAGE);
	channel->guest = (void *)((char *)map + ISAHP_GUEST_PAGE);
	return 0;

err:
	rc = -errno;
	close(fd);
	return rc;
}

void isahp_channel_destroy(struct isahp_channel *channel)
{
	munmap((char *)channel->host - ISAHP_HOST_PAGE, ISAHP_SHM_SIZE);
	close(channel->fd);
}

void isahp_channel_write_record(struct isahp_channel *channel,
				const struct isahp_record *record)
{
	isahp_slot_write(&channel->host->record_slot, &channel->host->record,
			 record, sizeof(*record));
}

void isahp_channel_write_reply(struct isahp_channel *channel,
			       const struct isahp_reply *reply)
{
	/* The guest copies as much as the size says: spare it the unused rest. */
	isahp_slot_write(&channel->host->reply_slot, &channel->host->reply, reply,
			 offsetof(struct isahp_reply, result) + reply->size);
}

void isahp_channel_rewrite(struct isahp_channel *channel,
			   const struct isahp_record *record,
			   const struct isahp_reply *reply)
{
	static const struct isahp_reply none;
	struct isahp_host_page *page = channel->host;

	/* Nobody else writes here, but RAM that arrived may hold anything. */
	page->version_min = ISAHP_ABI_VERSION_MIN;
	page->version = ISAHP_ABI_VERSION;
	page->flags = 0;
	memset(page->reserved0, 0, sizeof(page->reserved0));
	memset(page->reserved1, 0, sizeof(page->reserved1));
	memset(page->reserved2, 0, sizeof(page->reserved2));
	isahp_channel_write_record(channel, record);
	isahp_channel_write_reply(channel, reply ? reply : &none);
	/* All before the magic; partner: the guest's acquire load of it. */
	ISAHP_STORE_RELEASE(&page->magic, ISAHP_HOST_MAGIC);
}

bool isahp_channel_intact(const struct isahp_channel *channel,
			  const struct isahp_record *record)
{
	const struct isahp_host_page *page = channel->host;
	struct isahp_record there;

	if (ISAHP_LOAD_ACQUIRE(&page->magic) != ISAHP_HOST_MAGIC ||
	    page->version != ISAHP_ABI_VERSION)
		return false;
	if (isahp_slot_read(&page->record_slot, &page->record, sizeof(there),
			    &there, sizeof(there), sizeof(there)))
		return false;
	return !memcmp(&there, record, sizeof(there));
}

int isahp_channel_read_request(const struct isahp_channel *channel,
			       struct isahp_request *ret_request)
{
	const struct isahp_guest_page *page = channel->guest;

	if (!ISAHP_LOAD_RELAXED(&page->request_slot.seqcount))
		return -ENODATA;
	return isahp_slot_read(&page->request_slot, &page->request,
			       sizeof(page->request), ret_request,
			       sizeof(*ret_request),
			       offsetof(struct isahp_request, args));
}
