/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests ask of the host, as abi.h numbers it.
 */
#ifndef ISAHP_SHIM_HYPERCALL_H
#define ISAHP_SHIM_HYPERCALL_H

#include "channel.h"
#include "vm.h"

/**
 * isahp_hypercall_serve - carry out one call
 * @vm: whose guest is calling.
 * @request: private copy; every field of it is the guest's word.
 * @ret_reply: the answer, filled in whatever the request was.
 */
void isahp_hypercall_serve(struct isahp_vm *vm,
			   const struct isahp_request *request,
			   struct isahp_reply *ret_reply);

/**
 * struct isahp_hypercall_seen - what a look at the request slot remembers
 * @bad_seqcount: of a request that could not be read and was answered.
 */
struct isahp_hypercall_seen {
	__u32 bad_seqcount;
};

/**
 * isahp_hypercall_look - serve what lies in the request slot, if it is new
 * @vm: whose guest.
 * @channel: its memory.
 * @seen: between looks; all zero to begin with.
 * @rung: the guest has rung: repeat the reply when the request is not new.
 *
 * Return: true when a reply was written and the guest should be told.
 */
bool isahp_hypercall_look(struct isahp_vm *vm, struct isahp_channel *channel,
			  struct isahp_hypercall_seen *seen, bool rung);

#endif /* ISAHP_SHIM_HYPERCALL_H */
