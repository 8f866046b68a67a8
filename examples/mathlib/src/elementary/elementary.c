/* SPDX-License-Identifier: MIT */
/* Long arrays, piece by piece, each a region of its own. */
#include <mathlib/mathlib.h>

#define LONG(op, T)                                                            \
	void ml_##op##_long(size_t n, const T *x, T *y)                        \
	{                                                                      \
		size_t i, piece;                                               \
									       \
		for (i = 0; i < n; i += piece) {                               \
			piece = n - i < ML_ELEMENTARY_PIECE ?                  \
					n - i : ML_ELEMENTARY_PIECE;           \
			ml_##op##_piece(piece, x + i, y + i);                  \
		}                                                              \
	}

LONG(sexp, float)
LONG(dexp, double)
LONG(slog, float)
LONG(dlog, double)
LONG(ssin, float)
LONG(dsin, double)
