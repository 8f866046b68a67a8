// SPDX-License-Identifier: GPL-2.0-or-later
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int isahp_write_whole(int fd, const char *text)
{
	size_t len = strlen(text), done = 0;
	ssize_t n;

	while (done < len) {
		n = write(fd, text + done, len - done);
		if (n < 0 && errno != EINTR)
			return errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int isahp_replace(const char *path, mode_t mode, const char *text)
{
	char *beside;
	int fd, reason;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	reason = fd < 0 ? errno : isahp_write_whole(fd, text);
	if (!reason && (fchmod(fd, mode) || fsync(fd)))
		reason = errno;
	if (fd >= 0 && close(fd) && !reason)
		reason = errno;
	if (!reason && rename(beside, path))
		reason = errno;
	if (reason && fd >= 0)
		unlink(beside);
	free(beside);
	return reason;
}
