// SPDX-License-Identifier: MIT
/*
 * What the emulator does, against the CPU that the tests run on: every row of
 * forms.def that works on general registers, memory and flags, with operands at
 * random, in 64-bit and in 32-bit code. Registers, flags but for undefined ones,
 * memory, and what an exception tells are the same afterwards. What a run would
 * choose for the instruction does the same as well.
 *
 * ISAHP_CASES multiplies how many cases there are of each row, ISAHP_SEED repeats
 * a run, ISAHP_ROW=MNEMONIC takes these rows alone.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include <isa-core/cpuid.h>
#include <isa-core/exec_float.h>
#include <isa-core/features.h>
#include <isa-core/run.h>

#include "core_case.h"
#include "core_random.h"

#define CASES 120

#define FLAG_TF (1u << 8)
#define FLAG_RF (1u << 16)

/* --- the comparison ------------------------------------------------------- */

/*
 * These differ from CPU to CPU, within a bound that unit/core_float holds them to:
 * here it is enough that the right element is where it belongs.
 */
static bool is_estimate(unsigned int operation)
{
	switch (operation) {
	case ISAHP_OP_RCPPS:
	case ISAHP_OP_RCPSS:
	case ISAHP_OP_RSQRTPS:
	case ISAHP_OP_RSQRTSS:
	case ISAHP_OP_VRCP14PD:
	case ISAHP_OP_VRCP14PS:
	case ISAHP_OP_VRCP14SD:
	case ISAHP_OP_VRCP14SS:
	case ISAHP_OP_VRSQRT14PD:
	case ISAHP_OP_VRSQRT14PS:
	case ISAHP_OP_VRSQRT14SD:
	case ISAHP_OP_VRSQRT14SS:
		return true;
	default:
		return false;
	}
}

/* By 2^-10 of what they are; a CPU may find zero where the result is just normal. */
static bool is_near(__s64 a, __s64 b, unsigned int fraction_bits)
{
	__s64 bound = 1LL << (fraction_bits - 10);
	__s64 tiny = (1LL << fraction_bits) + bound;

	return (a < b ? b - a : a - b) <= bound ||
	       (!a && b <= tiny) || (!b && a <= tiny);
}

static bool same_word(const struct test_case *c, __u64 native, __u64 emulated)
{
	const struct isahp_form *form = isahp_instruction_form(&c->code.in);

	if (native == emulated)
		return true;
	if (!is_estimate(form->operation))
		return false;
	if (isahp_exec_float_operation(form->operation)->element == 8)
		return !((native ^ emulated) >> 63) &&
		       is_near(native & ~0ULL >> 1, emulated & ~0ULL >> 1, 52);
	return !((native ^ emulated) & 0x8000000080000000ULL) &&
	       is_near(native & 0x7fffffff, emulated & 0x7fffffff, 23) &&
	       is_near(native >> 32 & 0x7fffffff, emulated >> 32 & 0x7fffffff, 23);
}

static const char *hex(const struct encoded *code)
{
	static char text[4 * ISAHP_INSTRUCTION_MAX];
	size_t used = 0;

	for (size_t i = 0; i < code->count; i++)
		used += sprintf(text + used, "%02x ", code->bytes[i]);
	return text;
}

static char difference[400];

#define DIFFER(c, ...) \
	do { \
		int used_ = snprintf(difference, sizeof(difference), \
				     "%s (%s%d-bit): ", \
				     encode_name((c)->code.in.form), \
				     hex(&(c)->code), \
				     (c)->code.mode == ISAHP_CODE_64 ? 64 : 32); \
		snprintf(difference + used_, sizeof(difference) - used_, \
			 __VA_ARGS__); \
		return false; \
	} while (0)

enum outcome {
	OUTCOME_NONE,
	OUTCOME_DONE,
	OUTCOME_FAULT,
	OUTCOME_LEFT,	/* to the CPU */
};

/*
 * Several words: when a fault comes the CPU may be half through, and which word
 * comes first is not architectural. The emulator does nothing then.
 */
static bool tears(unsigned int operation)
{
	return operation == ISAHP_OP_PUSHA || operation == ISAHP_OP_POPA ||
	       operation == ISAHP_OP_ENTER;
}

/* Of two operands in memory, either of which may be the first to fault. */
static bool has_two(unsigned int operation)
{
	return operation == ISAHP_OP_CMPS;
}

static bool same_simd(const struct test_case *c, const struct isahp_simd *native,
		      const struct isahp_simd *emulated)
{
	if (native->mxcsr != emulated->mxcsr)
		DIFFER(c, "mxcsr %x, not %x", emulated->mxcsr, native->mxcsr);
	for (int i = 0; i < ISAHP_SIMD_VECTORS; i++)
		for (int j = 0; j < 8; j++)
			if (!same_word(c, native->v[i].q[j], emulated->v[i].q[j]))
				DIFFER(c, "vector %d, word %d: %llx, not %llx (it was %llx)",
				       i, j, emulated->v[i].q[j], native->v[i].q[j],
				       c->simd.v[i].q[j]);
	for (int i = 0; i < ISAHP_SIMD_OPMASKS; i++)
		if (native->k[i] != emulated->k[i])
			DIFFER(c, "opmask %d: %llx, not %llx", i, emulated->k[i],
			       native->k[i]);
	return true;
}

static bool same_registers(const struct test_case *c,
			   const struct isahp_registers *native,
			   const struct isahp_registers *emulated, __u32 undefined)
{
	__u64 flags = ~(__u64)(undefined | FLAG_TF | FLAG_RF);
	bool is_64 = c->code.mode == ISAHP_CODE_64;

	/* What 32-bit code leaves in the upper halves nobody says. */
	for (int i = 0; i < (is_64 ? 16 : 8); i++)
		if (is_64 ? native->gpr[i] != emulated->gpr[i] :
			    (__u32)native->gpr[i] != (__u32)emulated->gpr[i])
			DIFFER(c, "register %d: %llx, not %llx (it was %llx)", i,
			       emulated->gpr[i], native->gpr[i], c->regs.gpr[i]);
	if ((native->rflags ^ emulated->rflags) & flags)
		DIFFER(c, "flags %llx, not %llx (they were %llx)", emulated->rflags,
		       native->rflags, c->regs.rflags);
	if (native->rip != emulated->rip)
		DIFFER(c, "rip %llx, not %llx", emulated->rip, native->rip);
	return !native->simd || same_simd(c, native->simd, emulated->simd);
}

static bool same_memory(const struct test_case *c, bool fault)
{
	unsigned int operation = isahp_forms[c->code.in.form].operation;

	if (!memcmp(native_memory, case_world + NATIVE_PAGE, NATIVE_MEMORY_SIZE))
		return true;
	if (fault && tears(operation)) {
		memcpy(case_world + NATIVE_PAGE, native_memory, NATIVE_MEMORY_SIZE);
		return true;
	}
	for (unsigned int i = 0; i < NATIVE_MEMORY_SIZE; i++)
		if (native_memory[i] != case_world[NATIVE_PAGE + i])
			DIFFER(c, "memory: %02x at %d from the operand, not %02x",
			       case_world[NATIVE_PAGE + i],
			       (int)(i + (uintptr_t)native_memory - c->target[0]),
			       native_memory[i]);
	return true;
}

/* With an opmask CPUs tell no more than the page; but of an element's own address. */
static bool same_address(const struct test_case *c, __u64 a, __u64 b)
{
	const struct isahp_form *form = isahp_instruction_form(&c->code.in);

	if (tears(form->operation) || has_two(form->operation))
		return true;
	if (c->code.in.opmask && !(form->flags & ISAHP_FORM_VSIB))
		return a / NATIVE_PAGE == b / NATIVE_PAGE;
	return a == b;
}

static bool same_fault(const struct test_case *c, const struct isahp_emulation *e,
		       enum isahp_emulated r, const struct native_trap *t)
{
	bool is_store = t->error & 2;

	if (t->vector == 14) {
		if (r != ISAHP_EMULATE_UNREACHED)
			DIFFER(c, "%d, not a page fault at %llx", r, t->address);
		if (!same_address(c, e->address, t->address))
			DIFFER(c, "page fault at %llx, not %llx", e->address, t->address);
		if ((e->access == ISAHP_ACCESS_STORE) != is_store)
			DIFFER(c, "access %d, not error code %x", e->access, t->error);
		return true;
	}
	if (r != ISAHP_EMULATE_FAULT)
		DIFFER(c, "%d, not exception %u", r, t->vector);
	if (e->vector != t->vector)
		DIFFER(c, "exception %u, not %u", e->vector, t->vector);
	return true;
}

/* A bug that is planted, to be found: in what one instruction does, and a run. */
static void (*plant)(struct isahp_registers *emulated);
static void (*plant_run)(struct isahp_registers *emulated);

/* What one way of carrying a case out came to. */
struct result {
	enum isahp_emulated r;
	struct isahp_emulation e;
	struct isahp_registers regs;
	struct isahp_simd simd;
	unsigned char memory[NATIVE_MEMORY_SIZE];
};

/* Before the end of a gather or scatter, and not where the emulator is. */
static bool is_behind(const struct test_case *c, const struct isahp_registers *native,
		      const struct isahp_registers *emulated)
{
	const struct isahp_instruction *in = &c->code.in;

	if (!(isahp_instruction_form(in)->flags & ISAHP_FORM_VSIB) ||
	    native->rip != c->regs.rip)
		return false;
	if (emulated->rip != native->rip)
		return true;
	return in->opmask ? native->simd->k[in->opmask] !=
				    emulated->simd->k[in->opmask] :
			    memcmp(&native->simd->v[in->vvvv],
				   &emulated->simd->v[in->vvvv],
				   sizeof(native->simd->v[0]));
}

/* An interrupt suspends such an instruction as well as a fault does. */
static void step(const struct test_case *c, struct isahp_registers *native,
		 const struct isahp_registers *emulated, struct native_trap *t)
{
	int tries = 8;

	do
		native_step(c->code.mode, c->code.bytes, c->code.count, native, t);
	while (t->vector == 1 && is_behind(c, native, emulated) && tries--);
}

typedef enum isahp_emulated (*emulate_fn)(struct isahp_emulation *e,
					  const struct isahp_instruction *in);

static void emulate(const struct test_case *c, emulate_fn fn,
		    void (*spoil)(struct isahp_registers *), struct result *ret)
{
	memcpy(case_world + NATIVE_PAGE, native_memory, NATIVE_MEMORY_SIZE);
	ret->regs = c->regs;
	ret->simd = c->simd;
	ret->regs.simd = c->simd.bytes ? &ret->simd : NULL;
	ret->e = (struct isahp_emulation){
		.mode = c->code.mode,
		.turns = 1,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &ret->regs,
		.ops = &case_ops,
	};
	ret->r = fn(&ret->e, &c->code.in);
	if (spoil)
		spoil(&ret->regs);
	memcpy(ret->memory, case_world + NATIVE_PAGE, NATIVE_MEMORY_SIZE);
}

/* Functions that a run chooses do what the general ones do, undefined flags too. */
static bool same_in_run(const struct test_case *c, const struct result *one,
			const struct result *run)
{
	if (run->r != one->r)
		DIFFER(c, "run: outcome %d, not %d", run->r, one->r);
	if (run->r == ISAHP_EMULATE_UNREACHED &&
	    (run->e.address != one->e.address || run->e.access != one->e.access))
		DIFFER(c, "run: access %d to %llx, not %d to %llx", run->e.access,
		       run->e.address, one->e.access, one->e.address);
	if (run->r == ISAHP_EMULATE_FAULT && run->e.vector != one->e.vector)
		DIFFER(c, "run: exception %u, not %u", run->e.vector, one->e.vector);
	if (memcmp(run->regs.gpr, one->regs.gpr, sizeof(run->regs.gpr)) ||
	    run->regs.rip != one->regs.rip)
		DIFFER(c, "run: other registers");
	if (run->regs.rflags != one->regs.rflags)
		DIFFER(c, "run: flags %llx, not %llx (they were %llx)",
		       run->regs.rflags, one->regs.rflags, c->regs.rflags);
	if (run->simd.mxcsr != one->simd.mxcsr ||
	    memcmp(run->simd.k, one->simd.k, sizeof(run->simd.k)) ||
	    memcmp(run->simd.v, one->simd.v, sizeof(run->simd.v)))
		DIFFER(c, "run: other vectors, opmasks or MXCSR");
	if (memcmp(run->memory, one->memory, sizeof(run->memory)))
		DIFFER(c, "run: other memory");
	return true;
}

static unsigned long counts[4];
static unsigned long numeric;	/* of these, in #XM */

/* With registers of 128 or 256 bits: there is no such CPU at hand. */
static bool same_with_less(const struct test_case *c)
{
	static struct result one, run;
	struct test_case less = *c;

	less.simd.bytes = 16 << case_below(2);
	for (int i = 0; i < ISAHP_SIMD_VECTORS; i++)
		memset(less.simd.v[i].b + less.simd.bytes, 0, 64 - less.simd.bytes);
	emulate(&less, isahp_run_instruction, NULL, &run);
	emulate(&less, isahp_emulate_instruction, NULL, &one);
	return same_in_run(&less, &one, &run);
}

static bool run_case(struct test_case *c, enum outcome *ret)
{
	__u32 undefined = isahp_emulate_undefined_flags(&c->code.in, &c->regs);
	struct isahp_registers native = c->regs;
	struct isahp_simd native_simd = c->simd;
	static struct result one, run;
	struct native_trap t;

	if (c->simd.bytes)
		native.simd = &native_simd;
	emulate(c, isahp_run_instruction, plant_run, &run);
	emulate(c, isahp_emulate_instruction, plant, &one);
	if (!plant && !same_in_run(c, &one, &run))
		return false;
	if (c->simd.bytes == 64 && !case_below(4) && !same_with_less(c))
		return false;
	if (one.r == ISAHP_EMULATE_FOREIGN) {
		*ret = OUTCOME_LEFT;
		return true;
	}
	step(c, &native, &one.regs, &t);
	*ret = t.vector == 1 ? OUTCOME_DONE : OUTCOME_FAULT;
	numeric += t.vector == ISAHP_VECTOR_XM;
	if (t.vector == 1 && one.r != ISAHP_EMULATE_DONE)
		DIFFER(c, "outcome %d (vector %u, address %llx), done on the CPU",
		       one.r, one.e.vector, one.e.address);
	if (t.vector != 1 && !same_fault(c, &one.e, one.r, &t))
		return false;
	if (t.vector != 1) {
		undefined = 0;
		if (tears(isahp_instruction_operation(&c->code.in)))
			native = c->regs;
	}
	memcpy(case_world + NATIVE_PAGE, one.memory, NATIVE_MEMORY_SIZE);
	return same_registers(c, &native, &one.regs, undefined) &&
	       same_memory(c, t.vector != 1);
}

/* --- rows ----------------------------------------------------------------- */

static bool is_vector(const struct isahp_form *form)
{
	for (int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		unsigned int class = isahp_form_kinds[form->operand[i]].class;

		if (class == ISAHP_OPERAND_VECTOR || class == ISAHP_OPERAND_OPMASK)
			return true;
	}
	return form->operation == ISAHP_OP_VZEROALL ||
	       form->operation == ISAHP_OP_VZEROUPPER;
}

/* The result itself is undefined: SDM vol. 2B, "SHLD", "SHRD". */
static bool is_open(const struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	const struct isahp_form *form = isahp_instruction_form(in);
	unsigned int count = form->operand[2] == ISAHP_KIND_CL ?
				     c->regs.gpr[ISAHP_REGISTER_RCX] :
				     (__u64)in->immediate;

	return (form->operation == ISAHP_OP_SHLD || form->operation == ISAHP_OP_SHRD) &&
	       in->operand_size == 2 && (count & 31) > 16;
}

static bool cpu_has(const struct isahp_form *form, unsigned int vector_size)
{
	struct isahp_features need = isahp_form_features(form, vector_size);
	static struct isahp_features has;

	if (isahp_features_empty(&has))
		has = isahp_cpuid_features();
	need = isahp_features_andnot(&need, &has);
	return isahp_features_empty(&need);
}

/* false: they differ, as `difference` says. */
static bool run_row(unsigned int row, unsigned long cases, unsigned long *ret_done)
{
	const struct isahp_form *form = &isahp_forms[row];
	struct test_case c = { .simd = { .bytes = 0 } };
	enum outcome outcome;

	if (form->operation == ISAHP_OP_LDMXCSR || form->operation == ISAHP_OP_STMXCSR)
		c.simd = (struct isahp_simd){ .bytes = 16, .mxcsr = 0x1f80 };
	if (is_vector(form))
		c.simd = (struct isahp_simd){ .bytes = native_vector_bytes(),
					      .mxcsr = 0x1f80 };
	*ret_done = 0;
	for (unsigned long i = 0; i < cases; i++) {
		if (!case_draw(&c, row, i % 3 ? ISAHP_CODE_64 : ISAHP_CODE_32) ||
		    is_open(&c))
			continue;
		if (!run_case(&c, &outcome))
			return false;
		counts[outcome]++;
		*ret_done += outcome == OUTCOME_DONE;
	}
	return true;
}

struct tally {
	unsigned int shown;
	unsigned int absent;
	unsigned int failed;
};

static void show_row(unsigned int row, struct tally *t)
{
	const struct isahp_form *form = &isahp_forms[row];
	unsigned long done;

	if (!cpu_has(form, 16) || !cpu_has(form, 64)) {
		printf("not shown, this CPU has no %s\n", encode_name(row));
		t->absent++;
	} else if (!run_row(row, random_cases(CASES), &done)) {
		printf("row %u: %s\n", row, difference);
		case_restore();
		t->failed++;
	} else if (!done) {
		printf("row %u: %s: no case was executed\n", row, encode_name(row));
		t->failed++;
	} else {
		t->shown++;
	}
}

static void show_rows(bool vector, unsigned int at_least)
{
	const char *only = getenv("ISAHP_ROW");
	struct tally t = { 0 };

	case_prepare();
	for (unsigned int row = 0; row < isahp_form_count; row++) {
		const struct isahp_form *form = &isahp_forms[row];

		if (is_vector(form) != vector ||
		    (only && strcmp(only, encode_name(row))))
			continue;
		if (isahp_emulate_executes(form->operation)) {
			show_row(row, &t);
		} else if (!vector) {
			printf("row %u: %s: nobody executes it\n", row,
			       encode_name(row));
			t.failed++;
		}
	}
	printf("%u rows; %lu cases done, %lu in exceptions (#XM %lu), %lu left to the CPU; %u rows not shown\n",
	       t.shown, counts[OUTCOME_DONE], counts[OUTCOME_FAULT], numeric,
	       counts[OUTCOME_LEFT], t.absent);
	cr_assert(!t.failed, "%u rows differ", t.failed);
	cr_assert(only || t.shown + t.absent >= at_least);
}

Test(execute, equals_the_cpu_for_each_base_row, .timeout = 36000)
{
	show_rows(false, 400);
}

Test(execute, equals_the_cpu_for_vector_rows, .timeout = 36000)
{
	show_rows(true, 1200);
	cr_assert(numeric || getenv("ISAHP_ROW"));
}

/* --- the control ---------------------------------------------------------- */

/* AF of one case in eight, of an instruction that defines it. */
static void spoil(struct isahp_registers *emulated)
{
	if (!(emulated->gpr[0] & 7))
		emulated->rflags ^= ISAHP_FLAG_AF;
}

Test(execute, finds_a_planted_bug)
{
	unsigned int row = 0;
	unsigned long done;

	case_prepare();
	while (isahp_forms[row].operation != ISAHP_OP_SBB)
		row++;
	cr_assert(run_row(row, CASES, &done), "%s", difference);
	plant = spoil;
	cr_assert(!run_row(row, CASES, &done));
	cr_assert(strstr(difference, "SBB") && strstr(difference, "flags"), "%s",
		  difference);
	case_restore();
	plant = NULL;
	plant_run = spoil;
	cr_assert(!run_row(row, CASES, &done));
	cr_assert(strstr(difference, "SBB") && strstr(difference, "run: flags"), "%s",
		  difference);
}

/* A vector is off by one where a result was rounded towards zero. */
static void spoil_float(struct isahp_registers *emulated)
{
	const struct isahp_simd *simd = emulated->simd;

	if (simd->mxcsr >> ISAHP_MXCSR_RC_SHIFT == ISAHP_ROUND_ZERO &&
	    simd->mxcsr & ISAHP_FP_PE)
		emulated->simd->v[5].q[0]++;
}

/* A flag that only an exception brings, which is not masked. */
static void spoil_flag(struct isahp_registers *emulated)
{
	__u32 mxcsr = emulated->simd->mxcsr;

	if (mxcsr & ISAHP_FP_DE && ~mxcsr >> ISAHP_MXCSR_MASK_SHIFT & ISAHP_FP_DE)
		emulated->simd->mxcsr &= ~ISAHP_FP_DE;
}

Test(execute, finds_planted_bugs_in_floating_point)
{
	unsigned int row = 0;
	unsigned long done;

	case_prepare();
	while (isahp_forms[row].operation != ISAHP_OP_MULPD)
		row++;
	cr_assert(run_row(row, 20 * CASES, &done), "%s", difference);
	plant = spoil_float;
	cr_assert(!run_row(row, 20 * CASES, &done));
	cr_assert(strstr(difference, "vector 5"), "%s", difference);
	plant = spoil_flag;
	cr_assert(!run_row(row, 20 * CASES, &done));
	cr_assert(strstr(difference, "mxcsr"), "%s", difference);
}
