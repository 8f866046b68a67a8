// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "selftest.h"

#define MEMORY_BEGIN (ISAHP_SELFTEST_MEMORY_END - ISAHP_SELFTEST_MEMORY_SIZE)

#define FLAG_TF (1u << 8)
#define FLAG_RF (1u << 16)

const struct isahp_selftest_vector isahp_selftest_vectors[] = {
#define VECTOR(mode, seed, digest, count, ...) \
	{ ISAHP_CODE_##mode, seed, digest, count, { __VA_ARGS__ } },
#include "selftest.def"
};

const unsigned int isahp_selftest_count =
	sizeof(isahp_selftest_vectors) / sizeof(isahp_selftest_vectors[0]);

/* --- what a seed stands for ------------------------------------------------- */

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators". */
static __u64 draw(__u64 *state)
{
	__u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* Any bits; small numbers and those of floating point more often than chance. */
static __u64 draw_word(__u64 *state)
{
	static const __u64 special[] = {
		0, ~0ULL, 0x3ff0000000000000ULL, 0x3f8000003f800000ULL,
		0x7ff0000000000000ULL, 0x7fc000007f800001ULL,
		0x000fffffffffffffULL, 0x007fffff80000001ULL,
	};
	__u64 word = draw(state);

	switch (word & 7) {
	case 0:
		return special[word >> 3 & 7];
	case 1:
		return word >> 3 & 0xff;
	case 2:
		/* Near 1, of which sums and products are numbers again. */
		return (word & 0x800fffff807fffffULL) | 0x3ff000003f800000ULL;
	default:
		return word;
	}
}

static __u32 draw_mxcsr(__u64 *state)
{
	__u64 bits = draw(state);
	__u32 mxcsr = 0x1f80 | (bits & 0x6000);

	if (!(bits & 3))
		mxcsr &= ~(bits >> 32 & 0x1f80);
	if (!(bits >> 2 & 3))
		mxcsr |= bits >> 32 & 0x8040;
	return mxcsr;
}

static void draw_all(struct isahp_selftest *t, __u64 *state)
{
	unsigned int i, j;
	__u64 word;

	for (i = 0; i < 16; i++) {
		t->regs.gpr[i] = draw_word(state);
		if (t->mode == ISAHP_CODE_32)
			t->regs.gpr[i] = i < 8 ? (__u32)t->regs.gpr[i] : 0;
	}
	t->regs.rip = ISAHP_SELFTEST_CODE;
	/* TF is how the CPU was stopped, and PUSHF has it. */
	t->regs.rflags = (draw(state) & ISAHP_FLAGS_ARITHMETIC) | 0x202 | FLAG_TF;
	t->regs.simd = &t->simd;
	t->simd.bytes = 64;
	t->simd.mxcsr = draw_mxcsr(state);
	for (i = 0; i < ISAHP_SIMD_VECTORS; i++)
		for (j = 0; j < 8; j++)
			t->simd.v[i].q[j] = draw_word(state);
	for (i = 0; i < ISAHP_SIMD_OPMASKS; i++)
		t->simd.k[i] = draw(state);
	for (i = 0; i < ISAHP_SELFTEST_MEMORY_SIZE; i += 8) {
		word = draw_word(state);
		memcpy(t->memory + i, &word, 8);
	}
}

/* --- addresses -------------------------------------------------------------- */

static void put_branch(struct isahp_selftest *t, __u64 address)
{
	__u64 word;

	memcpy(&word, t->memory + (address - MEMORY_BEGIN), 8);
	word >>= 17;
	memcpy(t->memory + (address - MEMORY_BEGIN), &word, 8);
}

static void aim(struct isahp_selftest *t, __u64 target)
{
	const struct isahp_instruction *in = &t->in;
	__u64 *gpr = t->regs.gpr, rest = (__s64)in->displacement;
	unsigned int i;

	if (isahp_forms[in->form].flags & ISAHP_FORM_VSIB) {
		for (i = 0; i < 8; i++)
			t->simd.v[in->index & 31].q[i] &= 15;
	} else if (in->index < 16) {
		rest += gpr[in->index] << in->scale;
	}
	if (in->base < 16)
		gpr[in->base] = target - rest;
	if (in->address_size == 4 && in->base < 16)
		gpr[in->base] = (__u32)gpr[in->base];
}

/* Memory operands in the middle, or of one in eight where memory ends. */
static void place(struct isahp_selftest *t, __u64 *state)
{
	__u64 target = MEMORY_BEGIN + ISAHP_SELFTEST_MEMORY_SIZE / 2;
	__u64 *gpr = t->regs.gpr;

	if (!(draw(state) & 7))
		target = ISAHP_SELFTEST_MEMORY_END - 8;
	switch (isahp_instruction_operation(&t->in)) {
	case ISAHP_OP_CMPS:
	case ISAHP_OP_LODS:
	case ISAHP_OP_MOVS:
	case ISAHP_OP_SCAS:
	case ISAHP_OP_STOS:
		gpr[ISAHP_REGISTER_RCX] = 3;
		gpr[6] = MEMORY_BEGIN + 64;
		gpr[7] = target;
		return;
	case ISAHP_OP_MASKMOVDQU:
		gpr[7] = target;
		return;
	case ISAHP_OP_XLAT:
		gpr[3] = target - (__u8)gpr[0];
		return;
	case ISAHP_OP_CALL:
	case ISAHP_OP_JMP:
	case ISAHP_OP_RET:
		put_branch(t, target);
		put_branch(t, MEMORY_BEGIN + 64);
		if (t->in.rm < 16)
			gpr[t->in.rm] >>= 17;
		break;
	case ISAHP_OP_ENTER:
	case ISAHP_OP_LEAVE:
		gpr[ISAHP_REGISTER_RBP] = MEMORY_BEGIN + 64;
		break;
	}
	gpr[ISAHP_REGISTER_RSP] = MEMORY_BEGIN + 64;
	aim(t, target);
}

bool isahp_selftest_begin(const struct isahp_selftest_vector *v,
			  struct isahp_selftest *t)
{
	__u64 state = v->seed;

	memset(t, 0, sizeof(*t));
	if (isahp_instruction_decode(v->bytes, v->count, v->mode, &t->in) != ISAHP_DECODED)
		return false;
	t->mode = v->mode;
	draw_all(t, &state);
	place(t, &state);
	t->undefined = isahp_emulate_undefined_flags(&t->in, &t->regs);
	return true;
}

/* --- the emulator's environment ----------------------------------------------- */

static size_t reach(__u64 address, size_t size)
{
	if (address < MEMORY_BEGIN || address >= ISAHP_SELFTEST_MEMORY_END)
		return 0;
	return address + size <= ISAHP_SELFTEST_MEMORY_END ?
		       size : ISAHP_SELFTEST_MEMORY_END - address;
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	struct isahp_selftest *t = env;

	if (reach(address, size) == size)
		memcpy(buf, t->memory + (address - MEMORY_BEGIN), size);
	return reach(address, size);
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	struct isahp_selftest *t = env;

	if (reach(address, size) == size)
		memcpy(t->memory + (address - MEMORY_BEGIN), buf, size);
	return reach(address, size);
}

static size_t mem_exchange(void *env, __u64 address, void *old, const void *new,
			   size_t size)
{
	struct isahp_selftest *t = env;
	__u8 *at = t->memory + (address - MEMORY_BEGIN);

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
	(void)n;
	*ret = (struct isahp_segment){ .limit = 0xffffffff, .writable = true };
	return true;
}

static const struct isahp_emulate_ops ops = {
	.load = mem_load,
	.store = mem_store,
	.exchange = mem_exchange,
	.segment = segment,
};

void isahp_selftest_emulate(struct isahp_selftest *t)
{
	struct isahp_emulation e = {
		.mode = t->mode,
		.turns = 1,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &t->regs,
		.ops = &ops,
		.env = t,
	};

	t->outcome = isahp_emulate_instruction(&e, &t->in);
	if (t->outcome == ISAHP_EMULATE_FAULT)
		t->vector = e.vector;
	if (t->outcome == ISAHP_EMULATE_UNREACHED) {
		t->address = e.address;
		t->store = e.access == ISAHP_ACCESS_STORE;
	}
}

/* --- what it came to ---------------------------------------------------------- */

static void mix(__u64 *digest, __u64 word)
{
	*digest = (*digest ^ word) * 0xd6e8feb86659fd93ULL;
	*digest ^= *digest >> 32;
}

__u64 isahp_selftest_digest(const struct isahp_selftest *t)
{
	__u64 digest = 0, word;
	unsigned int i, j;

	mix(&digest, t->outcome | (__u64)t->vector << 8 | (__u64)t->store << 16);
	mix(&digest, t->address);
	for (i = 0; i < 16; i++)
		mix(&digest, t->regs.gpr[i]);
	mix(&digest, t->regs.rip);
	mix(&digest, t->regs.rflags & ~(__u64)(FLAG_TF | FLAG_RF |
		     (t->outcome == ISAHP_EMULATE_DONE ? t->undefined : 0)));
	mix(&digest, t->simd.mxcsr);
	for (i = 0; i < ISAHP_SIMD_VECTORS; i++)
		for (j = 0; j < 8; j++)
			mix(&digest, t->simd.v[i].q[j]);
	for (i = 0; i < ISAHP_SIMD_OPMASKS; i++)
		mix(&digest, t->simd.k[i]);
	for (i = 0; i < ISAHP_SELFTEST_MEMORY_SIZE; i += 8) {
		memcpy(&word, t->memory + i, 8);
		mix(&digest, word);
	}
	return digest;
}

unsigned int isahp_selftest(struct isahp_selftest *t)
{
	unsigned int i;

	for (i = 0; i < isahp_selftest_count; i++) {
		if (!isahp_selftest_begin(&isahp_selftest_vectors[i], t))
			break;
		isahp_selftest_emulate(t);
		if (isahp_selftest_digest(t) != isahp_selftest_vectors[i].digest)
			break;
	}
	return i;
}
