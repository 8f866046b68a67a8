// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"

static volatile sig_atomic_t interrupts;

static void interrupted(int number)
{
	(void)number;
	if (++interrupts > 1)
		_exit(130);
}

static int unreachable(const char *path, int reason, struct isahp_error *err)
{
	if (reason == EACCES || reason == EPERM)
		return isahp_error_set(err, ISAHP_ERROR_UNREACHABLE,
				       ISAHP_ERROR_UNREACHABLE,
				       "no permission for '%s': run as the user that isahpd runs as",
				       path);
	return isahp_error_set(err, ISAHP_ERROR_UNREACHABLE,
			       ISAHP_ERROR_UNREACHABLE,
			       "isahpd does not listen on '%s' (%s): start it with `isahpd --runtime-dir DIR`, name its socket with --socket DIR/control.sock",
			       path, strerror(reason));
}

static int dial(const char *path, int *ret_fd, struct isahp_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, reason;

	if (strlen(path) >= sizeof(addr.sun_path))
		return unreachable(path, ENAMETOOLONG, err);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		reason = errno;
		if (fd >= 0)
			close(fd);
		return unreachable(path, reason, err);
	}
	*ret_fd = fd;
	return 0;
}

static int send_request(int fd, const char *command, json_t *args)
{
	json_t *request = json_pack("{s:s, s:O}", "command", command,
				    "arguments", args);
	char *text = json_dumps(request, JSON_COMPACT);
	int rc = -1;

	json_decref(request);
	if (text && dprintf(fd, "%s\n", text) > 0)
		rc = 0;
	free(text);
	return rc;
}

static void print_progress(const struct ctl *ctl, const json_t *event)
{
	const json_t *done = json_object_get(event, "transferred_mb");

	if (ctl->json || !ctl->progress)
		return;
	fprintf(stderr, "%s: %s", ctl_text(event, "vm"), ctl_text(event, "stage"));
	if (done)
		fprintf(stderr, " (%.0f MB sent)", json_number_value(done));
	fputc('\n', stderr);
}

/**
 * struct wire - the connection, and what came in
 * @fd: socket.
 * @mask: signals as they were: SIGINT and SIGTERM get through while we wait,
 *	and only then, so that none slips in between a look and the wait.
 * @text: bytes received and not consumed,
 * @used: how many,
 * @room: how many fit.
 * @stopping: the daemon was asked to stop.
 */
struct wire {
	int fd;
	sigset_t mask;
	char *text;
	size_t used;
	size_t room;
	bool stopping;
};

/* The daemon cancels, and says how it ended. */
static void stop_when_interrupted(struct wire *wire)
{
	if (!interrupts || wire->stopping)
		return;
	wire->stopping = true;
	fputs("isahpctl: stopping (again to leave at once)\n", stderr);
	shutdown(wire->fd, SHUT_WR);
}

/* Return: 0, or negative when the connection has ended. */
static int receive(struct wire *wire)
{
	struct pollfd poll = { .fd = wire->fd, .events = POLLIN };
	char *text;
	ssize_t n;

	if (wire->used + 4096 > wire->room) {
		text = realloc(wire->text, wire->room * 2 + 8192);
		if (!text)
			return -ENOMEM;
		wire->text = text;
		wire->room = wire->room * 2 + 8192;
	}
	if (ppoll(&poll, 1, NULL, &wire->mask) < 0) {
		stop_when_interrupted(wire);
		return errno == EINTR ? 0 : -errno;
	}
	n = read(wire->fd, wire->text + wire->used, wire->room - wire->used);
	if (n <= 0)
		return -ECONNRESET;
	wire->used += n;
	return 0;
}

/* Return: the next message of the daemon's, or NULL when there is none. */
static json_t *next_message(struct wire *wire)
{
	json_t *json;
	char *end;

	while (!wire->used || !(end = memchr(wire->text, '\n', wire->used)))
		if (receive(wire))
			return NULL;
	json = json_loadb(wire->text, end - wire->text, 0, NULL);
	wire->used -= end + 1 - wire->text;
	memmove(wire->text, end + 1, wire->used);
	return json;
}

static int outcome(json_t *reply, json_t **ret_data, struct isahp_error *err)
{
	json_t *error = json_object_get(reply, "error");
	json_t *data = json_object_get(reply, "data");
	int exit_code;

	*ret_data = json_incref(data);
	if (!error)
		return 0;
	exit_code = (int)ctl_integer(error, "exit");
	if (exit_code < 1 || exit_code > 125)
		exit_code = ISAHP_ERROR_FAILED;
	return isahp_error_set(err, exit_code, exit_code, "%s",
			       ctl_text(error, "message"));
}

static int converse(const struct ctl *ctl, struct wire *wire,
		    json_t **ret_data, struct isahp_error *err)
{
	json_t *reply, *progress;
	int rc;

	while ((reply = next_message(wire))) {
		progress = json_object_get(reply, "progress");
		if (!progress) {
			rc = outcome(reply, ret_data, err);
			json_decref(reply);
			return rc;
		}
		print_progress(ctl, progress);
		json_decref(reply);
	}
	return isahp_error_set(err, ISAHP_ERROR_UNREACHABLE,
			       ISAHP_ERROR_UNREACHABLE,
			       "isahpd closed the connection: see its log");
}

bool ctl_interrupted(void)
{
	return interrupts;
}

void ctl_signals_hold(sigset_t *ret_mask)
{
	struct sigaction action = { .sa_handler = interrupted };
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, ret_mask);
	sigdelset(ret_mask, SIGINT);
	sigdelset(ret_mask, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int ctl_request(const struct ctl *ctl, const char *socket, const char *command,
		json_t *args, json_t **ret_data, struct isahp_error *err)
{
	struct wire wire = { .fd = -1 };
	int rc;

	*ret_data = NULL;
	/* Ctrl-C came between two requests of one command. */
	if (interrupts)
		return isahp_error_set(err, ISAHP_ERROR_CANCELLED,
				       ISAHP_ERROR_CANCELLED, "cancelled");
	rc = dial(socket, &wire.fd, err);
	if (rc)
		return rc;
	ctl_signals_hold(&wire.mask);
	if (send_request(wire.fd, command, args))
		rc = isahp_error_set(err, ISAHP_ERROR_UNREACHABLE,
				     ISAHP_ERROR_UNREACHABLE,
				     "cannot write to '%s': %s", socket,
				     strerror(errno));
	else
		rc = converse(ctl, &wire, ret_data, err);
	sigprocmask(SIG_SETMASK, &wire.mask, NULL);
	close(wire.fd);
	free(wire.text);
	return rc;
}
