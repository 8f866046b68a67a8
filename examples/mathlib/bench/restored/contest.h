/* SPDX-License-Identifier: MIT */
/*
 * One workload on one host, in every way it is compared: the ways take turns,
 * slice by slice, in an order that is shuffled anew each round. What the machine
 * does meanwhile, and its clock rate, meets all of them.
 */
#ifndef ML_CONTEST_H
#define ML_CONTEST_H

#include "workloads.h"

#define VARIANTS_MAX 16

/** enum way - to compute a workload */
enum way {
	WAY_BEST,   /* direct calls of the fastest variant that this host allows */
	WAY_AGAIN,  /* the same once more, by a copy of the loop: A/A */
	WAY_ISAHP,  /* through isahp */
	WAY_MASKED, /* direct calls of the best that the poorest host allows */
	WAY_SAME,   /* direct calls of what isahp is on */
	WAYS,
};

/**
 * struct contest - a workload, and what is known of it
 * @w: which.
 * @ns: of a call, by variant; 0: this CPU does not run it.
 * @masked: the variant that a build for the poorest host has.
 * @best: the fastest of those that this host allows.
 * @on: what isahp was on when it was last looked at.
 * @slice_ns: how long a way runs at a time, about.
 * @shuffle: state of the random numbers; not 0.
 */
struct contest {
	const struct workload *w;
	double ns[VARIANTS_MAX];
	const struct isahp_variant *masked;
	const struct isahp_variant *best;
	const struct isahp_variant *on;
	double slice_ns;
	uint32_t shuffle;
};

/**
 * contest_begin - time each variant that may be used now
 * @c: overwritten.
 * @w: workload.
 * @slice_ns: as struct contest.
 * @poorest: what the poorest host has.
 *
 * To be called while the host is the richest. Has the library measure its costs
 * as well, by the same operands.
 *
 * Return: 0 or a negative errno: isahp_operation_measure()'s; -E2BIG.
 */
int contest_begin(struct contest *c, const struct workload *w, double slice_ns,
		  const struct isahp_features *poorest);

/** contest_host - the host has changed: which variant is best, which in use */
void contest_host(struct contest *c);

/** contest_ns - of a call of a variant, as timed at the beginning */
double contest_ns(const struct contest *c, const struct isahp_variant *v);

/**
 * contest_round - a slice of each way
 * @c: after contest_host().
 * @ret_ns: per call, by enum way. Ways that are another's are not run twice:
 *	they get its figure.
 */
void contest_round(struct contest *c, double ret_ns[WAYS]);

#endif /* ML_CONTEST_H */
