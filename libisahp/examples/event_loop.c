// SPDX-License-Identifier: MIT
/*
 * No thread of the library's: the program's own loop watches isahp_fd() and calls
 * isahp_dispatch(). isahp_status() tells how things stand. Ends at a line on
 * standard input, or its end.
 */
#include <errno.h>
#include <isahp/isahp.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static int square_avx2(int x)
{
	return x * x;
}

static int square_c(int x)
{
	return x * x;
}

ISAHP_OPERATION_DECLARE(square, int, (int x), (x))
ISAHP_OPERATION_DEFINE(square,
	ISAHP_VARIANT("avx2", square_avx2, 1, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", square_c, 2, ISAHP_SET_NONE));

static void show(void)
{
	struct isahp_status status = { .size = sizeof(status) };

	isahp_status(&status);
	printf("%d by %s; %llu events, %llu acks\n", square(7),
	       isahp_operation_variant(&square_operation)->name,
	       (unsigned long long)status.events, (unsigned long long)status.acks);
}

int main(void)
{
	struct isahp_options options = { .size = sizeof(options),
					 .flags = ISAHP_START_NO_THREAD };
	struct pollfd watched[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	int rc;

	setvbuf(stdout, NULL, _IOLBF, 0);
	rc = isahp_start(&options);
	if (rc)
		return 1;
	/* Negative where there is nothing to follow: poll() skips it. */
	watched[1].fd = isahp_fd();
	watched[1].events = POLLIN;
	show();
	while (poll(watched, 2, -1) > 0 || errno == EINTR) {
		if (watched[0].revents)
			break;
		if (watched[1].revents) {
			rc = isahp_dispatch(0);
			if (rc < 0)
				break;
			show();
		}
	}
	return -isahp_stop();
}
