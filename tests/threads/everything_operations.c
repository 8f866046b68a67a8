// SPDX-License-Identifier: MIT
/* The application's operations: some stay, some come and go, some are measured. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "everything_calls.h"

#define OPERATIONS 5

/* --- variants ---------------------------------------------------------------- */

/* void f(void (*fn)(void *), void *arg): call it, and come back here. */
static const unsigned char code[] = {
	0x48, 0x83, 0xec, 0x08, /* sub $8,%rsp */
	0x48, 0x89, 0xf8,	/* mov %rdi,%rax */
	0x48, 0x89, 0xf7,	/* mov %rsi,%rdi */
	0xff, 0xd0,		/* call *%rax */
	0x48, 0x83, 0xc4, 0x08, /* add $8,%rsp */
	0xc3,			/* ret */
};

static void plain(work fn, void *arg)
{
	fn(arg);
	__asm__ volatile("");
}

const struct isahp_features needs[KINDS] = {
	ISAHP_SET(SSE3), ISAHP_SET(SSSE3), ISAHP_SET(POPCNT), ISAHP_SET(SSE4_1),
};

void *page[KINDS];
static struct isahp_operation operation[OPERATIONS];
static struct isahp_operation bound;
struct isahp_operation layout[2];

static struct isahp_variant of_page(int kind, uint32_t cost)
{
	return (struct isahp_variant)ISAHP_VARIANT_RESULTS(
		"page", (uintptr_t)page[kind], cost, 1, needs[kind]);
}

static struct isahp_variant of_plain(uint32_t results)
{
	return (struct isahp_variant)ISAHP_VARIANT_RESULTS(
		"plain", plain, 1000, results, ISAHP_SET_NONE);
}

static void add(struct isahp_operation *op, const struct isahp_variant *v, uint32_t n,
		uint32_t flags)
{
	struct isahp_operation init = ISAHP_OPERATION_INIT("random", v, n, flags);

	*op = init;
	check(!isahp_operation_register(op), "registration");
}

void make_operations(struct rng *r)
{
	static struct isahp_variant of[OPERATIONS][3], same[3], first[2], second;
	int i;

	for (i = 0; i < KINDS; i++) {
		page[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check(page[i] != MAP_FAILED, "mmap");
		memcpy(page[i], code, sizeof(code));
		check(!mprotect(page[i], PAGE, PROT_READ | PROT_EXEC), "mprotect");
	}
	for (i = 0; i < OPERATIONS; i++) {
		of[i][0] = of_page((int)below(r, KINDS), 1 + below(r, 9));
		of[i][1] = of_plain(0);
		of[i][2] = of_page((int)below(r, KINDS), 1 + below(r, 9));
		add(&operation[i], of[i], 3, 0);
	}
	/* Without SSE3 its results would be others. */
	same[0] = of_page(SSSE3, 1);
	same[1] = of_plain(2);
	same[2] = of_page(SSE3, 2);
	add(&bound, same, 3, ISAHP_OPERATION_SAME_BITS);
	first[0] = of_page(SSSE3, 1);
	first[1] = of_plain(0);
	second = of_plain(0);
	add(&layout[0], first, 2, 0);
	add(&layout[1], &second, 1, 0);
}

void run(struct isahp_operation *op, work fn, void *arg)
{
	struct isahp_region region __attribute__((cleanup(isahp_leave))) =
		ISAHP_REGION_NONE_;
	variant v = (variant)isahp_enter_call_(op, &region);

	v(fn, arg);
	count(calls);
}

struct isahp_operation *any_operation(struct rng *r)
{
	return below(r, 8) ? &operation[below(r, OPERATIONS)] : &bound;
}

static void spins(void *arg)
{
	unsigned int turns = *(unsigned int *)arg;

	while (turns--)
		__builtin_ia32_pause();
}

void spin_inside(struct isahp_operation *op, unsigned int turns)
{
	run(op, spins, &turns);
}

/* --- operations that are measured, and that come and go ----------------------- */

static void nothing(void *arg)
{
	(void)arg;
}

static void probes(isahp_fn fn, void *arg)
{
	((variant)fn)(nothing, arg);
}

void *measures(void *arg)
{
	struct rng r = rng_new(200);

	while (!is_over()) {
		int rc = isahp_operation_measure(any_operation(&r), probes, NULL);

		check(!rc || rc == -EAGAIN, "isahp_operation_measure()");
		if (!rc)
			count(measured);
		usleep(below(&r, 2000));
	}
	return arg;
}

/* While somebody is inside what has no slot it may be this. */
static void give_back(struct isahp_operation *op)
{
	int rc;

	do
		rc = isahp_operation_destroy(op);
	while (rc == -EBUSY && !is_over());
	check(!rc || rc == -EBUSY, "isahp_operation_destroy()");
	if (!rc)
		count(created);
}

void *creates(void *arg)
{
	struct rng r = rng_new(201);

	while (!is_over()) {
		struct isahp_variant v[2] = { of_page((int)below(&r, KINDS), 1),
					      of_plain(1) };
		struct isahp_operation_spec spec = {
			.size = sizeof(spec), .variant_size = sizeof(v[0]),
			.name = "created", .variants = v, .variant_count = 2,
			.flags = below(&r, 2) ? ISAHP_OPERATION_SAME_BITS : 0,
		};
		struct isahp_operation *op;
		unsigned int n = below(&r, 100);

		check(!isahp_operation_create(&spec, &op), "isahp_operation_create()");
		while (n--)
			spin_inside(op, below(&r, 100));
		give_back(op);
		usleep(below(&r, 500));
	}
	return arg;
}
