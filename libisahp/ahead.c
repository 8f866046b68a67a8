// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <isa-core/features.h>
#include "ahead.h"
#include "own_pages.h"
#include "signal_bytes.h"
#include "signal_syscall.h"

#define BLOCKS_LOG2 6

/*
 * A run ends before it asks for more pages than that: each costs half a
 * microsecond, and signals wait.
 */
#define PAGES_ASKED 128

struct isahp_ahead isahp_ahead = {
	.native = ISAHP_AHEAD_NATIVE,
	.limit = ISAHP_AHEAD_LIMIT,
};

/* --- caches --------------------------------------------------------------- */

/**
 * struct cache - lent to a run
 * @taken: atomic; by whom does not matter.
 * @pages: of this run.
 * @blocks: from one run to the next.
 */
static struct cache {
	uint32_t taken;
	struct isahp_own_pages pages;
	struct isahp_run_block blocks[1 << BLOCKS_LOG2];
} caches[ISAHP_AHEAD_CACHES];

static uint64_t thread_pointer(void)
{
	uint64_t fs;

	__asm__("mov %%fs:0, %0" : "=r"(fs));
	return fs;
}

/* The one that this thread had before, if it can be: its code is in there. */
static struct cache *take(void)
{
	uint64_t first = thread_pointer() * 0x9e3779b97f4a7c15ULL >> 32;
	struct cache *c;
	unsigned int i;

	for (i = 0; i < ISAHP_AHEAD_CACHES; i++) {
		c = &caches[(first + i) % ISAHP_AHEAD_CACHES];
		if (!__atomic_load_n(&c->taken, __ATOMIC_RELAXED) &&
		    !__atomic_exchange_n(&c->taken, 1, __ATOMIC_ACQUIRE))
			return c;
	}
	return NULL;
}

static void give(struct cache *c)
{
	__atomic_store_n(&c->taken, 0, __ATOMIC_RELEASE);
}

bool isahp_ahead_take(void)
{
	return take();
}

/* Those who forked beside it are not there to give theirs back. */
void isahp_ahead_child(void)
{
	unsigned int i;

	for (i = 0; i < ISAHP_AHEAD_CACHES; i++)
		give(&caches[i]);
}

/* --- what is not entered -------------------------------------------------- */

/* glibc 2.35 registers an area for each thread, and says where it is. */
extern const ptrdiff_t __rseq_offset __attribute__((__weak__));
extern const unsigned int __rseq_size __attribute__((__weak__));

/* Linux, include/uapi/linux/rseq.h. */
#define RSEQ_CS 8
#define RSEQ_AREA_SIZE 32

/*
 * The kernel aborts a sequence whose thread is preempted, migrated or signalled
 * where its instruction pointer is within: here it is not. So a run does not
 * begin one: it ends before the store into the area by which that is done. If the
 * area is not libc's the kernel does not tell where it is, but whether there is
 * one: none can be at an address of its own.
 */
static bool find_sequences(struct isahp_range *ret)
{
	uint64_t at;
	long r;

	if (&__rseq_size && __rseq_size) {
		at = thread_pointer() + (uint64_t)__rseq_offset + RSEQ_CS;
		*ret = (struct isahp_range){ at, at + 8 };
		return !*(volatile uint64_t *)at;
	}
	r = isahp_syscall(SYS_rseq, 1UL << 63, RSEQ_AREA_SIZE, 0, 0);
	return r == -ENOSYS || r == -EFAULT;
}

/* Linux, arch/x86/include/uapi/asm/prctl.h, 6.6. */
#define SHSTK_STATUS 0x5005
#define SHSTK_SHSTK 1

/* Of this thread; a kernel that knows of none has none later. */
static bool has_shadow_stack(void)
{
	static uint32_t none;
	uint64_t features = 0;

	if (__atomic_load_n(&none, __ATOMIC_RELAXED))
		return false;
	if (isahp_syscall(SYS_arch_prctl, SHSTK_STATUS, &features, 0, 0)) {
		__atomic_store_n(&none, 1, __ATOMIC_RELAXED);
		return false;
	}
	return features & SHSTK_SHSTK;
}

/* Of the handler, and of what it calls; measured: 4 KiB. */
#define BELOW 16384UL
/* Nothing is between frame and handler but what called it. */
#define NEAR (1UL << 20)

/*
 * Without an alternate stack code that is run ahead pushes where this function's
 * own frame is, and that of the signal.
 */
static void close_stack(const struct isahp_signal_frame *frame,
			struct isahp_own_pages *pages)
{
	uint64_t here = (uintptr_t)__builtin_frame_address(0);
	struct isahp_range its = isahp_signal_frame_range(frame);
	bool is_one = here < its.begin && its.begin - here < NEAR;

	pages->closed[0] = (struct isahp_range){
		here - BELOW, is_one ? its.end : here + BELOW,
	};
	pages->closed[1] = its;
}

/* --- a run ---------------------------------------------------------------- */

static uint64_t mix(uint64_t h, const struct isahp_features *set)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		h = (h ^ set->word[i]) * 0x9e3779b97f4a7c15ULL;
	return h;
}

static bool has_asked_enough(void *env)
{
	return ((struct isahp_own_pages *)env)->asked >= PAGES_ASKED;
}

static const struct isahp_emulate_ops ops = {
	.load = isahp_own_pages_load,
	.fetch = isahp_own_pages_fetch,
	.store = isahp_own_pages_store,
	.exchange = isahp_own_pages_exchange,
	.segment = isahp_own_pages_segment,
};

/* The run has ended at an instruction that wants more of the vector registers. */
static bool load_more(struct isahp_signal_frame *frame, struct isahp_emulation *e)
{
	unsigned int before = frame->regs.simd ? frame->simd.bytes : 0;
	struct isahp_features needs;
	size_t n = sizeof(e->bytes);

	n = ops.fetch(e->env, e->regs->rip, e->bytes, n);
	if (n < sizeof(e->bytes))
		n = ops.fetch(e->env, e->regs->rip, e->bytes, n);
	if (isahp_instruction_decode(e->bytes, n, e->mode, &e->instruction) !=
	    ISAHP_DECODED)
		return false;
	needs = isahp_instruction_features(&e->instruction);
	return isahp_signal_frame_load(frame, &e->instruction, &needs) &&
	       frame->regs.simd && frame->simd.bytes > before;
}

static void go(struct cache *c, struct isahp_signal_frame *frame,
	       struct isahp_emulation *e, const struct isahp_features *present,
	       struct isahp_ahead_run *ret)
{
	struct isahp_run run = {
		.blocks = c->blocks,
		.blocks_log2 = BLOCKS_LOG2,
		.shadow_stack = has_shadow_stack(),
		.present = *present,
		.native = isahp_ahead.native,
		.limit = isahp_ahead.limit,
		.stop = has_asked_enough,
	};

	run.generation = mix(mix(run.shadow_stack, present), &e->features);
	e->ops = &ops;
	e->env = &c->pages;
	while (isahp_run(&run, e) == ISAHP_RUN_FOREIGN && load_more(frame, e))
		run.resumed = true;
	ret->instructions = run.instructions;
	ret->emulated = run.emulated;
}

bool isahp_ahead_run(struct isahp_signal_frame *frame, struct isahp_emulation *e,
		     const struct isahp_features *present,
		     struct isahp_ahead_run *ret)
{
	struct isahp_ahead_run done = { 0 };
	struct isahp_range sequences = { 0 };
	struct cache *c;

	if (isahp_ahead.limit <= 1 || !find_sequences(&sequences))
		return false;
	c = take();
	if (!c)
		return false;
	isahp_own_pages_begin(&c->pages, frame->regs.rip);
	close_stack(frame, &c->pages);
	c->pages.closed[2] = sequences;
	go(c, frame, e, present, &done);
	give(c);
	if (done.instructions)
		*ret = done;
	return done.instructions;
}
