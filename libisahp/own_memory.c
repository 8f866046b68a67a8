// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include "own_memory.h"
#include "signal_bytes.h"
#include "signal_syscall.h"

#define PAGE 4096UL

/* --- asking --------------------------------------------------------------- */

/*
 * The kernel reads the mask before it finds that there is no such request. It may
 * be any one of the page, but for the one at 0, which would be none.
 */
bool isahp_own_memory_can_read(uint64_t address)
{
	return isahp_syscall(SYS_rt_sigprocmask, ~0, (address & ~7UL) | 8, 0, 8) !=
	       -EFAULT;
}

/*
 * The kernel makes a word of it what it was before, as one atomic access, so that
 * nobody sees a difference. It then wakes one that sleeps on that word, if it is
 * 7FFH: futex(2) has everybody expect that. If others than this process's threads
 * may sleep there it wants to know whose page it is first: it is to be memory.
 */
bool isahp_own_memory_can_write(uint64_t address, bool device)
{
	static uint32_t nobody;

	return isahp_syscall6(SYS_futex, (long)&nobody,
			      FUTEX_WAKE_OP | (device ? FUTEX_PRIVATE_FLAG : 0), 0, 0,
			      (long)(address & ~3UL),
			      FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0x7ff)) !=
	       -EFAULT;
}

/* Bytes from @address on that can be reached. */
static size_t reach(uint64_t address, size_t size, bool write)
{
	uint64_t at = address, left = size, part;

	while (left) {
		if (!(write ? isahp_own_memory_can_write(at, true) :
			      isahp_own_memory_can_read(at)))
			break;
		part = PAGE - at % PAGE;
		part = part < left ? part : left;
		at += part;
		left -= part;
	}
	return size - left;
}

/* --- accesses ------------------------------------------------------------- */

/*
 * Made on behalf of code that may be a sanitizer's own: it knows what it does with
 * its shadow, and nobody is to look after it.
 */
#define UNCHECKED __attribute__((__no_sanitize_address__))

#define ACCESS(bits) \
	typedef uint##bits##_t __attribute__((__may_alias__, __aligned__(1))) any##bits; \
	static UNCHECKED void move##bits(void *to, const void *from) \
	{ \
		*(volatile any##bits *)to = *(const volatile any##bits *)from; \
	}
ACCESS(8)
ACCESS(16)
ACCESS(32)
ACCESS(64)

UNCHECKED void isahp_own_memory_move(void *to, const void *from, size_t size)
{
	switch (size) {
	case 1:
		move8(to, from);
		break;
	case 2:
		move16(to, from);
		break;
	case 4:
		move32(to, from);
		break;
	case 8:
		move64(to, from);
		break;
	default:
		for (; size >= 8; size -= 8) {
			move64(to, from);
			to = (char *)to + 8;
			from = (const char *)from + 8;
		}
		for (; size; size--) {
			move8(to, from);
			to = (char *)to + 1;
			from = (const char *)from + 1;
		}
	}
}

static size_t load(void *env, __u64 address, void *buf, size_t size)
{
	size_t n = reach(address, size, false);

	(void)env;
	if (n == size)
		isahp_own_memory_move(buf, (const void *)address, size);
	return n;
}

static size_t store(void *env, __u64 address, const void *buf, size_t size)
{
	size_t n = reach(address, size, true);

	(void)env;
	if (n == size)
		isahp_own_memory_move((void *)address, buf, size);
	return n;
}

#define EXCHANGE(bits) \
	static UNCHECKED void exchange##bits(void *at, void *old, const void *new) \
	{ \
		uint##bits##_t value, seen; \
		\
		memcpy(&value, new, sizeof(value)); \
		memcpy(&seen, old, sizeof(seen)); \
		__asm__ volatile("lock cmpxchg %2, %1" \
				 : "+a"(seen), "+m"(*(any##bits *)at) \
				 : "r"(value) : "memory", "cc"); \
		memcpy(old, &seen, sizeof(seen)); \
	}
EXCHANGE(8)
EXCHANGE(16)
EXCHANGE(32)
EXCHANGE(64)

UNCHECKED void isahp_own_memory_exchange(uint64_t address, void *old, const void *new,
			       size_t size)
{
	if (size == 1)
		exchange8((void *)address, old, new);
	else if (size == 2)
		exchange16((void *)address, old, new);
	else if (size == 4)
		exchange32((void *)address, old, new);
	else
		exchange64((void *)address, old, new);
}

/* 16 bytes are CMPXCHG16B's, which is then what is missing. */
static size_t exchange(void *env, __u64 address, void *old, const void *new,
		       size_t size)
{
	size_t n;

	(void)env;
	if (size > 8)
		return ISAHP_EXCHANGE_NONE;
	n = reach(address, size, true);
	if (n == size)
		isahp_own_memory_exchange(address, old, new, size);
	return n;
}

/* --- segments ------------------------------------------------------------- */

static bool segment(void *env, unsigned int number, struct isahp_segment *ret)
{
	int which = number == ISAHP_FS ? ARCH_GET_FS : ARCH_GET_GS;
	unsigned long base;

	(void)env;
	if ((number != ISAHP_FS && number != ISAHP_GS) ||
	    isahp_syscall(SYS_arch_prctl, which, &base, 0, 0))
		return false;
	*ret = (struct isahp_segment){ .base = base, .limit = ~0u, .writable = true };
	return true;
}

const struct isahp_emulate_ops isahp_own_memory = {
	.load = load,
	.store = store,
	.exchange = exchange,
	.segment = segment,
};

size_t isahp_own_memory_fetch(uint64_t address, void *buf, size_t size)
{
	size_t n = reach(address, size, false);

	memcpy(buf, (const void *)address, n);
	return n;
}
