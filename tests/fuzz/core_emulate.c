// SPDX-License-Identifier: MIT
/*
 * One input is code in memory, registers, and how much of memory there is.
 * Whatever it says, the emulator stays within its bounds, and what it does not
 * finish it has not begun.
 */
#include <isa-core/emulate.h>
#include <isa-core/features.h>
#include <isa-core/float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	__u8 memory[512];
	size_t reachable;
	unsigned int stores;
	__u32 limit;
	bool segments;
};

static size_t reach(const struct world *w, __u64 address, size_t size)
{
	__u64 at = address % sizeof(w->memory);

	if (!size || size > 256)
		abort();
	return at + size <= w->reachable ? size :
	       at < w->reachable ? w->reachable - at : 0;
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	struct world *w = env;

	if (reach(w, address, size) == size)
		memcpy(buf, w->memory + address % sizeof(w->memory), size);
	return reach(w, address, size);
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	struct world *w = env;

	if (reach(w, address, size) == size) {
		w->stores++;
		memcpy(w->memory + address % sizeof(w->memory), buf, size);
	}
	return reach(w, address, size);
}

static size_t mem_exchange(void *env, __u64 address, void *old, const void *new,
			   size_t size)
{
	struct world *w = env;
	__u8 *at = w->memory + address % sizeof(w->memory);

	if (size > 16 || (address & 63) + size > 64)
		abort();
	if (reach(w, address, size) < size)
		return reach(w, address, size);
	if (memcmp(at, old, size))
		memcpy(old, at, size);
	else if (memcmp(at, new, size))
		return mem_store(env, address, new, size);
	return size;
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	struct world *w = env;

	if (n >= ISAHP_SEGMENTS)
		abort();
	*ret = (struct isahp_segment){
		.base = 16 * n,
		.limit = w->limit,
		.writable = w->limit & 1,
		.unusable = !w->limit,
	};
	return w->segments;
}

static const struct isahp_emulate_ops ops = {
	.load = mem_load,
	.store = mem_store,
	.exchange = mem_exchange,
	.segment = segment,
};

/* Of these each turn is a whole. */
static bool is_string(const struct isahp_instruction *in)
{
	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_CMPS:
	case ISAHP_OP_LODS:
	case ISAHP_OP_MOVS:
	case ISAHP_OP_SCAS:
	case ISAHP_OP_STOS:
		return true;
	default:
		return false;
	}
}

/* What is masked out lies between two stores. */
static bool is_masked(const struct isahp_instruction *in)
{
	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_MASKMOVDQU:
	case ISAHP_OP_VMASKMOVPD:
	case ISAHP_OP_VMASKMOVPS:
	case ISAHP_OP_VPMASKMOVD:
	case ISAHP_OP_VPMASKMOVQ:
		return true;
	default:
		return in->opmask;
	}
}

/* Begun anew for ever, if nothing has changed. */
static bool is_suspended(const struct isahp_emulation *e,
			 const struct isahp_registers *before)
{
	return isahp_instruction_form(&e->instruction)->flags & ISAHP_FORM_VSIB &&
	       e->regs->rip == before->rip;
}

static void check(const struct isahp_emulation *e, enum isahp_emulated r,
		  const struct isahp_registers *before, const struct world *w)
{
	if (e->instruction.length > e->count)
		abort();
	if (is_string(&e->instruction))
		return;
	if (r == ISAHP_EMULATE_DONE) {
		if (w->stores > 1 && !is_masked(&e->instruction))
			abort();
		return;
	}
	if (memcmp(e->regs, before, sizeof(*before)) || w->stores)
		abort();
	if (r == ISAHP_EMULATE_FAULT && e->vector != ISAHP_VECTOR_GP &&
	    e->vector != ISAHP_VECTOR_SS && e->vector != ISAHP_VECTOR_AC &&
	    e->vector != ISAHP_VECTOR_DE && e->vector != ISAHP_VECTOR_XM)
		abort();
}

/* What the #UD of a lost feature may lead to is less than what a run does. */
static enum isahp_emulated carry_out(struct isahp_emulation *e, bool all)
{
	if (!all)
		return isahp_emulate(e);
	if (isahp_instruction_decode(e->bytes, e->count, e->mode, &e->instruction) !=
	    ISAHP_DECODED)
		return ISAHP_EMULATE_FOREIGN;
	return isahp_emulate_instruction(e, &e->instruction);
}

/* What there is of the input, again and again; as many bytes as it says. */
static void draw_simd(struct isahp_simd *simd, const uint8_t *data, size_t size)
{
	uint8_t *to = (uint8_t *)simd->v;
	size_t i;

	memset(simd, 0, sizeof(*simd));
	for (i = 0; size && i < sizeof(simd->v) + sizeof(simd->k); i++)
		to[i] = data[i % size];
	simd->bytes = 16 << (size ? data[0] % 3 : 0);
	simd->mxcsr = size > 2 ? data[1] | data[2] << 8 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isahp_registers regs = { { 0 } }, before;
	struct world w = { .stores = 0 };
	static struct isahp_features can;
	struct isahp_simd simd, simd_before;
	enum isahp_emulated r;
	bool all;
	struct isahp_emulation e = {
		.turns = 5,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &ops,
		.env = &w,
	};

	if (size < 4)
		return 0;
	if (isahp_features_empty(&can))
		can = isahp_emulate_features(true);
	e.features = can;
	e.mode = data[0] & 1;
	w.segments = data[0] & 2;
	all = data[0] & 4;
	/* What is missing is no less than a vector: no store leaps over it. */
	w.reachable = 2 * (data[1] % 224) + 2;
	w.limit = data[2] & 1 ? 0xffffffff : data[2];
	e.count = data[3] % (ISAHP_INSTRUCTION_MAX + 1);
	data += 4;
	size -= 4;
	if (e.count > size)
		e.count = size;
	/* Exactly as many as there are, for the sanitizer to guard. */
	memcpy(e.bytes, data, e.count);
	data += e.count;
	size -= e.count;
	memcpy(&regs.gpr, data, size < sizeof(regs.gpr) ? size : sizeof(regs.gpr));
	regs.rflags = regs.gpr[15];
	draw_simd(&simd, data, size);
	regs.simd = all ? &simd : NULL;
	before = regs;
	simd_before = simd;
	r = carry_out(&e, all);
	check(&e, r, &before, &w);
	/* MXCSR says why. */
	if (r == ISAHP_EMULATE_FAULT && e.vector == ISAHP_VECTOR_XM) {
		if (!((simd.mxcsr ^ simd_before.mxcsr) & ~ISAHP_FP_EXCEPTIONS))
			simd_before.mxcsr = simd.mxcsr;
	}
	if (r != ISAHP_EMULATE_DONE && memcmp(&simd, &simd_before, sizeof(simd)))
		abort();
	if (r == ISAHP_EMULATE_DONE && is_suspended(&e, &before) &&
	    !memcmp(&simd, &simd_before, sizeof(simd)))
		abort();
	return 0;
}
