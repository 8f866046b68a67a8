/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ADX, BMI1, BMI2, LZCNT, TZCNT, POPCNT, CRC32 and MOVBE as functions of values
 * and flags. scalar_bits.def lists them.
 */
#ifndef ISAHP_CORE_SCALAR_BITS_H
#define ISAHP_CORE_SCALAR_BITS_H

#include "env.h"
#include "flags.h"

/**
 * typedef isahp_scalar_bits_fn - an operation on general registers' values
 * @size: of the operands in bytes: 2, 4 or 8; of CRC32's source: 1 too.
 * @a: VEX.vvvv; the destination's old value in ADCX, ADOX and CRC32; RDX in
 *	MULX; the immediate of RORX.
 * @b: ModRM.rm, the only source of an operation that has one.
 * @flags: RFLAGS before and after. Flags that the SDM leaves undefined stay.
 *
 * Bits of @a and @b above @size do not matter. No state, no memory.
 *
 * Return: the result, zero-extended. MULX's other one is an operation by itself.
 */
typedef __u64 (*isahp_scalar_bits_fn)(unsigned int size, __u64 a, __u64 b,
				      __u64 *flags);

/** enum isahp_scalar_bits_number - the rows of scalar_bits.def */
enum isahp_scalar_bits_number {
#define SCALAR_BITS(name, function, undefined) ISAHP_SCALAR_BITS_##name,
#include "scalar_bits.def"
	ISAHP_SCALAR_BITS_COUNT,
};

/**
 * struct isahp_scalar_bits_operation - a row of scalar_bits.def
 * @name: the operation's, as the mnemonic.
 * @fn: carries it out.
 * @undefined: flags whose value afterwards is left to the CPU.
 */
struct isahp_scalar_bits_operation {
	const char *name;
	isahp_scalar_bits_fn fn;
	__u32 undefined;
};

/** isahp_scalar_bits_operations - by enum isahp_scalar_bits_number */
extern const struct isahp_scalar_bits_operation isahp_scalar_bits_operations[];

#define SCALAR_BITS(name, function, undefined) \
	__u64 isahp_scalar_bits_##function(unsigned int size, __u64 a, __u64 b, \
					   __u64 *flags);
#include "scalar_bits.def"

#endif /* ISAHP_CORE_SCALAR_BITS_H */
