// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include <isa-core/exec_float.h>
#include <isa-core/run.h>

#include "core_compare.h"
#include "core_estimate.h"

#define FLAG_TF (1u << 8)
#define FLAG_RF (1u << 16)

/* By 2^-10 of what they are; a CPU may find zero where the result is just normal. */
static bool is_near(__s64 a, __s64 b, unsigned int fraction_bits)
{
	__s64 bound = 1LL << (fraction_bits - 10);
	__s64 tiny = (1LL << fraction_bits) + bound;

	return (a < b ? b - a : a - b) <= bound ||
	       (!a && b <= tiny) || (!b && a <= tiny);
}

/* Of an estimate it is enough that the right element is where it belongs. */
static bool same_word(const struct test_case *c, __u64 native, __u64 emulated)
{
	const struct isahp_form *form = isahp_instruction_form(&c->code.in);

	if (native == emulated)
		return true;
	if (!estimate_is(form->operation))
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

char compare_difference[400];

#define DIFFER(c, ...) \
	do { \
		int used_ = snprintf(compare_difference, sizeof(compare_difference), \
				     "%s (%s%d-bit): ", \
				     encode_name((c)->code.in.form), \
				     hex(&(c)->code), \
				     (c)->code.mode == ISAHP_CODE_64 ? 64 : 32); \
		snprintf(compare_difference + used_, sizeof(compare_difference) - used_, \
			 __VA_ARGS__); \
		return false; \
	} while (0)

/*
 * Several words: when a fault comes the CPU may be half through, and which word
 * comes first is not architectural. The emulator does nothing then.
 */
static bool tears(unsigned int operation)
{
	return operation == ISAHP_OP_PUSHA || operation == ISAHP_OP_POPA ||
	       operation == ISAHP_OP_ENTER;
}

/*
 * Of two operands in memory, either of which may be the first to fault; and of
 * bytes, each of which the CPU at hand looks at, and the emulator at those named.
 */
static bool has_two(unsigned int operation)
{
	return operation == ISAHP_OP_CMPS || operation == ISAHP_OP_MASKMOVDQU;
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

/*
 * Neither aligned nor where its segment or a canonical address is: which of the two
 * exceptions comes is not architectural.
 */
static bool is_unaligned(const struct test_case *c)
{
	unsigned int size;
	bool store;

	return case_has_memory(&c->code.in, &size, &store) && size >= 16 &&
	       (c->not_canonical || c->target[0] % size);
}

/*
 * Some of it lies outside of its segment, and some of it on a page that can not be
 * accessed: as above.
 */
static bool is_outside(const struct test_case *c)
{
	struct isahp_segment s;
	unsigned int size;
	bool store;

	return c->segments.used && case_has_memory(&c->code.in, &size, &store) &&
	       segments_get(&c->segments, c->code.mode, c->code.in.segment, &s) &&
	       case_offset(c, c->code.in.segment, c->target[0]) + size - 1 > s.limit;
}

static bool same_fault(const struct test_case *c, const struct isahp_emulation *e,
		       enum isahp_emulated r, const struct native_trap *t)
{
	unsigned int operation = isahp_instruction_operation(&c->code.in);
	bool is_store = t->error & 2;

	/* What faults first may be another operand or word, for another reason. */
	if ((has_two(operation) || tears(operation)) &&
	    c->code.mode == ISAHP_CODE_32 &&
	    (r == ISAHP_EMULATE_FAULT || r == ISAHP_EMULATE_UNREACHED))
		return true;
	if (t->vector == 14) {
		if (r == ISAHP_EMULATE_FAULT && is_outside(c))
			return true;
		if (r != ISAHP_EMULATE_UNREACHED)
			DIFFER(c, "%d, not a page fault at %llx", r, t->address);
		if (!same_address(c, e->address, t->address))
			DIFFER(c, "page fault at %llx, not %llx", e->address, t->address);
		if ((e->access == ISAHP_ACCESS_STORE) != is_store)
			DIFFER(c, "access %d, not error code %x", e->access, t->error);
		return true;
	}
	if (r == ISAHP_EMULATE_UNREACHED && is_outside(c))
		return true;
	if (r != ISAHP_EMULATE_FAULT)
		DIFFER(c, "%d, not exception %u", r, t->vector);
	if (e->vector == ISAHP_VECTOR_SS && t->vector == ISAHP_VECTOR_GP &&
	    is_unaligned(c))
		return true;
	/* CPUs look at 64 bytes by halves. */
	if (t->vector == ISAHP_VECTOR_AC && is_outside(c))
		return true;
	if (e->vector != t->vector)
		DIFFER(c, "exception %u, not %u", e->vector, t->vector);
	return true;
}

void (*compare_plant)(struct isahp_registers *emulated);
void (*compare_plant_run)(struct isahp_registers *emulated);

/* What one way of carrying a case out came to. */
struct result {
	enum isahp_emulated r;
	struct isahp_emulation e;
	struct isahp_registers regs;
	struct isahp_simd simd;
	unsigned char memory[NATIVE_MEMORY_SIZE];
};

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
		.env = (void *)c,
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

/* An interrupt suspends a gather as well as a fault does. */
static void step(const struct test_case *c, struct isahp_registers *native,
		 const struct isahp_registers *emulated, struct native_trap *t)
{
	int tries = 8;

	do
		native_step(c->code.mode, c->code.bytes, c->code.count, native, t);
	while (t->vector == 1 && is_behind(c, native, emulated) && tries--);
}

/* What has vectors neither branches nor is repeated; gathers come in turns. */
static void carry_out(const struct test_case *c, struct isahp_registers *native,
		      const struct isahp_registers *emulated, struct native_trap *t)
{
	native_use_segments(c->segments.used ? &c->segments.native : NULL);
	if (!native->simd || isahp_instruction_form(&c->code.in)->flags & ISAHP_FORM_VSIB)
		step(c, native, emulated, t);
	else
		native_pass(c->code.mode, c->code.bytes, c->code.count, native, t);
}

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

bool compare_case(struct test_case *c, struct compared *ret)
{
	__u32 undefined = isahp_emulate_undefined_flags(&c->code.in, &c->regs);
	struct isahp_registers native;
	static struct result one, run;
	struct native_trap *t = &ret->trap;

	emulate(c, isahp_run_instruction, compare_plant_run, &run);
	emulate(c, isahp_emulate_instruction, compare_plant, &one);
	if (!compare_plant && !same_in_run(c, &one, &run))
		return false;
	if (c->simd.bytes == 64 && !case_below(4) && !same_with_less(c))
		return false;
	ret->outcome = OUTCOME_LEFT;
	if (one.r == ISAHP_EMULATE_FOREIGN ||
	    (one.r == ISAHP_EMULATE_UNREACHED && native_is_own(one.e.address)))
		return true;
	ret->regs = c->regs;
	ret->simd = c->simd;
	ret->regs.simd = c->simd.bytes ? &ret->simd : NULL;
	carry_out(c, &ret->regs, &one.regs, t);
	ret->outcome = t->vector == 1 ? OUTCOME_DONE : OUTCOME_FAULT;
	if (t->vector == 1 && one.r != ISAHP_EMULATE_DONE)
		DIFFER(c, "outcome %d (vector %u, address %llx), done on the CPU",
		       one.r, one.e.vector, one.e.address);
	if (t->vector != 1 && !same_fault(c, &one.e, one.r, t))
		return false;
	native = ret->regs;
	if (t->vector != 1) {
		undefined = 0;
		if (tears(isahp_instruction_operation(&c->code.in)))
			native = c->regs;
	}
	memcpy(case_world + NATIVE_PAGE, one.memory, NATIVE_MEMORY_SIZE);
	return same_registers(c, &native, &one.regs, undefined) &&
	       same_memory(c, t->vector != 1);
}
