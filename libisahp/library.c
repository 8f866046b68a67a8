// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <isa-core/cpuid.h>
#include "barrier.h"
#include "env.h"
#include "fork.h"
#include "library.h"
#include "operation.h"
#include "thread.h"

struct isahp_library isahp_library = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

struct isahp_features isahp_library_cpu(void)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_features cpu;

	if (isahp_library.disabled)
		return none;
	cpu = isahp_cpuid_features();
	cpu = isahp_features_enabled(&cpu, isahp_cpuid_xcr0());
	cpu = isahp_features_usable(&cpu, &none);
	return isahp_features_andnot(&cpu, &isahp_library.never);
}

static void init(void)
{
	isahp_env_read(&isahp_library);
	isahp_threads_init();
	isahp_barrier_init();
	isahp_library.usable = isahp_library_cpu();
	isahp_fork_init();
}

void isahp_library_init(void)
{
	(void)pthread_once(&once, init);
}

/* Before the constructors of ISAHP_OPERATION_DEFINE(). */
static void __attribute__((constructor(101))) load(void)
{
	isahp_library_init();
}

int isahp_size_check(const void *p, size_t size, size_t known)
{
	const unsigned char *byte = p;
	size_t i;

	if (size < known)
		return -EINVAL;
	for (i = known; i < size; i++)
		if (byte[i])
			return -E2BIG;
	return 0;
}

static void fill(struct isahp_status *s)
{
	struct isahp_library *lib = &isahp_library;

	pthread_mutex_lock(&lib->lock);
	s->source = lib->source;
	s->error = lib->error;
	s->veto = lib->veto;
	memcpy(s->reason, lib->reason, sizeof(s->reason));
	s->usable = lib->usable;
	s->interest = isahp_operations_needs();
	pthread_mutex_unlock(&lib->lock);
	s->events = __atomic_load_n(&lib->events, __ATOMIC_RELAXED);
	s->swaps = __atomic_load_n(&lib->swaps, __ATOMIC_RELAXED);
	s->acks = __atomic_load_n(&lib->acks, __ATOMIC_RELAXED);
	s->naks = __atomic_load_n(&lib->naks, __ATOMIC_RELAXED);
	s->results_changed = __atomic_load_n(&lib->results_changed, __ATOMIC_RELAXED);
}

int isahp_status(struct isahp_status *ret_status)
{
	const size_t min = offsetof(struct isahp_status, usable);
	struct isahp_status s = { 0 };
	size_t size;

	if (!ret_status || ret_status->size < min)
		return -EINVAL;
	isahp_library_init();
	fill(&s);
	size = ret_status->size < sizeof(s) ? ret_status->size : sizeof(s);
	s.size = size;
	memcpy(ret_status, &s, size);
	return 0;
}
