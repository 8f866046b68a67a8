/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "gemm.h"
#include "packed.h"

#define ALIGN 64

/**
 * struct counted - a packed operand as it is allocated
 * @packed: what others see.
 * @references: the last frees.
 * @data: the elements.
 */
struct counted {
	struct ml_packed packed;
	uint32_t references;
	char data[] __attribute__((aligned(ALIGN)));
};

static struct counted *counted(const struct ml_packed *packed)
{
	return (struct counted *)packed;
}

static size_t columns(const struct ml_packed *p)
{
	return ml_round_up(p->n, p->layout);
}

struct ml_packed *ml_packed_new(const struct ml_packed *from, uint32_t layout)
{
	struct counted *c;
	size_t bytes;

	if (from->n > SIZE_MAX - layout ||
	    __builtin_mul_overflow(ml_round_up(from->n, layout), from->k, &bytes) ||
	    __builtin_mul_overflow(bytes, from->element, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*c) + ALIGN, &bytes))
		return NULL;
	c = aligned_alloc(ALIGN, bytes / ALIGN * ALIGN);
	if (!c)
		return NULL;
	c->packed = *from;
	c->packed.version = ML_PACKED_VERSION;
	c->packed.layout = layout;
	c->packed.data = c->data;
	c->references = 1;
	return &c->packed;
}

void ml_packed_ref(const struct ml_packed *packed)
{
	__atomic_add_fetch(&counted(packed)->references, 1, __ATOMIC_RELAXED);
}

void ml_packed_put(const struct ml_packed *packed)
{
	/* All uses before the free, whoever it is that frees. */
	if (!__atomic_sub_fetch(&counted(packed)->references, 1, __ATOMIC_ACQ_REL))
		free(counted(packed));
}

/* Where row @p of the panel with column @j begins, and how many columns follow. */
static size_t at(const struct ml_packed *m, size_t p, size_t j)
{
	size_t block = p / ML_PACKED_ROWS * ML_PACKED_ROWS;
	size_t rows = ml_least(m->k - block, ML_PACKED_ROWS);
	size_t first = j / m->layout * m->layout;

	return block * columns(m) + first * rows + (p - block) * m->layout +
	       (j - first);
}

static void copy(const struct ml_packed *to, size_t index, const void *from,
		 size_t from_index, size_t step, size_t count)
{
	size_t i;

	if (to->element == sizeof(float)) {
		float *t = (float *)to->data + index;
		const float *f = (const float *)from + from_index;

		for (i = 0; i < count; i++)
			t[i] = f[i * step];
	} else {
		double *t = (double *)to->data + index;
		const double *f = (const double *)from + from_index;

		for (i = 0; i < count; i++)
			t[i] = f[i * step];
	}
}

static void zero(const struct ml_packed *to, size_t index, size_t count)
{
	static const double zeroes[1];

	copy(to, index, zeroes, 0, 0, count);
}

void ml_packed_fill(struct ml_packed *to, const void *b, size_t row, size_t col)
{
	size_t p, j;

	for (p = 0; p < to->k; p++) {
		for (j = 0; j < to->n; j += to->layout) {
			size_t cols = ml_least(to->n - j, to->layout);

			copy(to, at(to, p, j), b, p * row + j * col, col, cols);
			zero(to, at(to, p, j) + cols, to->layout - cols);
		}
	}
}

void ml_packed_refill(struct ml_packed *to, const struct ml_packed *from)
{
	/* One divides the other. */
	size_t step = ml_least(to->layout, from->layout);
	size_t p, j;

	for (p = 0; p < to->k; p++) {
		for (j = 0; j < columns(to); j += step) {
			if (j < columns(from))
				copy(to, at(to, p, j), from->data,
				     at(from, p, j), 1, step);
			else
				zero(to, at(to, p, j), step);
		}
	}
}
