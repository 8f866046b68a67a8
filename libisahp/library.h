/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the library share.
 *
 * Locks, outermost first:
 *	dispatcher's lock	one thread starts, stops or handles events
 *	isahp_library.lock	the operations and what they may use
 *	callback.c's lock	the list of callbacks
 *	thread.c's lock		the registered threads; all signals blocked
 * Nothing waits for readers while it holds any but the first, and fork takes
 * all but the first.
 */
#ifndef ISAHP_LIBRARY_H
#define ISAHP_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <isahp/isahp.h>
#include <isa-core/features.h>

/** enum isahp_mode - how the swap knows where readers are */
enum isahp_mode {
	ISAHP_MODE_MEMBARRIER,	/* slots; the updater pays for the fence */
	ISAHP_MODE_FENCED,	/* slots; every reader pays for it */
	ISAHP_MODE_URCU,	/* liburcu's grace periods */
};

/**
 * struct isahp_library - the process's one state
 * @lock: protects what follows up to @mode.
 * @usable: features that operations may be put on.
 * @interest: features that the source has been told of, closed over what they
 *	depend on. Operations keep to them while @followed: of others no removal
 *	would be heard.
 * @followed: a source is followed.
 * @source: enum isahp_source.
 * @error: negative errno that ended following.
 * @veto: negative errno behind the last NAK,
 * @reason: and its text.
 * @deadline_ns: atomic; as isahp_deadline().
 * @never: features that ISAHP_FORBID names, and their dependents.
 * @force: ISAHP_FORCE, or NULL.
 * @disabled: ISAHP_DISABLE.
 * @push: enum isahp_push_how.
 * @environment: negative errno of an environment variable that makes no sense.
 * @mode: enum isahp_mode. Atomic; MEMBARRIER may turn into FENCED at any time.
 * @had_membarrier: whether registration for membarrier has succeeded.
 * @generation: forks since the program began. Written in the child only.
 * @events: atomic; as in struct isahp_status,
 * @swaps: as the others.
 * @acks: the same.
 * @naks: the same,
 * @results_changed: the same.
 */
struct isahp_library {
	pthread_mutex_t lock;
	struct isahp_features usable;
	struct isahp_features interest;
	bool followed;
	uint32_t source;
	int error;
	int veto;
	char reason[ISAHP_REASON_SIZE];
	uint64_t deadline_ns;
	struct isahp_features never;
	const char *force;
	bool disabled;
	uint32_t push;
	int environment;

	uint32_t mode;
	bool had_membarrier;
	uint32_t generation;
	uint64_t events;
	uint64_t swaps;
	uint64_t acks;
	uint64_t naks;
	uint64_t results_changed;
};

extern struct isahp_library isahp_library;

/** isahp_library_init - set the library up, once; called by every entry point */
void isahp_library_init(void);

/**
 * isahp_library_cpu - what this CPU can execute and the user allows, now
 *
 * Asks CPUID each time: after a live migration it answers differently.
 */
struct isahp_features isahp_library_cpu(void);

/**
 * isahp_size_check - is a caller's structure one that can be served?
 * @p: the structure.
 * @size: what the caller says its size is.
 * @known: what this library knows of it.
 *
 * -EINVAL: shorter than @known. Structures only grow, so @known has to become
 * the first version's size when one does. -E2BIG: longer, and not zero there:
 * the caller wants what this library does not have.
 */
int isahp_size_check(const void *p, size_t size, size_t known);

static inline uint32_t isahp_mode(void)
{
	return __atomic_load_n(&isahp_library.mode, __ATOMIC_ACQUIRE);
}

static inline void isahp_count(uint64_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

#endif /* ISAHP_LIBRARY_H */
