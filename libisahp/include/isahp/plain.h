/* SPDX-License-Identifier: MIT */
/*
 * A plain dispatcher: what <isahp/isahp.h> is where there is nothing to follow,
 * on other architectures and systems, and with ISAHP_PLAIN defined. Part of it.
 *
 * No library is linked. An operation is on its cheapest variant that needs
 * nothing, for good; regions cost nothing. isahp_operation_measure() has nothing
 * to choose between and returns -EOPNOTSUPP; isahp_fd() and isahp_dispatch()
 * return -ENODEV; callbacks are never called. The rest is as described there.
 */
#ifndef ISAHP_PLAIN_H
#define ISAHP_PLAIN_H

#ifndef ISAHP_ISAHP_H
#include <isahp/isahp.h>
#endif

#if !ISAHP_SWAPS_

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Registered: @priv is the variant. Created: @current is the operation's own. */
ISAHP_INLINE_ int isahp_plain_register_(struct isahp_operation *op)
{
	const struct isahp_variant *best = NULL, *v;
	size_t i;

	if (!op || !op->name || !op->variants ||
	    op->size < sizeof(struct isahp_operation) ||
	    op->variant_size < sizeof(struct isahp_variant) ||
	    (op->flags & ~ISAHP_OPERATION_SAME_BITS))
		return -EINVAL;
	for (i = 0; i < op->variant_count; i++) {
		v = isahp_operation_at(op, i);
		if (isahp_plain_runs_(v) && (!best || v->cost < best->cost))
			best = v;
	}
	if (!best)
		return -EINVAL;
	if (__atomic_load_n(&op->priv, __ATOMIC_RELAXED))
		return -EEXIST;
	__atomic_store_n(&op->priv, (void *)best, __ATOMIC_RELEASE);
	return 0;
}

ISAHP_API int isahp_operation_register(struct isahp_operation *op)
{
	return isahp_plain_register_(op);
}

ISAHP_API int isahp_operation_unregister(struct isahp_operation *op)
{
	if (!op || !__atomic_load_n(&op->priv, __ATOMIC_RELAXED))
		return -ENOENT;
	if (op->current)
		return -EINVAL;
	__atomic_store_n(&op->priv, (void *)NULL, __ATOMIC_RELEASE);
	return 0;
}

/* One block: the operation, its variants, and all names. */
ISAHP_INLINE_ int isahp_plain_copy_(const struct isahp_operation *from,
				    struct isahp_operation **ret_op)
{
	size_t i, names = strlen(from->name) + 1;
	struct isahp_operation *op;
	struct isahp_variant *to;
	const char *name;
	char *text;

	for (i = 0; i < from->variant_count; i++) {
		name = isahp_operation_at(from, i)->name;
		names += name ? strlen(name) + 1 : 0;
	}
	op = (struct isahp_operation *)calloc(
		1, sizeof(*op) + from->variant_count * sizeof(*to) + names);
	if (!op)
		return -ENOMEM;
	to = (struct isahp_variant *)(void *)(op + 1);
	text = (char *)(to + from->variant_count);
	*op = *from;
	op->variants = to;
	op->variant_size = sizeof(*to);
	op->current = (struct isahp_descriptor *)(void *)op;
	op->name = strcpy(text, from->name);
	text += strlen(text) + 1;
	for (i = 0; i < from->variant_count; i++) {
		to[i] = *isahp_operation_at(from, i);
		if (!to[i].name)
			continue;
		to[i].name = strcpy(text, to[i].name);
		text += strlen(text) + 1;
	}
	*ret_op = op;
	return 0;
}

ISAHP_API int isahp_operation_create(const struct isahp_operation_spec *spec,
				     struct isahp_operation **ret_op)
{
	struct isahp_operation from =
		ISAHP_OPERATION_INIT(NULL, NULL, 0, 0), *op;
	int rc;

	if (!spec || !ret_op || spec->size < sizeof(*spec))
		return -EINVAL;
	from.name = spec->name;
	from.variants = spec->variants;
	from.variant_count = spec->variant_count;
	from.variant_size = spec->variant_size;
	from.flags = spec->flags;
	rc = isahp_plain_register_(&from); /* is it one? */
	if (rc)
		return rc;
	from.priv = NULL;
	rc = isahp_plain_copy_(&from, &op);
	if (rc)
		return rc;
	(void)isahp_plain_register_(op);
	*ret_op = op;
	return 0;
}

ISAHP_API int isahp_operation_destroy(struct isahp_operation *op)
{
	if (!op || !__atomic_load_n(&op->priv, __ATOMIC_RELAXED))
		return -ENOENT;
	if (!op->current)
		return -EINVAL;
	free(op);
	return 0;
}

ISAHP_API int isahp_operation_measure(struct isahp_operation *op,
				      isahp_probe probe, void *arg)
{
	(void)arg;
	if (!op || !probe)
		return -EINVAL;
	return __atomic_load_n(&op->priv, __ATOMIC_RELAXED) ? -EOPNOTSUPP : -ENOENT;
}

ISAHP_API int64_t isahp_operation_cost(const struct isahp_operation *op, size_t i)
{
	if (!op || !__atomic_load_n(&op->priv, __ATOMIC_RELAXED))
		return -ENOENT;
	return i < op->variant_count ? (int64_t)isahp_operation_at(op, i)->cost :
				       -EINVAL;
}

ISAHP_API const struct isahp_variant *
isahp_operation_variant(const struct isahp_operation *op)
{
	return op ? (const struct isahp_variant *)__atomic_load_n(
			    &op->priv, __ATOMIC_ACQUIRE) :
		    NULL;
}

ISAHP_API int isahp_start(const struct isahp_options *options)
{
	if (options && (options->size < sizeof(*options) ||
			(options->flags & ~ISAHP_START_NO_THREAD)))
		return -EINVAL;
	return 0;
}

ISAHP_API int isahp_stop(void)
{
	return 0;
}

ISAHP_API int isahp_fd(void)
{
	return -ENODEV;
}

ISAHP_API int isahp_dispatch(int timeout_ms)
{
	(void)timeout_ms;
	return -ENODEV;
}

ISAHP_API uint64_t isahp_deadline(void)
{
	return 0;
}

ISAHP_API int isahp_veto(const struct isahp_change *change, int error,
			 const char *reason)
{
	(void)change;
	(void)reason;
	return error < 0 ? error : -EPERM;
}

ISAHP_API int isahp_callback_add(isahp_callback fn, void *arg, int priority)
{
	(void)arg;
	(void)priority;
	return fn ? 0 : -EINVAL;
}

ISAHP_API int isahp_callback_remove(isahp_callback fn, void *arg)
{
	(void)arg;
	return fn ? 0 : -ENOENT;
}

ISAHP_API int isahp_late(struct isahp_late *list, size_t count, size_t size)
{
	if ((count && !list) || size < offsetof(struct isahp_late, operation))
		return -EINVAL;
	return 0;
}

/* All zero: ISAHP_SOURCE_CPU, no features, no events. */
ISAHP_API int isahp_status(struct isahp_status *ret_status)
{
	size_t size;

	if (!ret_status || ret_status->size < offsetof(struct isahp_status, usable))
		return -EINVAL;
	size = ret_status->size < sizeof(*ret_status) ? ret_status->size :
							sizeof(*ret_status);
	memset(ret_status, 0, size);
	ret_status->size = size;
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif /* !ISAHP_SWAPS_ */

#endif /* ISAHP_PLAIN_H */
