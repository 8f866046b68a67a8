// SPDX-License-Identifier: MIT
/*
 * The emulator against the CPU that the tests run on: whatever form of an
 * instruction is drawn, registers, flags and memory are the same afterwards.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <isa-core/emulate.h>
#include <isa-core/features.h>

#include "core_native.h"
#include "core_random.h"

#define ROUNDS 60000
#define WINDOW 64	/* of memory, around the operand */

static struct {
	unsigned char memory[NATIVE_MEMORY_SIZE];
	bool frozen;	/* nothing can be reached */
	bool null;	/* nor is there a segment, but for GS */
} world;

static unsigned int below(unsigned int n)
{
	return random64() % n;
}

/* --- the emulator's environment ------------------------------------------ */

static unsigned char *at(__u64 address, size_t size)
{
	__u64 offset = address - (uintptr_t)native_memory;

	if (world.frozen || offset > NATIVE_MEMORY_SIZE - size)
		return NULL;
	return world.memory + offset;
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	unsigned char *p = at(address, size);

	(void)env;
	if (!p)
		return 0;
	memcpy(buf, p, size);
	return size;
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	unsigned char *p = at(address, size);

	(void)env;
	if (!p)
		return 0;
	memcpy(p, buf, size);
	return size;
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	(void)env;
	*ret = (struct isahp_segment){
		.base = n == ISAHP_GS ? NATIVE_GS_BASE : 0,
		.limit = 0xffffffff,
		.writable = true,
		.unusable = world.null && n != ISAHP_GS,
	};
	return true;
}

static const struct isahp_emulate_ops ops = {
	.load = mem_load,
	.store = mem_store,
	.segment = segment,
};

static struct isahp_emulation emulation(enum isahp_code_mode mode,
					const unsigned char *bytes, size_t count,
					struct isahp_registers *regs)
{
	struct isahp_emulation e = {
		.mode = mode,
		.count = count,
		.features = isahp_emulate_features(true),
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = regs,
		.ops = &ops,
	};

	memcpy(e.bytes, bytes, count);
	return e;
}

/* --- forms --------------------------------------------------------------- */

struct form {
	enum isahp_code_mode mode;
	unsigned char bytes[ISAHP_INSTRUCTION_MAX];
	size_t count;
	struct isahp_registers regs;
};

static void put(struct form *f, unsigned int byte)
{
	f->bytes[f->count++] = byte;
}

static void put_u(struct form *f, __u64 value, unsigned int size)
{
	while (size--) {
		put(f, value & 0xff);
		value >>= 8;
	}
}

static void random_registers(struct form *f)
{
	for (int i = 0; i < 16; i++) {
		f->regs.gpr[i] = below(8) ? random64() : 0;
		if (f->mode == ISAHP_CODE_32)
			f->regs.gpr[i] = i < 8 ? (__u32)f->regs.gpr[i] : 0;
	}
	/* CF PF AF ZF SF OF at random; IF, and what is always 1. */
	f->regs.rflags = (random64() & 0x8d5) | 0x202;
	f->regs.rip = (uintptr_t)native_code;
}

/* Prefixes in any order, some more than once. Returns operand and address
 * size, the segment, and REX. */
struct prefix {
	bool gs, address, lock;
	unsigned int rex;
};

static struct prefix put_prefixes(struct form *f, bool popcnt)
{
	bool is_64 = f->mode == ISAHP_CODE_64;
	struct prefix p = { .gs = is_64 && !below(6), .address = !below(6) };
	bool size = !below(3);

	if (popcnt)
		put(f, 0xf3);
	if (size)
		put(f, 0x66);
	if (p.address)
		put(f, 0x67);
	if (p.gs)
		put(f, 0x65);
	/* Of no effect there. */
	if (is_64 && !below(8))
		put(f, 0x2e);
	if (size && !below(4))
		put(f, 0x66);
	for (size_t i = 0; i + 1 < f->count; i++) {
		size_t j = i + below(f->count - i);
		unsigned char b = f->bytes[i];

		f->bytes[i] = f->bytes[j];
		f->bytes[j] = b;
	}
	if (is_64 && below(4)) {
		p.rex = 0x40 | below(16);
		put(f, p.rex);
	}
	return p;
}

/*
 * An operand in memory: registers and displacement are drawn, and then the
 * base, or else the displacement, is made to hit the target.
 */
static bool put_memory(struct form *f, const struct prefix *p, unsigned int reg,
		       __u32 target)
{
	bool is_64 = f->mode == ISAHP_CODE_64;
	unsigned int mod = below(3), rm = below(8);
	unsigned int b = (p->rex & 1) << 3, x = (p->rex & 2) << 2;
	unsigned int base = 16, index = 16, scale = 0, bits;
	__u32 displacement = (__u32)random64();
	__u64 sum = 0;

	if (p->gs)
		target -= NATIVE_GS_BASE;
	put(f, mod << 6 | (reg & 7) << 3 | rm);
	if (rm == 4) {
		unsigned int sib = below(256);

		put(f, sib);
		scale = sib >> 6;
		index = (sib >> 3 & 7) | x;
		index = index == 4 ? 16 : index;
		base = (sib & 7) | b;
		if ((sib & 7) == 5 && !mod)
			base = 16;
	} else if (rm != 5 || mod) {
		base = rm | b;
	} else if (is_64) {
		base = 17;	/* RIP */
	}
	bits = mod == 1 ? 8 : mod == 2 || base >= 16 ? 32 : 0;
	if (bits == 8)
		displacement = (__u32)(signed char)displacement;
	else if (!bits)
		displacement = 0;
	if (base == index && base < 16)
		return false;
	if (index < 16)
		sum += f->regs.gpr[index] << scale;
	if (base < 16) {
		sum += (__s64)(__s32)displacement;
		f->regs.gpr[base] = target - sum;
		if (!is_64)
			f->regs.gpr[base] = (__u32)f->regs.gpr[base];
	} else {
		if (index < 16) {
			/* Small enough that a displacement reaches the target. */
			f->regs.gpr[index] &= 0xffff;
			sum = f->regs.gpr[index] << scale;
		}
		if (base == 17)
			sum += (uintptr_t)native_code + f->count + 4;
		displacement = target - (__u32)sum;
	}
	put_u(f, displacement, bits / 8);
	return true;
}

/* 16-bit addresses do not reach the memory of a 64-bit process: not drawn. */
static bool draw(struct form *f, enum isahp_code_mode mode, __u32 *ret_target)
{
	unsigned int which = below(3), reg = below(8);
	struct prefix p;

	memset(f, 0, sizeof(*f));
	f->mode = mode;
	random_registers(f);
	p = put_prefixes(f, which == 0);
	if (mode == ISAHP_CODE_32 && p.address)
		return false;
	put(f, 0x0f);
	if (which) {
		put(f, 0x38);
		put(f, which == 1 ? 0xf0 : 0xf1);
	} else {
		put(f, 0xb8);
	}
	*ret_target = (__u32)(uintptr_t)native_memory + WINDOW +
		      below(NATIVE_MEMORY_SIZE - 2 * WINDOW);
	if (which == 0 && below(2)) {
		put(f, 0xc0 | reg << 3 | below(8));
		return true;
	}
	return put_memory(f, &p, reg, *ret_target);
}

/* --- the comparison ------------------------------------------------------ */

static const char *hex(const struct form *f)
{
	static char text[4 * ISAHP_INSTRUCTION_MAX];
	size_t used = 0;

	for (size_t i = 0; i < f->count; i++)
		used += sprintf(text + used, "%02x ", f->bytes[i]);
	return text;
}

static void randomise(unsigned char *a, unsigned char *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		a[i] = b[i] = random64();
	if (!below(8)) {
		memset(a, 0, size);
		memset(b, 0, size);
	}
}

static void compare(const struct form *f, const struct isahp_registers *native,
		    const struct isahp_registers *emulated)
{
	for (int i = 0; i < (f->mode == ISAHP_CODE_64 ? 16 : 8); i++)
		cr_assert_eq(native->gpr[i], emulated->gpr[i],
			     "%s: register %d: %llx, not %llx", hex(f), i,
			     emulated->gpr[i], native->gpr[i]);
	cr_assert_eq(native->rflags, emulated->rflags, "%s: flags %llx, not %llx",
		     hex(f), emulated->rflags, native->rflags);
	cr_assert_eq(native->rip, emulated->rip, "%s: length", hex(f));
}

static void check_form(const struct form *f, __u32 target)
{
	size_t from = target - (__u32)(uintptr_t)native_memory - WINDOW;
	struct isahp_registers native = f->regs, emulated = f->regs;
	struct isahp_emulation e = emulation(f->mode, f->bytes, f->count, &emulated);
	int sig;

	randomise(native_memory + from, world.memory + from, 2 * WINDOW);
	sig = native_run(f->mode, f->bytes, f->count, &native);
	cr_assert_eq(sig, 0, "%s: the CPU raises signal %d", hex(f), sig);
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_DONE, "%s", hex(f));
	compare(f, &native, &emulated);
	cr_assert_arr_eq(native_memory + from, world.memory + from, 2 * WINDOW,
			 "%s: memory differs", hex(f));
}

static void check_mode(enum isahp_code_mode mode)
{
	unsigned int done = 0;
	struct form f;
	__u32 target;

	if (!__builtin_cpu_supports("popcnt") || !native_init())
		cr_skip_test("this CPU or kernel is no oracle");
	random_seed();
	for (int i = 0; i < ROUNDS; i++) {
		if (!draw(&f, mode, &target))
			continue;
		check_form(&f, target);
		done++;
	}
	cr_assert_geq(done, ROUNDS / 2);
	cr_assert_arr_eq(native_memory, world.memory, NATIVE_MEMORY_SIZE);
}

Test(emulate, equals_the_cpu_in_64_bit_code)
{
	check_mode(ISAHP_CODE_64);
}

Test(emulate, equals_the_cpu_in_32_bit_code)
{
	check_mode(ISAHP_CODE_32);
}

/* --- what must not be touched -------------------------------------------- */

static const struct {
	const char *what;
	unsigned char bytes[ISAHP_INSTRUCTION_MAX];
} foreign[] = {
	{ "ud2", { 0x0f, 0x0b } },
	{ "ud1", { 0x0f, 0xb9, 0xc0 } },
	{ "ud0", { 0x0f, 0xff, 0xc0 } },
	{ "lock popcnt", { 0xf0, 0xf3, 0x0f, 0xb8, 0x00 } },
	{ "lock movbe", { 0xf0, 0x0f, 0x38, 0xf1, 0x00 } },
	{ "movbe of a register", { 0x0f, 0x38, 0xf0, 0xc0 } },
	{ "popcnt without F3", { 0x0f, 0xb8, 0xc0 } },
	{ "popcnt with F2", { 0xf2, 0x0f, 0xb8, 0xc0 } },
	{ "VEX.L of BLSR", { 0xc4, 0xe2, 0x7c, 0xf3, 0xc8 } },
	{ "EVEX", { 0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0 } },
	{ "XOP", { 0x8f, 0xe9, 0x78, 0x01, 0xc8 } },
	{ "map 3A", { 0x66, 0x0f, 0x3a, 0x0f, 0xc0, 0 } },
	{ "16 bytes", { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
			0x66, 0x66, 0xf3, 0x0f, 0xb8, 0x80 } },
};

Test(emulate, leaves_what_is_not_its_own)
{
	struct isahp_registers regs = { .rflags = 0x202 }, before;

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		for (int mode = 0; mode < 2; mode++) {
			struct isahp_emulation e = emulation(mode,
				foreign[i].bytes, ISAHP_INSTRUCTION_MAX, &regs);

			before = regs;
			cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_FOREIGN,
				     "%s", foreign[i].what);
			cr_assert_arr_eq(&regs, &before, sizeof(regs));
		}
}

Test(emulate, does_only_what_it_is_asked_for)
{
	static const unsigned char popcnt[] = { 0xf3, 0x0f, 0xb8, 0xc1 };
	struct isahp_registers regs = { .gpr = { 0, 0xff } };
	struct isahp_emulation e = emulation(ISAHP_CODE_64, popcnt,
					     sizeof(popcnt), &regs);

	isahp_features_del(&e.features, ISAHP_FEATURE_POPCNT);
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_FOREIGN);
	cr_assert_eq(isahp_instruction_feature(&e.instruction), ISAHP_FEATURE_POPCNT);
	cr_assert_eq(regs.gpr[0], 0);
	isahp_features_add(&e.features, ISAHP_FEATURE_POPCNT);
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_DONE);
	cr_assert_eq(regs.gpr[0], 8);
}

/* Each prefix of an instruction asks for its next byte, and changes nothing. */
Test(emulate, asks_for_the_bytes_that_are_missing)
{
	static const unsigned char movbe[] = { 0x66, 0x43, 0x0f, 0x38, 0xf1,
					       0x84, 0x8d, 1, 2, 3, 4 };
	struct isahp_registers regs = { .rip = 0x1000 }, before = regs;

	for (size_t n = 0; n < sizeof(movbe); n++) {
		struct isahp_emulation e = emulation(ISAHP_CODE_64, movbe, n, &regs);

		cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_UNREACHED);
		cr_assert_eq(e.access, ISAHP_ACCESS_FETCH);
		cr_assert_eq(e.address, 0x1000 + n);
		cr_assert_arr_eq(&regs, &before, sizeof(regs));
	}
}

Test(emulate, knows_which_features_are_whole)
{
	static const unsigned int without_vectors[] = {
		ISAHP_FEATURE_ABM, ISAHP_FEATURE_ADX, ISAHP_FEATURE_BMI1,
		ISAHP_FEATURE_BMI2, ISAHP_FEATURE_CX16, ISAHP_FEATURE_LAHF_LM,
		ISAHP_FEATURE_MOVBE, ISAHP_FEATURE_POPCNT,
	};
	struct isahp_features set = isahp_emulate_features(false);
	struct isahp_features all = isahp_emulate_features(true);

	for (size_t i = 0; i < sizeof(without_vectors) / sizeof(without_vectors[0]); i++) {
		cr_assert(isahp_features_has(&set, without_vectors[i]), "%zu", i);
		isahp_features_del(&set, without_vectors[i]);
	}
	cr_assert(isahp_features_empty(&set));
	/* With vectors all that is decoded is carried out. */
	for (unsigned int i = 0; i < isahp_form_count; i++) {
		const struct isahp_form *form = &isahp_forms[i];

		cr_assert(isahp_emulate_executes(form->operation), "row %u", i);
		for (unsigned int size = 16; size <= 64; size *= 2) {
			__u8 feature = isahp_form_feature(form, size);

			cr_assert(feature == ISAHP_FEATURE_NONE ||
				  isahp_features_has(&all, feature), "row %u", i);
		}
	}
}

/* --- faults -------------------------------------------------------------- */

static enum isahp_emulated run_at(struct isahp_emulation *e,
				  struct isahp_registers *regs,
				  enum isahp_code_mode mode,
				  const unsigned char *bytes, size_t count,
				  unsigned int base, __u64 address)
{
	memset(regs, 0, sizeof(*regs));
	regs->gpr[base] = address;
	*e = emulation(mode, bytes, count, regs);
	return isahp_emulate(e);
}

Test(emulate, faults_as_the_instruction_would)
{
	static const unsigned char by_rbx[] = { 0x0f, 0x38, 0xf0, 0x03 };
	static const unsigned char by_rbp[] = { 0x0f, 0x38, 0xf1, 0x45, 0 };
	static const unsigned char gs_rbp[] = { 0x65, 0x0f, 0x38, 0xf1, 0x45, 0 };
	struct isahp_registers regs;
	struct isahp_emulation e;

	cr_assert(native_init());
	world.frozen = true;
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_64, by_rbx, 4, 3, 0x123456),
		     ISAHP_EMULATE_UNREACHED);
	cr_assert(e.address == 0x123456 && e.access == ISAHP_ACCESS_LOAD);
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_64, by_rbp, 5, 5, 0x123456),
		     ISAHP_EMULATE_UNREACHED);
	cr_assert(e.address == 0x123456 && e.access == ISAHP_ACCESS_STORE);
	/* Canonical from end to end, or not at all. */
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_64, by_rbx, 4, 3,
			    0x00007ffffffffffdULL), ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_GP);
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_64, by_rbp, 5, 5, 1ULL << 60),
		     ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_SS);
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_64, gs_rbp, 6, 5, 1ULL << 60),
		     ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_GP);
	/* The last bytes of 4 GiB: the limit of a flat segment. */
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_32, by_rbx, 4, 3, 0xfffffffd),
		     ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_GP);
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_32, by_rbx, 4, 3, 0xfffffffc),
		     ISAHP_EMULATE_UNREACHED);
	cr_assert_eq(e.address, 0xfffffffc);
	/* Of a null selector not even the first byte. */
	world.null = true;
	cr_assert_eq(run_at(&e, &regs, ISAHP_CODE_32, by_rbx, 4, 3, 0),
		     ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_GP);
	cr_assert_eq(regs.rip, 0);
	cr_assert_eq(regs.gpr[0], 0);
}

Test(emulate, checks_alignment_when_told_to)
{
	static const unsigned char movbe[] = { 0x0f, 0x38, 0xf0, 0x03 };
	struct isahp_registers regs = { .rflags = ISAHP_FLAG_AC };
	struct isahp_emulation e;

	cr_assert(native_init());
	regs.gpr[3] = (uintptr_t)native_memory + 2;
	e = emulation(ISAHP_CODE_64, movbe, sizeof(movbe), &regs);
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_AC);
	regs.gpr[3] += 2;
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_DONE);
}

Test(emulate, ignores_the_tag_of_an_address_where_the_cpu_does)
{
	static const unsigned char movbe[] = { 0x0f, 0x38, 0xf0, 0x03 };
	struct isahp_registers regs = { .rflags = 2 };
	struct isahp_emulation e;

	cr_assert(native_init());
	regs.gpr[3] = (uintptr_t)native_memory | 0x2aULL << 57;
	e = emulation(ISAHP_CODE_64, movbe, sizeof(movbe), &regs);
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_FAULT);
	e.untag_mask = ~(0x3fULL << 57);
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_DONE);
}

/* 16-bit addresses, which native_run() can not reach: by the manual. */
Test(emulate, forms_16_bit_addresses)
{
	/* movbe %eax, 0x7ffe(%bp,%di) */
	static const unsigned char movbe[] = { 0x67, 0x0f, 0x38, 0xf1, 0x83,
					       0xfe, 0x7f };
	struct isahp_registers regs = {
		.gpr = { [5] = 0xdead8001, [7] = 0xbeef0004 }
	};
	struct isahp_emulation e = emulation(ISAHP_CODE_32, movbe,
					     sizeof(movbe), &regs);

	world.frozen = true;
	cr_assert_eq(isahp_emulate(&e), ISAHP_EMULATE_UNREACHED);
	cr_assert_eq(e.address, 0x0003);
	cr_assert_eq(e.instruction.segment, ISAHP_SS);
}
