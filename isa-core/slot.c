// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "slot.h"
#include "crc32c.h"
#include "shared.h"

/* Larger than every payload; bounds what a reader keeps on its stack. */
#define PAYLOAD_MAX 1024

void isahp_slot_write(struct isahp_slot *slot, void *room, const void *data,
		      size_t size)
{
	/* Odd in any case, also after a half-written slot arrived here. */
	__u32 odd = ISAHP_LOAD_RELAXED(&slot->seqcount) | 1;

	ISAHP_STORE_RELAXED(&slot->seqcount, odd);
	/* Odd before the payload; partner: the second load in the reader. */
	ISAHP_FENCE_RELEASE();
	ISAHP_STORE_RELAXED(&slot->size, (__u32)size);
	ISAHP_STORE_RELAXED(&slot->crc, isahp_crc32c(data, size));
	ISAHP_STORE_RELAXED(&slot->reserved, 0);
	isahp_shared_write(room, data, size);
	/* Payload before even; partner: the first load in the reader. */
	ISAHP_STORE_RELEASE(&slot->seqcount, odd + 1);
}

int isahp_slot_read(const struct isahp_slot *slot, const void *room, size_t max,
		    void *ret_data, size_t want, size_t min)
{
	__u64 copy[PAYLOAD_MAX / 8];
	__u32 before, size, crc;

	before = ISAHP_LOAD_ACQUIRE(&slot->seqcount);
	if (before & 1)
		return -EAGAIN;
	size = ISAHP_LOAD_RELAXED(&slot->size);
	crc = ISAHP_LOAD_RELAXED(&slot->crc);
	if (size < min || size > max || size > sizeof(copy))
		return -EBADMSG;
	isahp_shared_read(copy, room, size);
	/* Copy before the second look; partner: the writer's release fence. */
	ISAHP_FENCE_ACQUIRE();
	if (ISAHP_LOAD_RELAXED(&slot->seqcount) != before)
		return -EAGAIN;
	if (isahp_crc32c(copy, size) != crc)
		return -EBADMSG;
	if (size < want)
		memset((__u8 *)ret_data + size, 0, want - size);
	memcpy(ret_data, copy, size < want ? size : want);
	return 0;
}
