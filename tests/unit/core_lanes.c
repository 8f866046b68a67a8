// SPDX-License-Identifier: MIT
/*
 * Each row of isa-core/lanes.def against the CPU that the tests run on. A row
 * whose instructions the CPU lacks is skipped, told of and counted; a row without
 * an instruction to show it fails.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isa-core/flags.h>
#include <isa-core/lanes.h>

#include "core_random.h"
#include "core_stub.h"

/* --- the instructions ---------------------------------------------------- */

/* m the mnemonic, r the letter of the registers; operands in AT&T's order. */
#define FORM_AB(m, r) m " %" r "mm2, %" r "mm1, %" r "mm0"
#define FORM_ABI(m, r) m " $0, %" r "mm2, %" r "mm1, %" r "mm0"
#define FORM_ABX(m, r) m " %xmm2, %" r "mm1, %" r "mm0"
#define FORM_ABK(m, r) m " %" r "mm2, %" r "mm1, %" r "mm0{%k1}"
#define FORM_ABM(m, r) m " %" r "mm2, %" r "mm1, %k3"
#define FORM_ABMI(m, r) m " $0, %" r "mm2, %" r "mm1, %k3"
#define FORM_B(m, r) m " %" r "mm2, %" r "mm0"
#define FORM_BI(m, r) m " $0, %" r "mm2, %" r "mm0"
#define FORM_BX(m, r) m " %xmm2, %" r "mm0"
#define FORM_BK(m, r) m " %" r "mm2, %" r "mm0{%k1}"
#define FORM_BM(m, r) m " %" r "mm2, %k3"
#define FORM_MASK(m, r) m " %k5, %" r "mm0"
#define FORM_G(m, r) m " %esi, %" r "mm0"
#define FORM_GQ(m, r) m " %rsi, %" r "mm0"
#define FORM_MEMORY(m, r) m " 0x80(%rdi), %" r "mm0"

/* The legacy encoding overwrites its first source. */
#define MMX_AB(m) "movq %mm1, %mm0; " m " %mm2, %mm0"
#define MMX_ABI(m) "movq %mm1, %mm0; " m " $0, %mm2, %mm0"
#define MMX_B(m) m " %mm2, %mm0"
#define MMX_BI(m) m " $0, %mm2, %mm0"
#define MMX_BI_OLD(m) "movq %mm2, %mm0; " m " $0, %mm0"

#define V1(row, m, form, f16) \
	CASE(row, v_##form, AVX, 16, 16, f16, NONE, FORM_##form(m, "x"))
#define V2(row, m, form, f16, f32) \
	V1(row, m, form, f16) \
	CASE(row, v_##form, AVX, 32, 32, f32, NONE, FORM_##form(m, "y"))
#define V3(row, m, form, f16, f32, f64) \
	V2(row, m, form, f16, f32) \
	CASE(row, v_##form, AVX512, 64, 64, f64, NONE, FORM_##form(m, "z"))
#define E2(row, m, form, f) \
	CASE(row, e_##form, AVX512, 32, 32, f, AVX512VL, FORM_##form(m, "y")) \
	CASE(row, e_##form, AVX512, 64, 64, f, NONE, FORM_##form(m, "z"))
#define E3(row, m, form, f) \
	CASE(row, e_##form, AVX512, 16, 16, f, AVX512VL, FORM_##form(m, "x")) \
	E2(row, m, form, f)
#define M1(row, m, form, f) CASE(row, m_##form, MMX, 8, 8, f, NONE, MMX_##form(m))
#define K(row, f, text) CASE(row, k, AVX512, 8, 8, f, NONE, text)

/*
 * What VP2INTERSECT gives, by instructions that more CPUs have: each rotation of
 * one source compared with the other. The second mask goes by RCX.
 */
#define TURN(t, r, n) \
	"valign" t " $" #n ", %" r "mm2, %" r "mm2, %" r "mm4;" \
	"vpcmpeq" t " %" r "mm4, %" r "mm1, %k6; korq %k6, %k3, %k3;" \
	"valign" t " $" #n ", %" r "mm1, %" r "mm1, %" r "mm4;" \
	"vpcmpeq" t " %" r "mm4, %" r "mm2, %k6; korq %k6, %k7, %k7;"
#define TURNS_2(t, r) "kxorq %k7, %k7, %k7;" TURN(t, r, 0) TURN(t, r, 1)
#define TURNS_4(t, r) TURNS_2(t, r) TURN(t, r, 2) TURN(t, r, 3)
#define TURNS_8(t, r) \
	TURNS_4(t, r) TURN(t, r, 4) TURN(t, r, 5) TURN(t, r, 6) TURN(t, r, 7)
#define TURNS_16(t, r) \
	TURNS_8(t, r) TURN(t, r, 8) TURN(t, r, 9) TURN(t, r, 10) TURN(t, r, 11) \
	TURN(t, r, 12) TURN(t, r, 13) TURN(t, r, 14) TURN(t, r, 15)
#define INTERSECT(t, r, n) TURNS_##n(t, r) "kmovq %k7, %rcx"

#define LABEL(row, tag, kind, bytes) lanes_##row##_##tag##_##kind##bytes
#define STRING2(x) #x
#define STRING(x) STRING2(x)
#define CASE(row, tag, kind, bytes, compared, f1, f2, text) \
	__asm__(".pushsection .rodata\n" \
		STRING(LABEL(row, tag, kind, bytes)) ": " text "\n" \
		STRING(LABEL(row, tag, kind, bytes)) "_end:\n.popsection"); \
	extern const unsigned char LABEL(row, tag, kind, bytes)[], \
		LABEL(row, tag, kind, bytes##_end)[];
#include "core_lanes.def"
#undef CASE

#define ISAHP_FEATURE_NONE ISAHP_FEATURE_MAX

struct lanes_case {
	const unsigned char *code, *end;
	__u16 row;
	__u8 kind;		/* enum stub_kind */
	__u8 bytes, compared;
	__u16 features[2];
	const char *tag;
};

static const struct lanes_case cases[] = {
#define CASE(row, tag, kind, bytes, compared, f1, f2, text) \
	{ LABEL(row, tag, kind, bytes), LABEL(row, tag, kind, bytes##_end), \
	  ISAHP_LANES_##row, STUB_##kind, bytes, compared, \
	  { ISAHP_FEATURE_##f1, ISAHP_FEATURE_##f2 }, #tag },
#include "core_lanes.def"
#undef CASE
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static bool can_run(const struct lanes_case *c)
{
	struct isahp_features has = isahp_cpuid_features();
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (c->features[i] != ISAHP_FEATURE_NONE &&
		    !isahp_features_has(&has, c->features[i]))
			return false;
	return stub_supports(c->kind);
}

/* --- one case, many operands --------------------------------------------- */

/* A field of EXTRQ and INSERTQ that ends above bit 63 is undefined. */
static __u16 field_control(void)
{
	unsigned int length = random64() % 64, at = random64() % 64;

	if (!length || length + at > 64)
		at = length ? 64 - length : 0;
	return length | at << 8;
}

static void draw(struct stub_state *s, const struct lanes_case *c)
{
	random_vector(&s->a, NULL);
	random_vector(&s->b, &s->a);
	random_vector(&s->c, &s->a);
	s->active = random64() | (random64() % 4 ? 0 : random64());
	if (c->row == ISAHP_LANES_EXTRQ)
		s->b.w[0] = field_control();
	if (c->row == ISAHP_LANES_INSERTQ)
		s->b.w[4] = field_control();
	if (c->row == ISAHP_LANES_EXTRQ_IMM || c->row == ISAHP_LANES_INSERTQ_IMM)
		s->c.w[0] = field_control();
	s->rsi = s->b.q[0];
	s->flags = 0x202 | (random64() & ISAHP_FLAGS_ARITHMETIC);
}

static void put_immediates(unsigned char *last, const struct stub_state *s,
			   const struct lanes_case *c, unsigned int imm)
{
	if (isahp_lanes_operations[c->row].immediate)
		*last = imm;
	if (c->row == ISAHP_LANES_EXTRQ_IMM || c->row == ISAHP_LANES_INSERTQ_IMM) {
		last[-1] = s->c.b[0];
		last[0] = s->c.b[1];
	}
}

/* What the CPU gave, where isahp_lanes_fn gives it. */
static void native(struct stub_state *s, const struct lanes_case *c)
{
	stub_run(s);
	switch (isahp_lanes_operations[c->row].result) {
	case ISAHP_LANES_TO_MASK:
		s->ret.q[0] = s->mask;
		break;
	case ISAHP_LANES_TO_MASKS:
		s->ret.q[0] = s->mask;
		s->ret.q[1] = s->rcx;
		break;
	case ISAHP_LANES_TO_VALUE:
		s->ret.q[0] = s->rax;
		break;
	case ISAHP_LANES_TO_FLAGS:
		s->ret.q[0] = s->flags & ISAHP_FLAGS_ARITHMETIC;
		break;
	default:
		break;
	}
}

static bool is_vector(const struct isahp_lanes_operation *op)
{
	return op->result == ISAHP_LANES_TO_VECTOR ||
	       op->result == ISAHP_LANES_TO_PART;
}

/* Sources that the row does not name are NULL; what is not the result stays. */
static bool same(const struct stub_state *s, const struct lanes_case *c,
		 isahp_lanes_fn fn, unsigned int imm, union isahp_vector *ret)
{
	const struct isahp_lanes_operation *op = &isahp_lanes_operations[c->row];
	struct isahp_lanes l = {
		.bytes = c->bytes,
		.element = op->element,
		.imm = imm,
		.active = op->sources & ISAHP_LANES_K ? s->active : ~0ULL,
	};
	unsigned int compared = is_vector(op) ? c->compared :
				op->result == ISAHP_LANES_TO_MASKS ? 16 : 8, i;
	unsigned int written = op->result == ISAHP_LANES_TO_VECTOR ? c->bytes : compared;

	memset(ret, 0xa5, sizeof(*ret));
	fn(&l, ret, op->sources & ISAHP_LANES_A ? &s->a : NULL,
	   op->sources & ISAHP_LANES_B ? &s->b : NULL,
	   op->sources & ISAHP_LANES_C ? &s->c : NULL);
	for (i = written; i < sizeof(*ret); i++)
		if (ret->b[i] != 0xa5)
			return false;
	return !memcmp(ret, &s->ret, compared);
}

static void print(const char *name, const union isahp_vector *v)
{
	int i;

	printf("  %-6s", name);
	for (i = 7; i >= 0; i--)
		printf(" %016llx", (unsigned long long)v->q[i]);
	printf("\n");
}

static void report(const struct lanes_case *c, const struct stub_state *s,
		   unsigned int imm, const union isahp_vector *ret)
{
	printf("%s (%s), %u bytes, immediate %#x, active %#llx:\n",
	       isahp_lanes_operations[c->row].name, c->tag, c->bytes, imm,
	       (unsigned long long)s->active);
	print("a", &s->a);
	print("b", &s->b);
	print("c", &s->c);
	print("CPU", &s->ret);
	print("isahp", ret);
}

/* How many agreed, or -1 with the first that did not in @found. */
static long try_case(const struct lanes_case *c, isahp_lanes_fn fn, bool tell)
{
	bool immediate = isahp_lanes_operations[c->row].immediate;
	long i, n = random_cases(immediate ? 256 * 8 : 2000);
	unsigned char *last = stub_make(c->kind, c->code, c->end - c->code);
	union isahp_vector ret;
	struct stub_state s;

	cr_assert_not_null(last, "no memory may be written and executed here");
	memset(&s, 0, sizeof(s));
	for (i = 0; i < n; i++) {
		draw(&s, c);
		put_immediates(last, &s, c, i & 0xff);
		native(&s, c);
		if (same(&s, c, fn, i & 0xff, &ret))
			continue;
		if (tell)
			report(c, &s, i & 0xff, &ret);
		return -1;
	}
	return n;
}

/* --- tests --------------------------------------------------------------- */

Test(lanes, each_row_does_what_the_cpu_does)
{
	unsigned int done[ISAHP_LANES_COUNT] = { 0 }, skipped = 0, shown = 0, i;
	long n, total = 0;

	random_seed();
	for (i = 0; i < CASES; i++) {
		const struct lanes_case *c = &cases[i];
		const struct isahp_lanes_operation *op = &isahp_lanes_operations[c->row];

		if (!can_run(c)) {
			skipped++;
			continue;
		}
		n = try_case(c, op->fn, true);
		cr_expect_gt(n, 0, "%s (%s) of %u bytes", op->name, c->tag, c->bytes);
		if (n > 0) {
			total += n;
			done[c->row]++;
		}
	}
	for (i = 0; i < ISAHP_LANES_COUNT; i++) {
		shown += !!done[i];
		if (!done[i])
			printf("SKIP %s: not shown on this CPU\n",
			       isahp_lanes_operations[i].name);
	}
	printf("%u of %u rows shown, %u instructions, %u skipped, %ld cases\n", shown,
	       ISAHP_LANES_COUNT, (unsigned int)CASES - skipped, skipped, total);
}

Test(lanes, each_row_has_an_instruction_to_show_it)
{
	bool has[ISAHP_LANES_COUNT] = { false };
	unsigned int i;

	for (i = 0; i < CASES; i++)
		has[cases[i].row] = true;
	for (i = 0; i < ISAHP_LANES_COUNT; i++)
		cr_expect(has[i], "no case for %s", isahp_lanes_operations[i].name);
}

/* Wrong in one element, for one value of a byte in it. */
static void planted(const struct isahp_lanes *l, union isahp_vector *ret,
		    const union isahp_vector *a, const union isahp_vector *b,
		    const union isahp_vector *c)
{
	isahp_lanes_paddsb(l, ret, a, b, c);
	if (a->b[5] == 0x80 && b->b[5] == 0xff)
		ret->b[5]++;
}

static const struct lanes_case *case_of(unsigned int row, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < CASES; i++)
		if (cases[i].row == row && cases[i].bytes == bytes &&
		    can_run(&cases[i]))
			return &cases[i];
	cr_skip_test("this CPU lacks %s", isahp_lanes_operations[row].name);
	return NULL;
}

/* Not the first few thousand operands need to hit it. */
static bool is_found(const struct lanes_case *c, isahp_lanes_fn fn)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		if (try_case(c, fn, false) < 0)
			return true;
	return false;
}

Test(lanes, a_planted_bug_is_found)
{
	const struct lanes_case *c = case_of(ISAHP_LANES_PADDSB, 16);

	random_seed();
	cr_expect(is_found(c, planted));
	cr_expect(is_found(c, isahp_lanes_paddb));
	cr_expect_not(is_found(c, isahp_lanes_paddsb));
}

static bool has_case(unsigned int row, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < CASES; i++)
		if (cases[i].row == row && cases[i].bytes == bytes)
			return true;
	return false;
}

/* The function of a row nearby that reads and gives the same, at this length. */
static isahp_lanes_fn another(const struct lanes_case *c)
{
	const struct isahp_lanes_operation *op = &isahp_lanes_operations[c->row], *o;
	unsigned int i, row;

	for (i = 1; i < ISAHP_LANES_COUNT; i++) {
		row = (c->row + i) % ISAHP_LANES_COUNT;
		o = &isahp_lanes_operations[row];
		if (o->fn != op->fn && o->sources == op->sources &&
		    o->immediate == op->immediate && o->result == op->result &&
		    has_case(row, c->bytes))
			return o->fn;
	}
	return NULL;
}

Test(lanes, each_row_is_told_from_another)
{
	unsigned int i, told = 0;

	random_seed();
	for (i = 0; i < CASES; i++) {
		const struct lanes_case *c = &cases[i];
		isahp_lanes_fn fn = another(c);

		/* In a single word some are the same. */
		if (!fn || c->bytes < 16 || !can_run(c))
			continue;
		cr_expect(is_found(c, fn), "%s (%s) of %u bytes",
			  isahp_lanes_operations[c->row].name, c->tag, c->bytes);
		told++;
	}
	printf("%u instructions told from another row's\n", told);
}
