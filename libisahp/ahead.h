/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running ahead in a handler of SIGILL: where one instruction has trapped, the
 * next is near, and what is between costs less than another signal.
 *
 * Caches of decoded code are lent to one signal at a time, since nothing can be
 * allocated here; where none is free it is one instruction. The bytes of a block
 * are compared whenever it is entered, so that nobody has to say that code has
 * changed, and it does not matter whose cache it was.
 */
#ifndef ISAHP_AHEAD_H
#define ISAHP_AHEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <isa-core/run.h>
#include "signal_frame.h"

#define ISAHP_AHEAD_CACHES 16

/* Where nothing else is asked for; <isahp/emulation.h> says why. */
#define ISAHP_AHEAD_NATIVE 256
#define ISAHP_AHEAD_LIMIT 8192

/**
 * struct isahp_ahead - the process's one; set while no handler is installed
 * @native: a run ends after so many of the CPU's own in a row,
 * @limit: and after so many in all. 1: no run.
 */
struct isahp_ahead {
	uint32_t native;
	uint32_t limit;
};

extern struct isahp_ahead isahp_ahead;

/**
 * struct isahp_ahead_run - how far it went
 * @instructions: that were carried out.
 * @emulated: of these, those that the CPU would not have.
 */
struct isahp_ahead_run {
	uint32_t instructions;
	uint32_t emulated;
};

/**
 * isahp_ahead_run - carry out an instruction, and what follows
 * @frame: with the vector registers that the first instruction uses. More of them
 *	are loaded when they are needed.
 * @e: @features are those to be carried out; @ops and @env are changed.
 * @present: features that the CPU has; the first instruction is of others.
 * @ret: changed where it returns true.
 *
 * Whatever would be in the way of being right is left alone: faults, restartable
 * sequences, shadow stacks, the stack that the handler runs on, what is not
 * ordinary memory.
 *
 * Context: signal handlers, with others blocked. errno is what the program has
 * made of it.
 *
 * Return: false if nothing has happened: it is to be tried by itself.
 */
bool isahp_ahead_run(struct isahp_signal_frame *frame, struct isahp_emulation *e,
		     const struct isahp_features *present,
		     struct isahp_ahead_run *ret);

/** isahp_ahead_child - after a fork nobody holds a cache */
void isahp_ahead_child(void);

/** isahp_ahead_take - hold a cache, for tests; false: there is none */
bool isahp_ahead_take(void);

#endif /* ISAHP_AHEAD_H */
