// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "policy/text.h"

/**
 * struct hook - a program that runs
 * @pid: its process.
 * @pidfd: is readable when it has ended.
 * @out: its standard output; -1: closed, or not ours.
 * @mask: signals as they were.
 * @line: its first line, as far as it has come,
 * @used: how much of it,
 * @size: how much fits.
 * @over: the line is complete, or too long: what follows is not looked at.
 */
struct hook {
	pid_t pid;
	int pidfd;
	int out;
	sigset_t mask;
	char *line;
	size_t used;
	size_t size;
	bool over;
};

static int failed(const char *program, const char *what, struct isahp_error *err)
{
	char shown[256];

	isahp_text_sanitize(shown, sizeof(shown), program, strlen(program));
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED, "%s: %s",
			       shown, what);
}

static void become(const char *program, const char *vm, const char *host, int out,
		   const sigset_t *mask)
{
	int null = open("/dev/null", O_RDONLY);

	/* A group of its own: Ctrl-C at the terminal is ours to pass on. */
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(out, 1) == 1)
		execlp(program, program, vm, host, NULL);
	dprintf(2, "isahpctl: %s: %s\n", program, strerror(errno));
	_exit(127);
}

static int start(struct hook *hook, const char *program, const char *vm,
		 const char *host, struct isahp_error *err)
{
	int out[2] = { -1, -1 };

	if (hook->line && pipe2(out, O_CLOEXEC))
		return failed(program, strerror(errno), err);
	hook->pid = fork();
	if (!hook->pid)
		become(program, vm, host, hook->line ? out[1] : 2, &hook->mask);
	if (hook->line)
		close(out[1]);
	hook->out = out[0];
	if (hook->pid < 0) {
		if (hook->line)
			close(out[0]);
		return failed(program, strerror(errno), err);
	}
	/* Of a child of ours that is not waited for yet, it cannot fail otherwise. */
	hook->pidfd = (int)syscall(SYS_pidfd_open, hook->pid, 0);
	if (hook->pidfd >= 0)
		return 0;
	kill(-hook->pid, SIGKILL);
	waitpid(hook->pid, NULL, 0);
	if (hook->line)
		close(out[0]);
	return failed(program, "this kernel has no pidfd_open(): it has to be Linux 5.3 or later",
		      err);
}

static void take_output(struct hook *hook)
{
	char chunk[512], *end;
	ssize_t n = read(hook->out, chunk, sizeof(chunk)), take;

	if (n <= 0) {
		if (n < 0 && errno == EINTR)
			return;
		close(hook->out);
		hook->out = -1;
		return;
	}
	if (hook->over)
		return;
	end = memchr(chunk, '\n', n);
	take = end ? end - chunk : n;
	hook->over = end;
	if (hook->used + take >= hook->size) {
		/* Longer than any URI. */
		hook->over = true;
		hook->used = 0;
		return;
	}
	memcpy(hook->line + hook->used, chunk, take);
	hook->used += take;
}

/* Who cleans up is let finish: it is why one waits. */
static bool wait_for(struct hook *hook)
{
	bool told = false;

	for (;;) {
		struct pollfd polls[2] = {
			{ .fd = hook->pidfd, .events = POLLIN },
			{ .fd = hook->out, .events = POLLIN },
		};

		if (hook->line && ctl_interrupted() && !told) {
			told = true;
			kill(-hook->pid, SIGTERM);
		}
		if (ppoll(polls, 2, NULL, &hook->mask) < 0)
			continue;
		/* What it left behind may go on printing. */
		if (polls[1].revents && !(polls[0].revents && hook->over))
			take_output(hook);
		else if (polls[0].revents)
			return told;
	}
}

static int judge(struct hook *hook, int status, const char *program,
		 struct isahp_error *err)
{
	size_t i;
	char why[80];

	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		snprintf(why, sizeof(why), WIFEXITED(status) ? "exit code %d" :
			 "ended by signal %d", WIFEXITED(status) ?
			 WEXITSTATUS(status) : WTERMSIG(status));
		return failed(program, why, err);
	}
	if (!hook->line)
		return 0;
	hook->line[hook->used] = '\0';
	for (i = 0; i < hook->used; i++)
		if (hook->line[i] <= ' ' || hook->line[i] > '~')
			return failed(program,
				      "what it printed is no URI: one line, as tcp:HOST:PORT",
				      err);
	return hook->used ? 0 : failed(program,
				       "it printed no URI of reasonable length", err);
}

int ctl_hook(const char *program, const char *vm, const char *host, char *ret_line,
	     size_t size, struct isahp_error *err)
{
	struct hook hook = { .line = ret_line, .size = size, .out = -1 };
	int rc, status = 0;
	bool told;

	ctl_signals_hold(&hook.mask);
	rc = start(&hook, program, vm, host, err);
	if (!rc) {
		told = wait_for(&hook);
		while (waitpid(hook.pid, &status, 0) < 0 && errno == EINTR)
			;
		close(hook.pidfd);
		if (hook.out >= 0)
			close(hook.out);
		rc = told ? isahp_error_set(err, ISAHP_ERROR_CANCELLED,
					    ISAHP_ERROR_CANCELLED, "cancelled") :
			    judge(&hook, status, program, err);
	}
	sigprocmask(SIG_SETMASK, &hook.mask, NULL);
	return rc;
}
