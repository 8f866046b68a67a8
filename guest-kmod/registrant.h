/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who asked to be told, who was, and who has answered.
 *
 * One spinlock, isahp_roll_lock, guards all of: the lists of registrants, their
 * fields, the list of untracked processes, the published state and the state
 * page. It is never held over anything that sleeps or waits for a user, nor
 * over a wake-up, nor for longer than a few dozen registrants take; it is not
 * taken from interrupts.
 *
 * A change is published at once and each registrant brought up to it
 * afterwards, a few at a time: by the publisher, or by whatever is done with
 * that registrant first, so that nobody sees one that lags behind.
 */
#ifndef ISAHP_KMOD_REGISTRANT_H
#define ISAHP_KMOD_REGISTRANT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/wait.h>
#include <isahp/uapi.h>

struct isahp_process;
struct isahp_quota;
struct pid_namespace;

/**
 * enum isahp_answer - what a registrant said to the event in force
 * @ISAHP_ANSWER_NONE: it was not asked.
 * @ISAHP_ANSWER_PENDING: asked, nothing yet.
 * @ISAHP_ANSWER_ACKED: it has left.
 * @ISAHP_ANSWER_VETOED: it will not.
 */
enum isahp_answer {
	ISAHP_ANSWER_NONE,
	ISAHP_ANSWER_PENDING,
	ISAHP_ANSWER_ACKED,
	ISAHP_ANSWER_VETOED,
	ISAHP_ANSWERS
};

/**
 * struct isahp_registrant - one open file, and the mm registered through it
 * @refs: the file's, and one while somebody is being woken.
 * @node: while @process is set: among those with the same answer, or among
 *	those that were not brought up to date yet.
 * @event: number of the state that it was brought up to.
 * @process: NULL while not registered.
 * @of_process: among those of @process.
 * @orphan: the mm that was registered has ended: calls get -ESTALE until a
 *	live one registers.
 * @quota: of who opened the file.
 * @wait: readers and pollers.
 * @interest: features.
 * @answer: enum isahp_answer.
 * @unread: states that concerned it since it last read.
 * @undefined: the next event says ISAHP_STATE_F_UNDEFINED.
 */
struct isahp_registrant {
	struct kref refs;
	struct list_head node;
	u64 event;
	struct isahp_process *process;
	struct list_head of_process;
	bool orphan;
	struct isahp_quota *quota;
	wait_queue_head_t wait;
	struct isahp_features interest;
	enum isahp_answer answer;
	u32 unread;
	bool undefined;
};

/**
 * struct isahp_roll - a count of all registrants at one moment
 * @registrants: registered.
 * @concerned: asked to leave by the state in force, those that ended since
 *	included.
 * @pending: of them, without an answer.
 * @vetoes: of them, that refused.
 * @untracked: processes that closed while running on.
 * @listed: entries of @laggard in use.
 * @laggard: pending and vetoing ones.
 */
struct isahp_roll {
	u32 registrants;
	u32 concerned;
	u32 pending;
	u32 vetoes;
	u32 untracked;
	u32 listed;
	struct isahp_laggard laggard[ISAHP_LAGGARDS_LISTED];
};

/**
 * isahp_registrant_new - for a file that is being opened
 *
 * Return: to be ended by isahp_registrant_close(), or NULL.
 */
struct isahp_registrant *isahp_registrant_new(void);

/**
 * isahp_registrant_close - the file is gone
 * @registrant: freed. If its mm lives on, that becomes untracked.
 */
void isahp_registrant_close(struct isahp_registrant *registrant);

/**
 * isahp_registrant_put - give back a reference to the memory of one
 * @registrant: may be gone afterwards.
 */
void isahp_registrant_put(struct isahp_registrant *registrant);

/**
 * isahp_registrant_register - ISAHP_IOC_REGISTER
 * @registrant: of the file.
 * @interest: features that concern the caller.
 *
 * Return: 0, -EBUSY, -EMFILE (see <isahp/uapi.h>) or -ENOMEM.
 */
int isahp_registrant_register(struct isahp_registrant *registrant,
			      const struct isahp_features *interest);

/**
 * isahp_registrant_unregister - ISAHP_IOC_UNREGISTER
 * @registrant: of the file.
 *
 * Return: 0, -ENOTCONN or -ESTALE.
 */
int isahp_registrant_unregister(struct isahp_registrant *registrant);

/**
 * isahp_registrant_ack - ISAHP_IOC_ACK
 * @registrant: of the file.
 * @ack: private copy; size was checked.
 *
 * Return: 0, -EINVAL, -ENOTCONN or -ESTALE.
 */
int isahp_registrant_ack(struct isahp_registrant *registrant,
			 const struct isahp_ack *ack);

/**
 * isahp_registrant_take - the newest state, if it was not read yet
 * @registrant: of the file.
 * @ret_event: receives it.
 *
 * Return: 0, -EAGAIN (nothing new), -ENOTCONN or -ESTALE.
 */
int isahp_registrant_take(struct isahp_registrant *registrant,
			  struct isahp_event *ret_event);

/**
 * isahp_registrant_untake - what was taken did not reach the reader
 * @registrant: of the file.
 * @event: as taken.
 */
void isahp_registrant_untake(struct isahp_registrant *registrant,
			     const struct isahp_event *event);

/**
 * isahp_registrant_peek - what isahp_registrant_take() would return
 * @registrant: of the file.
 */
int isahp_registrant_peek(struct isahp_registrant *registrant);

/**
 * isahp_registrants_publish - a new record is in force
 * @state: to be published; its event number is filled in here. Whoever is
 *	interested in what leaves is asked for an answer.
 *
 * Writes the state page, then wakes those that the change concerns, and nobody
 * else.
 *
 * Context: sleeps.
 */
void isahp_registrants_publish(struct isahp_event *state);

/**
 * isahp_registrants_amend - the record in force stays, something else changed
 * @state: to be published, as above. What was asked and answered stays.
 * @what: features whose users should be woken.
 */
void isahp_registrants_amend(struct isahp_event *state,
			     const struct isahp_features *what);

/**
 * isahp_registrants_quiesce - publish, if nobody's answer is missing
 * @state: to be published.
 * @ret_roll: as isahp_registrants_count(), of the same moment.
 *
 * One step: nobody can register in between and be overlooked.
 *
 * Return: whether @state was published.
 */
bool isahp_registrants_quiesce(struct isahp_event *state,
			       struct isahp_roll *ret_roll);

/**
 * isahp_registrants_count - take the roll
 * @ret_roll: receives it; pids as in the initial namespace.
 *
 * Context: sleeps.
 */
void isahp_registrants_count(struct isahp_roll *ret_roll);

/**
 * isahp_registrants_count_in - take the roll for a reader in a container
 * @ret_roll: receives it. Listed are only processes that @ns can see, with the
 *	pids that they have there.
 * @ns: the reader's.
 *
 * Context: sleeps.
 */
void isahp_registrants_count_in(struct isahp_roll *ret_roll,
				struct pid_namespace *ns);

/**
 * isahp_registrants_state - the published state
 * @ret_state: receives a copy.
 */
void isahp_registrants_state(struct isahp_event *ret_state);

/**
 * isahp_registrants_process_over - an mm has ended
 * @process: its registrants count as having acknowledged; may be gone
 *	afterwards.
 */
void isahp_registrants_process_over(struct isahp_process *process);

/**
 * isahp_registrants_undefined - a process executed what has gone
 * @process: whose registrants are told by their next event.
 * @feature: enum isahp_feature of the instruction.
 *
 * Return: whether one of them had asked to be told of this feature.
 */
bool isahp_registrants_undefined(struct isahp_process *process,
				 unsigned int feature);

/**
 * isahp_registrants_exit - let go of the untracked processes
 *
 * Context: module unload: no file is open.
 */
void isahp_registrants_exit(void);

#endif /* ISAHP_KMOD_REGISTRANT_H */
