/* SPDX-License-Identifier: MIT */
/*
 * Instructions that trap although the CPU has them: UD2 stands in a private copy
 * of code where they were, and the library, when it reads code there, gets what
 * was before. That is the linker's --wrap of its function, nothing of its own.
 */
#ifndef TEST_LIB_PLANTED_H
#define TEST_LIB_PLANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct planted_state - registers before and behind an instruction
 * @gpr: by the number that instructions use; of RSP nothing is done.
 * @flags: RFLAGS.
 * @v: vector registers, as far as the CPU has them,
 * @k: and opmasks.
 */
struct planted_state {
	uint64_t gpr[16];
	uint64_t flags;
	uint64_t unused;
	unsigned char v[32][64];
	uint64_t k[8];
};

/** struct planted_code - an instruction between loads and stores of registers */
struct planted_code {
	void (*run)(struct planted_state *state);
	unsigned char *at;
	size_t length;
};

/**
 * planted_make - code for an instruction
 * @ret: filled in.
 * @bytes: of the instruction; more than one may follow each other.
 * @length: up to 128.
 * @traps: UD2 stands in its place. Of several only the first one traps by itself.
 */
void planted_make(struct planted_code *ret, const unsigned char *bytes,
		  size_t length, bool traps);

/**
 * planted_make_part - the same, where all but an instruction is there
 * @from: where UD2 stands,
 * @size: and for how many bytes; 0: none.
 */
void planted_make_part(struct planted_code *ret, const unsigned char *bytes,
		       size_t length, size_t from, size_t size);

/** planted_free - give it back */
void planted_free(struct planted_code *code);

/** planted_instructions - an array's worth of assembly: name, then end */
#define PLANTED(name, text) \
	__asm__(".pushsection .rodata\nplanted_" #name ":\n" text \
		"\nplanted_end_" #name ":\n.popsection\n"); \
	extern const unsigned char planted_##name[], planted_end_##name[]

#define PLANTED_MAKE(ret, name, traps) \
	planted_make(ret, planted_##name, \
		     (size_t)(planted_end_##name - planted_##name), traps)

/* The same, whose first instruction alone traps; 1 is a label before it. */
#define PLANTED_AHEAD(name, first, rest) \
	__asm__(".pushsection .rodata\nplanted_" #name ":\n1:\n" first "\n" \
		"planted_rest_" #name ":\n" rest \
		"\nplanted_end_" #name ":\n.popsection\n"); \
	extern const unsigned char planted_##name[], planted_rest_##name[], \
		planted_end_##name[]

#define PLANTED_AHEAD_MAKE(ret, name, traps) \
	planted_make_part(ret, planted_##name, \
			  (size_t)(planted_end_##name - planted_##name), 0, \
			  traps ? (size_t)(planted_rest_##name - planted_##name) : 0)

#endif /* TEST_LIB_PLANTED_H */
