// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
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

/* Return: a line of the daemon's, or NULL when the connection has ended. */
static char *read_line(FILE *in, int fd)
{
	static char *line;
	static size_t room;
	bool told = false;

	for (;;) {
		ssize_t n = getline(&line, &room, in);

		if (n > 0)
			return line;
		if (errno != EINTR || !interrupts || told)
			return NULL;
		/* The daemon cancels, and says how it ended. */
		fputs("isahpctl: stopping (again to leave at once)\n", stderr);
		shutdown(fd, SHUT_WR);
		told = true;
		clearerr(in);
	}
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

static int converse(const struct ctl *ctl, FILE *in, int fd,
		    json_t **ret_data, struct isahp_error *err)
{
	json_error_t why;
	json_t *reply, *progress;
	char *line;
	int rc;

	while ((line = read_line(in, fd))) {
		reply = json_loads(line, 0, &why);
		if (!reply)
			break;
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

int ctl_request(const struct ctl *ctl, const char *socket, const char *command,
		json_t *args, json_t **ret_data, struct isahp_error *err)
{
	/* No SA_RESTART: a read in progress shall notice. */
	struct sigaction action = { .sa_handler = interrupted };
	int fd = -1, rc;
	FILE *in;

	*ret_data = NULL;
	rc = dial(socket, &fd, err);
	if (rc)
		return rc;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	in = fdopen(fd, "r");
	if (!in || send_request(fd, command, args)) {
		rc = isahp_error_set(err, ISAHP_ERROR_UNREACHABLE,
				     ISAHP_ERROR_UNREACHABLE,
				     "cannot write to '%s': %s", socket,
				     strerror(errno));
		goto out;
	}
	rc = converse(ctl, in, fd, ret_data, err);
out:
	if (in)
		fclose(in);
	else
		close(fd);
	return rc;
}
