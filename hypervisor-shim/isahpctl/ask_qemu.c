// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask_qemu.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "policy/import.h"
#include "policy/text.h"

/* A model's expansion has 12 KiB; nobody sends that many events meanwhile. */
#define LINE_MAX_BYTES (1024 * 1024)
#define LINES_MAX 1000

/**
 * struct wire - the connection
 * @fd: socket.
 * @shown: its path, for messages.
 * @deadline_ms: of CLOCK_MONOTONIC.
 * @text: what came in and was not consumed,
 * @used: so many bytes,
 * @room: of so many.
 * @err: to be filled.
 */
struct wire {
	int fd;
	char shown[128];
	long long deadline_ms;
	char *text;
	size_t used;
	size_t room;
	struct isahp_error *err;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int fail(struct wire *w, enum isahp_error_class class, const char *what)
{
	char text[400];

	isahp_text_sanitize(text, sizeof(text), what, strlen(what));
	return isahp_error_set(w->err, class, -EIO, "%s: %s", w->shown, text);
}

static int dial(struct wire *w, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return fail(w, ISAHP_ERROR_USAGE, "longer than the path of a socket can be");
	strcpy(addr.sun_path, path);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail(w, ISAHP_ERROR_UNREACHABLE, errno == EAGAIN ?
			    "it serves one at a time, and others wait" : strerror(errno));
	return 0;
}

/* Return: a whole line, to be given to free(), or NULL. */
static char *take_line(struct wire *w)
{
	char *end = w->used ? memchr(w->text, '\n', w->used) : NULL, *line;
	size_t len;

	if (!end)
		return NULL;
	len = (size_t)(end - w->text);
	line = strndup(w->text, len);
	w->used -= len + 1;
	memmove(w->text, end + 1, w->used);
	return line;
}

static int make_room(struct wire *w)
{
	size_t room = w->room ? 2 * w->room : 16384;
	char *more = w->room < LINE_MAX_BYTES ? realloc(w->text, room) : NULL;

	if (!more)
		return fail(w, ISAHP_ERROR_FAILED, "says more than QEMU does");
	w->text = more;
	w->room = room;
	return 0;
}

static int receive(struct wire *w)
{
	struct pollfd poll_fd = { .fd = w->fd, .events = POLLIN };
	long long left = w->deadline_ms - now_ms();
	ssize_t got;
	int rc;

	if (w->used == w->room && (rc = make_room(w)))
		return rc;
	if (left <= 0 || !poll(&poll_fd, 1, (int)left))
		return fail(w, ISAHP_ERROR_UNREACHABLE,
			    "no answer in time: QEMU serves one client a socket (isahpd, libvirt?); it may have several (-qmp)");
	got = read(w->fd, w->text + w->used, w->room - w->used);
	if (!got || (got < 0 && errno != EAGAIN && errno != EINTR))
		return fail(w, ISAHP_ERROR_FAILED, "QEMU has hung up");
	w->used += got > 0 ? (size_t)got : 0;
	return 0;
}

/* The next message that is no event. Return: owned, or NULL. */
static json_t *next(struct wire *w)
{
	unsigned int lines = 0;
	json_t *json;
	char *line;

	while (lines < LINES_MAX) {
		line = take_line(w);
		if (!line) {
			if (receive(w))
				return NULL;
			continue;
		}
		/* Masks have 64 bits, more than an integer of jansson's. */
		json = json_loads(line, JSON_DECODE_INT_AS_REAL, NULL);
		free(line);
		lines++;
		if (!json) {
			fail(w, ISAHP_ERROR_FAILED, "what is said there is not QMP");
			return NULL;
		}
		if (!json_object_get(json, "event"))
			return json;
		json_decref(json);
	}
	fail(w, ISAHP_ERROR_FAILED, "tells of events without end");
	return NULL;
}

/* Return: what it returned, owned; NULL: it failed. */
static json_t *execute(struct wire *w, const char *command)
{
	const char *desc;
	json_t *answer, *result;

	/* It is far shorter than what a socket holds. */
	if (dprintf(w->fd, "%s\n", command) < 0) {
		fail(w, ISAHP_ERROR_FAILED, "QEMU has hung up");
		return NULL;
	}
	answer = next(w);
	if (!answer)
		return NULL;
	result = json_incref(json_object_get(answer, "return"));
	if (!result) {
		desc = json_string_value(json_object_get(json_object_get(answer, "error"),
							 "desc"));
		fail(w, ISAHP_ERROR_FAILED, desc ? desc : "what is said there is not QMP");
	}
	json_decref(answer);
	return result;
}

static int greet(struct wire *w)
{
	json_t *greeting = next(w), *result;
	bool is = json_object_get(greeting, "QMP");

	json_decref(greeting);
	if (!greeting)
		return -EIO;
	if (!is)
		return fail(w, ISAHP_ERROR_FAILED, "what is said there is not QMP");
	result = execute(w, "{\"execute\": \"qmp_capabilities\"}");
	json_decref(result);
	return result ? 0 : -EIO;
}

static int expand(struct wire *w, const char *name, struct isahp_profile *ret)
{
	json_t *kvm = execute(w, "{\"execute\": \"query-kvm\"}"), *model;
	const char *cpu = json_is_true(json_object_get(kvm, "enabled")) ? "host" : "max";
	char command[160], *text;
	int rc;

	json_decref(kvm);
	if (!kvm)
		return -EIO;
	snprintf(command, sizeof(command),
		 "{\"execute\": \"query-cpu-model-expansion\", \"arguments\": {\"type\": \"full\", \"model\": {\"name\": \"%s\"}}}",
		 cpu);
	model = execute(w, command);
	if (!model)
		return -EIO;
	text = json_dumps(model, 0);
	json_decref(model);
	rc = text ? isahp_import(text, strlen(text), ISAHP_IMPORT_QEMU, name, ret, w->err) :
		    fail(w, ISAHP_ERROR_FAILED, "out of memory");
	free(text);
	if (!rc)
		snprintf(ret->source, sizeof(ret->source), "QEMU's %s at %.40s", cpu, w->shown);
	return rc;
}

static void name_host(char name[ISAHP_PROFILE_NAME_SIZE])
{
	size_t i;

	if (gethostname(name, ISAHP_PROFILE_NAME_SIZE))
		*name = '\0';
	name[ISAHP_PROFILE_NAME_SIZE - 1] = '\0';
	for (i = 0; name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~')
			name[i] = '-';
	if (!*name)
		strcpy(name, "localhost");
}

int ctl_ask_qemu(const char *path, const char *name, unsigned int timeout_s,
		 struct isahp_profile *ret, struct isahp_error *err)
{
	struct wire w = {
		.fd = -1, .deadline_ms = now_ms() + 1000LL * timeout_s, .err = err,
	};
	char own[ISAHP_PROFILE_NAME_SIZE];
	int rc;

	isahp_text_sanitize(w.shown, sizeof(w.shown), path, strlen(path));
	name_host(own);
	rc = dial(&w, path);
	if (!rc)
		rc = greet(&w);
	if (!rc)
		rc = expand(&w, name ? name : own, ret);
	if (w.fd >= 0)
		close(w.fd);
	free(w.text);
	return rc ? (int)err->class : 0;
}
