// SPDX-License-Identifier: MIT
#include "core_float_case.h"

#include <signal.h>
#include <stdio.h>

#include "core_float_operands.h"

unsigned int mismatches;
bool mismatches_silent;

/* What an instruction leaves, by the CPU and by us. */
struct outcome {
	union isahp_vector vector;
	__u64 value;		/* general register, mask or flags */
	__u32 mxcsr;
	int code;		/* si_code of #XM */
};

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

static bool to_vector(const struct native_form *form)
{
	return !strchr("krf", form->result);
}

unsigned int form_elements(const struct native_form *form)
{
	unsigned int source = operands_size(form->source);
	unsigned int result = to_vector(form) ? operands_size(form->result) : source;
	unsigned int n = form->bytes / (source > result ? source : result);

	if (strstr(form->name, "cvtne2"))
		return 2 * n;
	/* A general register has @bytes of its own, and is one element in any case. */
	return n && (form->bytes >= 16 || to_vector(form)) ? n : 1;
}

bool form_is_scalar(const struct native_form *form)
{
	return form->bytes < 16 && form_elements(form) == 1;
}

static bool is_masked(const struct native_form *form)
{
	return form->kind == NATIVE_MASKED || form->kind == NATIVE_ROUNDED;
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
		.active = is_masked(form) ? t->mask : ~0ULL, .fp = &fp,
	};
	union isahp_vector v = { .q = { 0 } };
	unsigned int i, size = form->element;

	ret->mxcsr = t->mxcsr;
	ret->code = 0;
	ret->vector = t->c;
	/* Legacy CMPPS looks at three bits only. */
	if (form->kind == NATIVE_LEGACY && !strncmp(form->name, "cmp", 3))
		l.imm &= 7;
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
	for (i = 0; i < form_elements(form); i++)
		memcpy(ret->vector.b + i * size,
		       (l.active >> i & 1 ? &v : &t->c)->b + i * size, size);
	/* A function that narrows says itself that the rest is zeros. */
	if (!form_is_scalar(form) && i * size < form->bytes)
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
	if (is_masked(t->form) && !(t->mask >> n & 1))
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
	unsigned int size = form_is_scalar(t->form) ? t->form->element :
			    native_has(NATIVE_AVX512F) ? 64 : 32;
	unsigned int i;

	if (!to_vector(t->form))
		return true;
	if (cpu->code)
		return !memcmp(&cpu->vector, &t->c, size);
	if (!is_estimate(t->form))
		return !memcmp(&cpu->vector, &ours->vector, size);
	for (i = 0; i < form_elements(t->form); i++)
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

/*
 * Which flags the steps before the one that ends DPPS leave, and whether those
 * behind it have any, the manuals do not say: we do as AMD's CPUs.
 */
static bool flags_are_told(const struct one_case *t, const struct outcome *cpu)
{
	return __builtin_cpu_is("amd") || !cpu->code || !strstr(t->form->name, "dpp");
}

bool case_holds(const struct one_case *t)
{
	struct outcome cpu, ours;
	bool value;

	run_native(t, &cpu);
	run_ours(t, &ours);
	if (ours.code && !flags_are_told(t, &cpu)) {
		ours.mxcsr = cpu.mxcsr;
		ours.code = cpu.code;
	}
	value = to_vector(t->form) || cpu.code || cpu.value == ours.value;
	if (cpu.mxcsr == ours.mxcsr && cpu.code == ours.code && value &&
	    vectors_agree(t, &cpu, &ours))
		return true;
	if (mismatches++ < 10 && !mismatches_silent)
		print_case(t, &cpu, &ours);
	return false;
}
