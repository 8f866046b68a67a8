// SPDX-License-Identifier: MIT
/*
 * One input is code in memory, registers, and how much of memory there is.
 * Whatever it says, the emulator stays within its bounds, and what it does not
 * finish it has not begun.
 */
#include <isa-core/emulate.h>
#include <isa-core/features.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	__u8 memory[64];
	size_t reachable;
	unsigned int stores;
	__u32 limit;
	bool segments;
};

static size_t reach(const struct world *w, __u64 address, size_t size)
{
	__u64 at = address % sizeof(w->memory);

	if (size > 8)
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

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	struct world *w = env;

	if (n >= ISAHP_SEGMENTS)
		abort();
	ret->base = w->memory[n];
	ret->limit = w->limit;
	ret->writable = w->limit & 1;
	return w->segments;
}

static const struct isahp_emulate_ops ops = { mem_load, mem_store, segment };

static void check(const struct isahp_emulation *e, enum isahp_emulated r,
		  const struct isahp_registers *before, const struct world *w)
{
	if (r == ISAHP_EMULATE_DONE) {
		if (e->regs->rip == before->rip || w->stores > 1 ||
		    e->instruction.length > e->count)
			abort();
		return;
	}
	if (memcmp(e->regs, before, sizeof(*before)) || w->stores)
		abort();
	if (r == ISAHP_EMULATE_FAULT && e->vector != ISAHP_VECTOR_GP &&
	    e->vector != ISAHP_VECTOR_SS && e->vector != ISAHP_VECTOR_AC)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isahp_registers regs = { { 0 } }, before;
	struct world w = { .reachable = 64 };
	struct isahp_emulation e = {
		.features = isahp_emulate_features(),
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &ops,
		.env = &w,
	};

	if (size < 4)
		return 0;
	e.mode = data[0] & 1;
	w.segments = data[0] & 2;
	w.reachable = data[1] % 65;
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
	before = regs;
	check(&e, isahp_emulate(&e), &before, &w);
	return 0;
}
