// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <sys/mman.h>
#include "own_memory.h"
#include "own_pages.h"
#include "signal_bytes.h"
#include "signal_syscall.h"

#define PAGE 4096UL

/* Linux 5.14; glibc 2.35 is the first to have them. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* Of a known page. */
#define CAN_READ 1
#define CAN_WRITE 2

/* --- asking --------------------------------------------------------------- */

static bool populates(uint64_t page, bool write)
{
	return !isahp_syscall(SYS_madvise, page, PAGE,
			      write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ, 0);
}

enum way { UNKNOWN, POPULATE, TRY };

/* Some emulators of Linux call every advice good: also where nothing is. */
static enum way find_way(void)
{
	static uint32_t found;
	static char ours;
	enum way way = __atomic_load_n(&found, __ATOMIC_RELAXED);

	if (way != UNKNOWN)
		return way;
	way = populates((uintptr_t)&ours & ~(PAGE - 1), false) && !populates(0, false) ?
		      POPULATE : TRY;
	__atomic_store_n(&found, way, __ATOMIC_RELAXED);
	return way;
}

/*
 * To populate a page is to take the fault that an access would take, by the same
 * rights, and refuses memory of devices without touching it (Linux,
 * mm/gup.c:check_vma_flags()). Before 5.14 a word is read; what is written to is
 * looked up in the same way as there, before the kernel does.
 */
static bool ask(uint64_t page, bool write)
{
	if (find_way() == POPULATE)
		return populates(page, write);
	return write ? isahp_own_memory_can_write(page, false) :
		       isahp_own_memory_can_read(page);
}

/* Where a page is, or one that is to be forgotten for it. */
static uint64_t *place_of(struct isahp_own_pages *pages, uint64_t page)
{
	uint64_t *set = pages->known[(page >> 12 ^ page >> 20) % ISAHP_OWN_SETS];
	unsigned int i;

	for (i = 0; i < ISAHP_OWN_WAYS; i++)
		if ((set[i] & ~(PAGE - 1)) == page)
			return &set[i];
	return &set[pages->asked % ISAHP_OWN_WAYS];
}

void isahp_own_pages_begin(struct isahp_own_pages *pages, uint64_t code)
{
	uint64_t page = code & ~(PAGE - 1);

	memset(pages, 0, sizeof(*pages));
	pages->code = code;
	*place_of(pages, page) = page | CAN_READ;
}

static bool can(struct isahp_own_pages *pages, uint64_t address, bool write)
{
	uint64_t page = address & ~(PAGE - 1), wanted = write ? CAN_WRITE : CAN_READ;
	uint64_t *place = place_of(pages, page);

	if ((*place & ~(PAGE - 1)) == page && *place & wanted)
		return true;
	pages->asked++;
	if (!ask(page, write))
		return false;
	/* Nothing can be written to on x86 that can not be read. */
	*place = page | CAN_READ | (write ? CAN_WRITE : 0);
	return true;
}

/* Bytes from @address on that can be reached. */
static size_t reach(struct isahp_own_pages *pages, uint64_t address, size_t size,
		    bool write)
{
	size_t first = PAGE - address % PAGE;

	if (!can(pages, address, write))
		return 0;
	/* No access is longer than a page. */
	return size <= first || can(pages, address + first, write) ? size : first;
}

/* --- accesses ------------------------------------------------------------- */

size_t isahp_own_pages_load(void *env, __u64 address, void *buf, size_t size)
{
	size_t n = reach(env, address, size, false);

	if (n == size)
		isahp_own_memory_move(buf, (const void *)address, size);
	return n;
}

static bool is_closed(const struct isahp_own_pages *pages, uint64_t address,
		      size_t size)
{
	unsigned int i;

	for (i = 0; i < ISAHP_OWN_CLOSED; i++)
		if (address < pages->closed[i].end &&
		    address + size > pages->closed[i].begin)
			return true;
	return false;
}

size_t isahp_own_pages_store(void *env, __u64 address, const void *buf, size_t size)
{
	size_t n;

	if (is_closed(env, address, size))
		return 0;
	n = reach(env, address, size, true);
	if (n == size)
		isahp_own_memory_move((void *)address, buf, size);
	return n;
}

size_t isahp_own_pages_exchange(void *env, __u64 address, void *old, const void *new,
				size_t size)
{
	size_t n;

	if (size > 8)
		return ISAHP_EXCHANGE_NONE;
	if (is_closed(env, address, size))
		return 0;
	n = reach(env, address, size, true);
	if (n == size)
		isahp_own_memory_exchange(address, old, new, size);
	return n;
}

/* What changes them is no instruction that is carried out. */
bool isahp_own_pages_segment(void *env, unsigned int segment, struct isahp_segment *ret)
{
	struct isahp_own_pages *pages = env;
	unsigned int i = segment == ISAHP_GS;

	if (!pages->has_base[i]) {
		if (!isahp_own_memory.segment(NULL, segment, ret))
			return false;
		pages->base[i] = ret->base;
		pages->has_base[i] = true;
	}
	*ret = (struct isahp_segment){
		.base = pages->base[i], .limit = ~0u, .writable = true,
	};
	return true;
}

/* --- code ----------------------------------------------------------------- */

static bool is_code(const struct isahp_own_pages *pages, uint64_t address)
{
	return (address ^ pages->code) < PAGE || isahp_code_map_has(address);
}

/* What can not be executed would end in a fault there, and must not run here. */
size_t isahp_own_pages_fetch(void *env, __u64 address, void *buf, size_t size)
{
	struct isahp_own_pages *pages = env;
	size_t first = PAGE - address % PAGE, n;

	if (!is_code(pages, address))
		return 0;
	if (size > first && !is_code(pages, address + first))
		n = reach(pages, address, first, false);
	else
		n = reach(pages, address, size, false);
	if (n == size)
		isahp_own_memory_move(buf, (const void *)address, size);
	return n;
}
