/* SPDX-License-Identifier: MIT */
/* Packed operands: made once, never changed, freed by the last who lets go. */
#ifndef ML_PACKED_H
#define ML_PACKED_H

#include <mathlib/gemm.h>

/**
 * ml_packed_new - room for a matrix
 * @from: element, generation, k and n; the layout is @layout.
 *
 * Return: with one reference, or NULL.
 */
struct ml_packed *ml_packed_new(const struct ml_packed *from, uint32_t layout);

/** ml_packed_ref - one more reference; ml_packed_put() takes it back */
void ml_packed_ref(const struct ml_packed *packed);

/**
 * ml_packed_fill - take the elements from a matrix
 * @to: of one's own.
 * @b: element (p, j) is at @row * p + @col * j.
 */
void ml_packed_fill(struct ml_packed *to, const void *b, size_t row, size_t col);

/**
 * ml_packed_refill - take the elements from another layout
 * @to: of one's own.
 * @from: of the same size.
 */
void ml_packed_refill(struct ml_packed *to, const struct ml_packed *from);

#endif /* ML_PACKED_H */
