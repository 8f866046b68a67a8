// SPDX-License-Identifier: MIT
/*
 * The lab's hand in the guest: takes commands from a serial line, runs them,
 * and gives back their output and their end. Runs as PID 1 of a test guest; on
 * a pty it runs anywhere, which is how its own test drives it.
 *
 * Commands, as payloads of link.h, arguments apart by NUL bytes:
 *	run ID ARGV0 \0 ARGV1 ...	-> started ID PID | failed ID ERRNO,
 *		then out ID 1|2 BYTES ..., exit ID code|signal N
 *	kill ID SIGNAL process|group	-> killed ID ERRNO
 * A session begins with: hello VERSION.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "jobs.h"

#define AGENT_VERSION 1

static void on_reset(struct link *link)
{
	jobs_reset();
	link_sendf(link, "hello %d", AGENT_VERSION);
}

static void command_run(struct link *link, char *args, char *end)
{
	char *argv[JOBS_ARGS_MAX + 1];
	char *p = args;
	int argc = 0;
	uint32_t id = (uint32_t)strtoul(args, &p, 10);

	if (!id || *p++ != ' ')
		return;
	while (p < end && argc < JOBS_ARGS_MAX) {
		argv[argc++] = p;
		p += strlen(p) + 1;
	}
	argv[argc] = NULL;
	if (argc && p >= end)
		jobs_run(link, id, argv);
	else
		link_sendf(link, "failed %u %d", id, E2BIG);
}

static void command_kill(struct link *link, const char *args)
{
	char scope[8];
	unsigned int id;
	int sig;

	if (sscanf(args, "%u %d %7s", &id, &sig, scope) == 3)
		jobs_kill(link, id, sig, !strcmp(scope, "group"));
}

static void on_frame(struct link *link, char *payload, size_t len)
{
	static char text[LINK_LINE_MAX + 1];

	/* Ends every string that strlen() may meet. */
	memcpy(text, payload, len);
	text[len] = 0;
	if (!strncmp(text, "run ", 4))
		command_run(link, text + 4, text + len);
	else if (!strncmp(text, "kill ", 5))
		command_kill(link, text + 5);
}

static int open_raw(const char *path)
{
	struct termios t;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &t))
		return -errno;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&t, B115200);
	return tcsetattr(fd, TCSANOW, &t) ? -errno : fd;
}

static int open_sigchld(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int serve(struct link *link, int sigchld)
{
	struct signalfd_siginfo info;
	struct pollfd fds[2 + 2 * JOBS_MAX];
	int err = 0;

	while (!err) {
		int timeout_ms = link_tick(link);
		nfds_t n = 2;

		fds[0] = (struct pollfd){ .fd = link->fd, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = sigchld, .events = POLLIN };
		if (!link_is_full(link))
			n += jobs_poll_add(fds + 2);
		if (poll(fds, n, timeout_ms) < 0)
			continue;
		for (nfds_t i = 2; i < n; i++)
			if (fds[i].revents)
				jobs_poll_handle(link, &fds[i]);
		if (fds[1].revents) {
			while (read(sigchld, &info, sizeof(info)) > 0)
				;
			jobs_reap(link);
		}
		if (fds[0].revents)
			err = link_receive(link);
	}
	return err;
}

int main(int argc, char **argv)
{
	static struct link link = {
		.on_reset = on_reset,
		.on_frame = on_frame,
	};
	int fd, sigchld;

	if (argc != 2) {
		fprintf(stderr, "usage: agent TTY\n");
		return 2;
	}
	fd = open_raw(argv[1]);
	sigchld = open_sigchld();
	if (fd < 0 || sigchld < 0) {
		fprintf(stderr, "agent: %s: %s\n", argv[1],
			strerror(fd < 0 ? -fd : errno));
		return 1;
	}
	link_init(&link, fd);
	fprintf(stderr, "agent: %s: %s\n", argv[1],
		strerror(-serve(&link, sigchld)));
	return 1;
}
