// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "park.h"
#include "push.h"
#include "raise.h"
#include "swap.h"

#ifndef ISAHP_CONTROL_PUSH_FOREVER
#define PUSH_NS 20000000ULL
#else
#define PUSH_NS 3600000000000ULL
#endif
#define REST 3		/* times as long as it took */
#define LOOK_NS 50000
#define MOMENT_NS 20000ULL
#define STATES_MAX 4	/* that are read from /proc in one look */

static uint64_t pushes;	/* atomic */

uint64_t isahp_push_count(void)
{
	return __atomic_load_n(&pushes, __ATOMIC_RELAXED);
}

void isahp_push_child(void)
{
	isahp_park_child();
	isahp_raise_child();
}

static uint64_t until(uint64_t now_ns)
{
	uint64_t deadline_ns = isahp_deadline();
	uint64_t until_ns = now_ns + PUSH_NS;

	return deadline_ns && deadline_ns < until_ns ? deadline_ns : until_ns;
}

/* --- who waits for a CPU? ------------------------------------------------------ */

/* The scheduler's clock of a thread of this process; as glibc composes it. */
static bool ran(pid_t tid, uint64_t *ret_ns)
{
	const clockid_t per_thread = 4, sched = 2;
	struct timespec t;

	if (!tid || clock_gettime((clockid_t)(~(unsigned int)tid << 3) | per_thread | sched, &t))
		return false;
	*ret_ns = (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
	return true;
}

/* It has not run since the last look: because it sleeps? proc(5), stat. */
static bool runnable(pid_t tid)
{
	char path[64], text[128];
	const char *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true; /* nobody knows */
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')');
	return !state || !strncmp(state, ") R", 3);
}

static void note(const struct isahp_inside *inside, void *arg)
{
	struct isahp_push *p = arg;

	if (inside->tid && p->count < ISAHP_PUSH_WATCHED &&
	    (!p->count || p->straggler[p->count - 1].tid != inside->tid))
		p->straggler[p->count++].tid = inside->tid;
}

/* Those that are inside now. */
static void watch(struct isahp_drain *drain)
{
	struct isahp_push *p = &drain->push;
	uint32_t i;

	p->looks++;
	p->count = 0;
	isahp_drain_each(drain, note, p);
	for (i = 0; i < p->count; i++)
		if (!ran(p->straggler[i].tid, &p->straggler[i].ran_ns))
			p->straggler[i].tid = 0;
}

/* Beginning elsewhere each time, as not all are asked about. */
static bool any_waits(const struct isahp_push *p)
{
	const struct isahp_straggler *s;
	unsigned int asked = 0;
	uint64_t ran_ns;
	uint32_t i;

	for (i = 0; i < p->count && asked < STATES_MAX; i++) {
		s = &p->straggler[(p->looks + i) % p->count];
		if (!ran(s->tid, &ran_ns) || ran_ns != s->ran_ns)
			continue;
		if (runnable(s->tid))
			return true;
		asked++;
	}
	return false;
}

/*
 * Who runs has come further after a moment. It is not slept through: where many
 * wait for a CPU, who sleeps waits for it too.
 */
static bool look(struct isahp_drain *drain, bool *ret_out)
{
	uint64_t end_ns;

	watch(drain);
	end_ns = isahp_now_ns() + MOMENT_NS;
	while (!(*ret_out = !isahp_drain_look(drain)) && isahp_now_ns() < end_ns)
		;
	return !*ret_out && any_waits(&drain->push);
}

/* --- pushing ------------------------------------------------------------------- */

/* false: there is nobody to lend to, or no way of doing so. */
static bool lend(struct isahp_drain *drain, uint64_t until_ns)
{
	struct isahp_thread *t;
	bool lent = false;
	bool go_on = true;
	size_t at = 0;

	while (go_on && isahp_now_ns() < until_ns) {
		t = isahp_drain_pin(drain, &at);
		if (!t)
			break;
		go_on = isahp_raise_lend(t->tid);
		lent = go_on;
		isahp_thread_unpin(t);
	}
	return lent;
}

static bool push_until(struct isahp_drain *drain, uint64_t until_ns)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	struct isahp_raise raise;
	bool raised, out;

	isahp_park_begin(until_ns);
	drain->push.parked = true;
	raised = isahp_library.push == ISAHP_PUSH_RAISE && isahp_raise_begin(&raise);
	while (!(out = !isahp_drain_look(drain)) && isahp_now_ns() < until_ns)
		if (!raised || !lend(drain, until_ns))
			nanosleep(&pause, NULL);
	if (raised)
		isahp_raise_end(&raise);
	return out;
}

bool isahp_push(struct isahp_drain *drain)
{
	struct isahp_push *p = &drain->push;
	uint64_t begin_ns = isahp_now_ns();
	uint64_t until_ns = until(begin_ns);
	bool out = false;
	sigset_t all, mask;
	int cancel;

	if (isahp_library.push == ISAHP_PUSH_NONE || begin_ns < p->rest_ns ||
	    begin_ns >= until_ns || !look(drain, &out))
		return out;
	/* In the middle of it a thread can not be done without. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	__atomic_add_fetch(&pushes, 1, __ATOMIC_RELAXED);
	out = push_until(drain, until_ns);
	p->rest_ns = isahp_now_ns() + REST * (isahp_now_ns() - begin_ns);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	pthread_setcancelstate(cancel, NULL);
	/* Who has to answer now would else have a crowd beside it again. */
	if (!out)
		isahp_push_end(p);
	return out;
}

void isahp_push_end(struct isahp_push *push)
{
	if (push->parked)
		isahp_park_end();
	push->parked = false;
}
