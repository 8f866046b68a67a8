/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs' records on disk: DIR/vm-NAME.json, one for each VM that came with one. */
#ifndef ISAHP_SHIM_ATTRIBUTES_FILE_H
#define ISAHP_SHIM_ATTRIBUTES_FILE_H

#include "vm.h"

/**
 * isahp_attributes_store - write down what a VM came with
 * @vm: its @kept is written; all or nothing. What goes wrong is logged: the VM is
 *	here all the same.
 */
void isahp_attributes_store(const struct isahp_vm *vm);

/** isahp_attributes_unstore - remove it again */
void isahp_attributes_unstore(const struct isahp_vm *vm);

/**
 * isahp_attributes_stored - read it
 * @vm: by its name.
 * @ret: a new object, or NULL where the file is none, and
 * @err: says why.
 *
 * Return: whether there is such a file.
 */
bool isahp_attributes_stored(const struct isahp_vm *vm, json_t **ret,
			     struct isahp_error *err);

#endif /* ISAHP_SHIM_ATTRIBUTES_FILE_H */
