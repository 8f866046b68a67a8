/* SPDX-License-Identifier: MIT */
/*
 * Run by mathlib_subsets with ISAHP_FORBID set: print the variant that each
 * operation chose, and check what calls of it compute.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mathlib_operands.h"

#define ROUNDS 200

static size_t trial(struct ml_random *random, enum ml_op op)
{
	struct ml_problem p = operands_shape(random, op);
	struct operands o = { .at_end = ml_random_below(random, 2) };
	size_t wrong, index;

	if (ml_problem_alloc(&p, operands_alloc, &o))
		exit(1);
	ml_problem_fill(&p, random, operands_scale(random));
	ml_problem_solve(&p);
	ml_problem_reset(&p);
	ml_problem_call_operation(&p);
	wrong = ml_problem_wrong(&p, &index);
	operands_free(&o);
	return wrong;
}

int main(void)
{
	struct ml_random random = { operands_seed() };
	size_t wrong = 0;
	int op, round;

	for (op = 0; op < ML_OPS; op++) {
		printf("%s%s", op ? " " : "",
		       isahp_operation_variant(ml_op_operation(op))->name);
		for (round = 0; round < ROUNDS; round++)
			wrong += trial(&random, op);
	}
	putchar('\n');
	return wrong ? 1 : 0;
}
