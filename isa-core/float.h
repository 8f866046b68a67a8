/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Floating point as SSE, AVX, FMA, F16C and AVX-512 compute it, by integers
 * alone: no floating-point or SIMD register is touched, no state is kept
 * anywhere but in the struct isahp_fp that is handed in.
 *
 * Values are their encodings: __u64 for binary64, __u32 for binary32, __u16 for
 * binary16. What is said here without a source is IEEE 754-2008; what x86 makes
 * of it is in the SDM, vol. 1, chapters 4.8, 4.9 and 11.5, and the APM, vol. 1,
 * chapter 4.10. Tininess is detected after rounding.
 */
#ifndef ISAHP_CORE_FLOAT_H
#define ISAHP_CORE_FLOAT_H

#include "env.h"

/* Exceptions, as their flags lie in MXCSR (SDM vol. 1, 10.2.3). */
#define ISAHP_FP_IE 0x01u	/* invalid operation */
#define ISAHP_FP_DE 0x02u	/* denormal operand */
#define ISAHP_FP_ZE 0x04u	/* division by zero */
#define ISAHP_FP_OE 0x08u	/* overflow */
#define ISAHP_FP_UE 0x10u	/* underflow */
#define ISAHP_FP_PE 0x20u	/* precision: the result is inexact */
#define ISAHP_FP_EXCEPTIONS 0x3fu
/* These are found before anything is computed. */
#define ISAHP_FP_EARLY (ISAHP_FP_IE | ISAHP_FP_DE | ISAHP_FP_ZE)

/* The rest of MXCSR. */
#define ISAHP_MXCSR_DAZ (1u << 6)
#define ISAHP_MXCSR_MASK_SHIFT 7
#define ISAHP_MXCSR_RC_SHIFT 13
#define ISAHP_MXCSR_FTZ (1u << 15)

/** enum isahp_rounding - as MXCSR.RC, EVEX.RC and ROUNDPS's immediate say it */
enum isahp_rounding {
	ISAHP_ROUND_NEAREST,	/* ties to even */
	ISAHP_ROUND_DOWN,
	ISAHP_ROUND_UP,
	ISAHP_ROUND_ZERO,
};

/**
 * struct isahp_fp - control and flags of one instruction
 * @rounding: enum isahp_rounding.
 * @masked: exceptions that are answered by a default result, ISAHP_FP_*.
 * @flags: exceptions that were raised; functions only ever add to them.
 * @settled: those of steps that are over; isahp_fp_step().
 * @daz: denormal operands are zeros.
 * @ftz: tiny results are zeros, where underflow is masked.
 *
 * A function gives the result of the masked exception in any case. What an
 * unmasked one does to the instruction is isahp_fp_end()'s affair.
 */
struct isahp_fp {
	__u8 rounding;
	__u8 masked;
	__u8 flags;
	__u8 settled;
	bool daz;
	bool ftz;
};

/**
 * isahp_fp_begin - what an instruction is to compute by
 * @mxcsr: the thread's.
 *
 * Return: with no flag raised.
 */
static inline struct isahp_fp isahp_fp_begin(__u32 mxcsr)
{
	return (struct isahp_fp){
		.rounding = mxcsr >> ISAHP_MXCSR_RC_SHIFT & 3,
		.masked = mxcsr >> ISAHP_MXCSR_MASK_SHIFT & ISAHP_FP_EXCEPTIONS,
		.daz = mxcsr & ISAHP_MXCSR_DAZ,
		.ftz = mxcsr & ISAHP_MXCSR_FTZ,
	};
}

/**
 * isahp_fp_suppress - as for {sae} and {er}
 * @rounding: enum isahp_rounding.
 *
 * All exceptions are masked; who asks for this drops the flags (SDM vol. 2,
 * 2.7.8: embedded rounding implies SAE). DAZ and FTZ stay as they are.
 *
 * @fp: changed.
 */
void isahp_fp_suppress(struct isahp_fp *fp, unsigned int rounding);

/**
 * isahp_fp_step - between the steps of an instruction that has several (DPPS)
 * @fp: what was raised so far stays raised, whatever comes.
 *
 * Return: false: there is an unmasked exception; the next step does not happen.
 */
bool isahp_fp_step(struct isahp_fp *fp);

/**
 * isahp_fp_end - the instruction's last step
 * @fp: what all its elements have raised.
 * @mxcsr: the thread's; flags are added.
 *
 * Where an early exception is unmasked, the CPU computes nothing, and so no
 * flag of the late ones is set in this step (SDM vol. 1, 11.5.3.2).
 *
 * Return: true: nothing but MXCSR may be written, the instruction ends in #XM.
 */
bool isahp_fp_end(const struct isahp_fp *fp, __u32 *mxcsr);

/** enum isahp_order - how two values compare, as CMPPS counts it */
enum isahp_order {
	ISAHP_ORDER_EQUAL,
	ISAHP_ORDER_LESS,
	ISAHP_ORDER_GREATER,
	ISAHP_ORDER_NONE,	/* one is a NaN */
};

/* What FNMADD, FMSUB and FNMSUB negate. */
#define ISAHP_FMA_NEGATE_PRODUCT 1u
#define ISAHP_FMA_NEGATE_ADDEND 2u

/**
 * isahp_f64_add - @a + @b
 * @fp: control and flags.
 * @a: first source. If it is a NaN, it is the result, quieted.
 * @b: second source; the NaN that comes next.
 */
__u64 isahp_f64_add(struct isahp_fp *fp, __u64 a, __u64 b);
/** isahp_f32_add - the same */
__u32 isahp_f32_add(struct isahp_fp *fp, __u32 a, __u32 b);
/** isahp_f64_sub - @a - @b; @b's sign is not changed where it is a NaN */
__u64 isahp_f64_sub(struct isahp_fp *fp, __u64 a, __u64 b);
/** isahp_f32_sub - the same */
__u32 isahp_f32_sub(struct isahp_fp *fp, __u32 a, __u32 b);
/** isahp_f64_mul - @a * @b */
__u64 isahp_f64_mul(struct isahp_fp *fp, __u64 a, __u64 b);
/** isahp_f32_mul - the same */
__u32 isahp_f32_mul(struct isahp_fp *fp, __u32 a, __u32 b);
/** isahp_f64_div - @a / @b */
__u64 isahp_f64_div(struct isahp_fp *fp, __u64 a, __u64 b);
/** isahp_f32_div - the same */
__u32 isahp_f32_div(struct isahp_fp *fp, __u32 a, __u32 b);
/** isahp_f64_sqrt - the square root of @a */
__u64 isahp_f64_sqrt(struct isahp_fp *fp, __u64 a);
/** isahp_f32_sqrt - the same */
__u32 isahp_f32_sqrt(struct isahp_fp *fp, __u32 a);

/**
 * isahp_f64_fma - @x * @y + @z, rounded once
 * @fp: control and flags.
 * @x: a factor; if it is a NaN, it is the result.
 * @y: a factor; the NaN that comes next.
 * @z: the addend; the last.
 * @negate: ISAHP_FMA_NEGATE_*. A NaN keeps its sign.
 */
__u64 isahp_f64_fma(struct isahp_fp *fp, __u64 x, __u64 y, __u64 z,
		    unsigned int negate);
/** isahp_f32_fma - the same */
__u32 isahp_f32_fma(struct isahp_fp *fp, __u32 x, __u32 y, __u32 z,
		    unsigned int negate);

/**
 * isahp_f64_min - MINPD's minimum, which is no IEEE operation
 * @fp: control and flags.
 * @a: first source.
 * @b: second source: the result if one is a NaN, or both are zeros.
 */
__u64 isahp_f64_min(struct isahp_fp *fp, __u64 a, __u64 b);
/** isahp_f32_min - the same */
__u32 isahp_f32_min(struct isahp_fp *fp, __u32 a, __u32 b);
/** isahp_f64_max - the same the other way round */
__u64 isahp_f64_max(struct isahp_fp *fp, __u64 a, __u64 b);
/** isahp_f32_max - the same */
__u32 isahp_f32_max(struct isahp_fp *fp, __u32 a, __u32 b);

/**
 * isahp_f64_compare - compare
 * @fp: control and flags.
 * @a: first source.
 * @b: second source.
 * @signals: a quiet NaN is invalid too (COMISD, CMPPD's LT and the like).
 */
enum isahp_order isahp_f64_compare(struct isahp_fp *fp, __u64 a, __u64 b,
				   bool signals);
/** isahp_f32_compare - the same */
enum isahp_order isahp_f32_compare(struct isahp_fp *fp, __u32 a, __u32 b,
				   bool signals);

/**
 * isahp_f64_round - to a multiple of 2^-@scale
 * @fp: control and flags.
 * @a: what to round.
 * @rounding: enum isahp_rounding.
 * @scale: 0 to 15; 0 for ROUNDPD, VRNDSCALEPD's other than that.
 * @exact: raise PE where the result is not @a.
 */
__u64 isahp_f64_round(struct isahp_fp *fp, __u64 a, unsigned int rounding,
		      unsigned int scale, bool exact);
/** isahp_f32_round - the same */
__u32 isahp_f32_round(struct isahp_fp *fp, __u32 a, unsigned int rounding,
		      unsigned int scale, bool exact);

/**
 * isahp_f64_to_integer - CVTPD2DQ, CVTTSD2SI, VCVTPD2UQQ and all their like
 * @fp: control and flags.
 * @a: what to convert.
 * @bits: of the integer, 32 or 64.
 * @is_signed: or not.
 * @rounding: enum isahp_rounding; by zero for CVTT.
 *
 * Return: the integer, in the lower @bits; what is out of its range is invalid
 * and gives 1 << (@bits - 1), all ones for the unsigned (SDM vol. 2, CVTPD2DQ and
 * VCVTPD2UDQ).
 */
__u64 isahp_f64_to_integer(struct isahp_fp *fp, __u64 a, unsigned int bits,
			   bool is_signed, unsigned int rounding);
/** isahp_f32_to_integer - the same */
__u64 isahp_f32_to_integer(struct isahp_fp *fp, __u32 a, unsigned int bits,
			   bool is_signed, unsigned int rounding);

/**
 * isahp_f64_from_integer - CVTDQ2PD, CVTSI2SD, VCVTUQQ2PD
 * @fp: control and flags.
 * @a: what to convert, extended to 64 bits.
 * @is_signed: or not.
 */
__u64 isahp_f64_from_integer(struct isahp_fp *fp, __u64 a, bool is_signed);
/** isahp_f32_from_integer - the same */
__u32 isahp_f32_from_integer(struct isahp_fp *fp, __u64 a, bool is_signed);

/** isahp_f64_to_f32 - CVTPD2PS; a NaN keeps the upper bits of its payload */
__u32 isahp_f64_to_f32(struct isahp_fp *fp, __u64 a);
/** isahp_f32_to_f64 - CVTPS2PD */
__u64 isahp_f32_to_f64(struct isahp_fp *fp, __u32 a);

/**
 * isahp_f32_to_f16 - VCVTPS2PH
 * @fp: control and flags; FTZ is not heeded (SDM vol. 2, VCVTPS2PH).
 * @a: what to convert.
 * @rounding: enum isahp_rounding.
 */
__u16 isahp_f32_to_f16(struct isahp_fp *fp, __u32 a, unsigned int rounding);

/** isahp_f16_to_f32 - VCVTPH2PS; neither DAZ nor a denormal operand counts */
__u32 isahp_f16_to_f32(struct isahp_fp *fp, __u16 a);

/**
 * isahp_f32_rcp - RCPPS: 1 / @a, with a relative error below 2^-16
 * @fp: not looked at: exceptions are not raised, and MXCSR does not count.
 * @a: denormals are zeros, and so are results that would be.
 *
 * 1.5 * 2^-12 is promised (SDM vol. 2, RCPPS), and implementations differ within
 * that. This one is exact for powers of two.
 */
__u32 isahp_f32_rcp(const struct isahp_fp *fp, __u32 a);
/** isahp_f32_rsqrt - RSQRTPS: 1 / sqrt(@a), with the same error */
__u32 isahp_f32_rsqrt(const struct isahp_fp *fp, __u32 a);

/**
 * isahp_f64_rcp14 - VRCP14PD: 1 / @a, with a relative error below 2^-16
 * @fp: DAZ and FTZ; no exceptions are raised. 2^-14 is promised.
 * @a: what to take it of.
 */
__u64 isahp_f64_rcp14(const struct isahp_fp *fp, __u64 a);
/** isahp_f32_rcp14 - the same */
__u32 isahp_f32_rcp14(const struct isahp_fp *fp, __u32 a);
/** isahp_f64_rsqrt14 - VRSQRT14PD: 1 / sqrt(@a), with the same error */
__u64 isahp_f64_rsqrt14(const struct isahp_fp *fp, __u64 a);
/** isahp_f32_rsqrt14 - the same */
__u32 isahp_f32_rsqrt14(const struct isahp_fp *fp, __u32 a);

/**
 * isahp_f64_scale - VSCALEFPD: @a * 2^floor(@b)
 * @fp: control and flags.
 * @a: what to scale.
 * @b: by which power of two. What infinite and NaN ones do is in the SDM, vol. 2,
 *	VSCALEFPD, special cases.
 */
__u64 isahp_f64_scale(struct isahp_fp *fp, __u64 a, __u64 b);
/** isahp_f32_scale - the same */
__u32 isahp_f32_scale(struct isahp_fp *fp, __u32 a, __u32 b);

/** isahp_f64_exponent - VGETEXPPD: floor(log2(|@a|)) */
__u64 isahp_f64_exponent(struct isahp_fp *fp, __u64 a);
/** isahp_f32_exponent - the same */
__u32 isahp_f32_exponent(struct isahp_fp *fp, __u32 a);

/**
 * isahp_f64_mantissa - VGETMANTPD
 * @fp: control and flags.
 * @a: what to take it of.
 * @imm: interval in bits 0 and 1, what becomes of the sign in bits 2 and 3.
 */
__u64 isahp_f64_mantissa(struct isahp_fp *fp, __u64 a, unsigned int imm);
/** isahp_f32_mantissa - the same */
__u32 isahp_f32_mantissa(struct isahp_fp *fp, __u32 a, unsigned int imm);

/**
 * isahp_f64_reduce - VREDUCEPD: what isahp_f64_round() takes away from @a
 * @fp: control and flags; its rounding is that of the difference, too.
 * @a: what to reduce.
 * @rounding: enum isahp_rounding.
 * @scale: 0 to 15.
 * @exact: raise PE where the difference is not exact.
 */
__u64 isahp_f64_reduce(struct isahp_fp *fp, __u64 a, unsigned int rounding,
		       unsigned int scale, bool exact);
/** isahp_f32_reduce - the same */
__u32 isahp_f32_reduce(struct isahp_fp *fp, __u32 a, unsigned int rounding,
		       unsigned int scale, bool exact);

/**
 * isahp_f64_range - VRANGEPD: the minimum or maximum, of sizes too
 * @fp: control and flags.
 * @a: first source.
 * @b: second source. A number wins over a quiet NaN.
 * @imm: which in bits 0 and 1, the sign's origin in bits 2 and 3.
 */
__u64 isahp_f64_range(struct isahp_fp *fp, __u64 a, __u64 b, unsigned int imm);
/** isahp_f32_range - the same */
__u32 isahp_f32_range(struct isahp_fp *fp, __u32 a, __u32 b, unsigned int imm);

/**
 * isahp_f64_fixup - VFIXUPIMMPD: something else for each kind of value
 * @fp: control and flags.
 * @a: what to look at.
 * @table: four bits for each of eight kinds.
 * @old: the destination, which may stay as it is.
 * @imm: exceptions that some kinds raise.
 */
__u64 isahp_f64_fixup(struct isahp_fp *fp, __u64 a, __u32 table, __u64 old,
		      unsigned int imm);
/** isahp_f32_fixup - the same */
__u32 isahp_f32_fixup(struct isahp_fp *fp, __u32 a, __u32 table, __u32 old,
		      unsigned int imm);

/** isahp_f64_is_class - VFPCLASSPD: is @a of one of the classes in @imm? */
bool isahp_f64_is_class(const struct isahp_fp *fp, __u64 a, unsigned int imm);
/** isahp_f32_is_class - the same */
bool isahp_f32_is_class(const struct isahp_fp *fp, __u32 a, unsigned int imm);

#endif /* ISAHP_CORE_FLOAT_H */
