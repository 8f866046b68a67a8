// SPDX-License-Identifier: MIT
/*
 * Each row of isa-core/scalar_bits.def, in each size, against the CPU that the
 * tests run on: result and flags, but for those that are undefined.
 */
#include <criterion/criterion.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isa-core/scalar_bits.h>

#include "core_random.h"
#include "core_stub.h"

/* RAX and RDX are a, RSI is b, RCX the result. */
#define CASES(CASE) \
	CASE(ADCX, 4, ADX, "mov %eax, %ecx; adcx %esi, %ecx") \
	CASE(ADCX, 8, ADX, "mov %rax, %rcx; adcx %rsi, %rcx") \
	CASE(ADOX, 4, ADX, "mov %eax, %ecx; adox %esi, %ecx") \
	CASE(ADOX, 8, ADX, "mov %rax, %rcx; adox %rsi, %rcx") \
	CASE(ANDN, 4, BMI1, "andn %esi, %eax, %ecx") \
	CASE(ANDN, 8, BMI1, "andn %rsi, %rax, %rcx") \
	CASE(BEXTR, 4, BMI1, "bextr %eax, %esi, %ecx") \
	CASE(BEXTR, 8, BMI1, "bextr %rax, %rsi, %rcx") \
	CASE(BLSI, 4, BMI1, "blsi %esi, %ecx") \
	CASE(BLSI, 8, BMI1, "blsi %rsi, %rcx") \
	CASE(BLSMSK, 4, BMI1, "blsmsk %esi, %ecx") \
	CASE(BLSMSK, 8, BMI1, "blsmsk %rsi, %rcx") \
	CASE(BLSR, 4, BMI1, "blsr %esi, %ecx") \
	CASE(BLSR, 8, BMI1, "blsr %rsi, %rcx") \
	CASE(BZHI, 4, BMI2, "bzhi %eax, %esi, %ecx") \
	CASE(BZHI, 8, BMI2, "bzhi %rax, %rsi, %rcx") \
	CASE(CRC32, 1, SSE4_2, "mov %eax, %ecx; crc32b %sil, %ecx") \
	CASE(CRC32, 2, SSE4_2, "mov %eax, %ecx; crc32w %si, %ecx") \
	CASE(CRC32, 4, SSE4_2, "mov %eax, %ecx; crc32l %esi, %ecx") \
	CASE(CRC32, 8, SSE4_2, "mov %rax, %rcx; crc32q %rsi, %rcx") \
	CASE(LZCNT, 2, ABM, "lzcnt %si, %cx") \
	CASE(LZCNT, 4, ABM, "lzcnt %esi, %ecx") \
	CASE(LZCNT, 8, ABM, "lzcnt %rsi, %rcx") \
	CASE(MOVBE, 2, MOVBE, "movbe 0x118(%rdi), %cx") \
	CASE(MOVBE, 4, MOVBE, "movbe 0x118(%rdi), %ecx") \
	CASE(MOVBE, 8, MOVBE, "movbe 0x118(%rdi), %rcx") \
	CASE(MULX_HIGH, 4, BMI2, "mulx %esi, %eax, %ecx") \
	CASE(MULX_HIGH, 8, BMI2, "mulx %rsi, %rax, %rcx") \
	CASE(MULX, 4, BMI2, "mulx %esi, %ecx, %eax") \
	CASE(MULX, 8, BMI2, "mulx %rsi, %rcx, %rax") \
	CASE(PDEP, 4, BMI2, "pdep %esi, %eax, %ecx") \
	CASE(PDEP, 8, BMI2, "pdep %rsi, %rax, %rcx") \
	CASE(PEXT, 4, BMI2, "pext %esi, %eax, %ecx") \
	CASE(PEXT, 8, BMI2, "pext %rsi, %rax, %rcx") \
	CASE(POPCNT, 2, POPCNT, "popcnt %si, %cx") \
	CASE(POPCNT, 4, POPCNT, "popcnt %esi, %ecx") \
	CASE(POPCNT, 8, POPCNT, "popcnt %rsi, %rcx") \
	CASE(RORX, 4, BMI2, "rorx $0, %esi, %ecx") \
	CASE(RORX, 8, BMI2, "rorx $0, %rsi, %rcx") \
	CASE(SARX, 4, BMI2, "sarx %eax, %esi, %ecx") \
	CASE(SARX, 8, BMI2, "sarx %rax, %rsi, %rcx") \
	CASE(SHLX, 4, BMI2, "shlx %eax, %esi, %ecx") \
	CASE(SHLX, 8, BMI2, "shlx %rax, %rsi, %rcx") \
	CASE(SHRX, 4, BMI2, "shrx %eax, %esi, %ecx") \
	CASE(SHRX, 8, BMI2, "shrx %rax, %rsi, %rcx") \
	CASE(TZCNT, 2, BMI1, "tzcnt %si, %cx") \
	CASE(TZCNT, 4, BMI1, "tzcnt %esi, %ecx") \
	CASE(TZCNT, 8, BMI1, "tzcnt %rsi, %rcx")

#define CODE(name, size, feature, text) \
	__asm__(".pushsection .rodata\nscalar_" #name #size ": " text "\n" \
		"scalar_" #name #size "_end:\n.popsection"); \
	extern const unsigned char scalar_##name##size[], scalar_##name##size##_end[];
CASES(CODE)

struct scalar_case {
	const unsigned char *code, *end;
	__u8 row, size;
	__u16 feature;
};

static const struct scalar_case cases[] = {
#define ENTRY(name, size, feature, text) \
	{ scalar_##name##size, scalar_##name##size##_end, \
	  ISAHP_SCALAR_BITS_##name, size, ISAHP_FEATURE_##feature },
	CASES(ENTRY)
};

#define COUNT (sizeof(cases) / sizeof(cases[0]))

static bool can_run(const struct scalar_case *c)
{
	struct isahp_features has = isahp_cpuid_features();

	return isahp_features_has(&has, c->feature);
}

static bool same(const struct scalar_case *c, isahp_scalar_bits_fn fn,
		 struct stub_state *s, unsigned char *last)
{
	__u64 flags, result, known;

	s->rax = random_element(8 * c->size);
	if (!(random64() % 4))	/* BEXTR has start and length in a's bytes. */
		s->rax = random64() % 72 | random64() % 72 << 8;
	s->rdx = s->rax;
	s->rsi = random_element(8 * c->size);
	s->flags = 0x202 | (random64() & ISAHP_FLAGS_ARITHMETIC);
	if (c->row == ISAHP_SCALAR_BITS_RORX)
		*last = s->rax;
	flags = s->flags;
	result = fn(c->size, c->row == ISAHP_SCALAR_BITS_RORX ? s->rax & 0xff : s->rax,
		    s->rsi, &flags);
	stub_run(s);
	known = ~(__u64)isahp_scalar_bits_operations[c->row].undefined;
	return result == s->rcx && (flags & known) == (s->flags & known);
}

static long try_case(const struct scalar_case *c, isahp_scalar_bits_fn fn, bool tell)
{
	long i, n = random_cases(20000);
	unsigned char *last = stub_make(STUB_GPR, c->code, c->end - c->code);
	struct stub_state s;

	cr_assert_not_null(last, "no memory may be written and executed here");
	memset(&s, 0, sizeof(s));
	for (i = 0; i < n; i++) {
		if (same(c, fn, &s, last))
			continue;
		if (tell)
			printf("%s, %u bytes: a %#llx, b %#llx: CPU %#llx, flags %#llx\n",
			       isahp_scalar_bits_operations[c->row].name, c->size,
			       (unsigned long long)s.rdx, (unsigned long long)s.rsi,
			       (unsigned long long)s.rcx, (unsigned long long)s.flags);
		return -1;
	}
	return n;
}

Test(scalar_bits, each_row_does_what_the_cpu_does)
{
	bool has[ISAHP_SCALAR_BITS_COUNT] = { false };
	unsigned int i, skipped = 0;
	long n, total = 0;

	random_seed();
	for (i = 0; i < COUNT; i++) {
		const char *name = isahp_scalar_bits_operations[cases[i].row].name;

		has[cases[i].row] = true;
		if (!can_run(&cases[i])) {
			printf("SKIP %s: not shown on this CPU\n", name);
			skipped++;
			continue;
		}
		n = try_case(&cases[i], isahp_scalar_bits_operations[cases[i].row].fn, true);
		cr_expect_gt(n, 0, "%s of %u bytes", name, cases[i].size);
		total += n;
	}
	for (i = 0; i < ISAHP_SCALAR_BITS_COUNT; i++)
		cr_expect(has[i], "no case for %s", isahp_scalar_bits_operations[i].name);
	printf("%u instructions, %u skipped, %ld cases\n", (unsigned int)COUNT - skipped,
	       skipped, total);
}

/* Wrong in one flag, for one value of a. */
static __u64 planted(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	__u64 result = isahp_scalar_bits_bzhi(size, a, b, flags);

	if ((a & 0xff) == 8 * size)
		*flags ^= ISAHP_FLAG_CF;
	return result;
}

Test(scalar_bits, a_planted_bug_is_found)
{
	unsigned int i;

	random_seed();
	for (i = 0; i < COUNT; i++)
		if (cases[i].row == ISAHP_SCALAR_BITS_BZHI && can_run(&cases[i]))
			cr_expect_eq(try_case(&cases[i], planted, false), -1);
}
