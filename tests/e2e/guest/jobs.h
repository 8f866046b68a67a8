/* SPDX-License-Identifier: MIT */
/*
 * Programs that the agent runs for the lab. Each is a process group with its
 * standard output and error on pipes, and a number that the host chose.
 */
#ifndef LAB_JOBS_H
#define LAB_JOBS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "link.h"

#define JOBS_MAX 64
#define JOBS_ARGS_MAX 256

/**
 * jobs_run - start a program
 * @id: the host's number for it. One that is or was running: ignored, so that
 *	the command can be said twice.
 * @argv: NULL-terminated; looked up in PATH.
 *
 * Answers "started ID PID" or "failed ID ERRNO".
 */
void jobs_run(struct link *link, uint32_t id, char **argv);

/**
 * jobs_kill - send a signal
 * @group: to the whole process group, else to the process alone.
 *
 * Answers "killed ID ERRNO".
 */
void jobs_kill(struct link *link, uint32_t id, int sig, bool group);

/** jobs_reset - kill all, forget all */
void jobs_reset(void);

/**
 * jobs_reap - collect the children that have ended, ours or inherited
 *
 * Sends "exit ID code N" or "exit ID signal N", after all output that was in
 * the pipes by then.
 */
void jobs_reap(struct link *link);

/**
 * jobs_poll_add - add the open pipes to a poll set
 * @fds: room for 2 * JOBS_MAX.
 *
 * Return: how many were added.
 */
nfds_t jobs_poll_add(struct pollfd *fds);

/** jobs_poll_handle - send what a pipe of jobs_poll_add() has */
void jobs_poll_handle(struct link *link, const struct pollfd *fd);

#endif
