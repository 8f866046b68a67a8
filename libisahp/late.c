// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "block.h"
#include "callback.h"
#include "inside.h"
#include "late.h"
#include "operation.h"

/* Under isahp_library.lock. */
static struct {
	bool waiting;
	struct isahp_features allowed;
	uint64_t begin_ns;
} late;

void isahp_late_begin(const struct isahp_drain *drain)
{
	pthread_mutex_lock(&isahp_library.lock);
	late.waiting = true;
	late.allowed = drain->allowed;
	late.begin_ns = isahp_now_ns();
	pthread_mutex_unlock(&isahp_library.lock);
}

void isahp_late_end(void)
{
	pthread_mutex_lock(&isahp_library.lock);
	late.waiting = false;
	pthread_mutex_unlock(&isahp_library.lock);
}

void isahp_late_child(void)
{
	late.waiting = false;
}

void isahp_late_tell(const struct isahp_change *change)
{
	isahp_callbacks_tell(change, change);
}

/* As struct isahp_late in the caller's memory: @size bytes each. */
struct list {
	char *at;
	size_t size;
	size_t room;
	size_t count;
	uint64_t ns;
};

static void copy_name(char *to, size_t size, const char *name)
{
	size_t length = strlen(name);

	if (length >= size)
		length = size - 1;
	memcpy(to, name, length);
	to[length] = '\0';
}

/* What isahp_operations_outside() is true of is somebody's. */
static void put(const struct isahp_inside *inside, void *arg)
{
	struct isahp_late l = { .tid = (int32_t)inside->tid };
	const struct isahp_descriptor *d = inside->descriptor;
	const struct isahp_block *b = d ? isahp_block_of(d) : NULL;
	struct list *list = arg;

	if (list->count++ >= list->room)
		return;
	l.ns = list->ns;
	if (b && b->op)
		copy_name(l.operation, sizeof(l.operation), b->op->name);
	if (b)
		copy_name(l.variant, sizeof(l.variant), d->variant->name);
	memcpy(list->at, &l, list->size < sizeof(l) ? list->size : sizeof(l));
	list->at += list->size;
}

int isahp_late(struct isahp_late *list, size_t count, size_t size)
{
	struct list l = { .at = (char *)list, .size = size, .room = count };

	if ((count && !list) || size < offsetof(struct isahp_late, operation))
		return -EINVAL;
	if (count)
		memset(list, 0, count * size);
	pthread_mutex_lock(&isahp_library.lock);
	if (late.waiting) {
		l.ns = isahp_now_ns() - late.begin_ns;
		isahp_threads_each_inside(isahp_operations_outside, &late.allowed, put,
					  &l);
	}
	pthread_mutex_unlock(&isahp_library.lock);
	return (int)l.count;
}
