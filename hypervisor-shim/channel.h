/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared memory of abi.h, seen from the host: one page to write, and one
 * that a hostile guest writes.
 */
#ifndef ISAHP_SHIM_CHANNEL_H
#define ISAHP_SHIM_CHANNEL_H

#include <isahp/abi.h>
#include <stdbool.h>

/**
 * struct isahp_channel - the memory of one guest
 * @fd: memfd of ISAHP_SHM_SIZE bytes, sealed against resizing.
 * @host: page 0, written here alone, though a guest can spoil it.
 * @guest: page 1, never read twice for one decision.
 */
struct isahp_channel {
	int fd;
	struct isahp_host_page *host;
	const struct isahp_guest_page *guest;
};

/**
 * isahp_channel_create - make the memory, all zero
 * @channel: to be initialised.
 *
 * Return: 0 or a negative errno.
 */
int isahp_channel_create(struct isahp_channel *channel);

/** isahp_channel_destroy - unmap and close; the guest keeps its own mapping */
void isahp_channel_destroy(struct isahp_channel *channel);

/** isahp_channel_write_record - show a record */
void isahp_channel_write_record(struct isahp_channel *channel,
				const struct isahp_record *record);

/** isahp_channel_write_reply - show a reply */
void isahp_channel_write_reply(struct isahp_channel *channel,
			       const struct isahp_reply *reply);

/**
 * isahp_channel_rewrite - write the whole host page, as on a new machine
 * @channel: the memory.
 * @record: in force.
 * @reply: the last one, or NULL: there is none, and what lies there is void.
 */
void isahp_channel_rewrite(struct isahp_channel *channel,
			   const struct isahp_record *record,
			   const struct isahp_reply *reply);

/**
 * isahp_channel_intact - does the page hold what was written last
 * @channel: the memory.
 * @record: written last.
 *
 * It does not after a migration or a restored snapshot has brought the page of
 * another time, or when the guest scribbled over it.
 */
bool isahp_channel_intact(const struct isahp_channel *channel,
			  const struct isahp_record *record);

/**
 * isahp_channel_read_request - take a copy of the guest's request
 * @channel: the memory.
 * @ret_request: the copy; nothing of it is checked but its CRC.
 *
 * Return: 0; -ENODATA: none was ever made; -EAGAIN: the guest is writing;
 * -EBADMSG: size or CRC is wrong.
 */
int isahp_channel_read_request(const struct isahp_channel *channel,
			       struct isahp_request *ret_request);

#endif /* ISAHP_SHIM_CHANNEL_H */
