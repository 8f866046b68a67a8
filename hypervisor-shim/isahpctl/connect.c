// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "policy/text.h"

#define AT_ONCE 32
/* A host of a thousand CPUs says some 300 KiB of them. */
#define ANSWER_MAX (16 * 1024 * 1024)
#define FIELDS_MAX 4

/**
 * struct question - a host that is being asked
 * @remote: whom; NULL: nobody.
 * @pid: of the process, and of its group.
 * @fd: what it writes to.
 * @deadline_ms: of CLOCK_MONOTONIC.
 * @text: what it has written,
 * @used: so many bytes,
 * @room: of so many.
 */
struct question {
	struct isahp_remote *remote;
	pid_t pid;
	int fd;
	long long deadline_ms;
	char *text;
	size_t used;
	size_t room;
};

/**
 * struct round - all that are to be asked
 * @remotes: they.
 * @count: of @remotes.
 * @next: not yet asked.
 * @questions: those that are being asked.
 * @mask: signals as they were, let in while we wait.
 * @failed: of each, whether it did.
 * @failures: how many did.
 * @first: of them, by their order.
 * @err: of that one.
 */
struct round {
	struct isahp_remote *remotes;
	size_t count;
	size_t next;
	struct question questions[AT_ONCE];
	sigset_t mask;
	bool *failed;
	size_t failures;
	size_t first;
	struct isahp_error *err;
};

/* What ends all of it; unless it is ignored, as behind nohup. */
static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
#define STOPS (sizeof(stops) / sizeof(stops[0]))

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* --- what failed ------------------------------------------------------------------ */

/* By what libvirt and ssh say, what is to be done about it. */
static const char *remedy(const char *text)
{
	static const struct {
		const char *says;
		const char *remedy;
	} table[] = {
		{ "Host key verification failed", "connect to it once with ssh, and look at its key" },
		{ "REMOTE HOST IDENTIFICATION", "its key has changed: see to known_hosts" },
		{ "Permission denied", "ssh has to get in by a key, without a question (ssh-copy-id, ssh-agent)" },
		{ "Could not resolve hostname", "no host has that name" },
		{ "virt-ssh-helper", "libvirt's daemon has to be installed there" },
		{ "CA certificate", "without +ssh in the URI libvirt wants certificates of TLS" },
		{ "authentication", "log in by ssh as a user who may use libvirt (group libvirt)" },
		{ "is not supported by '/", "`--guests qemu` tells what QEMU emulates there" },
		{ "Failed to connect socket", "is libvirt's daemon running there?" },
		{ "Connection refused", "is its daemon running there, on that port?" },
		{ "driver name", "a URI is as qemu+ssh://root@HOST/system" },
		{ "does not include", "a URI is as qemu+ssh://root@HOST/system" },
		{ "libvirt.so", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strstr(text, table[i].says))
			return table[i].remedy;
	return "`virsh -r -c URI capabilities` tries the same";
}

static void show(const struct isahp_remote *remote, char *shown, size_t size)
{
	char uri[256];

	isahp_text_sanitize(uri, sizeof(uri), remote->uri, strlen(remote->uri));
	if (remote->name)
		snprintf(shown, size, "%s (%s)", remote->name, uri);
	else
		snprintf(shown, size, "%s", uri);
}

/* Of several the first one is told, whichever failed before. */
static void fail(struct round *r, const struct isahp_remote *remote,
		 enum isahp_error_class class, const char *what, const char *remedy)
{
	size_t index = (size_t)(remote - r->remotes);
	char shown[340], text[400];

	r->failed[index] = true;
	if (r->failures++ && r->first < index)
		return;
	r->first = index;
	show(remote, shown, sizeof(shown));
	isahp_text_sanitize(text, sizeof(text), what, strlen(what));
	isahp_error_set(r->err, class, 0, "%s: %s%s%s", shown, text, remedy ? ": " : "",
			remedy ? remedy : "");
}

static void fail_late(struct round *r, const struct isahp_remote *remote)
{
	char what[64];

	snprintf(what, sizeof(what), "no answer within %u s", remote->timeout_s);
	fail(r, remote, ISAHP_ERROR_UNREACHABLE, what,
	     "is it up, and does ssh get in without a question? A longer timeout waits longer");
}

/* --- the process -------------------------------------------------------------------- */

/*
 * In a session of its own: ssh has no terminal to ask for passwords on then, and all
 * that is started here ends with the group. Nor does a window ask.
 */
static void be_asker(const struct isahp_remote *remote, int fd, pid_t parent,
		     const sigset_t *mask)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t i;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Whoever started us may have closed the first three. */
	if (fd <= STDERR_FILENO)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (getppid() != parent || null < 0 || fd < 0)
		_exit(1);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	unsetenv("SSH_ASKPASS");
	unsetenv("DISPLAY");
	for (i = 0; i < STOPS; i++)
		signal(stops[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	ctl_libvirt_ask(remote, fd);
	/* What is registered to be done at exit is the other process's. */
	_exit(0);
}

static int begin(struct round *r, struct question *q, struct isahp_remote *remote)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	q->pid = fork();
	if (q->pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return -EAGAIN;
	}
	if (!q->pid)
		be_asker(remote, ends[1], parent, &r->mask);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	q->fd = ends[0];
	q->remote = remote;
	q->deadline_ms = now_ms() + 1000LL * remote->timeout_s;
	return 0;
}

static void end(struct question *q)
{
	close(q->fd);
	/* It may not have made its group yet. */
	kill(-q->pid, SIGKILL);
	kill(q->pid, SIGKILL);
	while (waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(q->text);
	memset(q, 0, sizeof(*q));
}

/* --- its answer ---------------------------------------------------------------------- */

/* Texts with a NUL behind each. Return: how many. */
static size_t split(const struct question *q, const char *fields[FIELDS_MAX])
{
	size_t at = 0, count = 0;
	const char *stop;

	while (count < FIELDS_MAX && at < q->used &&
	       (stop = memchr(q->text + at, '\0', q->used - at))) {
		fields[count++] = q->text + at;
		at = (size_t)(stop - q->text) + 1;
	}
	return count;
}

static void take_answer(struct round *r, struct question *q)
{
	const char *fields[FIELDS_MAX];
	size_t count = split(q, fields), want = q->remote->guests ? 4 : 3;
	struct isahp_error why;

	if (count == want && !strcmp(fields[0], CTL_LIBVIRT_ANSWER)) {
		if (isahp_remote_import(q->remote, fields[1], fields[2],
					want == 4 ? fields[3] : NULL, &why))
			fail(r, q->remote, why.class, why.text, NULL);
	} else if (count == 2 && !strcmp(fields[0], CTL_LIBVIRT_USAGE)) {
		fail(r, q->remote, ISAHP_ERROR_USAGE, fields[1], remedy(fields[1]));
	} else if (count == 2 && !strcmp(fields[0], CTL_LIBVIRT_UNREACHABLE)) {
		fail(r, q->remote, ISAHP_ERROR_UNREACHABLE, fields[1], remedy(fields[1]));
	} else if (count == 2 && !strcmp(fields[0], CTL_LIBVIRT_FAILED)) {
		fail(r, q->remote, ISAHP_ERROR_FAILED, fields[1], remedy(fields[1]));
	} else {
		fail(r, q->remote, ISAHP_ERROR_FAILED, "libvirt's library ended without an answer",
		     remedy(""));
	}
}

/* Return: whether there is more to come. */
static bool receive(struct round *r, struct question *q)
{
	ssize_t got;
	char *more;

	if (q->used == q->room) {
		q->room = q->room ? 2 * q->room : 65536;
		more = q->room > ANSWER_MAX ? NULL : realloc(q->text, q->room);
		if (!more) {
			fail(r, q->remote, ISAHP_ERROR_FAILED, "it says more than any host does",
			     NULL);
			return false;
		}
		q->text = more;
	}
	got = read(q->fd, q->text + q->used, q->room - q->used);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got > 0) {
		q->used += (size_t)got;
		return true;
	}
	take_answer(r, q);
	return false;
}

/* --- the round ------------------------------------------------------------------------ */

static void begin_more(struct round *r)
{
	size_t i;

	for (i = 0; i < AT_ONCE && r->next < r->count; i++) {
		int rc;

		if (r->questions[i].remote)
			continue;
		rc = begin(r, &r->questions[i], &r->remotes[r->next]);
		if (rc)
			fail(r, &r->remotes[r->next], ISAHP_ERROR_FAILED, strerror(-rc), NULL);
		r->next++;
	}
}

static bool wait_for_some(struct round *r, struct pollfd polls[AT_ONCE])
{
	long long first = -1, left;
	struct timespec timeout;
	size_t i;

	for (i = 0; i < AT_ONCE; i++) {
		const struct question *q = &r->questions[i];

		/* poll() skips what is negative. */
		polls[i] = (struct pollfd){ .fd = q->remote ? q->fd : -1, .events = POLLIN };
		if (q->remote && (first < 0 || q->deadline_ms < first))
			first = q->deadline_ms;
	}
	if (first < 0)
		return false;
	left = first - now_ms();
	left = left < 0 ? 0 : left;
	timeout = (struct timespec){ left / 1000, left % 1000 * 1000000 };
	if (ppoll(polls, AT_ONCE, &timeout, &r->mask) < 0)
		for (i = 0; i < AT_ONCE; i++)
			polls[i].revents = 0;
	return true;
}

static void ask_all(struct round *r)
{
	struct pollfd polls[AT_ONCE];
	size_t i;

	begin_more(r);
	while (!interrupted && wait_for_some(r, polls)) {
		for (i = 0; i < AT_ONCE; i++) {
			struct question *q = &r->questions[i];

			if (!q->remote)
				continue;
			if (polls[i].revents && !receive(r, q)) {
				end(q);
			} else if (now_ms() >= q->deadline_ms) {
				fail_late(r, q->remote);
				end(q);
			}
		}
		begin_more(r);
	}
	for (i = 0; i < AT_ONCE; i++)
		if (r->questions[i].remote)
			end(&r->questions[i]);
}

/* Of those behind the first the names, as far as they fit. */
static void tell_others(const struct round *r)
{
	char first[ISAHP_ERROR_TEXT_SIZE], others[160] = "", text[64];
	size_t i, used = 0;

	for (i = r->first + 1; i < r->count && used < sizeof(others) - sizeof(text); i++) {
		const struct isahp_remote *remote = &r->remotes[i];
		const char *name = remote->name ? remote->name : remote->uri;

		if (!r->failed[i])
			continue;
		isahp_text_sanitize(text, sizeof(text) - 2, name, strlen(name));
		used += (size_t)sprintf(others + used, "%s%s", used ? ", " : "", text);
	}
	strcpy(first, r->err->text);
	isahp_error_set(r->err, r->err->class, 0, "%.700s (and %zu more: %s)", first,
			r->failures - 1, others);
}

static int finish(struct round *r, size_t *ret_failed)
{
	size_t i;

	if (!interrupted && !r->failures)
		return 0;
	for (i = 0; i < r->count; i++)
		isahp_profile_free(&r->remotes[i].profile);
	*ret_failed = r->first;
	if (interrupted)
		isahp_error_set(r->err, ISAHP_ERROR_CANCELLED, 0,
				"stopped before every host had answered");
	else if (r->failures > 1)
		tell_others(r);
	return -EIO;
}

static int read_all(void *context, struct isahp_remote *remotes, size_t count,
		    size_t *ret_failed, struct isahp_error *err)
{
	struct round r = { .remotes = remotes, .count = count, .err = err };
	struct sigaction stop = { .sa_handler = interrupt }, before[STOPS];
	sigset_t set;
	size_t i;
	int rc;

	(void)context;
	*ret_failed = 0;
	if (ctl_libvirt_missing())
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOSYS, "%s",
				       ctl_libvirt_missing());
	r.failed = calloc(count, sizeof(*r.failed));
	if (!r.failed)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
	/* Let in while we wait, and only then. */
	sigemptyset(&set);
	for (i = 0; i < STOPS; i++)
		sigaddset(&set, stops[i]);
	sigprocmask(SIG_BLOCK, &set, &r.mask);
	interrupted = 0;
	for (i = 0; i < STOPS; i++) {
		sigaction(stops[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(stops[i], &stop, NULL);
	}
	ask_all(&r);
	for (i = 0; i < STOPS; i++)
		sigaction(stops[i], &before[i], NULL);
	sigprocmask(SIG_SETMASK, &r.mask, NULL);
	rc = finish(&r, ret_failed);
	free(r.failed);
	return rc;
}

const struct isahp_remote_source ctl_connect = { .read = read_all };

int ctl_connect_one(struct isahp_remote *remote, struct isahp_error *err)
{
	size_t failed;

	return read_all(NULL, remote, 1, &failed, err) ? (int)err->class : 0;
}

bool ctl_connect_is_uri(const char *text)
{
	return strstr(text, "://");
}
