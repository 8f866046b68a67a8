/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Integer, bitwise, shuffling and cryptographic operations on vectors.
 *
 * lanes.def has a row for each: what is known of an operation is said there and
 * nowhere else. Operations are called as the mnemonic, without the V where the
 * legacy encoding has it too; where a mnemonic of EVEX means something else
 * (VPCMPEQB into a mask), V stays.
 *
 * Users of AES, PCLMULQDQ, SHA and GFNI rely on their taking a time that does
 * not depend on data. So do these here: there is no branch and no address in
 * aes.c, clmul.c, sha.c and gfni.c that depends on what is in a vector, and the
 * multiplications are those of whole words. No such promise is made for others.
 */
#ifndef ISAHP_CORE_LANES_H
#define ISAHP_CORE_LANES_H

#include "vector.h"

/**
 * enum isahp_lanes_sources - what an operation reads
 * @ISAHP_LANES_K: struct isahp_lanes' @active is a source, and the result is
 *	final: the caller does not merge by mask once more. It still zeroes where
 *	the instruction says so.
 * @ISAHP_LANES_S: the result is element 0 alone; what is above it, up to 16 bytes,
 *	the caller takes from a.
 * @ISAHP_LANES_T: with S: from c (FMA).
 */
enum isahp_lanes_sources {
	ISAHP_LANES_A = 1,
	ISAHP_LANES_B = 2,
	ISAHP_LANES_C = 4,
	ISAHP_LANES_K = 8,
	ISAHP_LANES_S = 16,
	ISAHP_LANES_T = 32,
	ISAHP_LANES_AB = 3,
	ISAHP_LANES_AC = 5,
	ISAHP_LANES_BC = 6,
	ISAHP_LANES_ABC = 7,
	ISAHP_LANES_ABK = 11,
	ISAHP_LANES_BCK = 14,
	ISAHP_LANES_BS = 18,
	ISAHP_LANES_ABCT = 39,
};

/** enum isahp_lanes_immediate - whether an operation reads @imm */
enum isahp_lanes_immediate {
	ISAHP_LANES_PLAIN,
	ISAHP_LANES_IMM,
};

/**
 * enum isahp_lanes_result - what an operation gives
 * @ISAHP_LANES_TO_VECTOR: a vector of @bytes.
 * @ISAHP_LANES_TO_PART: one that is narrower: the first bytes of ret.
 * @ISAHP_LANES_TO_MASK: an opmask in q[0], bits without elements are 0.
 * @ISAHP_LANES_TO_MASKS: two of them, in q[0] and q[1].
 * @ISAHP_LANES_TO_VALUE: a general register's value in q[0], zero-extended.
 * @ISAHP_LANES_TO_FLAGS: the six arithmetic flags in q[0], others 0.
 */
enum isahp_lanes_result {
	ISAHP_LANES_TO_VECTOR,
	ISAHP_LANES_TO_PART,
	ISAHP_LANES_TO_MASK,
	ISAHP_LANES_TO_MASKS,
	ISAHP_LANES_TO_VALUE,
	ISAHP_LANES_TO_FLAGS,
};

/** enum isahp_lanes_number - the rows of lanes.def */
enum isahp_lanes_number {
#define LANES(name, function, element, sources, immediate, result) \
	ISAHP_LANES_##name,
#include "lanes.def"
	ISAHP_LANES_COUNT,
};

/**
 * struct isahp_lanes_operation - a row of lanes.def
 * @name: the operation's, as the mnemonic.
 * @fn: carries it out. Several names may share one.
 * @element: size of an element of the result in bytes: what a mask bit stands
 *	for. Of a comparison into a mask: that of the sources; 16 and more where
 *	there is no mask.
 * @sources: enum isahp_lanes_sources.
 * @immediate: enum isahp_lanes_immediate.
 * @result: enum isahp_lanes_result.
 */
struct isahp_lanes_operation {
	const char *name;
	isahp_lanes_fn fn;
	__u8 element;
	__u8 sources;
	__u8 immediate;
	__u8 result;
};

/** isahp_lanes_operations - by enum isahp_lanes_number */
extern const struct isahp_lanes_operation isahp_lanes_operations[];

/* One declaration for each name; those that share a function are an alias. */
#define LANES(name, function, element, sources, immediate, result) \
	void isahp_lanes_##function(const struct isahp_lanes *l, \
				    union isahp_vector *ret, \
				    const union isahp_vector *a, \
				    const union isahp_vector *b, \
				    const union isahp_vector *c);
#include "lanes.def"

#endif /* ISAHP_CORE_LANES_H */
