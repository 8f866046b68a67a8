// SPDX-License-Identifier: GPL-2.0-or-later
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock.h"

/* What a client may leave unread before it is cut off. */
#define UNREAD_MAX (1024 * 1024)
#define READ_SIZE 4096

struct client;

struct isahp_control {
	struct isahp_host *host;
	uv_pipe_t listener;
	char path[108];
	struct client *clients;
	unsigned int client_count;
};

/**
 * struct client - one connection
 * @call: the request under way. First, so that a call leads to its client.
 * @next: in @control->clients.
 * @control: NULL once that has stopped.
 * @pipe: the connection.
 * @line: bytes received and not consumed.
 * @used: of @line.
 * @room: bytes of @line that exist.
 * @busy: a request is under way.
 * @serving: serve() is on the stack.
 * @eof: the client sends no more.
 * @closed: @pipe is closed.
 * @chunk: where libuv reads into.
 */
struct client {
	struct isahp_call call;
	struct client *next;
	struct isahp_control *control;
	uv_pipe_t pipe;
	char *line;
	size_t used;
	size_t room;
	bool busy;
	bool serving;
	bool eof;
	bool closed;
	char chunk[READ_SIZE];
};

struct reply {
	uv_write_t write;
	char *text;
};

static void serve(struct client *client);

/* --- end ------------------------------------------------------------------- */

static void client_free(struct client *client)
{
	free(client->line);
	free(client);
}

/* The request under way still points here: the last one out frees. */
static void client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	client->closed = true;
	if (!client->busy)
		client_free(client);
}

static void client_close(struct client *client)
{
	struct isahp_control *control = client->control;
	struct client **link;

	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	if (control) {
		for (link = &control->clients; *link != client;
		     link = &(*link)->next)
			;
		*link = client->next;
		control->client_count--;
	}
	client->control = NULL;
	uv_close((uv_handle_t *)&client->pipe, client_closed);
}

static void client_cancel(struct client *client)
{
	if (client->busy && client->call.cancel)
		client->call.cancel(&client->call);
}

/* --- towards the client ---------------------------------------------------- */

static void reply_written(uv_write_t *write, int status)
{
	struct reply *reply = write->data;

	(void)status;
	free(reply->text);
	free(reply);
}

/* Takes over @json. */
static void client_send(struct client *client, json_t *json)
{
	static char newline[] = "\n";
	struct reply *reply;
	uv_buf_t buf[2];
	char *text = NULL;

	if (json && !uv_is_closing((uv_handle_t *)&client->pipe))
		text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	if (!text)
		return;
	reply = malloc(sizeof(*reply));
	if (!reply || uv_stream_get_write_queue_size(
			      (uv_stream_t *)&client->pipe) > UNREAD_MAX) {
		free(reply);
		free(text);
		client_close(client);
		return;
	}
	reply->text = text;
	reply->write.data = reply;
	buf[0] = uv_buf_init(text, strlen(text));
	buf[1] = uv_buf_init(newline, 1);
	if (uv_write(&reply->write, (uv_stream_t *)&client->pipe, buf, 2,
		     reply_written))
		reply_written(&reply->write, 0);
}

static void client_progress(struct isahp_call *call, json_t *event)
{
	client_send((struct client *)call, json_pack("{s:o}", "progress", event));
}

static void client_finish(struct isahp_call *call, json_t *data,
			  const struct isahp_error *err)
{
	struct client *client = (struct client *)call;
	json_t *json = json_object();

	if (err)
		json_object_set_new(json, "error",
				    json_pack("{s:s, s:i, s:s}", "class",
					      isahp_error_class_name(err->class),
					      "exit", (int)err->class, "message",
					      err->text));
	if (data || !err)
		json_object_set_new(json, "data", data ? data : json_object());
	client_send(client, json);
	call->cancel = NULL;
	call->context = NULL;
	client->busy = false;
	if (client->closed)
		client_free(client);
	else if (!client->serving)
		serve(client);
}

/* --- from the client ------------------------------------------------------- */

static void serve(struct client *client)
{
	char *end;
	size_t len;

	client->serving = true;
	while (!client->busy && client->control &&
	       (end = memchr(client->line, '\n', client->used))) {
		len = end - client->line;
		client->busy = true;
		/* May finish at once, or later. */
		isahp_control_handle(client->control->host, client->line, len,
				     &client->call);
		client->used -= len + 1;
		memmove(client->line, end + 1, client->used);
	}
	client->serving = false;
	if (client->eof && !client->busy)
		client_close(client);
}

static void chunk_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init(client->chunk, sizeof(client->chunk));
}

static bool line_append(struct client *client, size_t size)
{
	size_t need = client->used + size;
	char *line;

	if (need > ISAHP_CONTROL_LINE_MAX)
		return false;
	if (need > client->room) {
		line = realloc(client->line, need * 2);
		if (!line)
			return false;
		client->line = line;
		client->room = need * 2;
	}
	memcpy(client->line + client->used, client->chunk, size);
	client->used = need;
	return true;
}

static void chunk_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
	struct client *client = stream->data;

	(void)buf;
	if (!size)
		return;
	if (size > 0 && line_append(client, size)) {
		if (!client->busy)
			serve(client);
		return;
	}
	if (size > 0)
		isahp_log(ISAHP_LOG_WARNING,
			  "control: a request longer than %u bytes, cut off",
			  ISAHP_CONTROL_LINE_MAX);
	client->eof = true;
	uv_read_stop(stream);
	client_cancel(client);
	if (size > 0 || size != UV_EOF || !client->busy)
		client_close(client);
}

static void connection_ready(uv_stream_t *listener, int status)
{
	struct isahp_control *control = listener->data;
	struct client *client;

	if (status)
		return;
	client = calloc(1, sizeof(*client));
	if (!client)
		return;
	client->call.progress = client_progress;
	client->call.finish = client_finish;
	uv_pipe_init(control->host->loop, &client->pipe, 0);
	client->pipe.data = client;
	client->control = control;
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) ||
	    control->client_count > ISAHP_CONTROL_CLIENTS_MAX ||
	    uv_read_start((uv_stream_t *)&client->pipe, chunk_alloc, chunk_read))
		client_close(client);
}

/* --- life ------------------------------------------------------------------ */

int isahp_control_start(struct isahp_host *host,
			struct isahp_control **ret_control,
			struct isahp_error *err)
{
	struct isahp_control *control = calloc(1, sizeof(*control));
	int fd, rc;

	if (!control)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	control->host = host;
	isahp_sock_path(control->path, sizeof(control->path),
			host->runtime_dir, "", "control");
	fd = isahp_sock_listen(control->path, SOCK_STREAM, err);
	if (fd < 0) {
		free(control);
		return fd;
	}
	uv_pipe_init(host->loop, &control->listener, 0);
	control->listener.data = control;
	rc = uv_pipe_open(&control->listener, fd);
	if (!rc)
		rc = uv_listen((uv_stream_t *)&control->listener, 16,
			       connection_ready);
	if (rc) {
		isahp_error_set(err, ISAHP_ERROR_FAILED, rc,
				"cannot serve '%s': %s", control->path,
				uv_strerror(rc));
		isahp_control_stop(control);
		return rc;
	}
	*ret_control = control;
	return 0;
}

static void control_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void isahp_control_stop(struct isahp_control *control)
{
	struct client *client;

	while ((client = control->clients)) {
		client_close(client);
		client_cancel(client);
	}
	unlink(control->path);
	uv_close((uv_handle_t *)&control->listener, control_closed);
}
