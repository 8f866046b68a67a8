// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/pointer.h>
#include "callback.h"
#include "gp_urcu.h"

/**
 * struct callback - one that was added
 * @fn: and
 * @arg: as added.
 * @priority: as added.
 * @removed: under `lock`: not to be called any more.
 * @lists: that hold it; under `lock`.
 * @agreed: to a LEAVING that was not ended; the dispatching thread's,
 * @question: as is the number of the one it agreed to last.
 */
struct callback {
	isahp_callback fn;
	void *arg;
	int priority;
	bool removed;
	unsigned int lists;
	bool agreed;
	uint64_t question;
};

/**
 * struct list - callbacks in order of priority; never changed once published
 * @references: the publication's and the runner's. Taken within an RCU
 *	read-side section, so that the last one can not go in between.
 * @count: entries of @entry.
 */
struct list {
	uint32_t references;
	size_t count;
	struct callback *entry[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static struct list *published;		/* RCU; written under lock */
static struct callback *running;	/* under lock */
static uint64_t question;		/* the dispatching thread's; counts LEAVING */
static __thread unsigned int inside __attribute__((tls_model("initial-exec")));

bool isahp_callbacks_running(void)
{
	return inside;
}

/* Under lock. */
static void list_free(struct list *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (!--l->entry[i]->lists)
			free(l->entry[i]);
	free(l);
}

static void list_put(struct list *l)
{
	if (!l || __atomic_sub_fetch(&l->references, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_mutex_lock(&lock);
	list_free(l);
	pthread_mutex_unlock(&lock);
}

static struct list *list_get(void)
{
	struct list *l;

	isahp_gp_enter();
	l = rcu_dereference(published);
	if (l)
		__atomic_add_fetch(&l->references, 1, __ATOMIC_RELAXED);
	isahp_gp_leave();
	return l;
}

/* A replaced list: readers may be about to take a reference. */
static void list_retire(struct list *l)
{
	/* Without a grace period it stays: better than freed too early. */
	if (l && !isahp_gp_synchronize())
		list_put(l);
}

static struct list *list_new(size_t count)
{
	struct list *l = calloc(1, sizeof(*l) + count * sizeof(l->entry[0]));

	if (l)
		l->references = 1;
	return l;
}

/* Under lock. Behind those of the same priority. */
static struct list *list_with(const struct list *old, struct callback *added)
{
	size_t count = old ? old->count : 0;
	struct list *l = list_new(count + 1);
	size_t i, at = 0;

	if (!l)
		return NULL;
	while (at < count && old->entry[at]->priority <= added->priority)
		at++;
	for (i = 0; i <= count; i++) {
		l->entry[i] = i < at ? old->entry[i] :
			      i > at ? old->entry[i - 1] :
				       added;
		l->entry[i]->lists++;
	}
	l->count = count + 1;
	return l;
}

int isahp_callback_add(isahp_callback fn, void *arg, int priority)
{
	struct callback *c;
	struct list *l, *old;

	if (!fn)
		return -EINVAL;
	isahp_library_init();
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fn = fn;
	c->arg = arg;
	c->priority = priority;
	pthread_mutex_lock(&lock);
	old = published;
	l = list_with(old, c);
	if (l)
		rcu_set_pointer(&published, l);
	pthread_mutex_unlock(&lock);
	if (!l) {
		free(c);
		return -ENOMEM;
	}
	list_retire(old);
	return 0;
}

static size_t find(const struct list *l, isahp_callback fn, const void *arg)
{
	size_t i;

	for (i = 0; l && i < l->count; i++)
		if (!l->entry[i]->removed && l->entry[i]->fn == fn &&
		    l->entry[i]->arg == arg)
			return i;
	return l ? l->count : 0;
}

/* Under lock. */
static struct list *list_without(const struct list *old, size_t at)
{
	struct list *l = list_new(old->count - 1);
	size_t i;

	if (!l)
		return NULL;
	for (i = 0; i < old->count; i++) {
		if (i == at)
			continue;
		l->entry[l->count++] = old->entry[i];
		old->entry[i]->lists++;
	}
	return l;
}

/* Under lock. */
static int remove_locked(isahp_callback fn, void *arg, struct list **ret_old)
{
	struct list *old = published;
	size_t at = find(old, fn, arg);
	struct callback *c;
	struct list *l;

	if (!old || at == old->count)
		return -ENOENT;
	c = old->entry[at];
	c->removed = true;
	/* Without memory for a shorter list it stays there, and is never called. */
	l = list_without(old, at);
	if (l) {
		rcu_set_pointer(&published, l);
		*ret_old = old;
	}
	while (running == c && !inside)
		pthread_cond_wait(&idle, &lock);
	return 0;
}

int isahp_callback_remove(isahp_callback fn, void *arg)
{
	struct list *old = NULL;
	int rc;

	pthread_mutex_lock(&lock);
	rc = remove_locked(fn, arg, &old);
	pthread_mutex_unlock(&lock);
	if (!rc)
		list_retire(old);
	return rc;
}

static int call(struct callback *c, const struct isahp_change *change)
{
	bool removed;
	int rc = 0;

	pthread_mutex_lock(&lock);
	removed = c->removed;
	if (!removed)
		running = c;
	pthread_mutex_unlock(&lock);
	if (removed)
		return 0;
	inside++;
	rc = c->fn(change, c->arg);
	inside--;
	pthread_mutex_lock(&lock);
	running = NULL;
	pthread_cond_broadcast(&idle);
	pthread_mutex_unlock(&lock);
	return rc;
}

static int ask_all(struct list *l, struct isahp_change *change,
		   int (*stop)(void *arg), void *arg)
{
	struct isahp_answer *verdict = change->priv;
	bool asked = false;
	size_t i;
	int rc;

	for (i = 0; i < l->count; i++) {
		struct callback *c = l->entry[i];

		if (c->agreed && c->question == question)
			continue;
		rc = asked ? stop(arg) : 0;
		if (rc)
			return rc;
		asked = true;
		rc = call(c, change);
		if (rc < 0) {
			verdict->error = rc;
			return 0;
		}
		/* A reason is a veto's: who gave one and agreed has no say. */
		verdict->reason[0] = '\0';
		c->agreed = true;
		c->question = question;
	}
	return 0;
}

int isahp_callbacks_leaving(struct isahp_change *change, bool again,
			    int (*stop)(void *arg), void *arg,
			    struct isahp_answer *ret_verdict)
{
	struct list *l = list_get();
	int rc = 0;

	memset(ret_verdict, 0, sizeof(*ret_verdict));
	change->priv = ret_verdict;
	if (!again)
		question++;
	if (l)
		rc = ask_all(l, change, stop, arg);
	list_put(l);
	return rc;
}

void isahp_callbacks_tell(const struct isahp_change *agreed,
			  const struct isahp_change *others)
{
	struct list *l = list_get();
	size_t i;

	for (i = l ? l->count : 0; i--;) {
		struct callback *c = l->entry[i];
		const struct isahp_change *change = c->agreed ? agreed : others;

		if (!change)
			continue;
		if (change->kind != ISAHP_CALLBACK_LATE)
			c->agreed = false;
		(void)call(c, change);
	}
	list_put(l);
}

int isahp_veto(const struct isahp_change *change, int error, const char *reason)
{
	struct isahp_answer *verdict = change ? change->priv : NULL;

	if (verdict && reason)
		(void)snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return error < 0 ? error : -EPERM;
}

void isahp_callbacks_lock(void)
{
	pthread_mutex_lock(&lock);
}

void isahp_callbacks_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void isahp_callbacks_child(void)
{
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&idle, NULL);
	if (!inside)
		running = NULL;
}
