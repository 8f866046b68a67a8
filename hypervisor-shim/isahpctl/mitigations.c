// SPDX-License-Identifier: GPL-2.0-or-later
#include "mitigations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/text.h"

static int bad(const char *path, size_t line, const char *what, struct isahp_error *err)
{
	char shown[256];

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
			       "%s: line %zu: %s", shown, line, what);
}

/* "/sys/devices/system/cpu/vulnerabilities/mds:Mitigation: ..." */
static int read_line(char *line, struct isahp_profile *profile)
{
	char *state = strchr(line, ':'), *name;

	if (!state)
		return -EINVAL;
	*state++ = '\0';
	name = strrchr(line, '/');
	return isahp_profile_mitigation_set(profile, name ? name + 1 : line,
					    state + strspn(state, " "));
}

static int read_file(FILE *file, const char *path, struct isahp_profile *profile,
		     struct isahp_error *err)
{
	size_t number = 0;
	char line[1024];
	int rc;

	while (fgets(line, sizeof(line), file)) {
		number++;
		if (!strchr(line, '\n') && !feof(file))
			return bad(path, number, "longer than what any kernel says", err);
		line[strcspn(line, "\r\n")] = '\0';
		if (!*line)
			continue;
		rc = read_line(line, profile);
		if (rc)
			return bad(path, number, rc == -E2BIG ? "more than any kernel says" :
				   "not as `grep -r . /sys/devices/system/cpu/vulnerabilities` prints it",
				   err);
	}
	if (!profile->mitigation_count && !ferror(file))
		return bad(path, number, "tells nothing", err);
	return 0;
}

int ctl_mitigations_read(const char *path, struct isahp_profile *ret,
			 struct isahp_error *err)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct isahp_profile profile = { 0 };
	char shown[256];
	int rc = 0;

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	if (file)
		rc = read_file(file, path, &profile, err);
	if (!rc && (!file || ferror(file)))
		rc = isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED, "%s: %s",
				     shown, strerror(errno));
	if (file && file != stdin)
		fclose(file);
	if (rc)
		isahp_profile_free(&profile);
	else
		*ret = profile;
	return rc;
}
