/* SPDX-License-Identifier: MIT */
/*
 * When the library heard of what, and was through with it. The application's
 * own thread dispatches, so that it can look at the clock before and after.
 */
#ifndef ML_EVENTS_H
#define ML_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <isahp/isahp.h>

/**
 * struct change - of what may be used
 * @number: how many there were, this one included; 0: none yet.
 * @heard_ns: CLOCK_MONOTONIC when the library's descriptor became readable,
 * @done_ns: and when isahp_dispatch() was through: variants are exchanged, and a
 *	removal is acknowledged.
 */
struct change {
	unsigned int number;
	double heard_ns;
	double done_ns;
};

/**
 * events_start - follow a loopback socket
 * @cpu: where the dispatching thread lives; -1: anywhere.
 *
 * Return: 0 or a negative errno.
 */
int events_start(int cpu);

/** events_number - of the last change; one load */
unsigned int events_number(void);

/** events_last - the last change; any thread */
struct change events_last(void);

/** events_usable - what variants may use now */
struct isahp_features events_usable(void);

/** events_fits - is every feature of @needs in @usable? */
bool events_fits(const struct isahp_features *needs,
		 const struct isahp_features *usable);

#endif /* ML_EVENTS_H */
