// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* What AVX-512 alone has. SDM vol. 2 under each mnemonic. */
#include "lanes_float_operation.h"

BOTH(vscalef, isahp_f32_scale(fp, a->d[i], b->d[i]),
     isahp_f64_scale(fp, a->q[i], b->q[i]))
BOTH(vgetexp, isahp_f32_exponent(fp, b->d[i]), isahp_f64_exponent(fp, b->q[i]))
BOTH(vgetmant, isahp_f32_mantissa(fp, b->d[i], l->imm),
     isahp_f64_mantissa(fp, b->q[i], l->imm))
BOTH(vrange, isahp_f32_range(fp, a->d[i], b->d[i], l->imm),
     isahp_f64_range(fp, a->q[i], b->q[i], l->imm))
BOTH(vfixupimm, isahp_f32_fixup(fp, a->d[i], b->d[i], c->d[i], l->imm),
     isahp_f64_fixup(fp, a->q[i], b->q[i], c->q[i], l->imm))

#define REDUCE(F, field) \
	isahp_f##F##_reduce(fp, b->field[i], immediate_rounding(l), l->imm >> 4, \
			    !(l->imm & 8))

BOTH(vreduce, REDUCE(32, d), REDUCE(64, q))

#define CLASSIFY(name, field, F) \
	OPERATION(name) \
	{ \
		__u64 bits = 0; \
		unsigned int i; \
\
		FOR_ACTIVE(l, i, l->bytes * 8u / F) \
			bits |= (__u64)isahp_f##F##_is_class( \
				l->fp, b->field[i], l->imm) << i; \
		ret->q[0] = bits; \
	}

CLASSIFY(vfpclassps, d, 32)
CLASSIFY(vfpclasspd, q, 64)
