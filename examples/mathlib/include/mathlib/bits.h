/* SPDX-License-Identifier: MIT */
/*
 * bits: counting, checking and encoding of bytes. Results are exact and
 * bit-identical in all variants.
 *
 * Long operands. Each function runs an operation on pieces of at most
 * ML_PIECE_BYTES, and is outside of any region between two of them, so that the
 * removal of a feature waits for one piece at most: some ten microseconds, a few
 * hundred in plain C.
 *
 * Operands need no alignment. Any thread may call; nothing is allocated.
 */
#ifndef MATHLIB_BITS_H
#define MATHLIB_BITS_H

#include <mathlib/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** ML_PIECE_BYTES - most bytes of an operand that one region works on */
#define ML_PIECE_BYTES ((size_t)192 << 10)

/* --- counting --------------------------------------------------------------- */

extern ML_API struct isahp_operation ml_popcount_operation;
extern ML_API struct isahp_operation ml_hamming_operation;

/* The operation is the function's, not the piece's, by name. */
#define ml_popcount_piece_operation ml_popcount_operation
#define ml_hamming_piece_operation ml_hamming_operation
ISAHP_OPERATION_DECLARE(ml_popcount_piece, uint64_t,
	(const void *p, size_t n), (p, n))
ISAHP_OPERATION_DECLARE(ml_hamming_piece, uint64_t,
	(const void *a, const void *b, size_t n), (a, b, n))

ML_API uint64_t ml_popcount_long(const void *p, size_t n);
ML_API uint64_t ml_hamming_long(const void *a, const void *b, size_t n);

/**
 * ml_popcount - number of bits that are set
 * @p: @n bytes.
 * @n: 0 gives 0.
 *
 * Variants: plain C, SSE2, POPCNT, AVX2, AVX-512 VPOPCNTDQ.
 */
static inline uint64_t ml_popcount(const void *p, size_t n)
{
	return n <= ML_PIECE_BYTES ? ml_popcount_piece(p, n) :
				     ml_popcount_long(p, n);
}

/**
 * ml_hamming - number of bits in which two arrays differ
 * @a: and
 * @b: @n bytes each; may be the same.
 * @n: 0 gives 0.
 *
 * Variants as ml_popcount().
 */
static inline uint64_t ml_hamming(const void *a, const void *b, size_t n)
{
	return n <= ML_PIECE_BYTES ? ml_hamming_piece(a, b, n) :
				     ml_hamming_long(a, b, n);
}

/* --- CRC32C ----------------------------------------------------------------- */

extern ML_API struct isahp_operation ml_crc32c_operation;

/* Without the inversions before and after. */
#define ml_crc32c_piece_operation ml_crc32c_operation
ISAHP_OPERATION_DECLARE(ml_crc32c_piece, uint32_t,
	(uint32_t crc, const void *p, size_t n), (crc, p, n))

ML_API uint32_t ml_crc32c_long(uint32_t crc, const void *p, size_t n);

/**
 * ml_crc32c - CRC-32C (Castagnoli), as iSCSI (RFC 3720, 12.1), ext4 and Btrfs
 * @crc: 0, or the CRC of what comes before @p.
 * @p: @n bytes.
 * @n: 0 gives @crc.
 *
 * The CRC of "123456789" is 0xe3069283. Variants: plain C (eight tables),
 * SSE4.2, SSE4.2+PCLMULQDQ, AVX-512F+VPCLMULQDQ.
 */
static inline uint32_t ml_crc32c(uint32_t crc, const void *p, size_t n)
{
	return n <= ML_PIECE_BYTES ? ~ml_crc32c_piece(~crc, p, n) :
				     ml_crc32c_long(crc, p, n);
}

/* --- base64 ----------------------------------------------------------------- */

extern ML_API struct isahp_operation ml_base64_encode_operation;
extern ML_API struct isahp_operation ml_base64_decode_operation;

/* @groups times three bytes become four characters. */
#define ml_base64_encode_piece_operation ml_base64_encode_operation
ISAHP_OPERATION_DECLARE(ml_base64_encode_piece, void,
	(const uint8_t *src, size_t groups, char *dst), (src, groups, dst))

/*
 * Up to @groups times four characters of the alphabet become three bytes.
 * Returns the number of groups before the first that has another character.
 */
#define ml_base64_decode_piece_operation ml_base64_decode_operation
ISAHP_OPERATION_DECLARE(ml_base64_decode_piece, size_t,
	(const char *src, size_t groups, uint8_t *dst), (src, groups, dst))

/** ml_base64_encoded_length - characters that @n bytes become */
static inline size_t ml_base64_encoded_length(size_t n)
{
	return (n + 2) / 3 * 4;
}

/**
 * ml_base64_encode - base64 with padding, no line breaks (RFC 4648, section 4)
 * @src: @n bytes.
 * @n: 0 gives an empty text.
 * @dst: room for ml_base64_encoded_length(n) characters; no NUL is added. Must
 *	not overlap @src.
 *
 * Variants: plain C, SSSE3, AVX2, AVX-512 VBMI.
 *
 * Return: number of characters written.
 */
ML_API size_t ml_base64_encode(const void *src, size_t n, char *dst);

/**
 * ml_base64_decode - the reverse
 * @src: @n characters.
 * @n: 0 is an empty text.
 * @dst: room for what @src stands for if it is right: n / 4 * 3 bytes, less the
 *	number of '=' at its end (two are looked at). Must not overlap @src.
 * @ret_length: bytes that @dst now begins with. On error those of the groups of
 *	four characters before the one that is wrong; of what lies behind them
 *	in the room that @dst must have, nothing is said.
 * @ret_bad: on error, index in @src of the first character that can not be
 *	there; @n if the text ends within a group. '=' can be there as the last, or
 *	the last two, of a text whose length is a multiple of 4.
 *
 * Strict: padding is required; neither line breaks nor other characters are
 * skipped; bits that stand for nothing must be 0 (section 3.5), otherwise the
 * last character before '=' is the wrong one. Outcome and all outputs are the
 * same with any variant (plain C, SSSE3, AVX2, AVX-512 VBMI).
 *
 * Return: 0, or -EINVAL.
 */
ML_API int ml_base64_decode(const char *src, size_t n, void *dst,
			    size_t *ret_length, size_t *ret_bad);

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_BITS_H */
