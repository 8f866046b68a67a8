/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One SIGILL: what trapped is carried out on the registers in the signal's frame.
 *
 * Nothing here is known of who installed which handler (emulation.c), and nothing
 * is kept but counts. It runs where libc can not be relied upon: signal_bytes.h.
 */
#ifndef ISAHP_FINISH_H
#define ISAHP_FINISH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>
#include <isahp/features.h>

/**
 * struct isahp_finishing - the process's one
 * @named: @chosen counts, not @absent. Set while no handler is installed,
 * @chosen: features that the application named: as well,
 * @address_bits: 48, or 57 with five levels of page tables: as well.
 * @absent: atomic words; features that some CPU did not have on which this
 *	process was seen to be. Once missing they are evidence enough: of what
 *	traps and was there before, CPUID may already be another host's.
 * @present: atomic words; features of the CPU that was asked last.
 * @traps: atomic; as in struct isahp_emulation_status,
 * @foreign: and the others, too.
 */
struct isahp_finishing {
	bool named;
	struct isahp_features chosen;
	unsigned char address_bits;
	struct isahp_features absent;
	struct isahp_features present;
	uint64_t traps;
	uint64_t foreign;
	uint64_t instructions;
	uint64_t faults;
	uint64_t by_feature[ISAHP_FEATURE_MAX];
	uint64_t runs;
	uint64_t native;
};

extern struct isahp_finishing isahp_finishing;

/** isahp_finish_look - ask CPUID what is absent; some microseconds */
void isahp_finish_look(void);

/** isahp_finish_absent - what is known to be absent, or was */
struct isahp_features isahp_finish_absent(void);

/** isahp_finish_some - features of which some instruction can be carried out */
struct isahp_features isahp_finish_some(void);

/** isahp_finish_whole - features of which all can */
struct isahp_features isahp_finish_whole(void);

/**
 * isahp_finish - carry out what trapped, or raise what it ends in
 * @info: of a SIGILL.
 * @context: of the same; changed when it returns true.
 *
 * Context: signal handlers. Leaves errno as it is, but for what another signal's
 * handler does.
 *
 * Return: false if it is none of ours.
 */
bool isahp_finish(siginfo_t *info, ucontext_t *context);

#endif /* ISAHP_FINISH_H */
