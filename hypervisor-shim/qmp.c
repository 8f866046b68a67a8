// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "log.h"
#include "policy/text.h"
#include "probe.h"
#include "vm.h"

#define LINE_MAX_BYTES (1024 * 1024)
#define READ_SIZE 8192
#define RETRY_MS 250
#define WHY_SIZE 256

/**
 * struct pending - a command that was not answered yet
 * @next: in order of sending.
 * @id: pairs it with its answer.
 * @fn: who wants to know; NULL: nobody, any more.
 * @data: for @fn.
 */
struct pending {
	struct pending *next;
	json_int_t id;
	isahp_qmp_fn fn;
	void *data;
};

/**
 * struct link - one connection, from the attempt on
 * @qmp: NULL once it is given up.
 * @pipe: the connection.
 * @connect: the attempt.
 * @line: bytes received and not consumed,
 * @used: how many,
 * @room: how many fit.
 * @chunk: where libuv reads into.
 */
struct link {
	struct isahp_qmp *qmp;
	uv_pipe_t pipe;
	uv_connect_t connect;
	char *line;
	size_t used;
	size_t room;
	char chunk[READ_SIZE];
};

/**
 * struct isahp_qmp - the client of one VM
 * @vm: NULL once stopped.
 * @link: connection or attempt, or NULL: waiting for the next one.
 * @retry: until then.
 * @ready: commands are taken.
 * @probe: what it has told of its CPU so far.
 * @next_id: of the next command.
 * @pending: sent and not answered.
 * @follow_fn: of MIGRATION events, or NULL.
 * @follow_data: for it.
 */
struct isahp_qmp {
	struct isahp_vm *vm;
	struct link *link;
	uv_timer_t retry;
	bool ready;
	struct isahp_probe probe;
	json_int_t next_id;
	struct pending *pending;
	isahp_qmp_fn follow_fn;
	void *follow_data;
};

struct written {
	uv_write_t write;
	char *text;
};

/* --- commands -------------------------------------------------------------- */

static void command_written(uv_write_t *write, int status)
{
	struct written *w = write->data;

	(void)status;
	free(w->text);
	free(w);
}

/* Takes over @text. Errors show as a lost connection. */
static int line_send(struct link *link, char *text)
{
	struct written *w = malloc(sizeof(*w));
	static char newline[] = "\n";
	uv_buf_t buf[2];
	int rc;

	if (!w) {
		free(text);
		return -ENOMEM;
	}
	w->text = text;
	w->write.data = w;
	buf[0] = uv_buf_init(text, strlen(text));
	buf[1] = uv_buf_init(newline, 1);
	rc = uv_write(&w->write, (uv_stream_t *)&link->pipe, buf, 2,
		      command_written);
	if (rc) {
		free(w->text);
		free(w);
	}
	return rc;
}

static int command_send(struct isahp_qmp *qmp, const char *name,
			json_t *arguments, isahp_qmp_fn fn, void *data)
{
	struct pending *p = calloc(1, sizeof(*p)), **end;
	json_t *json = json_pack("{s:s, s:I}", "execute", name, "id",
				 qmp->next_id);
	char *text = NULL;
	int rc = -ENOMEM;

	if (json && arguments)
		json_object_set_new(json, "arguments", arguments);
	if (json)
		text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (p && text)
		rc = line_send(qmp->link, text);
	else
		free(text);
	if (rc) {
		free(p);
		return rc;
	}
	p->id = qmp->next_id++;
	p->fn = fn;
	p->data = data;
	for (end = &qmp->pending; *end; end = &(*end)->next)
		;
	*end = p;
	return 0;
}

int isahp_qmp_command(struct isahp_qmp *qmp, const char *name,
		      json_t *arguments, isahp_qmp_fn fn, void *data)
{
	if (!qmp || !qmp->ready) {
		json_decref(arguments);
		return -ENOTCONN;
	}
	return command_send(qmp, name, arguments, fn, data);
}

void isahp_qmp_forget(struct isahp_qmp *qmp, const void *data)
{
	struct pending *p;

	for (p = qmp->pending; p; p = p->next)
		if (p->data == data)
			p->fn = NULL;
}

void isahp_qmp_follow(struct isahp_qmp *qmp, isahp_qmp_fn fn, void *data)
{
	qmp->follow_fn = fn;
	qmp->follow_data = data;
}

bool isahp_qmp_ready(const struct isahp_qmp *qmp)
{
	return qmp->ready;
}

/* --- what QEMU says -------------------------------------------------------- */

void isahp_qmp_refresh(struct isahp_qmp *qmp)
{
	if (qmp->ready)
		isahp_probe(qmp, &qmp->probe);
}

static void got_capabilities(struct isahp_vm *vm, const json_t *result,
			     const char *why, void *data)
{
	struct isahp_qmp *qmp = data;

	if (!result) {
		isahp_log(ISAHP_LOG_ERROR, "vm %s: QMP handshake: %s",
			  vm->config.name, why);
		return;
	}
	qmp->ready = true;
	isahp_log(ISAHP_LOG_INFO, "vm %s: QMP is ready", vm->config.name);
	isahp_qmp_command(qmp, "migrate-set-capabilities",
			  json_pack("{s:[{s:s, s:b}]}", "capabilities",
				    "capability", "events", "state", 1),
			  NULL, NULL);
	isahp_qmp_refresh(qmp);
}

static void answer_received(struct isahp_qmp *qmp, const json_t *json)
{
	const json_t *result = json_object_get(json, "return");
	const char *desc = json_string_value(
		json_object_get(json_object_get(json, "error"), "desc"));
	json_int_t id = json_integer_value(json_object_get(json, "id"));
	struct pending **link, *p;
	char why[WHY_SIZE] = "";

	for (link = &qmp->pending; *link && (*link)->id != id;
	     link = &(*link)->next)
		;
	p = *link;
	if (!p)
		return;
	*link = p->next;
	if (!result)
		isahp_text_sanitize(why, sizeof(why), desc ? desc : "no reason",
				    WHY_SIZE);
	if (p->fn)
		p->fn(qmp->vm, result, result ? NULL : why, p->data);
	free(p);
}

static void resumed(struct isahp_qmp *qmp)
{
	struct isahp_vm *vm = qmp->vm;

	if (vm->run_state != ISAHP_RUN_GONE) {
		isahp_vm_run_state_set(vm, ISAHP_RUN_RUNNING);
		return;
	}
	/* It runs elsewhere: two of it would ruin its disks. */
	isahp_log(ISAHP_LOG_ERROR,
		  "vm %s: resumed here although it has moved away: stopped again",
		  vm->config.name);
	isahp_qmp_command(qmp, "stop", NULL, NULL, NULL);
}

static void event_received(struct isahp_qmp *qmp, const char *name,
			   const json_t *data)
{
	struct isahp_vm *vm = qmp->vm;

	if (!strcmp(name, "RESUME")) {
		resumed(qmp);
	} else if (!strcmp(name, "STOP")) {
		isahp_vm_run_state_set(vm, ISAHP_RUN_STOPPED);
	} else if (!strcmp(name, "RESET")) {
		isahp_vm_reset(vm);
	} else if (!strcmp(name, "SHUTDOWN")) {
		isahp_log(ISAHP_LOG_INFO, "vm %s: shuts down", vm->config.name);
	} else if (!strcmp(name, "MIGRATION") && qmp->follow_fn) {
		qmp->follow_fn(vm, json_object_get(data, "status"), NULL,
			       qmp->follow_data);
	}
}

/* Return: 0, or the connection is of no use. */
static int line_received(struct isahp_qmp *qmp, const char *line, size_t len)
{
	json_t *json = json_loadb(line, len, 0, NULL);
	const char *event = json_string_value(json_object_get(json, "event"));

	if (!json)
		return -EPROTO;
	if (json_object_get(json, "QMP"))
		command_send(qmp, "qmp_capabilities", NULL, got_capabilities, qmp);
	else if (event)
		event_received(qmp, event, json_object_get(json, "data"));
	else
		answer_received(qmp, json);
	json_decref(json);
	return 0;
}

/* --- connection ------------------------------------------------------------ */

static void link_open(struct isahp_qmp *qmp);

static void retry_due(uv_timer_t *timer)
{
	link_open(timer->data);
}

static void link_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;

	free(link->line);
	free(link);
}

static void link_close(struct isahp_qmp *qmp)
{
	struct link *link = qmp->link;

	qmp->link = NULL;
	qmp->ready = false;
	link->qmp = NULL;
	uv_close((uv_handle_t *)&link->pipe, link_closed);
}

static void link_lost(struct isahp_qmp *qmp)
{
	static const char why[] = "QEMU has closed its QMP socket";
	struct isahp_vm *vm = qmp->vm;
	struct pending *p;

	if (qmp->ready)
		isahp_log(ISAHP_LOG_INFO, "vm %s: QMP connection lost",
			  vm->config.name);
	link_close(qmp);
	isahp_vm_run_state_set(vm, ISAHP_RUN_UNKNOWN);
	while ((p = qmp->pending)) {
		qmp->pending = p->next;
		if (p->fn)
			p->fn(vm, NULL, why, p->data);
		free(p);
	}
	if (qmp->follow_fn)
		qmp->follow_fn(vm, NULL, why, qmp->follow_data);
	uv_timer_start(&qmp->retry, retry_due, RETRY_MS, 0);
}

static void chunk_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct link *link = handle->data;

	(void)suggested;
	*buf = uv_buf_init(link->chunk, sizeof(link->chunk));
}

static bool chunk_append(struct link *link, size_t size)
{
	size_t need = link->used + size;
	char *line;

	if (need > LINE_MAX_BYTES)
		return false;
	if (need > link->room) {
		line = realloc(link->line, need * 2);
		if (!line)
			return false;
		link->line = line;
		link->room = need * 2;
	}
	memcpy(link->line + link->used, link->chunk, size);
	link->used = need;
	return true;
}

static void chunk_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
	struct link *link = stream->data;
	int rc = size < 0 || !chunk_append(link, size) ? -EPROTO : 0;
	size_t len, done = 0;
	char *end;

	(void)buf;
	while (!rc && (end = memchr(link->line + done, '\n', link->used - done))) {
		len = end - (link->line + done);
		rc = line_received(link->qmp, link->line + done, len);
		/* A callback may have given the VM up. */
		if (!link->qmp)
			return;
		done += len + 1;
	}
	if (rc) {
		link_lost(link->qmp);
		return;
	}
	link->used -= done;
	if (done)
		memmove(link->line, link->line + done, link->used);
}

static void connect_done(uv_connect_t *connect, int status)
{
	struct link *link = connect->data;
	struct isahp_qmp *qmp = link->qmp;

	if (!qmp)
		return;
	if (!status)
		status = uv_read_start((uv_stream_t *)&link->pipe, chunk_alloc,
				       chunk_read);
	if (!status)
		return;
	/* Not there yet: QEMU may be started at any time. */
	link_close(qmp);
	uv_timer_start(&qmp->retry, retry_due, RETRY_MS, 0);
}

static void link_open(struct isahp_qmp *qmp)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link) {
		uv_timer_start(&qmp->retry, retry_due, RETRY_MS, 0);
		return;
	}
	link->qmp = qmp;
	uv_pipe_init(qmp->vm->host->loop, &link->pipe, 0);
	link->pipe.data = link;
	link->connect.data = link;
	qmp->link = link;
	uv_pipe_connect(&link->connect, &link->pipe, qmp->vm->config.qmp,
			connect_done);
}

int isahp_qmp_start(struct isahp_vm *vm, struct isahp_error *err)
{
	struct isahp_qmp *qmp = calloc(1, sizeof(*qmp));

	if (!qmp)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	qmp->vm = vm;
	qmp->next_id = 1;
	uv_timer_init(vm->host->loop, &qmp->retry);
	qmp->retry.data = qmp;
	vm->qmp = qmp;
	link_open(qmp);
	return 0;
}

static void qmp_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void isahp_qmp_stop(struct isahp_qmp *qmp)
{
	struct pending *p;

	qmp->vm->qmp = NULL;
	qmp->vm = NULL;
	qmp->follow_fn = NULL;
	while ((p = qmp->pending)) {
		qmp->pending = p->next;
		free(p);
	}
	if (qmp->link)
		link_close(qmp);
	uv_close((uv_handle_t *)&qmp->retry, qmp_closed);
}
