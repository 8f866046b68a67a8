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

#include "policy/replace.h"
#include "policy/text.h"

static int failed(const char *path, int reason, struct isahp_error *err)
{
	char shown[256];

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
			       "cannot write %s: %s", shown, strerror(reason));
}

/* Readable as any file that this user makes. */
static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
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
	reason = isahp_write_whole(fd, text);
	return close(fd) && !reason ? errno : reason;
}

int ctl_write(const char *path, const char *text, struct isahp_error *err)
{
	int reason;

	if (!path || !strcmp(path, "-"))
		return fputs(text, stdout) == EOF || fflush(stdout) ?
			       failed("standard output", errno, err) : 0;
	reason = is_plain(path) ? isahp_replace(path, usual_mode(), text) : into(path, text);
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
