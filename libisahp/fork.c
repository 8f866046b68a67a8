// SPDX-License-Identifier: LGPL-2.1-or-later
#include <pthread.h>
#include "ahead.h"
#include "callback.h"
#include "dispatcher.h"
#include "fork.h"
#include "gp_urcu.h"
#include "library.h"
#include "operation.h"
#include "push.h"
#include "thread.h"

static void prepare(void)
{
	/* Before any lock: what it finds out tells the child who is not there. */
	isahp_threads_learn_stacks();
	pthread_mutex_lock(&isahp_library.lock);
	isahp_callbacks_lock();
	isahp_threads_lock();
	isahp_gp_fork_prepare();
}

static void parent(void)
{
	isahp_gp_fork_parent();
	isahp_threads_unlock();
	isahp_callbacks_unlock();
	pthread_mutex_unlock(&isahp_library.lock);
}

static void child(void)
{
	bool resume;

	isahp_ahead_child();
	isahp_gp_fork_child();
	isahp_callbacks_child();
	__atomic_add_fetch(&isahp_library.generation, 1, __ATOMIC_RELAXED);
	isahp_operations_child();
	resume = isahp_dispatcher_child();
	pthread_mutex_init(&isahp_library.lock, NULL);
	isahp_push_child();
	isahp_threads_child(resume);
}

void isahp_fork_init(void)
{
	(void)pthread_atfork(prepare, parent, child);
}
