/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `pool apply`: a plan, step by step. */
#ifndef ISAHPCTL_APPLY_H
#define ISAHPCTL_APPLY_H

#include <jansson.h>

#include "ctl.h"
#include "policy/plan.h"
#include "pool_file.h"

/**
 * struct ctl_apply - a plan that is being carried out
 * @ctl: how to show progress, and what is asked of isahpds.
 * @plan: as `pool plan` wrote it, checked; owned.
 * @file: the pool's.
 * @controls: sockets by host, as given on the command line, or NULL; owned.
 * @receive: the operator's program that awaits a VM, or NULL,
 * @release: and the one that ends a QEMU.
 * @deadline_ms: for guests; 0: isahpd's own.
 * @dry: nothing is changed.
 * @done: journal: whether each step was done by an earlier run; owned.
 * @journal: path of the journal; owned.
 * @identity: of the plan, so that a journal is not taken for another's.
 */
struct ctl_apply {
	const struct ctl *ctl;
	json_t *plan;
	struct ctl_pool_file file;
	json_t *controls;
	const char *receive;
	const char *release;
	long long deadline_ms;
	bool dry;
	bool *done;
	char *journal;
	char identity[40];
};

/* --- apply_plan.c ---------------------------------------------------------- */

/**
 * ctl_apply_load - read a plan and what was done of it
 * @apply: gets @plan, @done, @journal, @identity.
 * @path: of the plan.
 * @err: names the file, and the place in it.
 *
 * Return: 0, or the exit code.
 */
int ctl_apply_load(struct ctl_apply *apply, const char *path, struct isahp_error *err);

/** ctl_apply_note - a step is done: it will not be done again; 0, or the exit code */
int ctl_apply_note(struct ctl_apply *apply, size_t step, struct isahp_error *err);

/** ctl_apply_what - what a step does, of a plan that was checked */
enum isahp_plan_do ctl_apply_what(const json_t *step);

/** ctl_apply_title - a step in a few words, to be given to free(); NULL: no memory */
char *ctl_apply_title(const json_t *step);

/* --- apply_step.c ---------------------------------------------------------- */

/** ctl_apply_hidden - what the operator wants hidden, or NULL; borrowed */
const json_t *ctl_apply_hidden(const struct ctl_apply *apply);

/**
 * ctl_apply_look - whether a step has been done already, by whomever
 * @apply: the plan.
 * @step: of it.
 * @ret_done: whether; untouched on failure.
 * @err: says why nobody can tell, or what is not as the plan says.
 *
 * Return: 0, or the exit code.
 */
int ctl_apply_look(struct ctl_apply *apply, const json_t *step, bool *ret_done,
		   struct isahp_error *err);

/**
 * ctl_apply_try - whether a step could be done now, as far as that can be told
 *
 * As ctl_apply_look(). A VM that would have to be migrated is held against the
 * profile of the host that the pool's file has.
 */
int ctl_apply_try(struct ctl_apply *apply, const json_t *step, json_t **ret_data,
		  struct isahp_error *err);

/**
 * ctl_apply_do - do it
 * @ret_data: what there is to say of it, may be NULL; also on failure.
 *
 * On failure all is as it was before the step.
 */
int ctl_apply_do(struct ctl_apply *apply, const json_t *step, json_t **ret_data,
		 struct isahp_error *err);

#endif /* ISAHPCTL_APPLY_H */
