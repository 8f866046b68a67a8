// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "emulate.h"
#include "features.h"

/* --- registers ----------------------------------------------------------- */

static __u64 mask_of(unsigned int size)
{
	return size == 8 ? ~0ULL : (1ULL << 8 * size) - 1;
}

static __u64 gpr_read(const struct isahp_emulation *e, unsigned int n,
		      unsigned int size)
{
	return e->regs->gpr[n] & mask_of(size);
}

/* 16 bits leave the rest as it is, 32 clear it (SDM vol. 1, 3.4.1.1). */
static void gpr_write(struct isahp_emulation *e, unsigned int n,
		      unsigned int size, __u64 value)
{
	__u64 *gpr = &e->regs->gpr[n];

	*gpr = size == 2 ? (*gpr & ~0xffffULL) | value : value;
}

/* --- addresses ----------------------------------------------------------- */

static __u64 next_rip(const struct isahp_emulation *e)
{
	__u64 rip = e->regs->rip + e->instruction.length;

	return e->mode == ISAHP_CODE_64 ? rip : (__u32)rip;
}

static __u64 effective_address(const struct isahp_emulation *e)
{
	const struct isahp_instruction *in = &e->instruction;
	__u64 address = (__s64)in->displacement;

	if (in->base == ISAHP_REGISTER_RIP)
		address += next_rip(e);
	else if (in->base != ISAHP_REGISTER_NONE)
		address += e->regs->gpr[in->base];
	if (in->index != ISAHP_REGISTER_NONE)
		address += e->regs->gpr[in->index] << in->scale;
	return address & mask_of(in->address_size);
}

static enum isahp_emulated fault(struct isahp_emulation *e, __u8 vector)
{
	e->vector = vector;
	return ISAHP_EMULATE_FAULT;
}

static enum isahp_emulated bad_segment(struct isahp_emulation *e)
{
	return fault(e, e->instruction.segment == ISAHP_SS ? ISAHP_VECTOR_SS :
							     ISAHP_VECTOR_GP);
}

static bool is_canonical(const struct isahp_emulation *e, __u64 address)
{
	unsigned int unused = 64 - e->address_bits;

	return (__u64)((__s64)(address << unused) >> unused) == address;
}

/* SDM vol. 1, 3.3.7.1; of the segments FS and GS alone have a base. */
static enum isahp_emulated linear_64(struct isahp_emulation *e, __u64 *address)
{
	const struct isahp_instruction *in = &e->instruction;
	struct isahp_segment s;

	if (in->segment == ISAHP_FS || in->segment == ISAHP_GS) {
		if (!e->ops->segment(e->env, in->segment, &s))
			return ISAHP_EMULATE_FOREIGN;
		*address += s.base;
	}
	if (!(*address >> 63))
		*address &= e->untag_mask;
	if (!is_canonical(e, *address) ||
	    !is_canonical(e, *address + in->operand_size - 1))
		return bad_segment(e);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated linear_32(struct isahp_emulation *e,
				     enum isahp_access access, __u64 *address)
{
	const struct isahp_instruction *in = &e->instruction;
	struct isahp_segment s;

	if (!e->ops->segment(e->env, in->segment, &s))
		return ISAHP_EMULATE_FOREIGN;
	if (*address + in->operand_size - 1 > s.limit ||
	    (access == ISAHP_ACCESS_STORE && !s.writable))
		return bad_segment(e);
	*address = (__u32)(*address + s.base);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated linear(struct isahp_emulation *e,
				  enum isahp_access access, __u64 *ret_address)
{
	enum isahp_emulated r;

	*ret_address = effective_address(e);
	r = e->mode == ISAHP_CODE_64 ? linear_64(e, ret_address) :
				       linear_32(e, access, ret_address);
	if (r == ISAHP_EMULATE_DONE && e->regs->rflags & ISAHP_FLAG_AC &&
	    *ret_address & (e->instruction.operand_size - 1))
		return fault(e, ISAHP_VECTOR_AC);
	return r;
}

/* --- memory -------------------------------------------------------------- */

static enum isahp_emulated unreached(struct isahp_emulation *e, __u64 address,
				     enum isahp_access access)
{
	e->address = e->mode == ISAHP_CODE_64 ? address : (__u32)address;
	e->access = access;
	return ISAHP_EMULATE_UNREACHED;
}

static enum isahp_emulated load(struct isahp_emulation *e, __u64 *ret_value)
{
	size_t size = e->instruction.operand_size, reached;
	enum isahp_emulated r;
	__u64 address;

	r = linear(e, ISAHP_ACCESS_LOAD, &address);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	*ret_value = 0;
	reached = e->ops->load(e->env, address, ret_value, size);
	if (reached < size)
		return unreached(e, address + reached, ISAHP_ACCESS_LOAD);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated store(struct isahp_emulation *e, __u64 value)
{
	size_t size = e->instruction.operand_size, reached;
	enum isahp_emulated r;
	__u64 address;

	r = linear(e, ISAHP_ACCESS_STORE, &address);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	reached = e->ops->store(e->env, address, &value, size);
	if (reached < size)
		return unreached(e, address + reached, ISAHP_ACCESS_STORE);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated read_rm(struct isahp_emulation *e, __u64 *ret_value)
{
	const struct isahp_instruction *in = &e->instruction;

	if (in->rm == ISAHP_REGISTER_NONE)
		return load(e, ret_value);
	*ret_value = gpr_read(e, in->rm, in->operand_size);
	return ISAHP_EMULATE_DONE;
}

/* --- operations ---------------------------------------------------------- */

/* Not __builtin_popcountll(): that is the instruction, or a call into libgcc. */
static unsigned int count_bits(__u64 v)
{
	v -= v >> 1 & 0x5555555555555555ULL;
	v = (v & 0x3333333333333333ULL) + (v >> 2 & 0x3333333333333333ULL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return v * 0x0101010101010101ULL >> 56;
}

static enum isahp_emulated popcnt(struct isahp_emulation *e)
{
	const struct isahp_instruction *in = &e->instruction;
	enum isahp_emulated r;
	__u64 value;

	r = read_rm(e, &value);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	gpr_write(e, in->reg, in->operand_size, count_bits(value));
	e->regs->rflags &= ~(__u64)ISAHP_FLAGS_ARITHMETIC;
	if (!value)
		e->regs->rflags |= ISAHP_FLAG_ZF;
	return ISAHP_EMULATE_DONE;
}

static __u64 swap_bytes(__u64 value, unsigned int size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

static enum isahp_emulated movbe_load(struct isahp_emulation *e)
{
	const struct isahp_instruction *in = &e->instruction;
	enum isahp_emulated r;
	__u64 value;

	r = load(e, &value);
	if (r == ISAHP_EMULATE_DONE)
		gpr_write(e, in->reg, in->operand_size,
			  swap_bytes(value, in->operand_size));
	return r;
}

static enum isahp_emulated movbe_store(struct isahp_emulation *e)
{
	const struct isahp_instruction *in = &e->instruction;

	return store(e, swap_bytes(gpr_read(e, in->reg, in->operand_size),
				   in->operand_size));
}

static enum isahp_emulated movbe(struct isahp_emulation *e)
{
	struct isahp_operand to = isahp_instruction_operand(&e->instruction, 0);

	return to.class == ISAHP_OPERAND_MEMORY ? movbe_store(e) : movbe_load(e);
}

typedef enum isahp_emulated (*operation_fn)(struct isahp_emulation *e);

/* NULL: nobody carries it out yet. */
static operation_fn function_of(unsigned int operation)
{
	switch (operation) {
	case ISAHP_OP_MOVBE:
		return movbe;
	case ISAHP_OP_POPCNT:
		return popcnt;
	default:
		return NULL;
	}
}

bool isahp_emulate_executes(unsigned int operation)
{
	return function_of(operation);
}

struct isahp_features isahp_emulate_features(void)
{
	struct isahp_features all = isahp_features_none(), missing = all;
	unsigned int i, size;

	for (i = 0; i < isahp_form_count; i++) {
		const struct isahp_form *form = &isahp_forms[i];
		bool executed = function_of(form->operation);

		for (size = 16; size <= 64; size *= 2) {
			__u8 feature = isahp_form_feature(form, size);

			if (feature != ISAHP_FEATURE_NONE)
				isahp_features_add(executed ? &all : &missing, feature);
		}
	}
	return isahp_features_andnot(&all, &missing);
}

enum isahp_emulated isahp_emulate(struct isahp_emulation *e)
{
	operation_fn carry_out;
	enum isahp_emulated r;

	switch (isahp_instruction_decode(e->bytes, e->count, e->mode,
					 &e->instruction)) {
	case ISAHP_DECODED:
		break;
	case ISAHP_DECODED_SHORT:
		return unreached(e, e->regs->rip + e->count, ISAHP_ACCESS_FETCH);
	default:
		return ISAHP_EMULATE_FOREIGN;
	}
	carry_out = function_of(isahp_instruction_operation(&e->instruction));
	if (!carry_out || !isahp_features_has(&e->features,
			isahp_instruction_feature(&e->instruction)))
		return ISAHP_EMULATE_FOREIGN;
	r = carry_out(e);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rip = next_rip(e);
	return r;
}
