/* SPDX-License-Identifier: MIT */
#include "mathlib_operands.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

float *operands_alloc(size_t count, void *arg)
{
	struct operands *o = arg;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = count * sizeof(float);
	size_t room = (bytes + page - 1) / page * page;
	char *base;

	if (o->count == OPERANDS_MAX)
		return NULL;
	base = mmap(NULL, room + 2 * page, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	o->map[o->count].base = base;
	o->map[o->count++].size = room + 2 * page;
	if (room && mprotect(base + page, room, PROT_READ | PROT_WRITE))
		return NULL;
	return (float *)(base + page + (o->at_end ? room - bytes : 0));
}

void operands_free(struct operands *o)
{
	while (o->count) {
		o->count--;
		munmap(o->map[o->count].base, o->map[o->count].size);
	}
}

uint64_t operands_seed(void)
{
	const char *given = getenv("ISAHP_SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (given)
		seed = strtoull(given, NULL, 0);
	fprintf(stderr, "ISAHP_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

static size_t size(struct ml_random *random, size_t limit)
{
	static const size_t steps[] = { 4, 8, 16, 32 };
	size_t step = steps[ml_random_below(random, 4)];

	switch (ml_random_below(random, 8)) {
	case 0:
		return ml_random_below(random, 2);
	case 1:
	case 2:
	case 3:
		return step * (1 + ml_random_below(random, 4)) - 1 +
		       ml_random_below(random, 3);
	default:
		return ml_random_below(random, limit);
	}
}

static float factor(struct ml_random *random)
{
	static const float special[] = { 0, 1, -1 };
	size_t pick = ml_random_below(random, 6);

	return pick < 3 ? special[pick] : 4 * ml_random_unit(random);
}

struct ml_problem operands_shape(struct ml_random *random, enum ml_op op)
{
	struct ml_problem p = { .op = op };

	p.alpha = factor(random);
	p.n = size(random, op == ML_SGEMM ? 80 : 600);
	if (op != ML_SGEMM)
		return p;
	p.m = size(random, 40);
	/* Now and then more than one block of k, and of m. */
	p.k = size(random, ml_random_below(random, 8) ? 60 : 700);
	if (!ml_random_below(random, 16))
		p.m += 120;
	p.ta = ml_random_below(random, 4) ? ML_PLAIN : ML_TRANSPOSED;
	p.tb = ml_random_below(random, 4) ? ML_PLAIN : ML_TRANSPOSED;
	p.lda = (p.ta ? p.m : p.k) +
		ml_random_below(random, 2) * ml_random_below(random, 9);
	p.ldb = (p.tb ? p.k : p.n) +
		ml_random_below(random, 2) * ml_random_below(random, 9);
	p.ldc = p.n + ml_random_below(random, 2) * ml_random_below(random, 9);
	p.beta = factor(random);
	return p;
}

float operands_scale(struct ml_random *random)
{
	return ml_random_below(random, 8) ? 1 : 0x1p-70f;
}
