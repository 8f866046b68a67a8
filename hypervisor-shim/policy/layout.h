/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a CPU puts the register state that XSAVE saves.
 *
 * Images in the standard format lie in signal frames, debuggers and checkpoints
 * of a guest: a CPU with another layout would restore garbage from them.
 */
#ifndef ISAHP_SHIM_LAYOUT_H
#define ISAHP_SHIM_LAYOUT_H

#include <isahp/abi.h>
#include <jansson.h>
#include <stdbool.h>

#include "error.h"

#define ISAHP_LAYOUT_FIRST 2 /* 0 and 1, x87 and SSE, are the same everywhere */
#define ISAHP_LAYOUT_END 63

/**
 * struct isahp_layout - XSAVE components
 * @known: the rest was told.
 * @xcr0: those that there are; of a guest: that it has enabled.
 * @component: by bit number in @xcr0; in bytes from the image's beginning.
 */
struct isahp_layout {
	bool known;
	__u64 xcr0;
	struct {
		__u32 offset;
		__u32 size;
	} component[ISAHP_LAYOUT_END];
};

/**
 * isahp_layout_from_guest - what REGISTER said
 * @args: hostile.
 * @ret_layout: not @known when the guest is too old to say.
 *
 * Return: 0, or -EINVAL when it contradicts itself.
 */
int isahp_layout_from_guest(const struct isahp_register_args *args,
			    struct isahp_layout *ret_layout);

/**
 * isahp_layout_native - of the CPU this runs on: what KVM gives its guests
 * @xcr0: components that they see.
 */
struct isahp_layout isahp_layout_native(__u64 xcr0);

/**
 * isahp_layout_tcg - of QEMU's own CPU
 * @xcr0: components that its guests see.
 */
struct isahp_layout isahp_layout_tcg(__u64 xcr0);

/** isahp_layout_to_json - {xcr0, components: [{number, offset, size}]}; NULL: out of memory */
json_t *isahp_layout_to_json(const struct isahp_layout *layout);

/**
 * isahp_layout_from_json - the inverse
 * @json: as above.
 * @ret_layout: the layout.
 * @err: says what is wrong.
 *
 * Return: 0 or -EINVAL.
 */
int isahp_layout_from_json(const json_t *json, struct isahp_layout *ret_layout,
			   struct isahp_error *err);

/**
 * isahp_layout_differs - why a guest's images would not fit elsewhere
 * @guest: what it has enabled.
 * @target: what there is.
 * @number: of one of the guest's components, from ISAHP_LAYOUT_FIRST.
 * @why: receives a phrase.
 * @size: of @why.
 *
 * Return: whether there is a reason.
 */
bool isahp_layout_differs(const struct isahp_layout *guest,
			  const struct isahp_layout *target, unsigned int number,
			  char *why, size_t size);

/** isahp_layout_name - what a component holds, as "PKRU" */
const char *isahp_layout_name(unsigned int number);

#endif /* ISAHP_SHIM_LAYOUT_H */
