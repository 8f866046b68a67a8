// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Operands of vector instructions that lie in memory, as a whole or in elements. */
#include "exec_vector.h"

static const union isahp_vector zero;

/* Those that take any address in legacy encodings (SDM vol. 2, Exceptions Type 4
 * without alignment), and those that take none but aligned ones in all. */
bool isahp_exec_vector_must_align(const struct isahp_instruction *in,
				  unsigned int size)
{
	if (size < 16)
		return false;
	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_LDDQU:
	case ISAHP_OP_MOVDQU:
	case ISAHP_OP_MOVUPD:
	case ISAHP_OP_MOVUPS:
		return false;
	/* SDM vol. 2 wants them aligned, AMD's CPUs do not. */
	case ISAHP_OP_SHA1MSG1:
	case ISAHP_OP_SHA1MSG2:
	case ISAHP_OP_SHA1NEXTE:
	case ISAHP_OP_SHA1RNDS4:
	case ISAHP_OP_SHA256MSG1:
	case ISAHP_OP_SHA256MSG2:
	case ISAHP_OP_SHA256RNDS2:
		return false;
	case ISAHP_OP_MOVAPD:
	case ISAHP_OP_MOVAPS:
	case ISAHP_OP_MOVDQA:
	case ISAHP_OP_MOVNTDQ:
	case ISAHP_OP_MOVNTDQA:
	case ISAHP_OP_MOVNTPD:
	case ISAHP_OP_MOVNTPS:
	case ISAHP_OP_VMOVDQA32:
	case ISAHP_OP_VMOVDQA64:
		return true;
	default:
		return !vector_is_vex(in);
	}
}

/* Of those elements that are active, when there is nothing between them. */
static unsigned int packed_size(const struct isahp_vector_work *w)
{
	__u64 left = vector_active(w);
	unsigned int n = 0;

	for (; left; left &= left - 1)
		n++;
	return n * w->element;
}

/* The operand's address is cut to its size, an element's within it is not. */
static __u64 offset_of(const struct isahp_vector_work *w, unsigned int from)
{
	return isahp_exec_offset(w->e, w->in) + from;
}

static enum isahp_emulated reach(const struct isahp_vector_work *w, unsigned int from,
				 unsigned int size, enum isahp_access access,
				 __u64 *ret)
{
	return (w->masked ? isahp_exec_linear_unchecked : isahp_exec_linear)
		(w->e, w->in->segment, offset_of(w, from), size, access, ret);
}

/*
 * #GP, before EFLAGS.AC is asked. Where the first active element is tells; those
 * that are masked out may lie outside of the segment.
 */
static enum isahp_emulated check_alignment(const struct isahp_vector_work *w,
					   unsigned int size,
					   enum isahp_access access)
{
	bool all = vector_all_active(w);
	enum isahp_emulated r;
	unsigned int from = 0;
	__u64 address;

	if (w->masked || !isahp_exec_vector_must_align(w->in, size) || !vector_any_active(w))
		return ISAHP_EMULATE_DONE;
	while (!vector_is_active(w, from / w->element))
		from += w->element;
	r = isahp_exec_linear_unchecked(w->e, w->in->segment, offset_of(w, from),
					all ? size : w->element, access, &address);
	if (r == ISAHP_EMULATE_DONE && (address - from) & (size - 1))
		return isahp_exec_fault(w->e, ISAHP_VECTOR_GP);
	return r;
}

static enum isahp_emulated load_part(const struct isahp_vector_work *w, __u8 *to,
				     unsigned int from, unsigned int size)
{
	enum isahp_emulated r;
	__u64 address;

	if (!size)
		return ISAHP_EMULATE_DONE;
	r = reach(w, from, size, ISAHP_ACCESS_LOAD, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_load_at(w->e, address, to + from, size,
					  ISAHP_ACCESS_LOAD) : r;
}

static enum isahp_emulated load_broadcast(const struct isahp_vector_work *w,
					  unsigned int unit, unsigned int size,
					  union isahp_vector *ret)
{
	enum isahp_emulated r;
	unsigned int i;

	if (w->reach != ISAHP_VECTOR_WHOLE && !vector_any_active(w))
		return ISAHP_EMULATE_DONE;
	r = load_part(w, ret->b, 0, unit);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	for (i = unit; i < size; i += unit)
		memcpy(ret->b + i, ret->b, unit);
	return r;
}

/* At once, or one element after the other, to find which of them faults. */
static enum isahp_emulated load_row(const struct isahp_vector_work *w, __u8 *to,
				    unsigned int from, unsigned int unit, unsigned int n)
{
	enum isahp_emulated r = load_part(w, to, from, n * unit);
	unsigned int i;

	if (r == ISAHP_EMULATE_DONE)
		return r;
	r = ISAHP_EMULATE_DONE;
	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i++)
		r = load_part(w, to, from + i * unit, unit);
	return r;
}

/* Element i is element i + n, i + 2n ... of the result. */
static enum isahp_emulated load_repeated(const struct isahp_vector_work *w,
					 unsigned int size, union isahp_vector *ret)
{
	unsigned int n = size > w->element ? size / w->element : 1, unit = size / n;
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	__u64 used = 0, left;
	unsigned int i;

	for (left = vector_active(w), i = 0; left; left >>= 1, i++)
		used |= (left & 1) << i % n;
	if (used == (1ULL << n) - 1)
		return load_row(w, ret->b, 0, unit, n);
	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i++)
		if (used >> i & 1)
			r = load_part(w, ret->b, i * unit, unit);
	return r;
}

/* How many active elements lie in a row, from @i on. */
static unsigned int row_of(const struct isahp_vector_work *w, unsigned int i)
{
	unsigned int n = 0, end = vector_elements(w);

	while (i + n < end && vector_is_active(w, i + n))
		n++;
	return n;
}

static bool is_one_row(const struct isahp_vector_work *w)
{
	__u64 active = vector_active(w);

	return !(active & (active + (active & -active)));
}

/*
 * What is masked out is not read, where an element of the source is one of the
 * result (SDM vol. 2A, 2.8.5: fault suppression).
 */
enum isahp_emulated isahp_exec_vector_load(const struct isahp_vector_work *w, unsigned int of,
				       unsigned int size, union isahp_vector *ret)
{
	/* Of a fixed size: it is not the vector's elements. */
	bool whole = w->reach == ISAHP_VECTOR_WHOLE ||
		     (!w->is_float && !w->scalar &&
		      exec_kind(w->in, of)->size < ISAHP_SIZE_X);
	const struct isahp_form *form = isahp_instruction_form(w->in);
	unsigned int n = vector_elements(w), unit = size / n, i, row;
	bool masked = w->in->opmask || w->masked;
	enum isahp_emulated r;

	*ret = zero;
	if (w->in->flags & ISAHP_INSTRUCTION_BROADCAST)
		return load_broadcast(w, form->element >> 4, size, ret);
	r = check_alignment(w, size, ISAHP_ACCESS_LOAD);
	if (w->reach == ISAHP_VECTOR_PACKED)
		return load_row(w, ret->b, 0, unit, packed_size(w) / unit);
	if (w->reach == ISAHP_VECTOR_REPEATED && masked)
		return load_repeated(w, size, ret);
	if (r == ISAHP_EMULATE_DONE && (whole || !unit || !masked))
		return load_part(w, ret->b, 0, size);
	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i += row + 1) {
		row = row_of(w, i);
		if (row)
			r = load_row(w, ret->b, i * unit, unit, row);
	}
	return r;
}

/* Whether a byte can be written: by writing what is there. */
static enum isahp_emulated probe_byte(struct isahp_emulation *e, __u64 address)
{
	enum isahp_emulated r;
	__u8 old, new;

	r = isahp_exec_load_at(e, address, &old, 1, ISAHP_ACCESS_STORE);
	new = old;
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_exchange_at(e, address, &old, &new, 1) : r;
}

/* At most a vector: its first byte, that of the next page, and its last one, since
 * the environment's memory need not end with a page. */
static enum isahp_emulated probe(struct isahp_emulation *e, __u64 address,
				 unsigned int size)
{
	__u64 last = address + size - 1, page = last & ~0xfffULL;
	enum isahp_emulated r = probe_byte(e, address);

	if (r == ISAHP_EMULATE_DONE && page > address && page < last)
		r = probe_byte(e, page);
	return r == ISAHP_EMULATE_DONE && last > address ? probe_byte(e, last) : r;
}

static enum isahp_emulated store_part(const struct isahp_vector_work *w,
				      unsigned int from, unsigned int size,
				      const union isahp_vector *value)
{
	enum isahp_emulated r;
	__u64 address;

	if (!size)
		return ISAHP_EMULATE_DONE;
	r = reach(w, from, size, ISAHP_ACCESS_STORE, &address);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	return value ? isahp_exec_store_at(w->e, address, value->b + from, size) :
		       probe(w->e, address, size);
}

/* All or nothing; which element faults is found as above. */
static enum isahp_emulated store_row(const struct isahp_vector_work *w,
				     unsigned int from, unsigned int unit,
				     unsigned int n, const union isahp_vector *value)
{
	enum isahp_emulated all = store_part(w, from, n * unit, value);
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	unsigned int i;

	if (all == ISAHP_EMULATE_DONE)
		return all;
	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i++)
		r = store_part(w, from + i * unit, unit, NULL);
	/* Reachable by now; it has not been stored. */
	return r == ISAHP_EMULATE_DONE ? all : r;
}

/* What is active of a result; NULL: see whether it can be written. */
static enum isahp_emulated store_active(const struct isahp_vector_work *w,
					unsigned int unit,
					const union isahp_vector *value)
{
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	unsigned int n = vector_elements(w), i, row;

	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i += row + 1) {
		row = row_of(w, i);
		if (row)
			r = store_row(w, i * unit, unit, row, value);
	}
	return r;
}

/* All rows can be written before the first one is. */
static enum isahp_emulated store_parts(const struct isahp_vector_work *w,
				       unsigned int unit,
				       const union isahp_vector *value)
{
	enum isahp_emulated r = ISAHP_EMULATE_DONE;

	if (!value || !is_one_row(w))
		r = store_active(w, unit, NULL);
	return r == ISAHP_EMULATE_DONE && value ? store_active(w, unit, value) : r;
}

/* NULL: see whether it can be. */
enum isahp_emulated isahp_exec_vector_store(const struct isahp_vector_work *w,
					unsigned int size,
					const union isahp_vector *value)
{
	bool parts = !vector_all_active(w);
	bool masked = w->in->opmask || w->masked;
	unsigned int unit = size / vector_elements(w);
	enum isahp_emulated r;
	__u64 address;

	r = check_alignment(w, size, ISAHP_ACCESS_STORE);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (w->reach == ISAHP_VECTOR_PACKED)
		return store_row(w, 0, unit, packed_size(w) / unit, value);
	if (masked && w->reach != ISAHP_VECTOR_WHOLE)
		return store_parts(w, unit, value);
	r = reach(w, 0, size, ISAHP_ACCESS_STORE, &address);
	if (r == ISAHP_EMULATE_DONE && (parts || !value))
		r = probe(w->e, address, size);
	if (r != ISAHP_EMULATE_DONE || !value)
		return r;
	return parts ? store_active(w, unit, value) :
		       isahp_exec_store_at(w->e, address, value, size);
}
