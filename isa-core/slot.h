/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Slots of a shared page: a seqcount, a length, a CRC and a payload.
 *
 * The two sides do not trust each other, and a live migration may leave half a
 * slot behind: see <isahp/abi.h>.
 */
#ifndef ISAHP_CORE_SLOT_H
#define ISAHP_CORE_SLOT_H

#include "env.h"
#include <isahp/abi.h>

/**
 * isahp_slot_write - publish a payload
 * @slot: header in shared memory, of which the caller is the only writer.
 * @room: payload in shared memory, right behind or elsewhere.
 * @data: the payload, in private memory.
 * @size: its bytes; the caller knows that @room is as large.
 *
 * Context: any; calls for one slot are serialised by the caller.
 */
void isahp_slot_write(struct isahp_slot *slot, void *room, const void *data,
		      size_t size);

/**
 * isahp_slot_read - take a consistent copy of a payload
 * @slot: header in shared memory that the other side writes.
 * @room: its payload.
 * @max: bytes of @room that exist.
 * @ret_data: receives the payload; what the writer did not write is zeroed.
 *	Undefined after a failure.
 * @want: bytes that @ret_data holds and the caller understands. A payload that
 *	is larger was written by a newer peer: its beginning is returned.
 * @min: bytes below which the payload makes no sense.
 *
 * Reads every byte of shared memory once, whatever the other side does.
 *
 * Return: 0; -EAGAIN: the writer is at work, look again; -EBADMSG: size or CRC
 * is wrong.
 */
int isahp_slot_read(const struct isahp_slot *slot, const void *room, size_t max,
		    void *ret_data, size_t want, size_t min);

#endif /* ISAHP_CORE_SLOT_H */
