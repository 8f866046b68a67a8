// SPDX-License-Identifier: MIT
/*
 * PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM with each of the 256 immediates
 * against the CPU that the tests run on.
 */
#include <criterion/criterion.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isa-core/flags.h>
#include <isa-core/string_compare.h>

#include "core_random.h"
#include "core_stub.h"

/* XMM1 is the first operand, XMM2 the second; RAX and RDX their lengths. */
#define CODE(name, text) \
	__asm__(".pushsection .rodata\nstring_" #name ": " text "\n" \
		"string_" #name "_end:\n.popsection"); \
	extern const unsigned char string_##name[], string_##name##_end[]
CODE(estri, "pcmpestri $0, %xmm2, %xmm1");
CODE(estri64, "rex.w pcmpestri $0, %xmm2, %xmm1");
CODE(estrm, "pcmpestrm $0, %xmm2, %xmm1");
CODE(estrm64, "rex.w pcmpestrm $0, %xmm2, %xmm1");
CODE(istri, "pcmpistri $0, %xmm2, %xmm1");
CODE(istrm, "pcmpistrm $0, %xmm2, %xmm1");

static const struct string_case {
	const char *name;
	const unsigned char *code, *end;
	bool explicit, wide, index;
} cases[] = {
	{ "pcmpestri", string_estri, string_estri_end, true, false, true },
	{ "pcmpestri, REX.W", string_estri64, string_estri64_end, true, true, true },
	{ "pcmpestrm", string_estrm, string_estrm_end, true, false, false },
	{ "pcmpestrm, REX.W", string_estrm64, string_estrm64_end, true, true, false },
	{ "pcmpistri", string_istri, string_istri_end, false, false, true },
	{ "pcmpistrm", string_istrm, string_istrm_end, false, false, false },
};

#define COUNT (sizeof(cases) / sizeof(cases[0]))

/* Few different characters, so that strings match; at times any. */
static void draw_string(union isahp_vector *v)
{
	unsigned int i, kinds = 1 + random64() % 4;
	bool words = random64() % 2;

	random_vector(v, NULL);
	if (!(random64() % 4))
		return;
	for (i = 0; i < 16; i++) {
		v->b[i] = random64() % kinds + (random64() % 8 ? 'a' : 0x7e);
		if (words && i & 1)
			v->b[i] = random64() % 16 ? 0 : 0xff;
		if (!(random64() % 24))
			v->b[i] = 0;
	}
	if (random64() % 2)
		v->w[random64() % 8] = 0;
}

static __u64 draw_length(void)
{
	switch (random64() % 4) {
	case 0:
		return random_element(32);
	case 1:
		return random_element(64);
	case 2:
		return -(random64() % 20);
	default:
		return random64() % 20;
	}
}

/* Some first operands are a piece of the second, for "equal ordered". */
static void draw(struct stub_state *s)
{
	unsigned int at = random64() % 16;

	draw_string(&s->a);
	draw_string(&s->b);
	if (!(random64() % 3))
		memcpy(s->a.b, s->b.b + at, 16 - at);
	random_vector(&s->c, NULL);
	s->rax = draw_length();
	s->rdx = draw_length();
	s->flags = 0x202 | (random64() & ISAHP_FLAGS_ARITHMETIC);
}

static unsigned int length(const struct string_case *c, const union isahp_vector *v,
			   __u64 value, unsigned int imm)
{
	if (!c->explicit)
		return isahp_string_implicit(v, imm);
	return isahp_string_explicit(c->wide ? (__s64)value : (__s32)value, imm);
}

static bool same(const struct string_case *c, struct stub_state *s, unsigned int imm)
{
	union isahp_vector mask = { .q = { [2] = 0xa5a5a5a5a5a5a5a5 } };
	unsigned int bits;
	__u64 flags;

	bits = isahp_string_compare(&s->a, length(c, &s->a, s->rax, imm),
				    &s->b, length(c, &s->b, s->rdx, imm), imm, &flags);
	isahp_string_mask(&mask, bits, imm);
	stub_run(s);
	if (flags != (s->flags & ISAHP_FLAGS_ARITHMETIC))
		return false;
	if (c->index)
		return isahp_string_index(bits, imm) == s->rcx;
	return !memcmp(&mask, &s->ret, 16) && mask.q[2] == 0xa5a5a5a5a5a5a5a5;
}

/* @wrong: bits of the immediate that isahp is told the opposite of. */
static long try_case(const struct string_case *c, unsigned int wrong)
{
	unsigned char *last = stub_make(STUB_SSE, c->code, c->end - c->code);
	long i, n = 256 * random_cases(500);
	struct stub_state s;

	cr_assert_not_null(last, "no memory may be written and executed here");
	memset(&s, 0, sizeof(s));
	for (i = 0; i < n; i++) {
		draw(&s);
		*last = i;
		if (same(c, &s, (i & 0xff) ^ wrong))
			continue;
		if (!wrong)
			printf("%s, immediate %#lx: a %016llx %016llx, b %016llx %016llx, "
			       "lengths %#llx %#llx: CPU %#llx, flags %#llx\n",
			       c->name, i & 0xff,
			       (unsigned long long)s.a.q[1], (unsigned long long)s.a.q[0],
			       (unsigned long long)s.b.q[1], (unsigned long long)s.b.q[0],
			       (unsigned long long)s.rax, (unsigned long long)s.rdx,
			       (unsigned long long)(c->index ? s.rcx : s.ret.q[0]),
			       (unsigned long long)s.flags);
		return -1;
	}
	return n;
}

static void need_sse4_2(void)
{
	struct isahp_features has = isahp_cpuid_features();

	if (!isahp_features_has(&has, ISAHP_FEATURE_SSE4_2))
		cr_skip_test("this CPU has no SSE4.2");
	random_seed();
}

Test(string_compare, each_immediate_does_what_the_cpu_does)
{
	unsigned int i;
	long n, total = 0;

	need_sse4_2();
	for (i = 0; i < COUNT; i++) {
		n = try_case(&cases[i], 0);
		cr_expect_gt(n, 0, "%s", cases[i].name);
		total += n;
	}
	printf("%u instructions with 256 immediates, %ld cases\n", (unsigned int)COUNT,
	       total);
}

Test(string_compare, each_bit_of_the_immediate_counts)
{
	unsigned int bit;

	need_sse4_2();
	for (bit = 0; bit < 7; bit++)
		cr_expect_eq(try_case(&cases[0], 1u << bit), -1, "bit %u", bit);
}
