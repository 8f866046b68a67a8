// SPDX-License-Identifier: GPL-2.0-or-later
#include "attributes_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/json_file.h"
#include "policy/replace.h"

/* As much as a control client could have said. */
static const struct isahp_json_kind record_file = { "VM's record", 65536 };

/* Return: false: nothing is to be stored. */
static bool path_of(const struct isahp_vm *vm, char *path, size_t size)
{
	int len;

	if (!*vm->host->state_dir)
		return false;
	len = snprintf(path, size, "%s/vm-%s.json", vm->host->state_dir,
		       vm->config.name);
	return len > 0 && (size_t)len < size;
}

void isahp_attributes_store(const struct isahp_vm *vm)
{
	char path[400], *text;
	int reason;

	if (!path_of(vm, path, sizeof(path)))
		return;
	text = json_dumps(vm->kept.document, JSON_INDENT(2));
	reason = text ? isahp_replace(path, 0600, text) : ENOMEM;
	free(text);
	if (reason)
		isahp_log(ISAHP_LOG_WARNING,
			  "vm %s: its record could not be stored in %s: %s",
			  vm->config.name, path, strerror(reason));
}

void isahp_attributes_unstore(const struct isahp_vm *vm)
{
	char path[400];

	if (path_of(vm, path, sizeof(path)))
		unlink(path);
}

bool isahp_attributes_stored(const struct isahp_vm *vm, json_t **ret,
			     struct isahp_error *err)
{
	char path[400];

	if (!path_of(vm, path, sizeof(path)) || access(path, F_OK))
		return false;
	*ret = isahp_json_file_load(path, &record_file, err);
	return true;
}
