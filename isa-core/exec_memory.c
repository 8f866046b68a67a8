// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "exec.h"

enum isahp_emulated isahp_exec_fault(struct isahp_emulation *e, __u8 vector)
{
	e->vector = vector;
	return ISAHP_EMULATE_FAULT;
}

/* --- addresses ------------------------------------------------------------ */

bool isahp_exec_is_canonical(const struct isahp_emulation *e, __u64 address)
{
	unsigned int unused = 64 - e->address_bits;

	return (__u64)((__s64)(address << unused) >> unused) == address;
}

__u64 isahp_exec_offset(const struct isahp_emulation *e,
			const struct isahp_instruction *in)
{
	__u64 offset = (__s64)in->displacement;

	if (in->base < ISAHP_REGISTER_RIP)
		offset += e->regs->gpr[in->base & 15];
	else if (in->base == ISAHP_REGISTER_RIP)
		offset += e->next;
	else if (isahp_forms[in->form].flags & ISAHP_FORM_ABSOLUTE)
		offset = in->immediate;
	if (in->index != ISAHP_REGISTER_NONE)
		offset += e->regs->gpr[in->index] << in->scale;
	return exec_cut(offset, in->address_size);
}

static enum isahp_emulated bad_segment(struct isahp_emulation *e,
				       unsigned int segment)
{
	return isahp_exec_fault(e, segment == ISAHP_SS ? ISAHP_VECTOR_SS :
							 ISAHP_VECTOR_GP);
}

/* SDM vol. 1, 3.3.7.1; of the segments FS and GS alone have a base. */
static enum isahp_emulated linear_64(struct isahp_emulation *e,
				     unsigned int segment, unsigned int size,
				     __u64 *address)
{
	struct isahp_segment s;

	if (segment == ISAHP_FS || segment == ISAHP_GS) {
		if (!e->ops->segment(e->env, segment, &s))
			return ISAHP_EMULATE_FOREIGN;
		*address += s.base;
	}
	if (!(*address >> 63))
		*address &= e->untag_mask;
	if (!isahp_exec_is_canonical(e, *address) ||
	    !isahp_exec_is_canonical(e, *address + size - 1))
		return bad_segment(e, segment);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated linear_32(struct isahp_emulation *e,
				     unsigned int segment, unsigned int size,
				     enum isahp_access access, __u64 *address)
{
	struct isahp_segment s;

	if (!e->ops->segment(e->env, segment, &s))
		return ISAHP_EMULATE_FOREIGN;
	if (s.unusable || *address + size - 1 > s.limit ||
	    (access == ISAHP_ACCESS_STORE && !s.writable))
		return bad_segment(e, segment);
	*address = (__u32)(*address + s.base);
	return ISAHP_EMULATE_DONE;
}

enum isahp_emulated isahp_exec_linear_unchecked(struct isahp_emulation *e,
						unsigned int segment, __u64 offset,
						unsigned int size,
						enum isahp_access access,
						__u64 *ret)
{
	*ret = offset;
	return exec_is_64(e) ? linear_64(e, segment, size, ret) :
			       linear_32(e, segment, size, access, ret);
}

enum isahp_emulated isahp_exec_linear(struct isahp_emulation *e,
				      unsigned int segment, __u64 offset,
				      unsigned int size, enum isahp_access access,
				      __u64 *ret)
{
	/* How much of a vector must be aligned is not architectural; AMD's do so. */
	unsigned int unit = size < 16 ? size : 16;
	enum isahp_emulated r;

	r = isahp_exec_linear_unchecked(e, segment, offset, size, access, ret);
	if (r == ISAHP_EMULATE_DONE && e->regs->rflags & ISAHP_FLAG_AC &&
	    *ret & (unit - 1))
		return isahp_exec_fault(e, ISAHP_VECTOR_AC);
	return r;
}

enum isahp_emulated isahp_exec_reach(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size, enum isahp_access access,
				     __u64 *ret)
{
	return isahp_exec_linear(e, in->segment, isahp_exec_offset(e, in), size,
				 access, ret);
}

/* --- accesses ------------------------------------------------------------- */

static enum isahp_emulated unreached(struct isahp_emulation *e, __u64 address,
				     enum isahp_access access)
{
	e->address = exec_is_64(e) ? address : (__u32)address;
	e->access = access;
	return ISAHP_EMULATE_UNREACHED;
}

enum isahp_emulated isahp_exec_load_at(struct isahp_emulation *e, __u64 address,
				       void *buf, unsigned int size,
				       enum isahp_access access)
{
	size_t reached = e->ops->load(e->env, address, buf, size);

	return reached >= size ? ISAHP_EMULATE_DONE :
				 unreached(e, address + reached, access);
}

static void note_store(struct isahp_emulation *e, __u64 address, unsigned int size)
{
	if (address < e->code + e->code_size && address + size > e->code)
		e->code_changed = true;
}

enum isahp_emulated isahp_exec_store_at(struct isahp_emulation *e, __u64 address,
					const void *buf, unsigned int size)
{
	size_t reached = e->ops->store(e->env, address, buf, size);

	note_store(e, address, size);
	return reached >= size ? ISAHP_EMULATE_DONE :
				 unreached(e, address + reached, ISAHP_ACCESS_STORE);
}

/* Across two cache lines the CPU locks the bus: that is left to it. */
enum isahp_emulated isahp_exec_exchange_at(struct isahp_emulation *e, __u64 address,
					   void *old, const void *new,
					   unsigned int size)
{
	size_t reached;

	if ((address & 63) + size > 64)
		return ISAHP_EMULATE_FOREIGN;
	reached = e->ops->exchange(e->env, address, old, new, size);
	if (reached == ISAHP_EXCHANGE_NONE)
		return ISAHP_EMULATE_FOREIGN;
	note_store(e, address, size);
	return reached >= size ? ISAHP_EMULATE_DONE :
				 unreached(e, address + reached, ISAHP_ACCESS_STORE);
}

enum isahp_emulated isahp_exec_load(struct isahp_emulation *e,
				    const struct isahp_instruction *in,
				    unsigned int size, __u64 *ret)
{
	enum isahp_emulated r;
	__u64 address;

	r = isahp_exec_reach(e, in, size, ISAHP_ACCESS_LOAD, &address);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	*ret = 0;
	return isahp_exec_load_at(e, address, ret, size, ISAHP_ACCESS_LOAD);
}

enum isahp_emulated isahp_exec_store(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size, __u64 value)
{
	enum isahp_emulated r;
	__u64 address;

	r = isahp_exec_reach(e, in, size, ISAHP_ACCESS_STORE, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_store_at(e, address, &value, size) : r;
}

/* --- the stack ------------------------------------------------------------ */

enum isahp_emulated isahp_exec_push(struct isahp_emulation *e, const void *buf,
				    unsigned int size)
{
	__u64 sp = exec_stack(e, -(__s64)size), address;
	enum isahp_emulated r;

	/* Of several words the caller looks at each one's alignment. */
	r = (size > 8 ? isahp_exec_linear_unchecked : isahp_exec_linear)
		(e, ISAHP_SS, sp, size, ISAHP_ACCESS_STORE, &address);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_store_at(e, address, buf, size);
	if (r == ISAHP_EMULATE_DONE)
		exec_stack_set(e, sp);
	return r;
}

enum isahp_emulated isahp_exec_peek(struct isahp_emulation *e, __u64 offset,
				    void *buf, unsigned int size)
{
	enum isahp_emulated r;
	__u64 address;

	r = (size > 8 ? isahp_exec_linear_unchecked : isahp_exec_linear)
		(e, ISAHP_SS, offset, size, ISAHP_ACCESS_LOAD, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_load_at(e, address, buf, size, ISAHP_ACCESS_LOAD) : r;
}

/* --- changes -------------------------------------------------------------- */

/* How often others may be in the way of LOCK before it is left to the CPU. */
#define TRIES 64

enum isahp_emulated isahp_exec_change_at(struct isahp_emulation *e, __u64 address,
					 bool lock, exec_value_fn fn,
					 unsigned int size, __u64 b,
					 __u64 *ret_old, __u64 *ret_flags)
{
	__u64 old = 0, seen, new;
	enum isahp_emulated r;
	unsigned int i;

	r = isahp_exec_load_at(e, address, &old, size, ISAHP_ACCESS_STORE);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	for (i = 0; i < TRIES; i++) {
		*ret_flags = e->regs->rflags;
		*ret_old = old;
		new = fn(size, old, b, ret_flags);
		if (!lock)
			return isahp_exec_store_at(e, address, &new, size);
		seen = old;
		r = isahp_exec_exchange_at(e, address, &seen, &new, size);
		if (r != ISAHP_EMULATE_DONE || seen == old)
			return r;
		old = seen;
	}
	return ISAHP_EMULATE_FOREIGN;
}

enum isahp_emulated isahp_exec_change_memory(struct isahp_emulation *e,
					     const struct isahp_instruction *in,
					     exec_value_fn fn, unsigned int size,
					     __u64 b)
{
	__u64 flags, address, old;
	enum isahp_emulated r;

	r = isahp_exec_reach(e, in, size, ISAHP_ACCESS_STORE, &address);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_change_at(e, address,
					 in->flags & ISAHP_INSTRUCTION_LOCK, fn,
					 size, b, &old, &flags);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rflags = flags;
	return r;
}
