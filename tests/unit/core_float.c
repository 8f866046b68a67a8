// SPDX-License-Identifier: MIT
/*
 * Floating point of isa-core against the CPU that the tests run on: each form of
 * each operation, results, flags and exceptions, bit for bit.
 *
 * ISAHP_FLOAT_CASES=N: random cases for each form instead of a few.
 * ISAHP_FLOAT_STRIDE=1: all binary32 numbers, not one block of many.
 * ISAHP_FLOAT_FORM=rcp: only forms whose text has this in it.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "core_float_native.h"
#include "core_float_operands.h"

#define USUAL_MXCSR 0x1f80u

struct one_case {
	const struct native_form *form;
	unsigned int imm;
	__u32 mxcsr;
	__u64 mask;
	union isahp_vector a, b, c;
};

/* What an instruction leaves, by the CPU and by us. */
struct outcome {
	union isahp_vector vector;
	__u64 value;		/* general register, mask or flags */
	__u32 mxcsr;
	int code;		/* si_code of #XM */
};

static unsigned long number_from(const char *variable, unsigned long usual)
{
	const char *given = getenv(variable);

	return given ? strtoul(given, NULL, 0) : usual;
}

/* As the kernel tells them (fpu__exception_code()). */
static int code_of(__u32 mxcsr)
{
	__u32 unmasked = mxcsr & ~(mxcsr >> ISAHP_MXCSR_MASK_SHIFT) &
			 ISAHP_FP_EXCEPTIONS;

	if (unmasked & ISAHP_FP_IE)
		return FPE_FLTINV;
	if (unmasked & ISAHP_FP_ZE)
		return FPE_FLTDIV;
	if (unmasked & ISAHP_FP_OE)
		return FPE_FLTOVF;
	if (unmasked & (ISAHP_FP_UE | ISAHP_FP_DE))
		return FPE_FLTUND;
	return FPE_FLTRES;
}

static bool is_scalar(const struct native_form *form)
{
	return form->bytes < 16;
}

static bool to_vector(const struct native_form *form)
{
	return !strchr("krf", form->result);
}

/* How many elements there are in the longer one of source and result. */
static unsigned int elements(const struct native_form *form)
{
	unsigned int source = operands_size(form->source);
	unsigned int result = to_vector(form) ? operands_size(form->result) : source;

	return is_scalar(form) ? 1 : form->bytes / (source > result ? source : result);
}

static void run_native(const struct one_case *t, struct outcome *ret)
{
	struct native_state s = {
		.a = t->a, .b = t->b, .c = t->c, .mask = t->mask,
		.value = t->b.q[0], .mxcsr = t->mxcsr,
	};

	ret->code = native_run(t->form, t->imm, &s);
	ret->vector = s.c;
	ret->mxcsr = s.mxcsr;
	ret->value = t->form->result == 'k' ? s.mask :
		     t->form->result == 'f' ? s.rflags & 0x8d5 : s.value;
}

static void run_ours(const struct one_case *t, struct outcome *ret)
{
	const struct native_form *form = t->form;
	struct isahp_fp fp = isahp_fp_begin(t->mxcsr);
	struct isahp_lanes l = {
		.bytes = form->bytes, .element = form->element, .imm = t->imm,
		.active = form->kind == NATIVE_PLAIN ? ~0ULL : t->mask, .fp = &fp,
	};
	union isahp_vector v = { .q = { 0 } };
	unsigned int i, size = form->element;

	ret->mxcsr = t->mxcsr;
	ret->code = 0;
	ret->vector = t->c;
	if (form->kind == NATIVE_ROUNDED)
		isahp_fp_suppress(&fp, strstr(form->text, "{sae}") ?
				       fp.rounding : ISAHP_ROUND_UP);
	form->fn(&l, &v, &t->a, &t->b, &t->c);
	if (form->kind == NATIVE_ROUNDED)
		fp.flags = 0;
	if (isahp_fp_end(&fp, &ret->mxcsr)) {
		ret->code = code_of(ret->mxcsr);
		return;
	}
	ret->value = v.q[0];
	if (!to_vector(form))
		return;
	memset(&ret->vector, 0, sizeof(ret->vector));
	for (i = 0; i < elements(form); i++)
		memcpy(ret->vector.b + i * size,
		       (l.active >> i & 1 ? &v : &t->c)->b + i * size, size);
	/* A function that narrows says itself that the rest is zeros. */
	if (!is_scalar(form) && i * size < form->bytes)
		memcpy(ret->vector.b + i * size, v.b + i * size, form->bytes - i * size);
}

/* --- estimates ----------------------------------------------------------- */

static bool is_estimate(const struct native_form *form)
{
	return strstr(form->name, "rcp") || strstr(form->name, "rsqrt");
}

static long double value_of(char type, const union isahp_vector *v, unsigned int n)
{
	float f;
	double d;

	if (type == 's') {
		memcpy(&f, v->b + n * sizeof(f), sizeof(f));
		return f;
	}
	memcpy(&d, v->b + n * sizeof(d), sizeof(d));
	return d;
}

/*
 * What the manuals promise of RCPPS and RSQRTPS. VRCP14PS and its like, with
 * 2^-14, are held to the same, since ours are better than either.
 */
#define ESTIMATE_ERROR 0x1p-16L

/* Return: ours is as near to the truth as is promised, or is the CPU's. */
static bool estimate_holds(const struct one_case *t, const struct outcome *cpu,
			   const struct outcome *ours, unsigned int n)
{
	char type = t->form->result;
	unsigned int size = operands_size(type);
	long double x = value_of(type, &t->b, n);
	long double y = value_of(type, &ours->vector, n);
	long double tiny = type == 's' ? 0x1p-126L : 0x1p-1022L;
	long double truth, error;

	if (!memcmp(cpu->vector.b + n * size, ours->vector.b + n * size, size))
		return true;
	if (t->form->kind != NATIVE_PLAIN && !(t->mask >> n & 1))
		return false;
	if (strstr(t->form->name, "rcp")) {
		truth = 1 / x;
	} else {
		if (!(x > 0))
			return false;
		truth = __builtin_sqrtl(1 / x);
	}
	error = __builtin_fabsl(y - truth);
	/* At the edge, flushed or not, both are right. */
	if (__builtin_fabsl(truth) < tiny * (1 + 0x1p-10L) && !y)
		return __builtin_fabsl(value_of(type, &cpu->vector, n)) <=
		       tiny * (1 + 0x1p-10L);
	return error <= __builtin_fabsl(truth) * ESTIMATE_ERROR ||
	       error <= (type == 's' ? 0x1p-149L : 0x1p-1074L);
}

/* --- comparison ---------------------------------------------------------- */

static bool vectors_agree(const struct one_case *t, const struct outcome *cpu,
			  const struct outcome *ours)
{
	/* The upper parts of scalars are their callers' affair. */
	unsigned int size = is_scalar(t->form) ? t->form->element :
			    native_has(NATIVE_AVX512F) ? 64 : 32;
	unsigned int i;

	if (!to_vector(t->form))
		return true;
	if (cpu->code)
		return !memcmp(&cpu->vector, &t->c, size);
	if (!is_estimate(t->form))
		return !memcmp(&cpu->vector, &ours->vector, size);
	for (i = 0; i < elements(t->form); i++)
		if (!estimate_holds(t, cpu, ours, i))
			return false;
	return true;
}

static void print_vector(const char *name, const union isahp_vector *v, char type)
{
	unsigned int i, size = operands_size(type);

	fprintf(stderr, "  %-5s", name);
	for (i = 0; i < 64 / size; i++) {
		__u64 x = 0;

		memcpy(&x, v->b + i * size, size);
		fprintf(stderr, " %0*llx", (int)size * 2, (unsigned long long)x);
	}
	fputc('\n', stderr);
}

static void print_case(const struct one_case *t, const struct outcome *cpu,
		       const struct outcome *ours)
{
	char type = to_vector(t->form) ? t->form->result : 'q';

	fprintf(stderr, "%s, $imm %#x, MXCSR %#x, mask %#llx\n", t->form->text,
		t->imm, t->mxcsr, (unsigned long long)t->mask);
	print_vector("a", &t->a, t->form->source);
	print_vector("b", &t->b, t->form->source);
	print_vector("c", &t->c, t->form->source);
	print_vector("CPU", &cpu->vector, type);
	print_vector("ours", &ours->vector, type);
	fprintf(stderr, "  MXCSR: CPU %#x, ours %#x; value: CPU %#llx, ours %#llx; "
		"si_code: CPU %d, ours %d\n", cpu->mxcsr, ours->mxcsr,
		(unsigned long long)cpu->value, (unsigned long long)ours->value,
		cpu->code, ours->code);
}

static unsigned int mismatches;

static bool holds(const struct one_case *t)
{
	struct outcome cpu, ours;
	bool value;

	run_native(t, &cpu);
	run_ours(t, &ours);
	value = to_vector(t->form) || cpu.code || cpu.value == ours.value;
	if (cpu.mxcsr == ours.mxcsr && cpu.code == ours.code && value &&
	    vectors_agree(t, &cpu, &ours))
		return true;
	if (mismatches++ < 10)
		print_case(t, &cpu, &ours);
	return false;
}

/* --- cases --------------------------------------------------------------- */

static __u32 random_control(bool unmask)
{
	__u32 r = operands_random();
	__u32 control = r & (ISAHP_MXCSR_DAZ | ISAHP_MXCSR_FTZ |
			     3u << ISAHP_MXCSR_RC_SHIFT);

	return control | (unmask ? r & USUAL_MXCSR : USUAL_MXCSR);
}

static unsigned long random_cases(const struct native_form *form,
				  unsigned long count, bool unmask)
{
	struct one_case t = { .form = form };
	unsigned long i;
	bool bad = false;

	/* Three steps, each with flags of its own, in one instruction. */
	if (strstr(form->name, "dpp"))
		count *= 8;

	for (i = 0; i < count && !bad; i++) {
		operands_fill(form->source, &t.a, &t.b, &t.c);
		t.imm = i & 255;
		t.mxcsr = random_control(unmask);
		t.mask = operands_random() & 0xffff;
		if (!operands_below(4))
			t.mask = 0xffff;
		/* One element alone tells what its flags are. */
		else if (!operands_below(2))
			t.mask = 1u << operands_below(elements(form));
		bad = !holds(&t);
	}
	return i;
}

static unsigned long special_modes(struct one_case *t)
{
	unsigned int mode;

	for (mode = 0; mode < 16; mode++) {
		t->imm = operands_random() & 255;
		t->mxcsr = USUAL_MXCSR | mode >> 2 << ISAHP_MXCSR_RC_SHIFT |
			   (mode & 1 ? ISAHP_MXCSR_DAZ : 0) |
			   (mode & 2 ? ISAHP_MXCSR_FTZ : 0);
		if (!holds(t))
			break;
	}
	return mode;
}

/* All pairs, and a third of the triples, of what is special, in all modes. */
static unsigned long special_cases(const struct native_form *form)
{
	bool three = strstr(form->name, "fm") || strstr(form->name, "fnm");
	unsigned int step = three ? 3 : 1, i, j, k;
	struct one_case t = { .form = form, .mask = 1 };
	char type = form->source;
	unsigned long n = 0;

	for (i = 0; operands_special(type, i, &t.b.q[0]); i++) {
		for (j = i % step; operands_special(type, j, &t.a.q[0]); j += step) {
			if (!three)
				n += special_modes(&t);
			for (k = j % step; three && operands_special(type, k, &t.c.q[0]);
			     k += step)
				n += special_modes(&t);
		}
	}
	return n;
}

/* Neighbours, a vector at a time, from one end to the other of what there is. */
static unsigned long enumerated_cases(const struct native_form *form)
{
	unsigned int width = elements(form), i;
	__u64 end = form->source == 'h' ? 1 << 16 : 1ULL << 32, value;
	__u64 stride = form->source == 'h' ? 1 :
		       number_from("ISAHP_FLOAT_STRIDE", 4001);
	struct one_case t = { .form = form, .mask = 0xffff };
	unsigned long n = 0;

	for (value = 0; value < end; value += width * stride) {
		for (i = 0; i < width; i++)
			operands_put(form->source, &t.b, i, value + i);
		t.imm = operands_random() & 255;
		t.mxcsr = random_control(false);
		n++;
		if (!holds(&t))
			break;
	}
	return n;
}

static bool is_old_scalar(const struct native_form *form)
{
	return is_scalar(form) && form->kind == NATIVE_PLAIN;
}

/* The widest form of an operation on one binary16 or binary32 number. */
static bool is_unary(const struct native_form *form)
{
	return !is_scalar(form) && strchr("hs", form->source) &&
	       !strstr(form->text, "mm1") && form->kind != NATIVE_ROUNDED &&
	       (form->bytes == 64 || (form->bytes == 32 && form->kind == NATIVE_PLAIN));
}

static bool is_any(const struct native_form *form)
{
	(void)form;
	return true;
}

static unsigned long skipped, shown;

static unsigned long each_form(bool (*wanted)(const struct native_form *),
			       unsigned long (*run)(const struct native_form *))
{
	const char *only = getenv("ISAHP_FLOAT_FORM");
	unsigned long sum = 0;
	unsigned int i;

	skipped = shown = 0;
	for (i = 0; i < native_forms_count; i++) {
		const struct native_form *form = &native_forms[i];
		unsigned long n;

		if (!wanted(form) || (only && !strstr(form->text, only)))
			continue;
		if (!native_has(form->feature)) {
			printf("SKIP %s: not on this CPU\n", form->text);
			skipped++;
			continue;
		}
		n = run(form);
		cr_assert(n, "%s: no case", form->text);
		sum += n;
		shown++;
	}
	printf("%lu forms, %lu cases, %lu forms not shown\n", shown, sum, skipped);
	return sum;
}

static unsigned long run_random(const struct native_form *form)
{
	return random_cases(form, number_from("ISAHP_FLOAT_CASES", 3000), false);
}

static unsigned long run_unmasked(const struct native_form *form)
{
	return random_cases(form, number_from("ISAHP_FLOAT_CASES", 1500), true);
}

static void init(void)
{
	native_init();
	operands_seed();
	if (!native_has(NATIVE_AVX))
		cr_skip_test("this CPU has no AVX");
}

TestSuite(core_float, .init = init, .timeout = 3600);

Test(core_float, every_form_gives_the_cpus_result_and_flags)
{
	cr_assert(each_form(is_any, run_random));
	cr_assert_eq(mismatches, 0);
}

Test(core_float, special_values_in_every_mode)
{
	cr_assert(each_form(is_old_scalar, special_cases));
	cr_assert_eq(mismatches, 0);
}

Test(core_float, binary16_and_binary32_from_end_to_end)
{
	cr_assert(each_form(is_unary, enumerated_cases));
	cr_assert_eq(mismatches, 0);
}

Test(core_float, unmasked_exceptions_are_pending_and_nothing_is_written)
{
	cr_assert(each_form(is_any, run_unmasked));
	cr_assert_eq(mismatches, 0);
}
