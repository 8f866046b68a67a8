/* SPDX-License-Identifier: MIT */
/*
 * The read side: being inside an operation. Part of <isahp/isahp.h>.
 *
 * What a thread is inside of stands in slots of a record of its own, where the
 * swap looks for it. The record outlives the thread as long as one of its slots
 * is in use: a region may be begun on one thread and ended on another, as
 * fibers do.
 *
 * Who may do what:
 *  - Regions nest, in any order and in signal handlers, also on an alternate
 *    stack.
 *  - A region may be left by another thread than the one that entered it.
 *    (With ISAHP_GP=urcu that is the end of acknowledgements: liburcu's sections
 *    belong to threads.)
 *  - A signal handler leaves what it has entered before it returns, and must not
 *    switch to another fiber: it may have interrupted isahp_enter() just there.
 *  - A region that is left by longjmp(), or whose thread ends by pthread_exit()
 *    or cancellation without unwinding, stays open until the library can prove
 *    that its frame is gone: when the thread has ended, or calls an operation
 *    from further up its stack. isahp_mark() and isahp_unwind() end it at once.
 *    For that proof, stacks of fibers and signal handlers must not lie inside
 *    the thread's own stack (a local array).
 *  - C++ exceptions, and cancellation in code built with -fexceptions, end the
 *    region of a call; for the region form write a destructor.
 */
#ifndef ISAHP_ISAHP_H
#include <isahp/isahp.h>
#endif

#ifndef ISAHP_REGION_H
#define ISAHP_REGION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ISAHP_INLINE_ static inline __attribute__((always_inline, unused))

/**
 * struct isahp_region - a stay inside an operation
 * @d: what the region runs on; NULL while the operation is not registered.
 * @where: the slot that holds it, or the library's note of how it is held.
 *
 * Stays where it is from isahp_enter() to isahp_leave().
 */
struct isahp_region {
	struct isahp_descriptor *d;
	void *where;
};

/* A region that holds nothing: what isahp_leave() finds when entering has thrown. */
#define ISAHP_HELD_NOTHING_ 8
#define ISAHP_REGION_NONE_ \
	{ (struct isahp_descriptor *)0, (void *)(uintptr_t)ISAHP_HELD_NOTHING_ }

#if ISAHP_SWAPS_

/* Regions of a thread that are told apart; with more it is "inside anything". */
#define ISAHP_SLOTS 7

/**
 * struct isahp_hold - one thing that a thread is inside of
 * @d: what it runs on; the swap looks at this.
 * @frame: nonzero from before @d is set until after it is cleared: the slot is
 *	taken. Where on the stack its holder is: the frame address of who calls,
 *	the address of a struct isahp_region plus one.
 */
struct isahp_hold {
	struct isahp_descriptor *d;
	uintptr_t frame;
};

/**
 * struct isahp_slots - where a thread publishes: how its record begins
 * @slot: what it is inside of. A thread without a record has one of which the
 *	first is taken.
 * @fast: whether the inline path may be taken: membarrier serves. Cleared by
 *	other threads when that changes.
 * @overflow: regions that found no slot: "inside anything".
 */
struct isahp_slots {
	struct isahp_hold slot[ISAHP_SLOTS];
	uint32_t fast;
	uint32_t overflow;
};

extern ISAHP_API __thread struct isahp_slots *isahp_self
	__attribute__((tls_model("initial-exec")));

/* The controls of libisahp's own tests put a delay here; otherwise nothing. */
#ifndef ISAHP_ENTER_HOOK
#define ISAHP_ENTER_HOOK() ((void)0)
#endif

/*
 * In registers: the caller's region never needs an address. Two of them, and what
 * they are given is at hand: nothing is put together for them on the way that
 * does not need them.
 */
ISAHP_API struct isahp_region isahp_enter_slow(struct isahp_operation *op,
					       uintptr_t frame)
	__attribute__((cold));
ISAHP_API struct isahp_region isahp_enter_taken(struct isahp_operation *op,
						struct isahp_hold *taken)
	__attribute__((cold));
ISAHP_API isahp_fn isahp_enter_unregistered(struct isahp_operation *op)
	__attribute__((cold));
ISAHP_API void isahp_leave_slow(void *where) __attribute__((cold));

/* @frame: as in struct isahp_hold. */
ISAHP_INLINE_ struct isahp_region isahp_begin_(struct isahp_operation *op,
					       uintptr_t frame)
{
	struct isahp_slots *self = __atomic_load_n(&isahp_self, __ATOMIC_RELAXED);
	struct isahp_hold *s = &self->slot[0];
	struct isahp_descriptor *d;
	struct isahp_region r;

	/*
	 * Nested calls, and what is to be cleaned up, are for the slow path. A
	 * signal handler between this and the next line uses the slot and gives
	 * it back.
	 */
#ifndef ISAHP_CONTROL_NO_TAKEN
	if (__builtin_expect(__atomic_load_n(&s->frame, __ATOMIC_RELAXED) != 0, 0))
		return isahp_enter_slow(op, frame);
#else
	if (!self->fast)
		return isahp_enter_slow(op, frame);
#endif
	/*
	 * The frame before `fast`: once that is cleared, a thread whose first
	 * slot is free is not on its way through here.
	 */
	__atomic_store_n(&s->frame, frame, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(!__atomic_load_n(&self->fast, __ATOMIC_RELAXED), 0))
		return isahp_enter_taken(op, s);
	d = __atomic_load_n(&op->current, __ATOMIC_ACQUIRE);
	ISAHP_ENTER_HOOK();
	__atomic_store_n(&s->d, d, __ATOMIC_RELAXED);
	/*
	 * Slot before recheck. A compiler barrier is enough here: the partner is
	 * the updater's membarrier, between its publication and its scan of the
	 * slots.
	 */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#ifndef ISAHP_CONTROL_NO_RECHECK
	if (__builtin_expect(__atomic_load_n(&op->current, __ATOMIC_ACQUIRE) != d, 0))
		return isahp_enter_taken(op, s);
#endif
	r.d = d;
	r.where = s;
	return r;
}

ISAHP_INLINE_ isahp_fn isahp_code_(struct isahp_operation *op,
				   const struct isahp_region *region)
{
	if (__builtin_expect(!region->d, 0))
		return isahp_enter_unregistered(op);
	return region->d->fn;
}

/*
 * For ISAHP_OPERATION_DECLARE(): the region does not outlive the function. That
 * function's frame address is not below its stack pointer, whatever arguments
 * are still on the stack; what it calls has its own below that.
 */
ISAHP_INLINE_ isahp_fn isahp_enter_call_(struct isahp_operation *op,
					 struct isahp_region *region)
{
	*region = isahp_begin_(op, (uintptr_t)__builtin_frame_address(0));
	return isahp_code_(op, region);
}

/**
 * isahp_enter - begin a region: get the code to call, and hold it
 * @op: registered; before that, and after, the first variant that needs
 *	nothing is returned.
 * @region: the caller's, until isahp_leave(); neither moved nor copied.
 *
 * Until isahp_leave() the features that the returned code uses are not
 * acknowledged as drained. The code may be given to other threads, as long as
 * they have left it by then: one variant for a whole team.
 *
 * Return: the variant's function.
 */
ISAHP_INLINE_ isahp_fn isahp_enter(struct isahp_operation *op,
				   struct isahp_region *region)
{
	struct isahp_region r = isahp_begin_(op, (uintptr_t)region + 1);

	/* One after the other: gcc would join them in a vector register before. */
	region->d = r.d;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	region->where = r.where;
	return isahp_code_(op, &r);
}

/**
 * isahp_leave - end a region
 * @region: of the isahp_enter() that it ends.
 */
ISAHP_INLINE_ void isahp_leave(struct isahp_region *region)
{
	struct isahp_hold *s = (struct isahp_hold *)region->where;

	if (__builtin_expect(((uintptr_t)s & 15) != 0, 0)) {
		isahp_leave_slow(region->where);
		return;
	}
	/* All of the region before the slot is free; partner: the scan's acquire. */
	__atomic_store_n(&s->d, (struct isahp_descriptor *)0, __ATOMIC_RELEASE);
	/* Cleared before it is free to take, also for the thread that owns it. */
	__atomic_store_n(&s->frame, 0, __ATOMIC_RELEASE);
}

/**
 * isahp_poll - should a long region end soon?
 * @op: the operation.
 * @region: a stay in it.
 *
 * For between two steps of long work, as often as one likes: one load.
 *
 * Return: nonzero when the operation has moved on, so that the region holds up
 * a removal or runs on a worse variant than it could.
 */
ISAHP_INLINE_ int isahp_poll(const struct isahp_operation *op,
			     const struct isahp_region *region)
{
	return __atomic_load_n(&op->current, __ATOMIC_RELAXED) != region->d;
}

/**
 * typedef isahp_mark_t - what a thread was inside of; opaque
 */
typedef struct isahp_mark_state {
	void *thread;
	uintptr_t frame[ISAHP_SLOTS];
	uint32_t overflow;
	uint32_t reserved;
} isahp_mark_t;

/**
 * isahp_mark - remember what this thread is inside of, before setjmp()
 *
 * Where the library can not see that a longjmp() has left a region, it goes on
 * to count; this tells. Not from a signal handler.
 *
 * Return: for isahp_unwind(). Needs no giving back.
 */
ISAHP_API isahp_mark_t isahp_mark(void);

/**
 * isahp_unwind - end what this thread has entered since, after longjmp()
 * @mark: of isahp_mark(), on this thread, in a variable that longjmp() keeps.
 *
 * Every region that the thread has entered since the mark is over, on whatever
 * stack: the caller says so. One that it was inside of, left, and entered again
 * in the same struct isahp_region, goes on. Does nothing when called on another
 * thread. Not from a signal handler.
 */
ISAHP_API void isahp_unwind(isahp_mark_t mark);

#else /* a plain dispatcher */

ISAHP_INLINE_ int isahp_plain_runs_(const struct isahp_variant *v)
{
	uint64_t needs = 0;
	size_t w;

	for (w = 0; w < sizeof(v->needs.word) / sizeof(v->needs.word[0]); w++)
		needs |= v->needs.word[w];
	return v->fn && !needs;
}

ISAHP_INLINE_ isahp_fn isahp_enter(struct isahp_operation *op,
				   struct isahp_region *region)
{
	const struct isahp_variant *v = (const struct isahp_variant *)
		__atomic_load_n(&op->priv, __ATOMIC_ACQUIRE);
	size_t i;

	region->d = (struct isahp_descriptor *)0;
	region->where = NULL;
	if (__builtin_expect(v != NULL, 1))
		return v->fn;
	for (i = 0; i < op->variant_count; i++) { /* not registered */
		v = isahp_operation_at(op, i);
		if (isahp_plain_runs_(v))
			return v->fn;
	}
	return (isahp_fn)0;
}

ISAHP_INLINE_ isahp_fn isahp_enter_call_(struct isahp_operation *op,
					 struct isahp_region *region)
{
	return isahp_enter(op, region);
}

ISAHP_INLINE_ void isahp_leave(struct isahp_region *region)
{
	(void)region;
}

ISAHP_INLINE_ int isahp_poll(const struct isahp_operation *op,
			     const struct isahp_region *region)
{
	(void)op;
	(void)region;
	return 0;
}

typedef struct isahp_mark_state {
	char nothing;
} isahp_mark_t;

ISAHP_INLINE_ isahp_mark_t isahp_mark(void)
{
	isahp_mark_t mark = { 0 };

	return mark;
}

ISAHP_INLINE_ void isahp_unwind(isahp_mark_t mark)
{
	(void)mark;
}

#endif /* ISAHP_SWAPS_ */

/**
 * isahp_resume - go on with a long region, on the newest variant
 * @op: the operation.
 * @region: a stay in it, which is left and entered again: no pointer into the old
 *	variant may be kept.
 *
 * Return: the function to go on with.
 */
ISAHP_INLINE_ isahp_fn isahp_resume(struct isahp_operation *op,
				    struct isahp_region *region)
{
	isahp_leave(region);
	return isahp_enter(op, region);
}

/* "return f();" where there is nothing to return: C++, and a GNU extension to C. */
#ifdef __cplusplus
#define ISAHP_PEDANTIC_OFF_
#define ISAHP_PEDANTIC_ON_
#else
#define ISAHP_PEDANTIC_OFF_                                                    \
	_Pragma("GCC diagnostic push")                                         \
	_Pragma("GCC diagnostic ignored \"-Wpedantic\"")
#define ISAHP_PEDANTIC_ON_ _Pragma("GCC diagnostic pop")
#endif

/**
 * ISAHP_OPERATION_DECLARE - a typed, inline call for an operation
 * @name: of the function it makes; the operation is @name_operation.
 * @ret: its return type.
 * @params: its parameters, in parentheses.
 * @args: their names, in parentheses.
 */
#define ISAHP_OPERATION_DECLARE(name, ret, params, args)                       \
	extern struct isahp_operation name##_operation;                        \
	ISAHP_PEDANTIC_OFF_                                                    \
	static inline __attribute__((unused)) ret name params                  \
	{                                                                      \
		struct isahp_region isahp_region_                              \
			__attribute__((cleanup(isahp_leave))) =                \
				ISAHP_REGION_NONE_;                            \
		ret(*isahp_fn_) params = (ret(*) params)isahp_enter_call_(     \
			&name##_operation, &isahp_region_);                    \
									       \
		return isahp_fn_ args;                                         \
	}                                                                      \
	ISAHP_PEDANTIC_ON_

#ifdef __cplusplus
}
#endif

#endif /* ISAHP_REGION_H */
