// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <urcu/urcu-bp.h>
#include "barrier.h"
#include "gp_urcu.h"
#include "quiet_thread.h"

/**
 * struct isahp_gp - a grace period under way
 * @references: the waiting thread's and the asker's. Atomic.
 * @done: set with release after the grace period.
 */
struct isahp_gp {
	uint32_t references;
	uint32_t done;
};

void isahp_gp_enter(void)
{
	urcu_bp_read_lock();
}

int isahp_gp_leave(void)
{
	/* Its own destructor may have run before the thread's last region ended. */
	if (!urcu_bp_read_ongoing())
		return -EPERM;
	urcu_bp_read_unlock();
	return 0;
}

int isahp_gp_inside(void)
{
	return urcu_bp_read_ongoing();
}

int isahp_gp_synchronize(void)
{
	int rc;

	if (isahp_gp_inside())
		return -EDEADLK;
	rc = isahp_barrier_probe();
	if (!rc)
		urcu_bp_synchronize_rcu();
	return rc;
}

void isahp_gp_put(struct isahp_gp *gp)
{
	if (gp && !__atomic_sub_fetch(&gp->references, 1, __ATOMIC_ACQ_REL))
		free(gp);
}

int isahp_gp_done(const struct isahp_gp *gp)
{
	return (int)__atomic_load_n(&gp->done, __ATOMIC_ACQUIRE);
}

static void *wait_thread(void *arg)
{
	struct isahp_gp *gp = arg;

	if (!isahp_gp_synchronize())
		__atomic_store_n(&gp->done, 1, __ATOMIC_RELEASE);
	isahp_gp_put(gp);
	return NULL;
}

int isahp_gp_start(struct isahp_gp **ret_gp)
{
	struct isahp_gp *gp;
	pthread_t thread;
	int rc;

	rc = isahp_barrier_probe();
	if (rc)
		return rc;
	gp = calloc(1, sizeof(*gp));
	if (!gp)
		return -ENOMEM;
	gp->references = 2;
	rc = isahp_quiet_thread(&thread, wait_thread, gp);
	if (rc) {
		free(gp);
		return rc;
	}
	pthread_detach(thread);
	*ret_gp = gp;
	return 0;
}

void isahp_gp_fork_prepare(void)
{
	urcu_bp_before_fork();
}

void isahp_gp_fork_parent(void)
{
	urcu_bp_after_fork_parent();
}

void isahp_gp_fork_child(void)
{
	urcu_bp_after_fork_child();
}
