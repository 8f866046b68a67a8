// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <isahp/emulation.h>
#include <isa-core/features.h>
#include "ahead.h"
#include "code_map.h"
#include "finish.h"
#include "library.h"
#include "signal_bytes.h"
#include "signal_pass.h"

#define FLAG_AC 0x40000

/**
 * struct emulation - who was asked, and by whom
 * @lock: of install and remove.
 * @installed: atomic.
 * @before: action of SIGILL before it was installed; constant while it is.
 * @used_up: atomic; @before has SA_RESETHAND, and was called.
 */
static struct emulation {
	pthread_mutex_t lock;
	uint32_t installed;
	struct sigaction before;
	uint32_t used_up;
} emulation = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/* --- the handler ---------------------------------------------------------- */

/* The kernel's SIGILL does not ask whether it is ignored, a process's does. */
static void pass_on(siginfo_t *info, ucontext_t *context)
{
	const struct sigaction *before = &emulation.before;
	bool once = before->sa_flags & (int)SA_RESETHAND;

	if (before->sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN ||
	    (once && __atomic_exchange_n(&emulation.used_up, 1, __ATOMIC_RELAXED)))
		isahp_signal_die(info, context);
	else
		isahp_signal_call(before, info, context);
}

/*
 * The code that trapped may have asked for alignment checks, which the kernel
 * leaves on. What is below the stack pointer is not to be touched.
 */
static void clear_ac(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "andl %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : : "i"(~FLAG_AC) : "memory", "cc");
}

static void on_sigill(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	if (uc->uc_mcontext.gregs[REG_EFL] & FLAG_AC)
		clear_ac();
	if (!isahp_finish(info, uc))
		pass_on(info, uc);
}

/* --- install and remove --------------------------------------------------- */

/* With five levels of page tables there is something above 47 bits. */
static unsigned char find_address_bits(void)
{
	void *high = (void *)(1UL << 50);
	void *p = mmap(high, 4096, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return 48;
	munmap(p, 4096);
	return (uintptr_t)p >> 47 ? 57 : 48;
}

static void choose_ahead(const struct isahp_emulation_options *options)
{
	bool is_alone = options->flags & ISAHP_EMULATION_ALONE;

	isahp_ahead.native = options->native ? options->native : ISAHP_AHEAD_NATIVE;
	isahp_ahead.limit = is_alone ? 1 :
			    options->limit ? options->limit : ISAHP_AHEAD_LIMIT;
	if (!is_alone)
		isahp_code_map_look();
}

static int choose(const struct isahp_emulation_options *options)
{
	struct isahp_features can = isahp_finish_some();

	if (options->flags & ~ISAHP_EMULATION_ALONE || options->reserved)
		return -E2BIG;
	if (!isahp_features_subset(&options->features, &can))
		return -EOPNOTSUPP;
	isahp_finishing.chosen = options->features;
	isahp_finishing.named = !isahp_features_empty(&options->features);
	isahp_finishing.address_bits = find_address_bits();
	isahp_finish_look();
	choose_ahead(options);
	return 0;
}

/* The first version's end with @features. */
static int take_options(const struct isahp_emulation_options *options,
			struct isahp_emulation_options *ret)
{
	size_t known = sizeof(*ret);
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (!options)
		return 0;
	if (options->size < offsetof(struct isahp_emulation_options, native))
		return -EINVAL;
	if (options->size < known)
		known = options->size;
	rc = isahp_size_check(options, options->size, known);
	if (!rc)
		memcpy(ret, options, known);
	return rc;
}

static bool is_ours_now(struct sigaction *ret)
{
	return !sigaction(SIGILL, NULL, ret) && ret->sa_flags & SA_SIGINFO &&
	       ret->sa_sigaction == on_sigill;
}

/*
 * Nothing interrupts it but what it brings about itself, so that no handler needs
 * what is being emulated while SIGILL is blocked.
 */
static void make_action(struct sigaction *sa, const struct sigaction *before)
{
	static const int its_own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGTRAP };
	bool has_handler = before->sa_handler != SIG_DFL &&
			   before->sa_handler != SIG_IGN;
	size_t i;

	memset(sa, 0, sizeof(*sa));
	sa->sa_sigaction = on_sigill;
	sa->sa_flags = SA_SIGINFO | SA_RESTART;
	if (!has_handler || before->sa_flags & SA_ONSTACK)
		sa->sa_flags |= SA_ONSTACK;
	sigfillset(&sa->sa_mask);
	for (i = 0; i < sizeof(its_own) / sizeof(its_own[0]); i++)
		sigdelset(&sa->sa_mask, its_own[i]);
}

static int install(void)
{
	struct sigaction sa;

	/* From its first call on the handler knows what was before it. */
	if (sigaction(SIGILL, NULL, &emulation.before))
		return -errno;
	__atomic_store_n(&emulation.used_up, 0, __ATOMIC_RELAXED);
	make_action(&sa, &emulation.before);
	if (sigaction(SIGILL, &sa, NULL))
		return -errno;
	__atomic_store_n(&emulation.installed, 1, __ATOMIC_RELAXED);
	return 0;
}

int isahp_emulation_install(const struct isahp_emulation_options *options)
{
	struct isahp_emulation_options o;
	int rc = take_options(options, &o);

	if (rc)
		return rc;
	pthread_mutex_lock(&emulation.lock);
	if (emulation.installed)
		rc = -EALREADY;
	if (!rc)
		rc = choose(&o);
	if (!rc)
		rc = install();
	pthread_mutex_unlock(&emulation.lock);
	return rc;
}

int isahp_emulation_remove(void)
{
	struct sigaction now;
	int rc = 0;

	pthread_mutex_lock(&emulation.lock);
	if (!emulation.installed)
		rc = -ENOENT;
	else if (!is_ours_now(&now))
		rc = -EBUSY;
	else if (sigaction(SIGILL, &emulation.before, NULL))
		rc = -errno;
	else
		__atomic_store_n(&emulation.installed, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&emulation.lock);
	return rc;
}

int isahp_emulation_signal(void *info, void *context)
{
	return info && context && isahp_finish(info, context);
}

/* --- figures -------------------------------------------------------------- */

static struct isahp_features emulated(void)
{
	struct isahp_features whole = isahp_finish_whole();
	struct isahp_features wanted = isahp_finishing.named ? isahp_finishing.chosen :
							 isahp_finish_absent();

	return isahp_features_and(&whole, &wanted);
}

int isahp_emulation_status(struct isahp_emulation_status *ret_status)
{
	const size_t min = offsetof(struct isahp_emulation_status, emulated);
	struct isahp_emulation_status s = { 0 };
	size_t size, i;

	if (!ret_status || ret_status->size < min)
		return -EINVAL;
	s.installed = __atomic_load_n(&emulation.installed, __ATOMIC_RELAXED);
	s.emulated = emulated();
	s.traps = __atomic_load_n(&isahp_finishing.traps, __ATOMIC_RELAXED);
	s.foreign = __atomic_load_n(&isahp_finishing.foreign, __ATOMIC_RELAXED);
	s.instructions = __atomic_load_n(&isahp_finishing.instructions, __ATOMIC_RELAXED);
	s.faults = __atomic_load_n(&isahp_finishing.faults, __ATOMIC_RELAXED);
	s.runs = __atomic_load_n(&isahp_finishing.runs, __ATOMIC_RELAXED);
	s.native = __atomic_load_n(&isahp_finishing.native, __ATOMIC_RELAXED);
	for (i = 0; i < ISAHP_FEATURE_MAX; i++)
		s.by_feature[i] = __atomic_load_n(&isahp_finishing.by_feature[i],
						  __ATOMIC_RELAXED);
	size = ret_status->size < sizeof(s) ? ret_status->size : sizeof(s);
	s.size = size;
	memcpy(ret_status, &s, size);
	return 0;
}
