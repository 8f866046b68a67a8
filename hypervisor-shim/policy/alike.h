/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts, and VMs, that nothing but their names distinguishes: what holds for one
 * holds for all of them.
 */
#ifndef ISAHP_SHIM_ALIKE_H
#define ISAHP_SHIM_ALIKE_H

#include <stdbool.h>
#include <stddef.h>

#include "profile.h"
#include "record.h"

/**
 * isahp_alike_hosts - would each VM fare the same on both
 *
 * APIC IDs, which each CPU of a host has its own of, do not count; nor do name,
 * source and the kernel's release, of which nothing follows.
 */
bool isahp_alike_hosts(const struct isahp_profile *a, const struct isahp_profile *b);

/** isahp_alike_vms - would both fare the same on each host */
bool isahp_alike_vms(const struct isahp_vm_record *a, const struct isahp_vm_record *b);

/** isahp_alike_host_hash - the same for hosts that are alike */
__u64 isahp_alike_host_hash(const struct isahp_profile *host);

/** isahp_alike_vm_hash - the same for VMs that are alike */
__u64 isahp_alike_vm_hash(const struct isahp_vm_record *vm);

/**
 * isahp_alike_sort - number the kinds of things
 * @things: @count of them.
 * @count: of @things.
 * @hash: of one, and
 * @same: whether two are alike.
 * @ret_kind: receives the number of each one's kind, by first appearance from 0.
 * @ret_kinds: receives how many kinds there are.
 *
 * Return: 0 or -ENOMEM.
 */
int isahp_alike_sort(const void *const *things, size_t count,
		     __u64 (*hash)(const void *), bool (*same)(const void *, const void *),
		     size_t *ret_kind, size_t *ret_kinds);

#endif /* ISAHP_SHIM_ALIKE_H */
