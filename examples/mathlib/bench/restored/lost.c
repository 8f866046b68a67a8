/* SPDX-License-Identifier: MIT */
#include "lost.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

double lost_ns(void)
{
	static __thread int fd = -1;
	double ns = 0;
	char text[96];
	ssize_t n;

	if (fd < 0)
		fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%*u %lf", &ns) == 1 ? ns : 0;
}
