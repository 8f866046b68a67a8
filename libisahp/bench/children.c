// SPDX-License-Identifier: MIT
/*
 * Swaps in processes with many operations, and with many threads. What is
 * compared must not share one process, so each is a child of its own, and they
 * take turns: a batch of swaps in one, then in the next, while the others sleep.
 *
 * As everywhere, one reader is busy on the other CPU during a swap. The swap with
 * many operations is also shown without one: there is no barrier's cost then to
 * hide its own.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "library.h"
#include "removal.h"

#define BATCH 8
#define ROUNDS 150
#define SAMPLES (BATCH * ROUNDS)
#define STACK (64 * 1024)

enum { FEW, FEW_AGAIN, MANY, ONE, ONE_AGAIN, CROWDED, CHILDREN };

/* Operations beside what removable() and the like are; and idle threads. */
static const struct {
	unsigned int affected, others, idle;
} shape[CHILDREN] = {
	[FEW] = { 9, 0, 0 },  [FEW_AGAIN] = { 9, 0, 0 }, [MANY] = { 9, 9990, 0 },
	[ONE] = { 0, 0, 1 },  [ONE_AGAIN] = { 0, 0, 1 }, [CROWDED] = { 0, 0, 1024 },
};

/* A swap beside one busy reader, beside none, and a membarrier beside one. */
enum { SWAP, ALONE, BARRIER, KINDS };

/** struct turn - what a child has measured: @count of each; shared */
struct turn {
	double ns[KINDS][SAMPLES];
	size_t count;
};

struct children {
	struct turn *turn; /* of each */
	pid_t pid[CHILDREN];
	int to[CHILDREN], from[CHILDREN];
};

static void nothing(void)
{
}

static const struct isahp_variant affected_variants[] = {
	ISAHP_VARIANT("removable", nothing, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", nothing, 2, ISAHP_SET_NONE),
};

/* They have something to choose as well, and it stays. */
static const struct isahp_variant other_variants[] = {
	ISAHP_VARIANT("stays", nothing, 1, ISAHP_SET(MOVBE)),
	ISAHP_VARIANT("plain", nothing, 2, ISAHP_SET_NONE),
};

static int add_operations(unsigned int count, const struct isahp_variant *variants)
{
	struct isahp_operation *op = calloc(count + 1, sizeof(*op));
	unsigned int i;
	int rc = op ? 0 : -1;

	for (i = 0; i < count && !rc; i++) {
		op[i] = (struct isahp_operation)ISAHP_OPERATION_INIT("many", variants, 2, 0);
		rc = isahp_operation_register(&op[i]);
	}
	return rc;
}

static pthread_barrier_t registered;

static void *idle(void *arg)
{
	(void)arg;
	bench_pin(1);
	removable();
	pthread_barrier_wait(&registered);
	for (;;)
		pause();
	return NULL;
}

static int add_threads(unsigned int count)
{
	pthread_attr_t attr;
	pthread_t thread;
	unsigned int i;

	pthread_barrier_init(&registered, NULL, count + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (i = 0; i < count; i++)
		if (pthread_create(&thread, &attr, idle, NULL))
			return -1;
	if (count)
		pthread_barrier_wait(&registered);
	return 0;
}

static void batch(struct turn *t, struct reader *reader)
{
	size_t i, n = t->count;

	reader_does(reader, READING_NOTHING);
	for (i = 0; i < BATCH; i++) {
		removal_undo();
		t->ns[ALONE][n + i] = removal();
	}
	reader_does(reader, READING_OPERATION);
	for (i = 0; i < BATCH; i++) {
		removal_undo_and_wait(reader, 1);
		t->ns[BARRIER][n + i] = removal_barrier();
		t->ns[SWAP][n + i] = removal();
	}
	reader_does(reader, READING_NOTHING);
	t->count += BATCH;
}

/* A byte out when ready; then one in, a batch, and one out, until the end. */
static int child_main(int which, struct turn *t, int in, int out)
{
	static struct reader reader = { .cpu = 1 };
	pthread_t thread;
	char byte = 0;

	bench_pin(0);
	if (add_operations(shape[which].affected, affected_variants) ||
	    add_operations(shape[which].others, other_variants) ||
	    add_threads(shape[which].idle) ||
	    pthread_create(&thread, NULL, reader_main, &reader)) {
		fprintf(stderr, "bench_library: child %d: no memory or threads\n", which);
		return 1;
	}
	while (write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1)
		batch(t, &reader);
	return 0;
}

static int fork_child(struct children *c, int which)
{
	int to[2], from[2], i;

	if (pipe(to) || pipe(from))
		return -1;
	c->pid[which] = fork();
	if (c->pid[which] < 0)
		return -1;
	if (!c->pid[which]) {
		for (i = 0; i < which; i++)
			close(c->to[i]);
		close(to[1]);
		close(from[0]);
		_exit(child_main(which, &c->turn[which], to[0], from[1]));
	}
	close(to[0]);
	close(from[1]);
	c->to[which] = to[1];
	c->from[which] = from[0];
	return 0;
}

struct children *children_start(void)
{
	static struct children c;
	int i;

	signal(SIGPIPE, SIG_IGN);
	c.turn = mmap(NULL, CHILDREN * sizeof(*c.turn), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c.turn == MAP_FAILED)
		return NULL;
	for (i = 0; i < CHILDREN; i++) {
		if (fork_child(&c, i)) {
			perror("bench_library: cannot make a child");
			return NULL;
		}
	}
	return &c;
}

static int all_ready(const struct children *c)
{
	char byte;
	int i;

	for (i = 0; i < CHILDREN; i++)
		if (read(c->from[i], &byte, 1) != 1)
			return -1;
	return 0;
}

static int take_turns(const struct children *c, size_t rounds)
{
	char byte = 0;
	int i;

	while (rounds--)
		for (i = 0; i < CHILDREN; i++)
			if (write(c->to[i], &byte, 1) != 1 ||
			    read(c->from[i], &byte, 1) != 1)
				return -1;
	return 0;
}

static double p50(const struct turn *t, int kind)
{
	double copy[SAMPLES];

	memcpy(copy, t->ns[kind], sizeof(copy));
	return bench_percentile(copy, t->count, 50);
}

static void add_operations_row(struct bench *b, const struct turn *turn,
			       const char *name, int kind, double goal)
{
	struct bench_row row = {
		.value = p50(&turn[MANY], kind) / 1000,
		.unit = "us",
		.peer = "10 operations p50",
		.goal = goal,
		.at_most = goal > 0,
		.peer_value = p50(&turn[FEW], kind) / 1000,
		.noise = bench_noise(turn[FEW].ns[kind], turn[FEW_AGAIN].ns[kind],
				     turn[FEW].count),
		.samples = turn[FEW].count,
	};

	row.ratio = row.value / row.peer_value;
	snprintf(row.name, sizeof(row.name), "%s", name);
	bench_add(b, row);
}

/* What the two that are alike differ by is as large, beside the goal. */
static void add_threads_row(struct bench *b, const struct turn *turn)
{
	const double added = shape[CROWDED].idle - shape[ONE].idle;
	const double one = p50(&turn[ONE], SWAP);
	struct bench_row row = {
		.name = "swap p50, a registered idle thread adds",
		.value = (p50(&turn[CROWDED], SWAP) - one) / added,
		.unit = "ns",
		.peer = "one membarrier p50",
		.goal = 0.005,
		.at_most = true,
		.peer_value = p50(&turn[ONE], BARRIER),
		.samples = turn[ONE].count,
	};

	row.ratio = row.value / row.peer_value;
	row.noise = one * bench_noise(turn[ONE].ns[SWAP], turn[ONE_AGAIN].ns[SWAP],
				      turn[ONE].count) /
		    added / row.peer_value / row.goal;
	bench_add(b, row);
}

static void end(struct children *c)
{
	int i;

	for (i = 0; i < CHILDREN; i++) {
		close(c->to[i]);
		close(c->from[i]);
	}
	for (i = 0; i < CHILDREN; i++)
		waitpid(c->pid[i], NULL, 0);
}

void bench_children(struct bench *b, struct children *children)
{
	const struct turn *turn = children->turn;

	if (all_ready(children) || take_turns(children, b->quick ? 15 : ROUNDS)) {
		fprintf(stderr, "bench_library: a child has failed\n");
	} else {
		add_operations_row(b, turn, "swap p50, 10 of 10,000 operations", SWAP, 1.3);
		add_operations_row(b, turn, "swap p50, 10 of 10,000, no reader", ALONE, 0);
		add_threads_row(b, turn);
	}
	end(children);
}
