/* SPDX-License-Identifier: MIT */
/*
 * Base64 by shuffling bytes within 128 bits, for vectors of one or two of these.
 * The ISA file defines V, OP(op) (an intrinsic's name), OP_SI(op) (those that
 * have no element type), and LANES(x): 16 bytes in each 128 bits.
 */

#define BYTES(...) LANES(_mm_setr_epi8(__VA_ARGS__))

/* 12 bytes of each 128 bits become 16 digits. */
ML_INLINE V encode(V x)
{
	/*
	 * By which a digit is less than its character, chosen by a number that
	 * is 13 for 0 to 25, 0 for 26 to 51, and the digit less 51 above.
	 */
	const V less = BYTES('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
			     '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
			     '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
	V high, low, choice;

	/* Three bytes a b c as b a c b, two halves that hold two digits each. */
	x = OP(shuffle_epi8)(x, BYTES(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7,
				      10, 9, 11, 10));
	/* Digits 0 and 2 go down by 10 and 6 bits, 1 and 3 up by 4 and 8. */
	high = OP(mulhi_epu16)(OP_SI(and)(x, OP(set1_epi32)(0x0fc0fc00)),
			       OP(set1_epi32)(0x04000040));
	low = OP(mullo_epi16)(OP_SI(and)(x, OP(set1_epi32)(0x003f03f0)),
			      OP(set1_epi32)(0x01000010));
	x = OP_SI(or)(high, low);
	choice = OP(subs_epu8)(x, OP(set1_epi8)(51));
	choice = OP_SI(or)(choice,
			   OP_SI(and)(OP(cmpgt_epi8)(OP(set1_epi8)(26), x),
				      OP(set1_epi8)(13)));
	return OP(add_epi8)(x, OP(shuffle_epi8)(less, choice));
}

/*
 * 16 characters of each 128 bits become 12 bytes, then zeros. @ret_bad gets
 * bytes that are 0 where the character is a digit.
 *
 * A character is no digit if the sets of its two halves have a member in common:
 * each stands for one or several high halves, and for the low halves that do not
 * go with them.
 */
ML_INLINE V decode(V x, V *ret_bad)
{
	const V low_set = BYTES(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
				0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
	const V high_set = BYTES(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
				 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
	/* By high half; '/' takes the place before that of '+'. */
	const V more = BYTES(0, 63 - '/', 62 - '+', 52 - '0', 0 - 'A', 0 - 'A',
			     26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
	const V half = OP(set1_epi8)(0x0f);
	V high = OP_SI(and)(OP(srli_epi32)(x, 4), half);
	V low = OP_SI(and)(x, half);
	V slash = OP(cmpeq_epi8)(x, OP(set1_epi8)('/'));

	*ret_bad = OP_SI(and)(OP(shuffle_epi8)(low_set, low),
			      OP(shuffle_epi8)(high_set, high));
	x = OP(add_epi8)(x, OP(shuffle_epi8)(more, OP(add_epi8)(slash, high)));
	/* Digits a b c d: pairs of 12 bits, then 24, then their bytes in order. */
	x = OP(maddubs_epi16)(x, OP(set1_epi32)(0x01400140));
	x = OP(madd_epi16)(x, OP(set1_epi32)(0x00011000));
	return OP(shuffle_epi8)(x, BYTES(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12,
					 -1, -1, -1, -1));
}
