// SPDX-License-Identifier: MIT
/*
 * One input is code and data in one piece of memory, and registers that point
 * there: a run of it comes to the same as its instructions one by one, decoded
 * anew each time, and stays within its bounds. What the code stores to changes it.
 */
#include <isa-core/features.h>
#include <isa-core/run.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE 0x10000
#define SIZE 512
#define LIMIT 64

struct world {
	__u8 memory[SIZE];
	unsigned int asked;	/* of stop() */
	unsigned int stops;	/* at this question */
};

struct state {
	struct world w;
	struct isahp_registers regs;
	struct isahp_simd simd;
};

static size_t reach(__u64 address, size_t size)
{
	if (!size || size > 256)
		abort();
	if (address < BASE || address >= BASE + SIZE)
		return 0;
	return address + size <= BASE + SIZE ? size : BASE + SIZE - address;
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	struct world *w = env;

	if (reach(address, size) == size)
		memcpy(buf, w->memory + (address - BASE), size);
	return reach(address, size);
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	struct world *w = env;

	if (reach(address, size) == size)
		memcpy(w->memory + (address - BASE), buf, size);
	return reach(address, size);
}

static size_t mem_exchange(void *env, __u64 address, void *old, const void *new,
			   size_t size)
{
	struct world *w = env;
	__u8 *at = w->memory + (address - BASE);

	if (reach(address, size) < size)
		return reach(address, size);
	if (memcmp(at, old, size))
		memcpy(old, at, size);
	else
		memcpy(at, new, size);
	return size;
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	(void)env;
	*ret = (struct isahp_segment){ .limit = 0xffffffff, .writable = n != ISAHP_CS };
	return true;
}

static bool stop(void *env)
{
	struct world *w = env;

	return ++w->asked == w->stops;
}

static const struct isahp_emulate_ops ops = {
	.load = mem_load,
	.store = mem_store,
	.exchange = mem_exchange,
	.segment = segment,
};

static struct isahp_emulation emulation(struct state *s, enum isahp_code_mode mode)
{
	s->regs.simd = &s->simd;
	return (struct isahp_emulation){
		.mode = mode,
		.turns = 1,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &s->regs,
		.ops = &ops,
		.env = &s->w,
	};
}

static bool same(const struct state *a, const struct state *b)
{
	return !memcmp(a->w.memory, b->w.memory, SIZE) &&
	       !memcmp(a->regs.gpr, b->regs.gpr, sizeof(a->regs.gpr)) &&
	       a->regs.rip == b->regs.rip && a->regs.rflags == b->regs.rflags &&
	       !memcmp(a->simd.v, b->simd.v, sizeof(a->simd.v)) &&
	       !memcmp(a->simd.k, b->simd.k, sizeof(a->simd.k)) &&
	       a->simd.mxcsr == b->simd.mxcsr;
}

/* --- one by one --------------------------------------------------------------- */

static enum isahp_emulated step(struct state *s, struct isahp_emulation *e)
{
	struct isahp_instruction in;
	__u8 code[ISAHP_INSTRUCTION_MAX];
	__u64 offset = s->regs.rip - BASE;
	size_t count = offset >= SIZE ? 0 : SIZE - offset;

	if (count > sizeof(code))
		count = sizeof(code);
	memcpy(code, s->w.memory + (count ? offset : 0), count);
	if (isahp_instruction_decode(code, count, e->mode, &in) != ISAHP_DECODED)
		return ISAHP_EMULATE_FOREIGN;
	return isahp_emulate_instruction(e, &in);
}

/* What the run says of the instruction behind the last one is so. */
static void check_end(struct state *s, struct isahp_emulation *e,
		      const struct isahp_emulation *run, enum isahp_run_end end)
{
	enum isahp_emulated r;

	if (end != ISAHP_RUN_FAULT && end != ISAHP_RUN_UNREACHED)
		return;
	/* No code there. */
	if (end == ISAHP_RUN_UNREACHED && run->access == ISAHP_ACCESS_FETCH)
		return;
	r = step(s, e);
	if (end == ISAHP_RUN_FAULT &&
	    (r != ISAHP_EMULATE_FAULT || e->vector != run->vector))
		abort();
	if (end == ISAHP_RUN_UNREACHED &&
	    (r != ISAHP_EMULATE_UNREACHED || e->address != run->address ||
	     e->access != run->access))
		abort();
}

/* --- an input ----------------------------------------------------------------- */

static void take(void *to, size_t count, const uint8_t **data, size_t *size)
{
	size_t n = count < *size ? count : *size;

	memcpy(to, *data, n);
	*data += n;
	*size -= n;
}

static void draw(struct state *s, uint8_t flags, const uint8_t *data, size_t size)
{
	uint8_t places[16] = { 0 };
	const uint8_t *all = data;
	size_t count = size;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	take(places, sizeof(places), &data, &size);
	take(&s->simd.mxcsr, 2, &data, &size);
	take(&s->regs.rflags, 2, &data, &size);
	take(s->w.memory, SIZE, &data, &size);
	for (i = 0; i < 16; i++)
		s->regs.gpr[i] = places[i] & 1 ? places[i] >> 1 :
						 BASE + 2 * (__u64)places[i];
	for (i = 0; flags & 1 && i < 16; i++)
		s->regs.gpr[i] = i < 8 ? (__u32)s->regs.gpr[i] : 0;
	/* TF ends a run behind its first instruction: seldom. */
	s->regs.rflags = (s->regs.rflags & ~(flags & 2 ? 0u : 0x100u)) | 2;
	s->regs.rip = BASE;
	s->simd.bytes = flags & 4 ? 64 : flags & 8 ? 32 : 16;
	for (i = 0; count && i < s->simd.bytes * 16u; i++)
		s->simd.v[i / s->simd.bytes].b[i % s->simd.bytes] = all[i % count];
	for (i = 0; s->simd.bytes == 64 && i < ISAHP_SIMD_OPMASKS; i++)
		s->simd.k[i] = all[i % count] * 0x0101010101010101ULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct isahp_run_block blocks[4];
	static struct state one, many;
	struct isahp_emulation by_one, by_run;
	struct isahp_run run = {
		.blocks = blocks,
		.resumed = true,
		.limit = LIMIT,
		.stop = stop,
	};
	enum isahp_code_mode mode;
	enum isahp_run_end end;

	if (size < 24)
		return 0;
	mode = data[0] & 1 ? ISAHP_CODE_32 : ISAHP_CODE_64;
	/* Blocks that share a place, and such as have one each. */
	run.blocks_log2 = data[1] % 3;
	run.native = data[1] & 4 ? LIMIT : data[1] >> 3;
	draw(&one, data[0], data + 3, size - 3);
	one.w.stops = data[2];
	many = one;
	by_one = emulation(&one, mode);
	by_run = emulation(&many, mode);
	by_run.features = isahp_emulate_features(true);
	run.present = data[0] & 16 ? isahp_features_known() : isahp_features_none();
	isahp_run_forget(&run);
	end = isahp_run(&run, &by_run);
	if (run.instructions > LIMIT || run.emulated > run.instructions)
		abort();
	for (unsigned int i = 0; i < run.instructions; i++)
		if (step(&one, &by_one) != ISAHP_EMULATE_DONE)
			abort();
	/* Of a gather that faults some elements are there: that is not behind. */
	check_end(&one, &by_one, &by_run, end);
	if (!same(&one, &many))
		abort();
	return 0;
}
