/* SPDX-License-Identifier: MIT */
#include "mathlib_arena.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BESIDE 64
#define MARK 0xa5

static struct {
	uint8_t *base;
	uint8_t *beside;
} arenas[ARENAS];

static uint8_t *arena_map(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, ARENA_BYTES + 2 * page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(p, MAP_FAILED);
	cr_assert_eq(mprotect(p + page, ARENA_BYTES, PROT_READ | PROT_WRITE), 0);
	return p + page;
}

void *arena_get(unsigned int index, size_t bytes, struct ml_random *random)
{
	uint8_t *p, *base;

	cr_assert(index < ARENAS && bytes <= ARENA_BYTES - 2 * BESIDE);
	if (!arenas[index].base)
		arenas[index].base = arena_map();
	base = arenas[index].base;
	if (ml_random_below(random, 4)) {
		p = base + ARENA_BYTES - bytes;
		arenas[index].beside = p - BESIDE;
	} else {
		p = base;
		arenas[index].beside = p + bytes;
	}
	memset(arenas[index].beside, MARK, BESIDE);
	return p;
}

bool arena_intact(unsigned int index)
{
	size_t i;

	for (i = 0; i < BESIDE; i++) {
		if (arenas[index].beside[i] != MARK)
			return false;
	}
	return true;
}

size_t arena_length(struct ml_random *random, size_t limit)
{
	size_t n;

	switch (ml_random_below(random, 4)) {
	case 0:
		n = ml_random_below(random, 70);
		break;
	case 1:
		n = ((size_t)8 << ml_random_below(random, 11)) - 2 +
		    ml_random_below(random, 5);
		break;
	case 2:
		n = ml_random_below(random, 1000);
		break;
	default:
		n = ml_random_below(random, limit);
	}
	return n < limit ? n : limit;
}

void arena_fill(void *p, size_t bytes, struct ml_random *random)
{
	uint8_t *to = p;
	size_t i;

	for (i = 0; i < bytes; i++)
		to[i] = (uint8_t)(ml_random_u64(random) >> 56);
}

void arena_each_variant_of(const struct isahp_operation *op,
			   void (*test)(const struct isahp_variant *v, void *arg),
			   void *arg)
{
	size_t i, skipped = 0;

	for (i = 0; i < op->variant_count; i++) {
		const struct isahp_variant *v = &op->variants[i];

		if (!ml_variant_runs(v)) {
			fprintf(stderr, "skipped: %s of %s, this CPU lacks it\n",
				v->name, op->name);
			skipped++;
			continue;
		}
		cr_assert_str_eq(ml_code_variant((uintptr_t)v->fn), v->name);
		test(v, arg);
	}
	fprintf(stderr, "%s: %zu variants, %zu skipped\n", op->name, i, skipped);
	cr_assert_lt(skipped, i, "nothing was tested");
}

/** struct plain_test - as arena_each_variant() is given it */
struct plain_test {
	void (*test)(isahp_fn fn, const char *name);
};

static void run_plain(const struct isahp_variant *v, void *arg)
{
	const struct plain_test *p = arg;

	p->test(v->fn, v->name);
}

void arena_each_variant(const struct isahp_operation *op,
			void (*test)(isahp_fn fn, const char *name))
{
	struct plain_test p = { test };

	arena_each_variant_of(op, run_plain, &p);
}

/* An exit: a sanitizer would turn the signal into a report of its own. */
static void on_segv(int number)
{
	(void)number;
	_exit(42);
}

void arena_exit_on_segv(void)
{
	struct sigaction action = { .sa_handler = on_segv };

	sigaction(SIGSEGV, &action, NULL);
}
