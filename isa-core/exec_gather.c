// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Gathers and scatters: an element after the other, at indices which are those of
 * a vector (VSIB: SDM vol. 2A, 2.3.12).
 *
 * An element that is through stays so if a later one faults, and the mask says
 * which are left: begun anew, the instruction goes on (SDM vol. 2, VPGATHERDD,
 * VPSCATTERDD). They go from the lowest to the highest, with none beyond the one
 * that faults; a CPU may have more of them, this is what Zen 4 does.
 *
 * So a fault behind the first element is none yet: what is through has happened,
 * and the instruction is to be begun anew, as after a turn of a string instruction.
 * With TF that is what the CPU does, too: #DB in lieu of the fault. EFLAGS.AC is
 * not asked.
 */
#include "exec.h"
#include "exec_vector.h"

/**
 * struct elements - an instruction of these under way
 * @e: the instruction's.
 * @in: itself.
 * @index: the vector of these.
 * @index_size: in bytes.
 * @size: of an element in memory, in bytes.
 * @count: of elements.
 * @origin: effective address of index 0.
 */
struct elements {
	struct isahp_emulation *e;
	const struct isahp_instruction *in;
	const union isahp_vector *index;
	unsigned int index_size;
	unsigned int size;
	unsigned int count;
	__u64 origin;
};

/* The letter before the last two. */
static bool has_narrow_index(unsigned int operation)
{
	switch (operation) {
	case ISAHP_OP_VGATHERDPD:
	case ISAHP_OP_VGATHERDPS:
	case ISAHP_OP_VPGATHERDD:
	case ISAHP_OP_VPGATHERDQ:
	case ISAHP_OP_VPSCATTERDD:
	case ISAHP_OP_VPSCATTERDQ:
	case ISAHP_OP_VSCATTERDPD:
	case ISAHP_OP_VSCATTERDPS:
		return true;
	default:
		return false;
	}
}

static void set_elements(struct elements *s, struct isahp_emulation *e,
			 const struct isahp_instruction *in, unsigned int memory)
{
	unsigned int operation = isahp_instruction_operation(in);
	struct isahp_instruction without = *in;
	unsigned int widest;

	without.index = ISAHP_REGISTER_NONE;
	*s = (struct elements){
		.e = e,
		.in = in,
		.index = &e->regs->simd->v[in->index],
		.index_size = has_narrow_index(operation) ? 4 : 8,
		.size = isahp_instruction_operand(in, memory).size,
		.origin = isahp_exec_offset(e, &without),
	};
	widest = s->size > s->index_size ? s->size : s->index_size;
	s->count = in->vector_size / widest;
}

static enum isahp_emulated reach(const struct elements *s, unsigned int i,
				 enum isahp_access access, __u64 *ret)
{
	__u64 index = s->index_size == 8 ? s->index->q[i] :
					   (__u64)(__s64)(__s32)s->index->d[i];
	__u64 offset = exec_cut(s->origin + (index << s->in->scale),
				s->in->address_size);

	return isahp_exec_linear_unchecked(s->e, s->in->segment, offset, s->size,
					   access, ret);
}

/* --- the mask ------------------------------------------------------------- */

/* An opmask, or with AVX2 the sign bits of a vector. */
static bool is_active(const struct elements *s, unsigned int i)
{
	const struct isahp_simd *simd = s->e->regs->simd;

	if (s->in->opmask)
		return simd->k[s->in->opmask] >> i & 1;
	return simd->v[s->in->vvvv].b[(i + 1) * s->size - 1] >> 7;
}

/* What is through is not to be done again. */
static void clear_mask(const struct elements *s, unsigned int through)
{
	struct isahp_simd *simd = s->e->regs->simd;
	bool all = through == s->count;

	if (s->in->opmask)
		simd->k[s->in->opmask] &= all ? 0 : ~0ULL << through;
	else
		memset(simd->v[s->in->vvvv].b, 0, all ? simd->bytes :
							through * s->size);
}

/*
 * Each active element, with one of the functions below. @through is where it ended:
 * an element that can not be reached, or behind the last one.
 */
static enum isahp_emulated each(const struct elements *s, unsigned int *through,
				enum isahp_emulated (*act)(const struct elements *s,
							   unsigned int i))
{
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	bool some = false;
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if (!is_active(s, i))
			continue;
		r = act(s, i);
		if (r != ISAHP_EMULATE_DONE)
			break;
		some = true;
	}
	*through = i;
	if (r != ISAHP_EMULATE_DONE && !some)
		return r;
	clear_mask(s, i);
	if (i < s->count)
		exec_again(s->e, s->in);
	return ISAHP_EMULATE_DONE;
}

/* --- gathers -------------------------------------------------------------- */

static enum isahp_emulated load(const struct elements *s, unsigned int i)
{
	__u8 *to = s->e->regs->simd->v[s->in->reg].b + i * s->size;
	enum isahp_emulated r;
	__u64 address, value;

	r = reach(s, i, ISAHP_ACCESS_LOAD, &address);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_load_at(s->e, address, &value, s->size,
				       ISAHP_ACCESS_LOAD);
	if (r == ISAHP_EMULATE_DONE)
		memcpy(to, &value, s->size);
	return r;
}

EXEC_FAMILY(gather)
{
	struct isahp_simd *simd = e->regs->simd;
	unsigned int through, used;
	enum isahp_emulated r;
	struct elements s;

	if (!isahp_exec_vector_at_hand(e, in))
		return ISAHP_EMULATE_FOREIGN;
	set_elements(&s, e, in, 1);
	r = each(&s, &through, load);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	/* Suspended, EVEX has cleared what is above vectors of that length. */
	used = through == s.count ? s.count * s.size :
	       in->opmask ? in->vector_size : simd->bytes;
	memset(simd->v[in->reg].b + used, 0, simd->bytes - used);
	return r;
}

/* --- scatters ------------------------------------------------------------- */

static enum isahp_emulated store(const struct elements *s, unsigned int i)
{
	const __u8 *from = s->e->regs->simd->v[s->in->reg].b + i * s->size;
	enum isahp_emulated r;
	__u64 address;

	r = reach(s, i, ISAHP_ACCESS_STORE, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_store_at(s->e, address, from, s->size) : r;
}

EXEC_FAMILY(scatter)
{
	unsigned int through;
	struct elements s;

	if (!isahp_exec_vector_at_hand(e, in))
		return ISAHP_EMULATE_FOREIGN;
	set_elements(&s, e, in, 0);
	return each(&s, &through, store);
}
