// SPDX-License-Identifier: MIT
/*
 * The handler of SIGILL: what it does to registers is what the CPU does.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <isahp/emulation.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "core_random.h"
#include "lib_planted.h"

#define ROUNDS 300

static const struct isahp_emulation_options everything = {
	.size = sizeof(everything),
	.features = ISAHP_SET(SSSE3, SSE4_1, SSE4_2, POPCNT, MOVBE, AES, PCLMULQDQ),
};

static const struct isahp_emulation_options bits = {
	.size = sizeof(bits),
	.features = ISAHP_SET(BMI1, BMI2, ADX, SHA_NI, GFNI, AVX2),
};

static const struct isahp_emulation_options wide = {
	.size = sizeof(wide),
	.features = ISAHP_SET(SSSE3, AVX, AVX2, AVX512F, AVX512BW, AVX512VL),
};

/* Bytes that often are the same, so that comparisons find something. */
static void fill(void *to, size_t size)
{
	unsigned char *byte = to;
	uint64_t kind = random64();

	for (size_t i = 0; i < size; i++)
		byte[i] = (unsigned char)(kind & 1 ? random64() : random64() & 3);
}

/* --- the same as the CPU -------------------------------------------------- */

PLANTED(popcnt, "popcnt %rcx, %rax");
PLANTED(crc32, "crc32q %rcx, %rax");
PLANTED(movbe_store, "movbe %rcx, 3(%rsi)");
PLANTED(movbe_load, "movbe 5(%rsi), %r12w");
PLANTED(pshufb, "pshufb %xmm1, %xmm9");
PLANTED(pshufb_load, "pshufb 16(%rsi), %xmm15");
PLANTED(pmaxud, "pmaxud %xmm2, %xmm3");
PLANTED(pcmpgtq, "pcmpgtq %xmm2, %xmm3");
PLANTED(pextrq, "pextrq $1, %xmm4, 9(%rsi)");
PLANTED(ptest, "ptest %xmm1, %xmm2");
PLANTED(aesenc, "aesenc %xmm1, %xmm2");
PLANTED(pclmul, "pclmulqdq $0x10, %xmm1, %xmm2");
PLANTED(in_a_row, "pshufb %xmm1, %xmm2\npopcnt %rdx, %rdx\npaddb %xmm3, %xmm4\n"
	"pminuw %xmm5, %xmm6");

PLANTED(pext, "pext %rcx, %rdx, %rax");
PLANTED(mulx, "mulx %r8, %r9, %r10");
PLANTED(adox, "adox %rcx, %rax");
PLANTED(shlx_load, "shlx %rcx, 8(%rsi), %rax");
PLANTED(sha256, "sha256rnds2 %xmm0, %xmm1, %xmm2");
PLANTED(gfni, "gf2p8mulb %xmm1, %xmm2");
PLANTED(vpaddb, "vpaddb %ymm1, %ymm2, %ymm3");
PLANTED(vpshufb_load, "vpshufb 1(%rsi), %ymm8, %ymm3");
PLANTED(vpermd, "vpermd %ymm1, %ymm2, %ymm3");
PLANTED(vextract_store, "vextracti128 $1, %ymm7, 7(%rsi)");
PLANTED(vpsllvd, "vpsllvd %ymm1, %ymm2, %ymm3");

PLANTED(vpxor, "vpxor %xmm1, %xmm2, %xmm3");
PLANTED(vzeroupper, "vzeroupper");
PLANTED(zmm_masked, "vpaddb %zmm1, %zmm2, %zmm3{%k1}");
PLANTED(zmm_high, "vpxord %zmm17, %zmm18, %zmm31{%k2}{z}");
PLANTED(ymm_high, "vpaddw %ymm17, %ymm2, %ymm30");
PLANTED(compare, "vpcmpub $1, %zmm1, %zmm2, %k3{%k4}");
PLANTED(kandq, "kandq %k1, %k2, %k5");
PLANTED(masked_store, "vmovdqu8 %zmm1, 5(%rsi){%k1}");
PLANTED(wider_and_wider, "pshufb %xmm1, %xmm2\nvpaddb %ymm2, %ymm3, %ymm4\n"
	"vpaddb %zmm4, %zmm5, %zmm6\npshufb %xmm6, %xmm7");
PLANTED(broadcast, "vpaddd 4(%rsi){1to16}, %zmm1, %zmm2{%k3}");

struct known {
	const char *name;
	const unsigned char *begin, *end;
	const char *cpu;
};

#define KNOWN(name, cpu) { #name, planted_##name, planted_end_##name, cpu }

#define HAS(flag) (!strcmp(cpu, flag) && __builtin_cpu_supports(flag))

static bool has(const char *cpu)
{
	return HAS("popcnt") || HAS("sse4.2") || HAS("ssse3") || HAS("sse4.1") ||
	       HAS("aes") || HAS("pclmul") || HAS("bmi2") || HAS("bmi") ||
	       HAS("avx2") || HAS("avx") || HAS("avx512bw") || HAS("gfni") ||
	       /* Some gcc do not know these. */
	       (!strcmp(cpu, "adx") && __builtin_cpu_supports("avx512f")) ||
	       (!strcmp(cpu, "sha") && __builtin_cpu_supports("gfni")) ||
	       (!strcmp(cpu, "movbe") && __builtin_cpu_supports("bmi2"));
}

static void fill_state(struct planted_state *s, unsigned char *memory)
{
	fill(s, sizeof(*s));
	/* Arithmetic flags, interrupts on. */
	s->flags = (s->flags & 0x8d5) | 0x202;
	s->gpr[6] = (uintptr_t)memory;
}

static void run_one(const struct known *k)
{
	size_t length = (size_t)(k->end - k->begin);
	struct planted_state given, native, ours;
	unsigned char memory[128], by_native[128], start[128];
	struct planted_code cpu, traps;

	planted_make(&cpu, k->begin, length, false);
	planted_make(&traps, k->begin, length, true);
	for (int i = 0; i < ROUNDS; i++) {
		fill(start, sizeof(start));
		fill_state(&given, memory);
		native = ours = given;
		memcpy(memory, start, sizeof(memory));
		cpu.run(&native);
		memcpy(by_native, memory, sizeof(memory));
		memcpy(memory, start, sizeof(memory));
		traps.run(&ours);
		cr_assert(!memcmp(&native, &ours, sizeof(ours)), "%s: registers", k->name);
		cr_assert(!memcmp(by_native, memory, sizeof(memory)), "%s: memory",
			  k->name);
	}
	planted_free(&cpu);
	planted_free(&traps);
}

static struct isahp_emulation_status status(void)
{
	struct isahp_emulation_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_emulation_status(&s), 0);
	return s;
}

static void run_all(const struct isahp_emulation_options *options,
		    const struct known *list, size_t count)
{
	struct isahp_emulation_status before, after;
	size_t ran = 0;

	random_seed();
	cr_assert_eq(isahp_emulation_install(options), 0);
	for (size_t i = 0; i < count; i++) {
		if (!has(list[i].cpu)) {
			fprintf(stderr, "skipped: %s, no %s\n", list[i].name, list[i].cpu);
			continue;
		}
		before = status();
		run_one(&list[i]);
		after = status();
		cr_assert_eq(after.traps - before.traps, ROUNDS, "%s", list[i].name);
		cr_assert_geq(after.instructions - before.instructions, ROUNDS);
		cr_assert_eq(after.foreign, before.foreign);
		ran++;
	}
	cr_assert_gt(ran, 0);
	cr_assert_eq(isahp_emulation_remove(), 0);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

Test(lib_emulation, registers_are_those_of_the_cpu)
{
	static const struct known list[] = {
		KNOWN(popcnt, "popcnt"), KNOWN(crc32, "sse4.2"),
		KNOWN(movbe_store, "movbe"), KNOWN(movbe_load, "movbe"),
		KNOWN(pshufb, "ssse3"), KNOWN(pmaxud, "sse4.1"),
		KNOWN(pcmpgtq, "sse4.2"), KNOWN(pextrq, "sse4.1"),
		KNOWN(ptest, "sse4.1"), KNOWN(aesenc, "aes"),
		KNOWN(pclmul, "pclmul"),
	};

	run_all(&everything, list, COUNT(list));
}

Test(lib_emulation, legacy_encodings_leave_upper_halves_vex_clears_them)
{
	static const struct known list[] = {
		KNOWN(pext, "bmi2"), KNOWN(mulx, "bmi2"), KNOWN(adox, "adx"),
		KNOWN(shlx_load, "bmi2"), KNOWN(sha256, "sha"), KNOWN(gfni, "gfni"),
		KNOWN(vpaddb, "avx2"), KNOWN(vpshufb_load, "avx2"),
		KNOWN(vpermd, "avx2"), KNOWN(vextract_store, "avx2"),
		KNOWN(vpsllvd, "avx2"),
	};

	run_all(&bits, list, COUNT(list));
}

Test(lib_emulation, opmasks_and_all_of_zmm)
{
	static const struct known list[] = {
		KNOWN(vpxor, "avx"), KNOWN(vzeroupper, "avx"),
		KNOWN(zmm_masked, "avx512bw"), KNOWN(zmm_high, "avx512bw"),
		KNOWN(ymm_high, "avx512bw"), KNOWN(compare, "avx512bw"),
		KNOWN(kandq, "avx512bw"), KNOWN(masked_store, "avx512bw"),
		KNOWN(broadcast, "avx512bw"), KNOWN(wider_and_wider, "avx512bw"),
	};

	run_all(&wide, list, COUNT(list));
}

/* PADDB, which every CPU has, is between them. */
Test(lib_emulation, what_follows_is_carried_out_in_the_same_signal)
{
	unsigned char memory[128];
	struct planted_state s, expected;
	struct planted_code first, alone;

	random_seed();
	cr_assert_eq(isahp_emulation_install(&everything), 0);
	PLANTED_MAKE(&alone, in_a_row, false);
	PLANTED_MAKE(&first, in_a_row, true);
	fill_state(&s, memory);
	expected = s;
	alone.run(&expected);
	first.run(&s);
	cr_assert(!memcmp(&s, &expected, sizeof(s)));
	cr_assert_eq(status().traps, 1);
	cr_assert_eq(status().instructions, 3);
	cr_assert_eq(status().by_feature[ISAHP_FEATURE_SSSE3], 1);
	cr_assert_eq(status().by_feature[ISAHP_FEATURE_POPCNT], 0);
	cr_assert_eq(status().runs, 1);
	cr_assert_gt(status().native, 0);
}

/* --- the interface -------------------------------------------------------- */

Test(lib_emulation, arguments)
{
	struct isahp_emulation_options o = { .size = sizeof(o) };
	struct { struct isahp_emulation_options o; uint64_t more; } newer = {
		.o.size = sizeof(newer), .more = 1,
	};
	struct isahp_emulation_status s = { .size = 8 };

	cr_assert_eq(isahp_emulation_remove(), -ENOENT);
	o.size = 8;
	cr_assert_eq(isahp_emulation_install(&o), -EINVAL);
	o.size = sizeof(o);
	o.flags = 2;
	cr_assert_eq(isahp_emulation_install(&o), -E2BIG);
	cr_assert_eq(isahp_emulation_install(&newer.o), -E2BIG);
	o.flags = 0;
	/* An older program's, and what is behind it is not looked at. */
	o.size = offsetof(struct isahp_emulation_options, native);
	o.native = 1;
	cr_assert_eq(isahp_emulation_install(&o), 0);
	cr_assert_eq(isahp_emulation_remove(), 0);
	o.size--;
	cr_assert_eq(isahp_emulation_install(&o), -EINVAL);
	o.size = sizeof(o);
	o.native = 0;
	/* XOP's are in no table. */
	o.features = (struct isahp_features)ISAHP_SET(POPCNT, XOP);
	cr_assert_eq(isahp_emulation_install(&o), -EOPNOTSUPP);
	cr_assert_eq(isahp_emulation_status(&s), -EINVAL);
	cr_assert_eq(isahp_emulation_status(NULL), -EINVAL);
	cr_assert_eq(status().installed, 0);
	cr_assert_eq(isahp_emulation_install(NULL), 0);
	cr_assert_eq(status().installed, 1);
	cr_assert_eq(isahp_emulation_install(NULL), -EALREADY);
	cr_assert_eq(isahp_emulation_remove(), 0);
	cr_assert_eq(isahp_emulation_install(&everything), 0);
}

/* Runs a planted instruction in a child. Returns its wait status. */
static int run_in_child(const struct isahp_emulation_options *options, bool install,
			const unsigned char *bytes, size_t length)
{
	unsigned char memory[128] = { 0 };
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;
	int wait_status;
	pid_t pid;

	s.gpr[6] = (uintptr_t)memory;
	planted_make(&code, bytes, length, true);
	pid = fork();
	if (!pid) {
		if (install && isahp_emulation_install(options))
			_exit(2);
		code.run(&s);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &wait_status, 0), pid);
	planted_free(&code);
	return wait_status;
}

#define IN_CHILD(options, install, name) \
	run_in_child(options, install, planted_##name, \
		     (size_t)(planted_end_##name - planted_##name))

static bool died_of(int wait_status, int sig)
{
	return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == sig;
}

Test(lib_emulation, without_it_the_program_dies)
{
	cr_assert(died_of(IN_CHILD(NULL, false, popcnt), SIGILL));
	cr_assert_eq(IN_CHILD(&everything, true, popcnt), 0);
}

/* This CPU has it: so it trapped for another reason, and nobody named it. */
Test(lib_emulation, by_default_only_what_cpuid_does_not_show)
{
	if (!__builtin_cpu_supports("popcnt") || !__builtin_cpu_supports("bmi2"))
		cr_skip("a CPU without POPCNT or BMI2");
	cr_assert(died_of(IN_CHILD(NULL, true, popcnt), SIGILL));
	cr_assert(died_of(IN_CHILD(&everything, true, pext), SIGILL));
	cr_assert_eq(IN_CHILD(&bits, true, pext), 0);
}

Test(lib_emulation, errno_is_left_alone)
{
	struct planted_state s = { .flags = 0x202 };
	unsigned char memory[128] = { 0 };
	struct planted_code code;

	s.gpr[6] = (uintptr_t)memory;
	cr_assert_eq(isahp_emulation_install(&everything), 0);
	PLANTED_MAKE(&code, movbe_store, true);
	errno = 4711;
	code.run(&s);
	cr_assert_eq(errno, 4711);
}
