// SPDX-License-Identifier: MIT
/* What lib_process.c's child becomes: it follows, calls until its input ends. */
#include <stdio.h>
#include <unistd.h>
#include <isahp/isahp.h>

static int plain(void)
{
	return 0;
}

static int ssse3(void)
{
	return 1;
}

ISAHP_OPERATION_DECLARE(fresh, int, (void), ())
ISAHP_OPERATION_DEFINE(fresh,
	ISAHP_VARIANT("ssse3", ssse3, 1, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", plain, 9, ISAHP_SET_NONE));

int main(void)
{
	char c;

	if (isahp_start(NULL))
		return 1;
	c = (char)('0' + fresh());
	if (write(STDOUT_FILENO, &c, 1) != 1)
		return 1;
	(void)!read(STDIN_FILENO, &c, 1);
	return fresh(); /* 0: moved */
}
