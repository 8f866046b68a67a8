// SPDX-License-Identifier: MIT
/* Every form that a compiler emits, with random operands, against plain C. */
#include "undefined.h"

static __thread uint64_t state = 88172645463325252ULL;
static __thread uint64_t tls[2];
static uint64_t table[4];
static unsigned long wrong;

uint32_t random32(void)
{
	/* xorshift64 (Marsaglia, 2003) */
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static uint64_t random64(void)
{
	return (uint64_t)random32() << 32 | random32();
}

static unsigned int bits(uint64_t v)
{
	unsigned int n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

static uint64_t swapped(uint64_t v, unsigned int size)
{
	uint64_t r = 0;

	while (size--) {
		r = r << 8 | (v & 0xff);
		v >>= 8;
	}
	return r;
}

static void expect(uint64_t got, uint64_t want)
{
	if (got != want)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

#define FLAGS 0x8d5ul

/* "Q" and the like would be more: a register operand is enough here. */
#define COUNT(type, suffix, source, constraint)                                \
	do {                                                                   \
		unsigned long flags;                                           \
		type r = (type)random64();                                     \
		/* No redzone below the stack pointer that this may hit. */    \
		__asm__ volatile("popcnt" suffix " %2, %0\n\t"                 \
				 "lahf\n\tseto %%al\n\tmovzwl %%ax, %k1"       \
				 : "=&r"(r), "=&a"(flags)                      \
				 : constraint(source) : "cc");                 \
		expect(r, bits((type)(source)));                               \
		/* AH: SF ZF 0 AF 0 PF 1 CF; AL: OF. */                        \
		expect(flags & 0xd501, (type)(source) ? 0 : 0x4000);           \
	} while (0)

#define LOAD(type, suffix, source)                                             \
	do {                                                                   \
		type r;                                                        \
		__asm__ volatile("movbe" suffix " %1, %0" : "=r"(r) : "m"(source)); \
		expect(r, swapped((type)(source), sizeof(type)));              \
	} while (0)

#define STORE(type, suffix, target)                                            \
	do {                                                                   \
		type v = (type)random64();                                     \
		__asm__ volatile("movbe" suffix " %1, %0"                      \
				 : "=m"(target) : "r"(v));                     \
		expect((type)(target), swapped(v, sizeof(type)));              \
	} while (0)

#define EACH(type, suffix)                                                     \
	do {                                                                   \
		type *at = (type *)((char *)table + random32() % 24);          \
		type *in_tls = (type *)tls;                                    \
		long i = random32() % (24 / sizeof(type));                     \
		type local = (type)random64();                                 \
									       \
		COUNT(type, suffix, local, "r");                               \
		COUNT(type, suffix, *at, "m");                                 \
		COUNT(type, suffix, ((type *)table)[i], "m");                  \
		LOAD(type, suffix, *at);                                       \
		LOAD(type, suffix, ((type *)table)[i]);                        \
		LOAD(type, suffix, *in_tls);                                   \
		LOAD(type, suffix, local);                                     \
		STORE(type, suffix, *at);                                      \
		STORE(type, suffix, ((type *)table)[i]);                       \
		STORE(type, suffix, *in_tls);                                  \
		STORE(type, suffix, local);                                    \
	} while (0)

/* What stays of a register that is written in part, and what does not. */
static void partial(void)
{
	unsigned long r = (unsigned long)random64(), before = r;
	uint32_t v = random32();

	__asm__ volatile("movbew %1, %w0" : "+r"(r) : "m"(v));
	expect(r, (before & ~0xfffful) | swapped(v & 0xffff, 2));
	__asm__ volatile("popcntw %1, %w0" : "+r"(r) : "m"(v) : "cc");
	expect(r, (before & ~0xfffful) | bits(v & 0xffff));
	r = before;
	__asm__ volatile("movbel %1, %k0" : "+r"(r) : "m"(v));
	expect(r, swapped(v, 4));
}

static void segments(void)
{
	uint32_t got;

	tls[0] = random64();
#ifdef __x86_64__
	__asm__ volatile("movbel %%fs:tls@tpoff, %0" : "=r"(got));
	/* 32-bit addresses, SIB without a base, the high registers. */
	__asm__ volatile("mov %1, %%r12d\n\tmovbel (%%r12d), %%r13d\n\t"
			 "mov %%r13d, %0"
			 : "=r"(got) : "r"((uint32_t)(uintptr_t)table)
			 : "r12", "r13", "memory");
	expect(got, swapped((uint32_t)table[0], 4));
	__asm__ volatile("movbel %%fs:tls@tpoff, %0" : "=r"(got));
#else
	__asm__ volatile("movbel %%gs:tls@ntpoff, %0" : "=r"(got));
#endif
	expect(got, swapped((uint32_t)tls[0], 4));
}

unsigned long forms_run(unsigned long rounds)
{
	while (rounds--) {
		for (int i = 0; i < 4; i++)
			table[i] = random32() % 8 ? random64() : 0;
		tls[0] = random64();
		EACH(uint16_t, "w");
		EACH(uint32_t, "l");
#ifdef __x86_64__
		EACH(uint64_t, "q");
#endif
		partial();
		segments();
	}
	return __atomic_load_n(&wrong, __ATOMIC_RELAXED);
}
