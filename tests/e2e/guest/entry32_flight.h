/* SPDX-License-Identifier: MIT */
/* A thread in flight: brought to a place, left there while the entry changes,
 * and looked after on the rest of its way. */
#ifndef TESTS_ENTRY32_FLIGHT_H
#define TESTS_ENTRY32_FLIGHT_H

#include "entry32_tracer.h"

/* Places in the entry, in the order a thread passes them. */
#define PLACES_MAX 16

struct flight {
	char name[64];
	struct traced thread, child;
	bool has_child;
	int place;		/* instructions from the call to here */
	int number;		/* of a signal */
	int pipe[2];
	unsigned long result;	/* of the call */
	void (*bring)(struct flight *f);
	void (*go)(struct flight *f);
	void (*check)(struct flight *f);
};

/* What the present form of the entry has: number of places, and of each its
 * distance from the site. */
extern int flight_places, flight_offsets[PLACES_MAX];

/* The place with this distance; 0 when a thread does not come by there. */
int flight_place_of(int offset);
void flight_survey(void);

/* The n-th case, or false behind the last one. Starts the process. */
bool flight_start(struct flight *f, int n);

#endif /* TESTS_ENTRY32_FLIGHT_H */
