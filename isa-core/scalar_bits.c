// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "crc32c.h"
#include "scalar_bits.h"

#define OPERATION(name) \
	__u64 isahp_scalar_bits_##name(unsigned int size __attribute__((unused)), \
				       __u64 a __attribute__((unused)), \
				       __u64 b __attribute__((unused)), \
				       __u64 *flags __attribute__((unused)))

const struct isahp_scalar_bits_operation isahp_scalar_bits_operations[] = {
#define SCALAR_BITS(name, function, undefined) \
	[ISAHP_SCALAR_BITS_##name] = { \
		#name, isahp_scalar_bits_##function, undefined, \
	},
#include "scalar_bits.def"
};

static inline __u64 cut(__u64 value, unsigned int size)
{
	return value & ~0ULL >> (64 - 8 * size);
}

static inline bool negative(__u64 value, unsigned int size)
{
	return value >> (8 * size - 1) & 1;
}

static void put_flag(__u64 *flags, __u32 flag, bool value)
{
	*flags = (*flags & ~(__u64)flag) | (value ? flag : 0);
}

/* What BMI1 and BMI2 leave in the flags; @sign: SF is not undefined. What is
 * undefined becomes 0. */
static __u64 bmi_flags(__u64 *flags, __u64 result, unsigned int size, bool carry,
		       bool sign)
{
	*flags &= ~(__u64)ISAHP_FLAGS_ARITHMETIC;
	put_flag(flags, ISAHP_FLAG_CF, carry);
	put_flag(flags, ISAHP_FLAG_ZF, !result);
	put_flag(flags, ISAHP_FLAG_SF, sign && negative(result, size));
	return result;
}

/* --- ADX (SDM vol. 2A, "ADCX", "ADOX") ----------------------------------- */

static __u64 add_with(unsigned int size, __u64 a, __u64 b, __u64 *flags,
		      __u32 flag)
{
	bool carry = *flags & flag;
	__u64 sum;

	a = cut(a, size);
	b = cut(b, size);
	sum = cut(a + b + carry, size);
	put_flag(flags, flag, carry ? sum <= a : sum < a);
	return sum;
}

OPERATION(adcx)
{
	return add_with(size, a, b, flags, ISAHP_FLAG_CF);
}

OPERATION(adox)
{
	return add_with(size, a, b, flags, ISAHP_FLAG_OF);
}

/* --- BMI1 (SDM vol. 2A, "ANDN" and others) ------------------------------- */

OPERATION(andn)
{
	return bmi_flags(flags, cut(~a & b, size), size, false, true);
}

OPERATION(bextr)
{
	unsigned int start = a & 0xff, length = a >> 8 & 0xff;

	b = start > 63 ? 0 : cut(b, size) >> start;
	if (length < 64)
		b &= ~(~0ULL << length);
	return bmi_flags(flags, b, size, false, false);
}

OPERATION(blsi)
{
	b = cut(b, size);
	return bmi_flags(flags, b & -b, size, b, true);
}

OPERATION(blsmsk)
{
	b = cut(b, size);
	return bmi_flags(flags, cut(b ^ (b - 1), size), size, !b, true);
}

OPERATION(blsr)
{
	b = cut(b, size);
	return bmi_flags(flags, b & (b - 1), size, !b, true);
}

/* --- BMI2 (SDM vol. 2A, "BZHI"; 2B, "MULX", "PDEP", "PEXT", "RORX", ...) -- */

OPERATION(bzhi)
{
	unsigned int from = a & 0xff;

	b = cut(b, size);
	if (from < 8 * size)
		b &= ~(~0ULL << from);
	return bmi_flags(flags, b, size, from >= 8 * size, true);
}

OPERATION(mulx)
{
	return cut(a * b, size);
}

OPERATION(mulx_high)
{
	if (size == 4)
		return cut(a, 4) * cut(b, 4) >> 32;
	return (unsigned __int128)a * b >> 64;
}

/* a's lowest bits, to where b has ones. */
OPERATION(pdep)
{
	__u64 result = 0;

	for (b = cut(b, size); b; b &= b - 1, a >>= 1)
		result |= (b & -b) & -(a & 1);
	return result;
}

/* a's bits where b has ones, together. */
OPERATION(pext)
{
	__u64 result = 0;
	unsigned int i = 0;

	for (b = cut(b, size); b; b &= b - 1, i++)
		result |= (__u64)!!(a & (b & -b)) << i;
	return result;
}

OPERATION(rorx)
{
	unsigned int width = 8 * size, count = a & (width - 1);

	b = cut(b, size);
	return count ? cut(b >> count | b << (width - count), size) : b;
}

OPERATION(sarx)
{
	unsigned int unused = 64 - 8 * size;

	return cut((__s64)(b << unused) >> unused >> (a & (8 * size - 1)), size);
}

OPERATION(shlx)
{
	return cut(b << (a & (8 * size - 1)), size);
}

OPERATION(shrx)
{
	return cut(b, size) >> (a & (8 * size - 1));
}

/* --- counting ------------------------------------------------------------ */

/* Without a one they count the operand's width, and CF says so. */
static __u64 count_flags(__u64 *flags, unsigned int count, unsigned int size)
{
	*flags &= ~(__u64)ISAHP_FLAGS_ARITHMETIC;
	put_flag(flags, ISAHP_FLAG_CF, count == 8 * size);
	put_flag(flags, ISAHP_FLAG_ZF, !count);
	return count;
}

OPERATION(lzcnt)
{
	b = cut(b, size);
	return count_flags(flags, 8 * size - (b ? 64 - __builtin_clzll(b) : 0), size);
}

OPERATION(tzcnt)
{
	b = cut(b, size);
	return count_flags(flags, b ? (unsigned int)__builtin_ctzll(b) : 8 * size,
			   size);
}

/* Not __builtin_popcountll(): that is the instruction, or a call into libgcc. */
OPERATION(popcnt)
{
	b = cut(b, size);
	*flags &= ~(__u64)ISAHP_FLAGS_ARITHMETIC;
	if (!b)
		*flags |= ISAHP_FLAG_ZF;
	b -= b >> 1 & 0x5555555555555555ULL;
	b = (b & 0x3333333333333333ULL) + (b >> 2 & 0x3333333333333333ULL);
	b = (b + (b >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return b * 0x0101010101010101ULL >> 56;
}

/* --- bytes --------------------------------------------------------------- */

/* Reflected CRC-32C without inversion at either end (SDM vol. 2A, "CRC32"). */
OPERATION(crc32)
{
	return isahp_crc32c_extend(a, &b, size);
}

OPERATION(movbe)
{
	return __builtin_bswap64(b) >> (64 - 8 * size);
}
