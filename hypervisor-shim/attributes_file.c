// SPDX-License-Identifier: GPL-2.0-or-later
#include "attributes_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/json_file.h"

/* As much as a control client could have said. */
static const struct isahp_json_kind record_file = { "VM's record", 65536 };

/* Return: its length, or 0 where nothing is to be stored. */
static int path_of(const struct isahp_vm *vm, const char *ending, char *path,
		   size_t size)
{
	int len;

	if (!*vm->host->state_dir)
		return 0;
	len = snprintf(path, size, "%s/vm-%s.json%s", vm->host->state_dir,
		       vm->config.name, ending);
	return len > 0 && (size_t)len < size ? len : 0;
}

static int fill(int fd, const char *text)
{
	size_t len = strlen(text), done = 0;
	ssize_t n;

	while (done < len) {
		n = write(fd, text + done, len - done);
		if (n < 0 && errno != EINTR)
			return errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? errno : 0;
}

/* The lock on the runtime directory makes us the only one who writes here. */
static int replace(const char *path, const char *beside, const char *text)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int reason = fd < 0 ? errno : fill(fd, text);

	if (fd >= 0 && close(fd) && !reason)
		reason = errno;
	if (!reason && rename(beside, path))
		reason = errno;
	if (reason && fd >= 0)
		unlink(beside);
	return reason;
}

void isahp_attributes_store(const struct isahp_vm *vm)
{
	char path[400], beside[400], *text;
	int reason;

	if (!path_of(vm, "", path, sizeof(path)) ||
	    !path_of(vm, ".new", beside, sizeof(beside)))
		return;
	text = json_dumps(vm->kept.document, JSON_INDENT(2));
	reason = text ? replace(path, beside, text) : ENOMEM;
	free(text);
	if (reason)
		isahp_log(ISAHP_LOG_WARNING,
			  "vm %s: its record could not be stored in %s: %s",
			  vm->config.name, path, strerror(reason));
}

void isahp_attributes_unstore(const struct isahp_vm *vm)
{
	char path[400];

	if (path_of(vm, "", path, sizeof(path)))
		unlink(path);
}

bool isahp_attributes_stored(const struct isahp_vm *vm, json_t **ret,
			     struct isahp_error *err)
{
	char path[400];

	if (!path_of(vm, "", path, sizeof(path)) || access(path, F_OK))
		return false;
	*ret = isahp_json_file_load(path, &record_file, err);
	return true;
}
