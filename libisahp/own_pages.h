/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This process's memory for a run of instructions (ahead.h): a page is asked for
 * once in each run, and what is not ordinary memory is left to the CPU.
 *
 * A run may end before any instruction, and the CPU carries that out with all that
 * is right then: page faults, growing stacks, protection keys, memory of devices.
 * So what is not known for sure can not be reached here.
 */
#ifndef ISAHP_OWN_PAGES_H
#define ISAHP_OWN_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <isa-core/emulate.h>
#include "code_map.h"

/* As caches are built: whose addresses look alike do not drive each other out. */
#define ISAHP_OWN_SETS 8
#define ISAHP_OWN_WAYS 4
#define ISAHP_OWN_CLOSED 3

/**
 * struct isahp_own_pages - what is known for the time of a run
 * @known: addresses of pages, with bits that say what may be done with them.
 * @asked: how often the kernel was.
 * @code: an address in a page which is known to be executable: something there
 *	has trapped.
 * @closed: not to be stored to.
 * @base: of FS and GS,
 * @has_base: if they were needed already.
 */
struct isahp_own_pages {
	uint64_t known[ISAHP_OWN_SETS][ISAHP_OWN_WAYS];
	unsigned int asked;
	uint64_t code;
	struct isahp_range closed[ISAHP_OWN_CLOSED];
	uint64_t base[2];
	bool has_base[2];
};

/**
 * isahp_own_pages_begin - nothing is known
 * @pages: filled in; nothing is closed.
 * @code: an address of code that has been read, and has trapped.
 *
 * Context: any.
 */
void isahp_own_pages_begin(struct isahp_own_pages *pages, uint64_t code);

/**
 * isahp_own_pages_load, _fetch, _store, _exchange, _segment - as isa-core asks for
 * @env: struct isahp_own_pages.
 *
 * Context: signal handlers. errno is the program's while it runs: it stays.
 */
size_t isahp_own_pages_load(void *env, __u64 address, void *buf, size_t size);
size_t isahp_own_pages_fetch(void *env, __u64 address, void *buf, size_t size);
size_t isahp_own_pages_store(void *env, __u64 address, const void *buf, size_t size);
size_t isahp_own_pages_exchange(void *env, __u64 address, void *old, const void *new,
				size_t size);
bool isahp_own_pages_segment(void *env, unsigned int segment,
			     struct isahp_segment *ret);

#endif /* ISAHP_OWN_PAGES_H */
