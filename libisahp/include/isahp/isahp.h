/* SPDX-License-Identifier: MIT */
/*
 * libisahp: SIMD code paths that follow the hardware under a running program.
 *
 * An *operation* is a function as the application sees it; its *variants* are
 * implementations, each for a set of CPU features. The library keeps every
 * operation on the cheapest variant whose features are usable, changes it when
 * the hypervisor announces that features leave or arrive, and acknowledges a
 * removal only when no thread is inside a leaving variant any more.
 *
 *	ISAHP_OPERATION_DECLARE(saxpy, void,
 *		(size_t n, float a, const float *x, float *y), (n, a, x, y))
 *
 *	ISAHP_OPERATION_DEFINE(saxpy,
 *		ISAHP_VARIANT("avx2", saxpy_avx2, 10, ISAHP_SET(AVX2, FMA)),
 *		ISAHP_VARIANT("c", saxpy_c, 100, ISAHP_SET_NONE))
 *
 *	saxpy(n, a, x, y);	// a function pointer's cost, always safe
 *
 * Every function returns 0 or a negative errno, prints nothing and never
 * aborts. All may be called from any thread, none from a signal handler, except
 * calls of operations and isahp_enter/leave/poll, which may.
 */
#ifndef ISAHP_ISAHP_H
#define ISAHP_ISAHP_H

#include <stddef.h>
#include <stdint.h>
#include <isahp/features.h>
#include <isahp/note.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Anywhere else there is nothing to follow: a plain dispatcher, <isahp/plain.h>. */
#if defined(__x86_64__) && defined(__LP64__) && defined(__linux__) && \
	!defined(ISAHP_PLAIN)
#define ISAHP_SWAPS_ 1
#define ISAHP_API __attribute__((visibility("default")))
#define ISAHP_AT_START_ __attribute__((constructor(200)))
#define ISAHP_AT_END_ __attribute__((destructor(200)))
#else
#define ISAHP_SWAPS_ 0
#define ISAHP_API static inline __attribute__((unused))
#define ISAHP_AT_START_ __attribute__((constructor))
#define ISAHP_AT_END_ __attribute__((destructor))
#endif

/* --- feature sets in static initialisers --------------------------------- */

#define ISAHP_BIT_(w, f) \
	(ISAHP_FEATURE_##f / 64 == (w) ? 1ULL << (ISAHP_FEATURE_##f % 64) : 0ULL)
#define ISAHP_OR1_(w, a) ISAHP_BIT_(w, a)
#define ISAHP_OR2_(w, a, ...) ISAHP_BIT_(w, a) | ISAHP_OR1_(w, __VA_ARGS__)
#define ISAHP_OR3_(w, a, ...) ISAHP_BIT_(w, a) | ISAHP_OR2_(w, __VA_ARGS__)
#define ISAHP_OR4_(w, a, ...) ISAHP_BIT_(w, a) | ISAHP_OR3_(w, __VA_ARGS__)
#define ISAHP_OR5_(w, a, ...) ISAHP_BIT_(w, a) | ISAHP_OR4_(w, __VA_ARGS__)
#define ISAHP_OR6_(w, a, ...) ISAHP_BIT_(w, a) | ISAHP_OR5_(w, __VA_ARGS__)
#define ISAHP_OR7_(w, a, ...) ISAHP_BIT_(w, a) | ISAHP_OR6_(w, __VA_ARGS__)
#define ISAHP_OR8_(w, a, ...) ISAHP_BIT_(w, a) | ISAHP_OR7_(w, __VA_ARGS__)
#define ISAHP_PICK_(_1, _2, _3, _4, _5, _6, _7, _8, name, ...) name
#define ISAHP_WORD_(w, ...)                                                    \
	ISAHP_PICK_(__VA_ARGS__, ISAHP_OR8_, ISAHP_OR7_, ISAHP_OR6_,           \
		    ISAHP_OR5_, ISAHP_OR4_, ISAHP_OR3_, ISAHP_OR2_,            \
		    ISAHP_OR1_, )(w, __VA_ARGS__)

/**
 * ISAHP_SET - a set of one to eight features, by their ISAHP_FEATURE_ symbols
 * @...: AVX2, FMA and the like, as in <isahp/features.h>.
 *
 * Name the features whose instructions the code uses; what those depend on
 * follows.
 */
#define ISAHP_SET(...)                                                         \
	{                                                                      \
		{                                                              \
			ISAHP_WORD_(0, __VA_ARGS__),                           \
				ISAHP_WORD_(1, __VA_ARGS__),                   \
				ISAHP_WORD_(2, __VA_ARGS__),                   \
				ISAHP_WORD_(3, __VA_ARGS__)                    \
		}                                                              \
	}

/** ISAHP_SET_NONE - the empty set: a variant that runs anywhere */
#define ISAHP_SET_NONE                                                         \
	{                                                                      \
		{                                                              \
			0, 0, 0, 0                                             \
		}                                                              \
	}

/* --- operations ----------------------------------------------------------- */

/** isahp_fn - any function; cast to its real type before a call */
typedef void (*isahp_fn)(void);

/**
 * struct isahp_variant - one implementation of an operation
 * @name: for people; static.
 * @fn: the code. It must use no instruction outside @needs (and what @needs
 *	depends on, and x86-64's base).
 * @cost: relative time of a typical call; the lowest usable one is chosen, the
 *	first of equals. Newer is not always faster: measure, beforehand or with
 *	isahp_operation_measure().
 * @results: variants of an operation that have the same nonzero number here
 *	return the same bits for the same operands. 0: bits of its own.
 * @needs: features whose instructions it uses.
 *
 * Grows at its end; struct isahp_operation.variant_size says how long it is.
 */
struct isahp_variant {
	const char *name;
	isahp_fn fn;
	uint32_t cost;
	uint32_t results;
	struct isahp_features needs;
};

/**
 * ISAHP_VARIANT - initialiser of a variant
 * @name: for people; a string.
 * @fn: the code, of the operation's type.
 * @cost: relative time of a typical call.
 * @...: ISAHP_SET() of the features it uses, or ISAHP_SET_NONE.
 *
 * For ISAHP_OPERATION_DEFINE(), or an array of struct isahp_variant.
 */
#define ISAHP_VARIANT(name, fn, cost, ...)                                     \
	ISAHP_VARIANT_RESULTS(name, fn, cost, 0, __VA_ARGS__)

/**
 * ISAHP_VARIANT_RESULTS - initialiser of a variant whose results have a class
 * @name: for people; a string.
 * @fn: the code, of the operation's type.
 * @cost: relative time of a typical call.
 * @results: the same nonzero number in variants that return the same bits.
 * @...: ISAHP_SET() of the features it uses, or ISAHP_SET_NONE.
 */
#define ISAHP_VARIANT_RESULTS(name, fn, cost, results, ...)                    \
	{                                                                      \
		name, (isahp_fn)(fn), cost, results, __VA_ARGS__               \
	}

/**
 * struct isahp_descriptor - what an operation currently resolves to
 * @fn: the code to call.
 * @features: what it uses.
 * @variant: where it came from.
 * @priv: the library's.
 *
 * One for each variant, made when the operation is registered, immutable until
 * it is unregistered. For the inline read side.
 */
struct isahp_descriptor {
	isahp_fn fn;
	struct isahp_features features;
	const struct isahp_variant *variant;
	void *priv;
} __attribute__((aligned(64)));

/**
 * struct isahp_operation - a function as the application sees it
 * @current: the descriptor in force; read by isahp_enter() only.
 * @size: sizeof(struct isahp_operation).
 * @variant_size: sizeof(struct isahp_variant).
 * @name: for people; static.
 * @variants: @variant_count variants, static. At least one needs nothing.
 * @variant_count: their number.
 * @flags: ISAHP_OPERATION_*.
 * @priv: the library's.
 *
 * Made by ISAHP_OPERATION_DEFINE(), by isahp_operation_create(), or from
 * ISAHP_OPERATION_INIT() and given to isahp_operation_register(). The two sizes
 * are those of the headers it was compiled with: a newer library reads no
 * further. To an older one what it does not know has to be zero.
 */
struct isahp_operation {
	struct isahp_descriptor *current;
	uint32_t size;
	uint32_t variant_size;
	const char *name;
	const struct isahp_variant *variants;
	uint32_t variant_count;
	uint32_t flags;
	void *priv;
};

/**
 * ISAHP_OPERATION_INIT - initialiser of an operation that is made by hand
 * @name: for people; static.
 * @variants: array of struct isahp_variant, static.
 * @count: how many.
 * @flags: ISAHP_OPERATION_*.
 *
 * To be given to isahp_operation_register().
 */
#define ISAHP_OPERATION_INIT(name, variants, count, flags)                     \
	{                                                                      \
		NULL, sizeof(struct isahp_operation),                          \
			sizeof(struct isahp_variant), name, variants, count,   \
			flags, NULL                                            \
	}

/**
 * isahp_operation_at - one of an operation's variants
 * @op: with @size, @variants and @variant_size set.
 * @i: its number, smaller than @op->variant_count.
 */
static inline const struct isahp_variant *
isahp_operation_at(const struct isahp_operation *op, size_t i)
{
	const void *at = (const char *)op->variants + i * op->variant_size;

	return (const struct isahp_variant *)at;
}

/* Calls go on to return the same bits, or features do not leave; see below. */
#define ISAHP_OPERATION_SAME_BITS (1u << 0)

/*
 * Numerical reproducibility. Two variants of one operation may add in another
 * order or round in other places, so that a swap changes the last bits of
 * results. By default a swap may do that, between any two calls and never
 * within one. An operation with ISAHP_OPERATION_SAME_BITS is bound to a class of
 * results: to all variants with the nonzero @results of the one that it is on,
 * or to that one alone where @results is 0. It is bound by isahp_start(), or by
 * its registration if that comes later; after isahp_start() alone this is what
 * the source allowed then, so register first. From then on it moves within its
 * class, also where another class would be faster, and a removal that leaves
 * nothing of its class is vetoed (NAK; isahp_status() names the operation).
 *
 * What nobody asks for can not be refused. When features are gone already (a
 * COMMIT in spite of the veto, a move that was not announced), when the source
 * is lost while they leave, and in a fork's child until it follows again, the
 * operation leaves its class rather than run what is not there; it returns to it
 * as soon as it can. isahp_status.results_changed counts each such step.
 * isahp_stop() leaves it where it is, and then does not say goodbye: the host
 * sees a process that does not follow, and takes nothing away from it.
 *
 * A class is a promise of whoever wrote the variants. The library checks none.
 */

/**
 * isahp_operation_register - make an operation callable
 * @op: stays the caller's memory, and must stay until it is unregistered.
 *
 * -EINVAL: no name, no variants, none that needs nothing, an unknown flag, or a
 * size too small; -E2BIG: it says something that this library is too old for;
 * -EEXIST: is registered; -ENOMEM.
 */
ISAHP_API int isahp_operation_register(struct isahp_operation *op);

/**
 * isahp_operation_unregister - take it back
 * @op: registered.
 *
 * Calls from now on take the first variant that needs nothing. Waits up to a
 * second until no thread is inside another one.
 *
 * -ENOENT: not registered; -EINVAL: created; -EBUSY: threads are still inside:
 * the operation is unregistered, but its code must not be unmapped; -EDEADLK:
 * called from inside a region of it. After these two it may be called again, to
 * wait on.
 */
ISAHP_API int isahp_operation_unregister(struct isahp_operation *op);

/**
 * struct isahp_operation_spec - an operation to be created
 * @size: sizeof(struct isahp_operation_spec).
 * @variant_size: sizeof(struct isahp_variant).
 * @name: for people.
 * @variants: @variant_count variants. At least one needs nothing.
 * @variant_count: their number.
 * @flags: ISAHP_OPERATION_*.
 */
struct isahp_operation_spec {
	uint32_t size;
	uint32_t variant_size;
	const char *name;
	const struct isahp_variant *variants;
	uint32_t variant_count;
	uint32_t flags;
};

/**
 * isahp_operation_create - an operation that is not known at compile time
 * @spec: all of it is copied, but for the code.
 * @ret_op: registered; for isahp_enter() and all else that takes one. Ends with
 *	isahp_operation_destroy(), and with nothing else.
 *
 * As isahp_operation_register().
 */
ISAHP_API int isahp_operation_create(const struct isahp_operation_spec *spec,
				     struct isahp_operation **ret_op);

/**
 * isahp_operation_destroy - take it back and free it
 * @op: created; nobody may be about to call it, or ask anything about it.
 *
 * As isahp_operation_unregister(); -EINVAL: registered, but not created. After
 * an error it is not freed, and this may be called again.
 */
ISAHP_API int isahp_operation_destroy(struct isahp_operation *op);

/**
 * isahp_probe - one call of a variant, on operands as the application's are
 * @fn: to be called once; cast it to its real type.
 * @arg: as given to isahp_operation_measure().
 *
 * Has to return, and may not give the operation back.
 */
typedef void (*isahp_probe)(isahp_fn fn, void *arg);

/**
 * isahp_operation_measure - time the variants here and now, and choose by that
 * @op: registered.
 * @probe: makes the calls, in this thread.
 * @arg: for it.
 *
 * Times every variant that is usable now, in turns, for some milliseconds each,
 * and takes the best of several batches. From then on the choice is by these
 * costs; variants that are not usable now keep their place relative to the
 * others as given. Replaces what was measured before. What ISAHP_FORCE names,
 * and ISAHP_OPERATION_SAME_BITS, stand. Not in signal handlers.
 *
 * -EINVAL; -ENOENT: not registered (any more); -EBUSY: it is being measured;
 * -EAGAIN: features are leaving, all is as before: again later; -ENOMEM.
 */
ISAHP_API int isahp_operation_measure(struct isahp_operation *op,
				      isahp_probe probe, void *arg);

/**
 * isahp_operation_cost - by which a variant is chosen
 * @op: registered.
 * @i: number of the variant.
 *
 * Return: as given, or in picoseconds after isahp_operation_measure(). -ENOENT:
 * not registered; -EINVAL: no such variant.
 */
ISAHP_API int64_t isahp_operation_cost(const struct isahp_operation *op, size_t i);

/**
 * isahp_operation_variant - the variant that a call would take now
 * @op: registered.
 *
 * Return: pointer into @op->variants, NULL when not registered. Out of date as
 * soon as it is returned: for display.
 */
ISAHP_API const struct isahp_variant *
isahp_operation_variant(const struct isahp_operation *op);

/* --- read side ------------------------------------------------------------ */

/* In the middle, since it needs what is above. */
#ifdef __cplusplus
}
#endif
#include <isahp/region.h>
#ifdef __cplusplus
extern "C" {
#endif

/**
 * ISAHP_OPERATION_DEFINE - an operation that exists from program start
 * @op: name as in ISAHP_OPERATION_DECLARE().
 * @...: ISAHP_VARIANT()s.
 *
 * Registered by a constructor, unregistered by a destructor, of the program or
 * shared object it stands in. Registration can not fail for want of anything
 * but memory; calls then take the first variant that needs nothing, as they do
 * before the constructor and after the destructor has run. An ELF note tells
 * `isahp show` and `isahp check` of it: <isahp/note.h>.
 */
#define ISAHP_OPERATION_DEFINE(op, ...)                                        \
	ISAHP_OPERATION_DEFINE_FLAGS(op, 0, __VA_ARGS__)

/**
 * ISAHP_OPERATION_DEFINE_FLAGS - ISAHP_OPERATION_DEFINE() with flags
 * @op: name as in ISAHP_OPERATION_DECLARE().
 * @flags: ISAHP_OPERATION_SAME_BITS: calls go on to return the same bits.
 * @...: ISAHP_VARIANT()s.
 *
 * What the flag promises, and what it can not, is in isahp(7).
 */
#define ISAHP_OPERATION_DEFINE_FLAGS(op, flags, ...)                           \
	static const struct isahp_variant op##_variants_[] = { __VA_ARGS__ };  \
	struct isahp_operation op##_operation = ISAHP_OPERATION_INIT(          \
		#op, op##_variants_,                                           \
		sizeof(op##_variants_) / sizeof(op##_variants_[0]), flags);    \
	static void ISAHP_AT_START_ op##_register_(void)                       \
	{                                                                      \
		ISAHP_NOTE_RECORD_(op, op##_variants_, flags);                 \
		(void)isahp_operation_register(&op##_operation);               \
	}                                                                      \
	static void ISAHP_AT_END_ op##_unregister_(void)                       \
	{                                                                      \
		(void)isahp_operation_unregister(&op##_operation);             \
	}                                                                      \
	extern struct isahp_operation op##_operation

/* --- events ---------------------------------------------------------------- */

/** enum isahp_source - where the library hears of events */
enum isahp_source {
	ISAHP_SOURCE_CPU = 0,	   /* nowhere: CPUID at start, a plain dispatcher */
	ISAHP_SOURCE_DEVICE = 1,   /* /dev/isahp: the guest's kernel module */
	ISAHP_SOURCE_LOOPBACK = 2, /* isahpd's loopback socket */
};

#define ISAHP_START_NO_THREAD (1u << 0)

/**
 * struct isahp_options - how to follow events
 * @size: sizeof(struct isahp_options).
 * @flags: ISAHP_START_NO_THREAD: the application calls isahp_dispatch() itself.
 * @device: path of the device; NULL: $ISAHP_DEVICE or /dev/isahp; "": none.
 * @loopback: path of a loopback socket; NULL: $ISAHP_LOOPBACK, else none.
 *
 * The loopback is tried first when one is named, then the device.
 */
struct isahp_options {
	size_t size;
	uint32_t flags;
	const char *device;
	const char *loopback;
};

/**
 * isahp_start - begin to follow events
 * @options: NULL for the defaults.
 *
 * Without it the library is a plain dispatcher over CPUID. Neither device nor
 * loopback being there is not an error; isahp_status() tells.
 *
 * -EALREADY: started; -EINVAL; -ENOMEM; -EAGAIN: no thread could be made; what
 * connecting to a named loopback or device returned.
 */
ISAHP_API int isahp_start(const struct isahp_options *options);

/**
 * isahp_stop - no longer follow events
 *
 * Leaves in order: says goodbye when no thread is inside a variant of its
 * interest, else the process becomes untracked. -EALREADY: not started.
 */
ISAHP_API int isahp_stop(void);

/**
 * isahp_fd - the descriptor to watch (POLLIN) for isahp_dispatch()
 *
 * -ENODEV: no source; -EINVAL: not started, or started with a thread.
 */
ISAHP_API int isahp_fd(void);

/**
 * isahp_dispatch - handle what has come
 * @timeout_ms: how long to wait for something: -1 for ever, 0 not at all.
 *
 * Drains leaving variants and acknowledges; callbacks run from here. May take
 * as long as the slowest thread inside a leaving variant, up to the deadline.
 *
 * Return: number of events handled, or a negative errno. -EDEADLK: called inside
 * a region; -EBUSY: inside a callback; -ENODEV: no source; -EINVAL: not started,
 * or started with a thread.
 */
ISAHP_API int isahp_dispatch(int timeout_ms);

/**
 * isahp_deadline - until when leaving variants have to be left
 *
 * For long work, beside isahp_poll(): how long it may still take. One load; also
 * in signal handlers.
 *
 * Return: CLOCK_MONOTONIC nanoseconds, also when that has passed; 0 when nothing
 * is leaving or all has been left.
 */
ISAHP_API uint64_t isahp_deadline(void);

/** enum isahp_callback_kind - why a callback runs */
enum isahp_callback_kind {
	/* Features are about to leave. A negative errno vetoes: NAK. */
	ISAHP_CALLBACK_LEAVING = 1,
	/* Operations are on their new variants. */
	ISAHP_CALLBACK_CHANGED = 2,
	/* A LEAVING that this callback agreed to was vetoed or called off. */
	ISAHP_CALLBACK_RESTORED = 3,
	/*
	 * The deadline has come, and threads are inside leaving variants:
	 * isahp_late() names them. They are waited for on.
	 */
	ISAHP_CALLBACK_LATE = 4,
};

/**
 * struct isahp_change - what a callback is told
 * @size: bytes of it that the library has filled in.
 * @kind: enum isahp_callback_kind.
 * @before: usable features before,
 * @after: and after the change.
 * @deadline_ns: as isahp_deadline().
 * @priv: the library's.
 *
 * The events that call for it may change while callbacks run; between two of
 * them the library looks. When a LEAVING is overtaken, by its ABORT or by a
 * PREPARE of other features, nobody else is asked about it. Who has agreed is
 * told RESTORED, or asked about the new one, or told CHANGED: each LEAVING that
 * was agreed to is followed by one of these, unless isahp_stop() comes first.
 */
struct isahp_change {
	uint32_t size;
	uint32_t kind;
	struct isahp_features before;
	struct isahp_features after;
	uint64_t deadline_ns;
	void *priv;
};

#define ISAHP_REASON_SIZE 128

/**
 * isahp_veto - for a callback to say why it vetoes
 * @change: what it was told, kind ISAHP_CALLBACK_LEAVING.
 * @error: negative errno; anything else counts as -EPERM.
 * @reason: for people, kept up to ISAHP_REASON_SIZE - 1 bytes. NULL: none.
 *
 * To be called in the return statement:
 *
 *	return isahp_veto(change, -EBUSY, "a checkpoint is being written");
 *
 * Return: what the callback is to return.
 */
ISAHP_API int isahp_veto(const struct isahp_change *change, int error,
			 const char *reason);

typedef int (*isahp_callback)(const struct isahp_change *change, void *arg);

/**
 * isahp_callback_add - be told of changes
 * @fn: called by the dispatching thread, outside of any operation, region or
 *	read-side section of the library; may call, make and give back operations.
 * @arg: passed on.
 * @priority: lower ones are called first on LEAVING, last otherwise.
 *
 * -EINVAL; -ENOMEM.
 */
ISAHP_API int isahp_callback_add(isahp_callback fn, void *arg, int priority);

/**
 * isahp_callback_remove - be told no longer
 * @fn: as added,
 * @arg: with this.
 *
 * After it returns the callback is not running and will not run, unless it is
 * called from within it. -ENOENT.
 */
ISAHP_API int isahp_callback_remove(isahp_callback fn, void *arg);

/**
 * struct isahp_late - a thread that a removal waits for
 * @tid: as gettid() returned there. 0: a thread that the library has no record
 *	of; of a fiber that has moved: the thread that entered.
 * @reserved: zero.
 * @ns: for how long there has been something to wait for.
 * @operation: what it is inside of, cut short where need be. "": unknown, since
 *	more regions are open than are told apart, or taken back meanwhile.
 * @variant: the same.
 */
struct isahp_late {
	int32_t tid;
	uint32_t reserved;
	uint64_t ns;
	char operation[64];
	char variant[32];
};

/**
 * isahp_late - which threads are still inside variants that are to be left?
 * @list: gets up to @count of them. NULL: with @count 0, to know how many.
 * @count: its length.
 * @size: sizeof(struct isahp_late).
 *
 * At any time, also in callbacks; meant for ISAHP_CALLBACK_LATE. A thread is
 * named once for each such region that it has open. With ISAHP_GP=urcu others
 * may hold up a removal too, which are not named.
 *
 * Return: how many there are; 0 when no removal waits. -EINVAL.
 */
ISAHP_API int isahp_late(struct isahp_late *list, size_t count, size_t size);

/**
 * struct isahp_status - how things stand
 * @size: sizeof(struct isahp_status), set by the caller.
 * @source: enum isahp_source.
 * @usable: features that operations may use.
 * @interest: what the registered variants need.
 * @events: that were received.
 * @swaps: times that an operation's variant changed since the start.
 * @acks: removals that were acknowledged,
 * @naks: and those that were refused.
 * @results_changed: times that an operation with ISAHP_OPERATION_SAME_BITS had to
 *	leave or could return to its class of results.
 * @veto: negative errno behind the last NAK: a callback's; -EPERM for an
 *	operation that is bound to its results; what kept the library from knowing
 *	where threads are, as a refused membarrier does.
 * @reason: for people, behind the last NAK.
 * @error: negative errno that ended following, else 0: the library stays on
 *	what was usable then, without what was leaving.
 */
struct isahp_status {
	size_t size;
	uint32_t source;
	int32_t error;
	struct isahp_features usable;
	struct isahp_features interest;
	uint64_t events;
	uint64_t swaps;
	uint64_t acks;
	uint64_t naks;
	uint64_t results_changed;
	int32_t veto;
	uint32_t reserved;
	char reason[ISAHP_REASON_SIZE];
};

/**
 * isahp_status - ask how things stand
 * @ret_status: @size set, the rest filled in up to it.
 *
 * -EINVAL: size too small to hold anything.
 */
ISAHP_API int isahp_status(struct isahp_status *ret_status);

#ifdef __cplusplus
}
#endif

#if !ISAHP_SWAPS_
#include <isahp/plain.h>
#endif

#endif /* ISAHP_ISAHP_H */
