// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * There are two states, clean and dirty, and a function in one of them is a
 * context. For each context that can occur: in which states does it return?
 * Begun with "in none", repeated until nothing changes; what a context returns
 * only ever grows, so that it ends. A context is gone through when it is met
 * first, so that mostly two rounds do.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "upper.h"

enum { CLEAN, DIRTY };

#define RETURNS(state) (1U << (state))
/* Calls within calls that are gone through at once. */
#define DEPTH_MAX 256

struct context {
	uint64_t entry;
	unsigned int state;
	unsigned int returns; /* RETURNS()s */
};

struct step {
	uint32_t node;
	uint32_t state;
	uint64_t since;
};

struct upper {
	const struct code *code;
	size_t *budget;
	struct context *contexts;
	size_t context_count, context_room;
	struct step *stack;
	size_t stack_count, stack_room;
	uint32_t *seen; /* by node and state: the round that saw it */
	uint32_t *context_of; /* by node and state: index + 1 of that begun there */
	uint32_t round, rounds;
	unsigned int depth;
	bool changed;
	int (*dirty)(void *arg, uint64_t leaves, uint64_t since);
	void *arg;
};

static int push(struct upper *u, uint64_t address, unsigned int state,
		uint64_t since)
{
	const struct code_node *node = code_node_at(u->code, address);
	uint32_t index;

	if (!node)
		return 0;
	index = (uint32_t)(node - u->code->nodes);
	if (u->seen[index * 2 + state] == u->round)
		return 0;
	if (!*u->budget)
		return -E2BIG;
	--*u->budget;
	if (array_grow(&u->stack, u->stack_count, &u->stack_room, sizeof(*u->stack)))
		return -ENOMEM;
	u->seen[index * 2 + state] = u->round;
	u->stack[u->stack_count++] = (struct step){ index, state, since };
	return 0;
}

static int run(struct upper *u, size_t index);

/* What a call in a state returns in, as far as that is known. */
static int returns_of(struct upper *u, uint64_t entry, unsigned int state,
		      unsigned int *ret_returns)
{
	const struct code_node *node = code_node_at(u->code, entry);
	uint32_t *index;
	int rc;

	*ret_returns = 0;
	if (!node)
		return 0;
	index = &u->context_of[2 * (size_t)(node - u->code->nodes) + state];
	if (*index) {
		*ret_returns = u->contexts[*index - 1].returns;
		return 0;
	}
	if (array_grow(&u->contexts, u->context_count, &u->context_room,
		       sizeof(*u->contexts)))
		return -ENOMEM;
	u->contexts[u->context_count++] = (struct context){ entry, state, 0 };
	*index = (uint32_t)u->context_count;
	u->changed = true;
	if (u->depth == DEPTH_MAX)
		return 0;
	rc = run(u, *index - 1);
	*ret_returns = u->contexts[*index - 1].returns;
	return rc;
}

static int go_on(struct upper *u, const struct code_node *node,
		 unsigned int state, uint64_t since)
{
	uint32_t i;
	int rc = 0;

	if (*u->budget < node->table_count)
		return -E2BIG;
	*u->budget -= node->table_count;
	if (node->next != CODE_NOWHERE)
		rc = push(u, node->next, state, since);
	if (!rc && node->target != CODE_NOWHERE)
		rc = push(u, node->target, state, since);
	for (i = 0; !rc && i < node->table_count; i++)
		rc = push(u, u->code->targets[node->table + i], state, since);
	return rc;
}

static int step(struct upper *u, const struct step *s, unsigned int *returns)
{
	const struct code_node *node = &u->code->nodes[s->node];
	unsigned int state = s->state, after;
	uint64_t since = s->since;
	int rc = 0;

	if (node->upper == CODE_UPPER_CLEANS)
		state = CLEAN;
	if (node->upper == CODE_UPPER_DIRTIES && state == CLEAN) {
		state = DIRTY;
		since = node->address;
	}
	/* Where a jump is not followed it is taken for a way out, but not told. */
	if (node->leaves || node->doubt == CODE_INDIRECT_JUMP) {
		*returns |= RETURNS(state);
		if (u->dirty && node->leaves && state == DIRTY)
			rc = u->dirty(u->arg, node->address, since);
	}
	if (rc || node->call == CODE_NOWHERE)
		return rc ? rc : go_on(u, node, state, since);
	rc = returns_of(u, node->call, state, &after);
	if (!rc && (after & RETURNS(CLEAN)))
		rc = go_on(u, node, CLEAN, since);
	if (!rc && (after & RETURNS(DIRTY)))
		rc = go_on(u, node, DIRTY, state == DIRTY ? since : node->address);
	return rc;
}

static int run(struct upper *u, size_t index)
{
	size_t bottom = u->stack_count;
	uint32_t outer = u->round;
	unsigned int returns = 0;
	struct step s;
	int rc;

	u->depth++;
	u->round = ++u->rounds;
	rc = push(u, u->contexts[index].entry, u->contexts[index].state,
		  u->contexts[index].entry);
	while (!rc && u->stack_count > bottom) {
		s = u->stack[--u->stack_count];
		rc = step(u, &s, &returns);
	}
	/* Where code of both was gone through, the outer one may do it again. */
	u->round = outer;
	u->depth--;
	if (returns != u->contexts[index].returns)
		u->changed = true;
	u->contexts[index].returns = returns;
	return rc;
}

/* The newest first: callees before those who wait for what they return. */
static int settle(struct upper *u)
{
	size_t i;
	int rc = 0;

	do {
		u->changed = false;
		for (i = u->context_count; !rc && i; i--)
			rc = run(u, i - 1);
	} while (!rc && u->changed);
	return rc;
}

int upper_check(const struct code *code, uint64_t entry, size_t *budget,
		int (*dirty)(void *arg, uint64_t leaves, uint64_t since),
		void *arg)
{
	struct upper u = { .code = code, .budget = budget, .arg = arg };
	unsigned int returns;
	int rc;

	u.seen = calloc(code->node_count, 2 * sizeof(*u.seen));
	u.context_of = calloc(code->node_count, 2 * sizeof(*u.context_of));
	rc = u.seen && u.context_of ? returns_of(&u, entry, CLEAN, &returns) :
				      -ENOMEM;
	if (!rc)
		rc = settle(&u);
	if (!rc && u.context_count) {
		u.dirty = dirty;
		rc = run(&u, 0);
	}
	free(u.seen);
	free(u.context_of);
	free(u.stack);
	free(u.contexts);
	return rc;
}
