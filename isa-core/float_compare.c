// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "float_parts.h"

/* For numbers and infinities: an integer of the same order. */
static __always_inline __s64 rank(const int F, __u64 a)
{
	__s64 size = without_sign(F, a);

	return sign_of(F, a) ? -size : size;
}

_Static_assert(ISAHP_ORDER_EQUAL == 0 && ISAHP_ORDER_LESS == 1 &&
	       ISAHP_ORDER_GREATER == 2, "so that order() needs no branch");

static __always_inline enum isahp_order order(const int F, __u64 a, __u64 b)
{
	__s64 x = rank(F, a), y = rank(F, b);

	return (x != y) + (x > y);
}

static __always_inline enum isahp_order compare(struct isahp_fp *fp, const int F,
						__u64 a, __u64 b, bool signals)
{
	if (RARELY(is_nan(F, a) || is_nan(F, b))) {
		if (signals || (is_nan(F, a) && !(a & QUIET_BIT(F))) ||
		    (is_nan(F, b) && !(b & QUIET_BIT(F))))
			fp->flags |= ISAHP_FP_IE;
		return ISAHP_ORDER_NONE;
	}
	if (RARELY(is_denormal(F, a) || is_denormal(F, b))) {
		a = flush_operand(fp, F, a);
		b = flush_operand(fp, F, b);
		note_denormal(fp, F, a);
		note_denormal(fp, F, b);
	}
	return order(F, a, b);
}

/* SDM vol. 2, MINPD: the second source unless the first is truly on this side. */
static __always_inline __u64 choose(struct isahp_fp *fp, const int F, __u64 a,
				    __u64 b, enum isahp_order first)
{
	__u64 take = -(__u64)(compare(fp, F, a, b, true) == first);

	return flush_operand(fp, F, b ^ ((a ^ b) & take));
}

#define DEFINE(F, type)								\
enum isahp_order isahp_f##F##_compare(struct isahp_fp *fp, type a, type b,	\
				      bool signals)				\
{										\
	return compare(fp, F, a, b, signals);					\
}										\
type isahp_f##F##_min(struct isahp_fp *fp, type a, type b)			\
{										\
	return choose(fp, F, a, b, ISAHP_ORDER_LESS);				\
}										\
type isahp_f##F##_max(struct isahp_fp *fp, type a, type b)			\
{										\
	return choose(fp, F, a, b, ISAHP_ORDER_GREATER);			\
}

DEFINE(32, __u32)
DEFINE(64, __u64)
