/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liburcu: reclamation in every mode, and with ISAHP_GP=urcu the whole swap.
 *
 * The flavour is liburcu-bp. A library can neither register its callers'
 * threads twice (an application that uses another flavour's own library does so
 * too, and liburcu asserts) nor have them unregistered before a fork; bp
 * registers threads by itself and survives forks.
 */
#ifndef ISAHP_GP_URCU_H
#define ISAHP_GP_URCU_H

/** isahp_gp_enter - begin a read-side section; nests; also in a handler */
void isahp_gp_enter(void);

/** isahp_gp_leave - end it; -EPERM: the thread is in none (any more) */
int isahp_gp_leave(void);

/** isahp_gp_inside - is the caller in a read-side section? */
int isahp_gp_inside(void);

/**
 * isahp_gp_synchronize - wait for a grace period
 *
 * Not with a lock that fork takes. -errno: it can not be waited for, see
 * isahp_barrier_probe(): free nothing; -EDEADLK: the caller is in a section.
 */
int isahp_gp_synchronize(void);

struct isahp_gp;

/**
 * isahp_gp_start - begin a grace period without waiting for it
 * @ret_gp: to ask; given back with isahp_gp_put().
 *
 * synchronize_rcu() knows no deadline: a thread of its own waits in it.
 * -ENOMEM; -EAGAIN: no thread; as isahp_gp_synchronize().
 */
int isahp_gp_start(struct isahp_gp **ret_gp);

/** isahp_gp_done - has it ended? */
int isahp_gp_done(const struct isahp_gp *gp);

/** isahp_gp_put - no longer interested; NULL is allowed */
void isahp_gp_put(struct isahp_gp *gp);

/** isahp_gp_fork_prepare - around fork; as liburcu-bp asks for it */
void isahp_gp_fork_prepare(void);
/** isahp_gp_fork_parent - the same */
void isahp_gp_fork_parent(void);
/** isahp_gp_fork_child - the same */
void isahp_gp_fork_child(void);

#endif /* ISAHP_GP_URCU_H */
