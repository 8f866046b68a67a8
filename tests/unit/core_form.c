// SPDX-License-Identifier: MIT
/* What the head of forms.def says of its rows, so far as no CPU is needed. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <isa-core/features.h>
#include <isa-core/form.h>

static const char *const names[] = {
#define FORM(mnemonic, ...) #mnemonic,
#include <isa-core/forms.def>
};

static const struct {
	unsigned int first, bits;
} fields[] = {
	{ ISAHP_WHERE_PP, 4 }, { ISAHP_WHERE_W, 2 }, { ISAHP_WHERE_O16, 2 },
	{ ISAHP_WHERE_L, 3 }, { ISAHP_WHERE_REGISTER, 2 }, { ISAHP_WHERE_64, 2 },
	{ ISAHP_WHERE_REG, 8 }, { ISAHP_WHERE_RM, 8 },
};

/* They have a bit in common in each of the fields. */
static bool overlap(const struct isahp_form *a, const struct isahp_form *b)
{
	__u32 common = ISAHP_WHERE_ALL & ~a->rejected & ~b->rejected;
	size_t i;

	/* 66 beside REX.W makes no operand of 16 bits. */
	if ((common >> ISAHP_WHERE_W & 3) == 2)
		common &= ~(2u << ISAHP_WHERE_O16);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!(common >> fields[i].first & ((1u << fields[i].bits) - 1)))
			return false;
	return true;
}

static unsigned int opcodes(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ISAHP_SPACES * 256; i++)
		n += !!isahp_form_index[i];
	return n;
}

/* isahp_form_starts is in the order of the file, the index in that of opcodes. */
Test(form, stands_where_its_opcode_belongs)
{
	unsigned int i, number, before = 0;

	for (i = 0; i < ISAHP_SPACES * 256; i++) {
		number = isahp_form_index[i] & ~ISAHP_FORM_PLAIN;
		if (!number)
			continue;
		cr_assert_eq(number, before + 1, "opcode %x", i);
		before = number;
		cr_assert_lt(isahp_form_starts[number - 1], isahp_form_starts[number],
			     "opcode %x has no row", i);
	}
	cr_assert_eq(isahp_form_starts[before], isahp_form_count);
	cr_assert_gt(isahp_form_count, 1000);
}

Test(form, excludes_the_others_of_its_opcode)
{
	unsigned int n, i, j;

	for (n = 0; n < opcodes(); n++)
		for (i = isahp_form_starts[n]; i < isahp_form_starts[n + 1]; i++) {
			cr_assert(overlap(&isahp_forms[i], &isahp_forms[i]),
				  "%s is for no encoding", names[i]);
			for (j = i + 1; j < isahp_form_starts[n + 1]; j++)
				cr_assert_not(overlap(&isahp_forms[i], &isahp_forms[j]),
					      "%s and %s", names[i], names[j]);
		}
}

Test(form, belongs_to_each_operation)
{
	static bool has[ISAHP_OP_COUNT];
	unsigned int i;

	for (i = 0; i < isahp_form_count; i++)
		has[isahp_forms[i].operation] = true;
	for (i = 0; i < ISAHP_OP_COUNT; i++)
		cr_assert(has[i], "operation %u", i);
}

/* Condition codes are counted on from the first of each family. */
Test(form, has_conditions_in_their_order)
{
	cr_assert_eq(ISAHP_OP_JNLE - ISAHP_OP_JO, 15);
	cr_assert_eq(ISAHP_OP_SETNLE - ISAHP_OP_SETO, 15);
	cr_assert_eq(ISAHP_OP_CMOVNLE - ISAHP_OP_CMOVO, 15);
	cr_assert_eq(ISAHP_OP_JZ - ISAHP_OP_JO, 4);
	cr_assert_eq(ISAHP_OP_SETL - ISAHP_OP_SETO, 12);
}

Test(form, names_operands_without_a_gap)
{
	unsigned int i, n;

	for (i = 0; i < isahp_form_count; i++)
		for (n = 1; n < ISAHP_FORM_OPERANDS; n++)
			cr_assert(isahp_forms[i].operand[n] == ISAHP_KIND___ ||
				  isahp_forms[i].operand[n - 1] != ISAHP_KIND___,
				  "%s", names[i]);
}

Test(form, has_an_access_for_each_operand)
{
	unsigned int i, n;

	for (i = 0; i < isahp_form_count; i++)
		for (n = 0; n < ISAHP_FORM_OPERANDS; n++)
			cr_assert_eq(isahp_forms[i].operand[n] != ISAHP_KIND___,
				     (isahp_forms[i].access >> 2 * n & 3) != 0,
				     "%s", names[i]);
}

/* What is masked or broadcast says how large an element is. */
Test(form, has_the_elements_that_its_flags_need)
{
	unsigned int i;

	for (i = 0; i < isahp_form_count; i++) {
		const struct isahp_form *f = &isahp_forms[i];

		cr_assert(!(f->flags & (ISAHP_FORM_MASK | ISAHP_FORM_T1S)) ||
			  f->element & 0xf, "%s", names[i]);
		cr_assert_eq(!!(f->flags & ISAHP_FORM_BROADCAST), !!(f->element >> 4),
			     "%s", names[i]);
	}
}

Test(form, needs_what_its_feature_says)
{
	struct isahp_form f = { .feature = ISAHP_FORM_FEATURE_AVX512BW };
	struct isahp_features set = isahp_form_features(&f, 32);

	cr_assert(isahp_features_has(&set, ISAHP_FEATURE_AVX512BW));
	cr_assert(isahp_features_has(&set, ISAHP_FEATURE_AVX512VL));
	set = isahp_form_features(&f, 64);
	cr_assert_not(isahp_features_has(&set, ISAHP_FEATURE_AVX512VL));
	f.feature = ISAHP_FORM_FEATURE_AVX_AVX2;
	cr_assert_eq(isahp_form_feature(&f, 16), ISAHP_FEATURE_AVX);
	cr_assert_eq(isahp_form_feature(&f, 32), ISAHP_FEATURE_AVX2);
	f.feature = ISAHP_FORM_FEATURE_BASE;
	set = isahp_form_features(&f, 16);
	cr_assert(isahp_features_empty(&set));
	cr_assert_eq(isahp_form_feature(&f, 16), ISAHP_FEATURE_NONE);
}
