// SPDX-License-Identifier: GPL-2.0-or-later
#include "write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/text.h"

static int failed(const char *path, int reason, struct isahp_error *err)
{
	char shown[256];

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
			       "cannot write %s: %s", shown, strerror(reason));
}

/* Return: 0 or an errno. */
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
	return 0;
}

/* What is there is replaced at once, or stays. Return: 0 or an errno. */
static int replace(const char *path, const char *text)
{
	char *beside;
	mode_t mask = umask(0);
	int fd, reason;

	umask(mask);
	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	reason = fd < 0 ? errno : 0;
	if (!reason)
		reason = fill(fd, text);
	if (!reason && (fchmod(fd, 0666 & ~mask) || fsync(fd)))
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

/* A pipe or a device can not be replaced. */
static bool is_plain(const char *path)
{
	struct stat st;

	return stat(path, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
}

static int into(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), reason;

	if (fd < 0)
		return errno;
	reason = fill(fd, text);
	return close(fd) && !reason ? errno : reason;
}

int ctl_write(const char *path, const char *text, struct isahp_error *err)
{
	int reason;

	if (!path || !strcmp(path, "-"))
		return fputs(text, stdout) == EOF || fflush(stdout) ?
			       failed("standard output", errno, err) : 0;
	reason = is_plain(path) ? replace(path, text) : into(path, text);
	return reason ? failed(path, reason, err) : 0;
}

int ctl_write_json(const char *path, json_t *json, struct isahp_error *err)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL, *line = NULL;
	int rc;

	json_decref(json);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		rc = isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				     "out of memory");
	else
		rc = ctl_write(path, line, err);
	free(line);
	free(text);
	return rc;
}
