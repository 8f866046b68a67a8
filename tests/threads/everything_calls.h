/* SPDX-License-Identifier: MIT */
/* What the parts of everything.c's application know of each other. */
#ifndef EVERYTHING_CALLS_H
#define EVERYTHING_CALLS_H

#include "everything.h"

#define STACK (128 * 1024)

typedef void (*work)(void *arg);
typedef void (*variant)(work fn, void *arg);

/* The packed operand's: only the first layout has a variant that can leave. */
extern struct isahp_operation layout[2];

/* liburcu's sections are. */
extern bool bound_to_threads;

/* A call of @op, in which @fn is called. */
void run(struct isahp_operation *op, work fn, void *arg);
void spin_inside(struct isahp_operation *op, unsigned int turns);
struct isahp_operation *any_operation(struct rng *r);
/* Threads. */
void *measures(void *arg);
void *creates(void *arg);

void make_fibers(void);
/* Let some fiber go on, if there is one for worker @by. */
void resume_one(struct rng *r, unsigned int by);
/* Those that worker @by has to let go on. */
bool all_ended(unsigned int by);

#endif /* EVERYTHING_CALLS_H */
