// SPDX-License-Identifier: GPL-2.0-or-later
#include "paint.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "policy/error.h"

static const char *mode = "auto";

int ctl_paint_mode(const char *when)
{
	static const char *const modes[] = { "always", "never", "auto" };
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!when || !strcmp(when, modes[i])) {
			mode = modes[i];
			return 0;
		}
	fprintf(stderr, "isahpctl: --color is always, never or auto, not '%s'\n",
		when);
	return ISAHP_ERROR_USAGE;
}

/* https://no-color.org: set and not empty, whatever it is. */
static bool wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (strcmp(mode, "auto"))
		return !strcmp(mode, "always");
	return !(no && *no) && !(term && !strcmp(term, "dumb")) &&
	       isatty(STDOUT_FILENO);
}

void ctl_paint(enum ctl_paint paint, int width, const char *text)
{
	static const char *const codes[] = {
		[CTL_PAINT_NONE] = "",	    [CTL_PAINT_HEAD] = "\033[1m",
		[CTL_PAINT_GOOD] = "\033[32m",  [CTL_PAINT_BAD] = "\033[31m",
		[CTL_PAINT_DOUBT] = "\033[33m", [CTL_PAINT_FAINT] = "\033[2m",
	};
	bool colour = *codes[paint] && *text && wanted();
	int pad = abs(width) - (int)strlen(text);

	if (pad > 0 && width < 0)
		printf("%*s", pad, "");
	printf("%s%s%s", colour ? codes[paint] : "", text, colour ? "\033[0m" : "");
	if (pad > 0 && width > 0)
		printf("%*s", pad, "");
}

size_t ctl_paint_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	char *end;
	long n;

	if (columns && *columns) {
		n = strtol(columns, &end, 10);
		if (!*end && n > 0 && n < 10000)
			return (size_t)n;
	}
	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return size.ws_col;
	return 0;
}
