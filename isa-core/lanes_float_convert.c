// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Conversions, integral values and estimates. SDM vol. 2 under each mnemonic. */
#include "lanes_float_operation.h"

#define ROUND(F, scale, field) \
	isahp_f##F##_round(fp, b->field[i], immediate_rounding(l), scale, \
			   !(l->imm & 8))

BOTH(round, ROUND(32, 0, d), ROUND(64, 0, q))
BOTH(vrndscale, ROUND(32, l->imm >> 4, d), ROUND(64, l->imm >> 4, q))

CONVERT(cvtpd2ps, d, q, isahp_f64_to_f32)
CONVERT(cvtps2pd, q, d, isahp_f32_to_f64)
CONVERT(cvtph2ps, d, w, isahp_f16_to_f32)

#define TO_F16(fp, x) isahp_f32_to_f16(fp, x, immediate_rounding(l))
CONVERT(cvtps2ph, w, d, TO_F16)

/* --- from integers ------------------------------------------------------- */

#define S32_TO_F32(fp, x) isahp_f32_from_integer(fp, (__s32)(x), true)
#define S32_TO_F64(fp, x) isahp_f64_from_integer(fp, (__s32)(x), true)
#define S64_TO_F32(fp, x) isahp_f32_from_integer(fp, x, true)
#define S64_TO_F64(fp, x) isahp_f64_from_integer(fp, x, true)
#define U_TO_F32(fp, x) isahp_f32_from_integer(fp, x, false)
#define U_TO_F64(fp, x) isahp_f64_from_integer(fp, x, false)

CONVERT(cvtdq2ps, d, d, S32_TO_F32)
CONVERT(cvtdq2pd, q, d, S32_TO_F64)
CONVERT(vcvtqq2ps, d, q, S64_TO_F32)
CONVERT(vcvtqq2pd, q, q, S64_TO_F64)
CONVERT(vcvtudq2ps, d, d, U_TO_F32)
CONVERT(vcvtudq2pd, q, d, U_TO_F64)
CONVERT(vcvtuqq2ps, d, q, U_TO_F32)
CONVERT(vcvtuqq2pd, q, q, U_TO_F64)

OPERATION(cvtsi2ss)
{
	ret->d[0] = isahp_f32_from_integer(l->fp, l->bytes == 8 ? b->q[0] :
					   (__u64)(__s32)b->d[0], true);
}

OPERATION(cvtsi2sd)
{
	ret->q[0] = isahp_f64_from_integer(l->fp, l->bytes == 8 ? b->q[0] :
					   (__u64)(__s32)b->d[0], true);
}

OPERATION(vcvtusi2ss)
{
	ret->d[0] = isahp_f32_from_integer(l->fp, l->bytes == 8 ? b->q[0] : b->d[0],
					   false);
}

OPERATION(vcvtusi2sd)
{
	ret->q[0] = isahp_f64_from_integer(l->fp, l->bytes == 8 ? b->q[0] : b->d[0],
					   false);
}

/* --- to integers --------------------------------------------------------- */

#define TO_INTEGERS(prefix, rounding) \
	CONVERT(prefix##ps2dq, d, d, F32_TO_S32_##rounding) \
	CONVERT(prefix##pd2dq, d, q, F64_TO_S32_##rounding) \
	CONVERT(v##prefix##ps2qq, q, d, F32_TO_S64_##rounding) \
	CONVERT(v##prefix##pd2qq, q, q, F64_TO_S64_##rounding) \
	CONVERT(v##prefix##ps2udq, d, d, F32_TO_U32_##rounding) \
	CONVERT(v##prefix##pd2udq, d, q, F64_TO_U32_##rounding) \
	CONVERT(v##prefix##ps2uqq, q, d, F32_TO_U64_##rounding) \
	CONVERT(v##prefix##pd2uqq, q, q, F64_TO_U64_##rounding)

#define F32_TO_S32_ROUNDED(fp, x) isahp_f32_to_integer(fp, x, 32, true, fp->rounding)
#define F64_TO_S32_ROUNDED(fp, x) isahp_f64_to_integer(fp, x, 32, true, fp->rounding)
#define F32_TO_S64_ROUNDED(fp, x) isahp_f32_to_integer(fp, x, 64, true, fp->rounding)
#define F64_TO_S64_ROUNDED(fp, x) isahp_f64_to_integer(fp, x, 64, true, fp->rounding)
#define F32_TO_U32_ROUNDED(fp, x) isahp_f32_to_integer(fp, x, 32, false, fp->rounding)
#define F64_TO_U32_ROUNDED(fp, x) isahp_f64_to_integer(fp, x, 32, false, fp->rounding)
#define F32_TO_U64_ROUNDED(fp, x) isahp_f32_to_integer(fp, x, 64, false, fp->rounding)
#define F64_TO_U64_ROUNDED(fp, x) isahp_f64_to_integer(fp, x, 64, false, fp->rounding)
TO_INTEGERS(cvt, ROUNDED)

#define TRUNCATE(F, fp, x, bits, is_signed) \
	isahp_f##F##_to_integer(fp, x, bits, is_signed, ISAHP_ROUND_ZERO)
#define F32_TO_S32_TRUNCATED(fp, x) TRUNCATE(32, fp, x, 32, true)
#define F64_TO_S32_TRUNCATED(fp, x) TRUNCATE(64, fp, x, 32, true)
#define F32_TO_S64_TRUNCATED(fp, x) TRUNCATE(32, fp, x, 64, true)
#define F64_TO_S64_TRUNCATED(fp, x) TRUNCATE(64, fp, x, 64, true)
#define F32_TO_U32_TRUNCATED(fp, x) TRUNCATE(32, fp, x, 32, false)
#define F64_TO_U32_TRUNCATED(fp, x) TRUNCATE(64, fp, x, 32, false)
#define F32_TO_U64_TRUNCATED(fp, x) TRUNCATE(32, fp, x, 64, false)
#define F64_TO_U64_TRUNCATED(fp, x) TRUNCATE(64, fp, x, 64, false)
TO_INTEGERS(cvtt, TRUNCATED)

#define TO_REGISTER(name, F, field, is_signed, rounding) \
	OPERATION(name) \
	{ \
		ret->q[0] = isahp_f##F##_to_integer(l->fp, b->field[0], \
						    l->bytes == 8 ? 64 : 32, \
						    is_signed, rounding); \
	}

TO_REGISTER(cvtss2si, 32, d, true, l->fp->rounding)
TO_REGISTER(cvtsd2si, 64, q, true, l->fp->rounding)
TO_REGISTER(vcvtss2usi, 32, d, false, l->fp->rounding)
TO_REGISTER(vcvtsd2usi, 64, q, false, l->fp->rounding)
TO_REGISTER(cvttss2si, 32, d, true, ISAHP_ROUND_ZERO)
TO_REGISTER(cvttsd2si, 64, q, true, ISAHP_ROUND_ZERO)
TO_REGISTER(vcvttss2usi, 32, d, false, ISAHP_ROUND_ZERO)
TO_REGISTER(vcvttsd2usi, 64, q, false, ISAHP_ROUND_ZERO)

/* --- estimates ----------------------------------------------------------- */

ELEMENTS(rcpps, d, 32, isahp_f32_rcp(fp, b->d[i]))
ELEMENTS(rsqrtps, d, 32, isahp_f32_rsqrt(fp, b->d[i]))
BOTH(vrcp14, isahp_f32_rcp14(fp, b->d[i]), isahp_f64_rcp14(fp, b->q[i]))
BOTH(vrsqrt14, isahp_f32_rsqrt14(fp, b->d[i]), isahp_f64_rsqrt14(fp, b->q[i]))
