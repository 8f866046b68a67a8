// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK_BYTES 1024
/* As much as a pipe holds: what the dead process can have left there. */
#define DRAIN_CHUNKS 64

/**
 * struct job - one program
 * @id: 0: the place is free.
 * @pid: 0 once it is reaped.
 * @pipe: read ends of its standard output and error; -1 once at the end.
 */
struct job {
	uint32_t id;
	pid_t pid;
	int pipe[2];
};

static struct job jobs[JOBS_MAX];
static uint32_t last_id;

static struct job *job_by_id(uint32_t id)
{
	for (int i = 0; i < JOBS_MAX; i++)
		if (jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

static void job_release_if_over(struct job *job)
{
	if (!job->pid && job->pipe[0] < 0 && job->pipe[1] < 0)
		job->id = 0;
}

static void close_pipe(struct job *job, int which)
{
	if (job->pipe[which] >= 0)
		close(job->pipe[which]);
	job->pipe[which] = -1;
}

/* Forward at most one chunk. Return: whether there may be more. */
static bool forward(struct link *link, struct job *job, int which)
{
	char buf[CHUNK_BYTES + 64];
	int head = snprintf(buf, 64, "out %u %d ", job->id, which + 1);
	ssize_t n = read(job->pipe[which], buf + head, CHUNK_BYTES);

	if (n > 0) {
		link_send(link, buf, (size_t)head + (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_pipe(job, which);
	return false;
}

static void drain(struct link *link, struct job *job)
{
	for (int which = 0; which < 2; which++)
		for (int i = 0; i < DRAIN_CHUNKS && job->pipe[which] >= 0; i++)
			if (!forward(link, job, which))
				break;
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn))
child(char **argv, int out[2], int err[2], int status_fd)
{
	int null = open("/dev/null", O_RDWR);
	int error;

	setsid();
	reset_signals();
	dup2(null, STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	dup2(err[1], STDERR_FILENO);
	execvp(argv[0], argv);
	error = errno;
	if (write(status_fd, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* Return: the child's pid, or a negative errno, exec's own included. */
static pid_t spawn(char **argv, int ret_pipe[2])
{
	int out[2], err[2], status[2];
	int error = 0;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	if (pipe2(err, O_CLOEXEC)) {
		error = errno;
		goto close_out;
	}
	if (pipe2(status, O_CLOEXEC)) {
		error = errno;
		goto close_err;
	}
	pid = fork();
	if (pid < 0) {
		error = errno;
		goto close_status;
	}
	if (!pid)
		child(argv, out, err, status[1]);
	close(out[1]);
	close(err[1]);
	close(status[1]);
	/* The end of file says that exec has happened. */
	if (read(status[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(status[0]);
	if (error) {
		close(out[0]);
		close(err[0]);
		return -error; /* jobs_reap() collects it as one of no job */
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	ret_pipe[0] = out[0];
	ret_pipe[1] = err[0];
	return pid;

close_status:
	close(status[0]);
	close(status[1]);
close_err:
	close(err[0]);
	close(err[1]);
close_out:
	close(out[0]);
	close(out[1]);
	return -error;
}

void jobs_run(struct link *link, uint32_t id, char **argv)
{
	struct job *job = job_by_id(0);
	int fds[2] = { -1, -1 };
	pid_t pid;

	if (id <= last_id)
		return;
	last_id = id;
	pid = job ? spawn(argv, fds) : -EAGAIN;
	if (pid < 0) {
		link_sendf(link, "failed %u %d", id, -pid);
		return;
	}
	job->id = id;
	job->pid = pid;
	job->pipe[0] = fds[0];
	job->pipe[1] = fds[1];
	link_sendf(link, "started %u %d", id, pid);
}

void jobs_kill(struct link *link, uint32_t id, int sig, bool group)
{
	struct job *job = id ? job_by_id(id) : NULL;
	int error = ESRCH;

	if (job && job->pid)
		error = kill(group ? -job->pid : job->pid, sig) ? errno : 0;
	link_sendf(link, "killed %u %d", id, error);
}

void jobs_reset(void)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		struct job *job = &jobs[i];

		if (!job->id)
			continue;
		if (job->pid)
			kill(-job->pid, SIGKILL);
		close_pipe(job, 0);
		close_pipe(job, 1);
		job->id = 0;
		job->pid = 0;
	}
	last_id = 0;
}

static void report(struct link *link, struct job *job, int status)
{
	if (WIFSIGNALED(status))
		link_sendf(link, "exit %u signal %d", job->id,
			   WTERMSIG(status));
	else
		link_sendf(link, "exit %u code %d", job->id,
			   WEXITSTATUS(status));
}

void jobs_reap(struct link *link)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < JOBS_MAX; i++) {
			struct job *job = &jobs[i];

			if (!job->id || job->pid != pid)
				continue;
			drain(link, job);
			report(link, job, status);
			job->pid = 0;
			job_release_if_over(job);
		}
	}
}

nfds_t jobs_poll_add(struct pollfd *fds)
{
	nfds_t n = 0;

	for (int i = 0; i < JOBS_MAX; i++) {
		for (int which = 0; which < 2 && jobs[i].id; which++) {
			if (jobs[i].pipe[which] < 0)
				continue;
			fds[n].fd = jobs[i].pipe[which];
			fds[n].events = POLLIN;
			fds[n++].revents = 0;
		}
	}
	return n;
}

void jobs_poll_handle(struct link *link, const struct pollfd *fd)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		for (int which = 0; which < 2 && jobs[i].id; which++) {
			if (jobs[i].pipe[which] != fd->fd)
				continue;
			forward(link, &jobs[i], which);
			job_release_if_over(&jobs[i]);
			return;
		}
	}
}
