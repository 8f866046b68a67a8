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
#include <stdio.h>
#include <stdlib.h>

#include "core_float_case.h"
#include "core_float_operands.h"

#define USUAL_MXCSR 0x1f80u

/* Under a sanitizer each case takes five times as long. */
#ifdef __SANITIZE_ADDRESS__
#define FEW 600
#else
#define FEW 3000
#endif

static unsigned long number_from(const char *variable, unsigned long usual)
{
	const char *given = getenv(variable);

	return given ? strtoul(given, NULL, 0) : usual;
}

/* --- cases --------------------------------------------------------------- */

static __u32 random_control(bool unmask)
{
	__u32 r = operands_random();
	__u32 control = r & (ISAHP_MXCSR_DAZ | ISAHP_MXCSR_FTZ |
			     3u << ISAHP_MXCSR_RC_SHIFT);

	return control | (unmask ? r & USUAL_MXCSR : USUAL_MXCSR);
}

/* So that it is the additions of a dot product that raise the first exception. */
static void do_nothing_by_multiplying(char type, union isahp_vector *v)
{
	unsigned int i;

	for (i = 0; i < 32 / operands_size(type); i++)
		operands_put(type, v, i, type == 's' ? 0x3f800000 : 0x3ff0000000000000);
}

static unsigned long random_cases(const struct native_form *form,
				  unsigned long count, bool unmask)
{
	struct one_case t = { .form = form };
	bool steps = strstr(form->name, "dpp"), bad = false;
	unsigned long i;

	/* Three steps in one instruction, each with flags of its own. */
	if (steps)
		count *= 8;
	for (i = 0; i < count && !bad; i++) {
		operands_fill(form->source, &t.a, &t.b, &t.c);
		t.imm = i & 255;
		if (steps && operands_below(2))
			do_nothing_by_multiplying(form->source, &t.b);
		t.mxcsr = random_control(unmask);
		t.mask = operands_random() & 0xffff;
		if (!operands_below(4))
			t.mask = 0xffff;
		/* One element alone tells what its flags are. */
		else if (!operands_below(2))
			t.mask = 1u << operands_below(form_elements(form));
		bad = !case_holds(&t);
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
		if (!case_holds(t))
			break;
	}
	return mode;
}

/* All pairs, and a ninth of the triples, of what is special, in all modes. */
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
	unsigned int width = form_elements(form), i;
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
		if (!case_holds(&t))
			break;
	}
	return n;
}

static bool is_old_scalar(const struct native_form *form)
{
	return form_is_scalar(form) && form->kind == NATIVE_PLAIN;
}

/* The widest form of an operation on one binary16 or binary32 number. */
static bool is_unary(const struct native_form *form)
{
	return !form_is_scalar(form) && strchr("hs", form->source) &&
	       !strstr(form->text, "mm1") && form->kind != NATIVE_ROUNDED &&
	       (form->bytes == 64 || (form->bytes == 32 && form->kind == NATIVE_PLAIN));
}

static bool is_any(const struct native_form *form)
{
	(void)form;
	return true;
}

static const char *const operations[] = {
#define LANES(name, function, element, sources, immediate, result) #function,
#include <isa-core/lanes_float.def>
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* What each row of lanes_float.def was shown by. */
static struct {
	unsigned int forms;
	unsigned long cases;
} rows[OPERATIONS];

static unsigned int row_of(const struct native_form *form)
{
	unsigned int i = 0;

	while (strcmp(operations[i], form->name))
		i++;
	return i;
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
		rows[row_of(form)].forms++;
		rows[row_of(form)].cases += n;
		sum += n;
		shown++;
	}
	printf("%lu forms, %lu cases, %lu forms not shown\n", shown, sum, skipped);
	return only ? 1 : sum;
}

static unsigned long run_random(const struct native_form *form)
{
	return random_cases(form, number_from("ISAHP_FLOAT_CASES", FEW), false);
}

static unsigned long run_unmasked(const struct native_form *form)
{
	return random_cases(form, number_from("ISAHP_FLOAT_CASES", FEW / 2), true);
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
	unsigned int i;

	cr_assert(each_form(is_any, run_random));
	cr_assert_eq(mismatches, 0);
	for (i = 0; i < OPERATIONS; i++) {
		printf("%s: %u forms, %lu cases\n", operations[i], rows[i].forms,
		       rows[i].cases);
		cr_expect(rows[i].forms || skipped || getenv("ISAHP_FLOAT_FORM"),
			  "%s: no form", operations[i]);
	}
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

/* --- controls: errors that the tests above have to see -------------------- */

#define LANES_ARGUMENTS \
	const struct isahp_lanes *l, union isahp_vector *ret, \
	const union isahp_vector *a, const union isahp_vector *b, \
	const union isahp_vector *c

/* A result that is off by one where its lower bits are zeros. */
static void wrong_now_and_then(LANES_ARGUMENTS)
{
	isahp_lanes_divpd(l, ret, a, b, c);
	ret->q[0] += !(ret->q[0] & 0xff) && ret->q[0] & 0xff00;
}

static void without_denormal_flag(LANES_ARGUMENTS)
{
	isahp_lanes_mulps(l, ret, a, b, c);
	l->fp->flags &= ~ISAHP_FP_DE;
}

/* Masked-out elements raise exceptions. */
static void without_mask(LANES_ARGUMENTS)
{
	struct isahp_lanes all = *l;

	all.active = ~0ULL;
	isahp_lanes_addps(&all, ret, a, b, c);
}

/* Flags are gathered, but nobody is told of an unmasked exception. */
static void without_exceptions(LANES_ARGUMENTS)
{
	isahp_lanes_sqrtpd(l, ret, a, b, c);
	l->fp->masked = ISAHP_FP_EXCEPTIONS;
}

Test(core_float, planted_errors_are_seen)
{
	static const struct {
		isahp_lanes_fn fn, wrong;
	} planted[] = {
		{ isahp_lanes_divpd, wrong_now_and_then },
		{ isahp_lanes_mulps, without_denormal_flag },
		{ isahp_lanes_addps, without_mask },
		{ isahp_lanes_sqrtpd, without_exceptions },
	};
	unsigned int i, j, forms;

	mismatches_silent = true;
	for (i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
		mismatches = 0;
		forms = 0;
		for (j = 0; j < native_forms_count; j++) {
			struct native_form form = native_forms[j];

			if (form.fn != planted[i].fn || !native_has(form.feature))
				continue;
			form.fn = planted[i].wrong;
			forms++;
			random_cases(&form, 3000, true);
		}
		cr_assert(!forms || mismatches, "error %u was not seen", i);
	}
}
