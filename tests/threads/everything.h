/* SPDX-License-Identifier: MIT */
/* What everything.c, the host, and everything_calls.c, the application, share. */
#ifndef EVERYTHING_H
#define EVERYTHING_H

#include <stdbool.h>
#include <stdint.h>
#include <isa-core/features.h>
#include <isahp/isahp.h>

#define PAGE 4096
#define WORKERS 4

/* Kinds of variants: one feature and one page each. */
enum { SSE3, SSSE3, POPCNT, SSE4_1, KINDS };

extern const struct isahp_features needs[KINDS];
extern void *page[KINDS];

/* Atomic. */
extern struct counts {
	uint64_t calls, jumps, ends, fibers, elsewhere, measured, created, vetoes;
	uint64_t packed;
} done;

#define count(what) ((void)__atomic_add_fetch(&done.what, 1, __ATOMIC_RELAXED))

/* Not in TLS: a fiber's goes with it. */
struct rng {
	uint64_t state;
};

extern uint64_t seed;
extern uint32_t over; /* atomic */

static inline uint32_t below(struct rng *r, uint32_t n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (uint32_t)(r->state >> 32) % n;
}

static inline struct rng rng_new(uint64_t number)
{
	return (struct rng){ (seed ^ (number * 0x9e3779b97f4a7c15ULL)) | 1 };
}

static inline bool is_over(void)
{
	return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

/* Ends the program if it is not so. */
void check(bool good, const char *what);

void make_operations(struct rng *r);
/* Threads that go on until it is over. */
void application_begin(void);
void application_end(void);

#endif /* EVERYTHING_H */
