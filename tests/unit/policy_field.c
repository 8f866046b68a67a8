// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/field.h>
#include <hypervisor-shim/policy/gather.h>
#include <isa-core/features.h>
#include <string.h>

static const struct isahp_field *rows;
static size_t count;

static void setup(void)
{
	rows = isahp_field_table(&count);
}

TestSuite(field, .init = setup);

static bool bitwise(const struct isahp_field *f)
{
	return f->operator == ISAHP_OPERATOR_AND || f->operator == ISAHP_OPERATOR_OR;
}

Test(field, rows_are_sound_and_name_their_source)
{
	cr_assert_gt(count, 100);
	for (size_t i = 0; i < count; i++) {
		const struct isahp_field *f = &rows[i];
		unsigned int width = f->reg == ISAHP_REGISTER_MSR ? 64 : 32;

		cr_assert(f->width && f->shift + f->width <= width, "%x %s", f->leaf, f->name);
		cr_assert(f->name && *f->name, "%x", f->leaf);
		cr_assert(!strncmp(f->source, "SDM ", 4) || !strncmp(f->source, "APM ", 4) ||
				  !strncmp(f->source, "AMD PPR", 7) ||
				  !strncmp(f->source, "VIA, ", 5), "%s", f->source);
		cr_assert_leq(f->first, f->last);
		cr_assert_eq(f->operator == ISAHP_OPERATOR_POLICY,
			     f->choice != ISAHP_CHOICE_NONE, "%x %s", f->leaf, f->name);
	}
}

Test(field, rows_are_sorted_so_that_they_can_be_found)
{
	for (size_t i = 1; i < count; i++) {
		bool msr = rows[i].reg == ISAHP_REGISTER_MSR;
		bool before = rows[i - 1].reg == ISAHP_REGISTER_MSR;

		cr_assert(before <= msr, "%x", rows[i].leaf);
		if (before == msr)
			cr_assert_leq(rows[i - 1].leaf, rows[i].leaf);
	}
	for (size_t i = 0; i < count; i++) {
		const struct isahp_field *f = isahp_field_find(
			rows[i].leaf, rows[i].first, rows[i].reg, rows[i].shift);

		cr_assert_leq(f->width, rows[i].width, "%x %s", f->leaf, f->name);
	}
}

/* Numbers and values that have to agree are whole: no row bites into them. */
Test(field, only_bitwise_rows_have_narrower_ones_inside)
{
	for (size_t i = 0; i < count; i++)
		for (unsigned int b = 0; b < rows[i].width; b++) {
			const struct isahp_field *f = isahp_field_find(
				rows[i].leaf, rows[i].first, rows[i].reg,
				rows[i].shift + b);

			if (!bitwise(&rows[i]) && rows[i].choice != ISAHP_CHOICE_CACHE)
				cr_assert_eq(f, &rows[i], "%x %s", rows[i].leaf,
					     rows[i].name);
		}
}

Test(field, no_register_has_more_numbers_than_a_gather_keeps)
{
	for (size_t i = 0; i < count; i++) {
		unsigned int numbers = 0;

		for (size_t j = 0; j < count; j++)
			numbers += rows[j].leaf == rows[i].leaf &&
				   rows[j].reg == rows[i].reg &&
				   rows[j].first <= rows[i].first &&
				   rows[j].last >= rows[i].first &&
				   (rows[j].operator == ISAHP_OPERATOR_MIN ||
				    rows[j].operator == ISAHP_OPERATOR_MAX ||
				    rows[j].choice == ISAHP_CHOICE_CACHE);
		cr_assert_leq(numbers, ISAHP_SEEN_NUMBERS, "%x", rows[i].leaf);
	}
}

Test(field, every_feature_is_a_promise)
{
	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *info = isahp_feature_info(i);
		const struct isahp_field *f =
			isahp_field_find(info->leaf, info->subleaf, info->reg, info->bit);

		cr_assert_eq(f->operator, ISAHP_OPERATOR_AND, "%s", info->flag);
	}
}

Test(field, what_nobody_knows_has_to_be_equal)
{
	const struct isahp_field *f = isahp_field_find(0x12345, 7, ISAHP_ECX, 3);

	cr_assert_eq(f->operator, ISAHP_OPERATOR_EQUAL);
	cr_assert_eq(f->width, 32);
	f = isahp_field_find(0x12345, 0, ISAHP_REGISTER_MSR, 40);
	cr_assert_eq(f->operator, ISAHP_OPERATOR_EQUAL);
	cr_assert_eq(isahp_field_mask(f), ~0ULL);
	f = isahp_field_find(0x40000001, 0, ISAHP_EAX, 3);
	cr_assert_eq(f->choice, ISAHP_CHOICE_LIVE);
}

Test(field, narrower_rows_hold)
{
	cr_assert_str_eq(isahp_field_find(7, 0, ISAHP_EDX, 10)->name, "MD_CLEAR");
	cr_assert_eq(isahp_field_find(7, 0, ISAHP_EDX, 11)->operator, ISAHP_OPERATOR_OR);
	cr_assert_eq(isahp_field_find(7, 0, ISAHP_EDX, 9)->operator, ISAHP_OPERATOR_AND);
	cr_assert_eq(isahp_field_find(0x10a, 0, ISAHP_REGISTER_MSR, 17)->operator,
		     ISAHP_OPERATOR_OR);
	cr_assert_eq(isahp_field_find(0x10a, 0, ISAHP_REGISTER_MSR, 18)->operator,
		     ISAHP_OPERATOR_AND);
	for (unsigned int shift = 0; shift <= 8; shift += 8)
		cr_assert_eq(isahp_field_find(0x80000008u, 0, ISAHP_EAX, shift)->operator,
			     ISAHP_OPERATOR_MIN);
	/* The same number as a leaf is none of it. */
	cr_assert_eq(isahp_field_find(0x10a, 0, ISAHP_EAX, 17)->operator,
		     ISAHP_OPERATOR_EQUAL);
}

Test(field, gates_are_promises_in_front_of_what_is_known)
{
	size_t gates;
	const struct isahp_gate *g = isahp_gate_table(&gates);

	for (size_t i = 0; i < gates; i++, g++) {
		const struct isahp_field *f = isahp_field_find(
			g->bit.leaf, g->bit.subleaf, g->bit.reg, g->bit.shift);

		cr_assert_eq(g->bit.width, 1);
		cr_assert_eq(f->operator, ISAHP_OPERATOR_AND, "%s", g->name);
		cr_assert(isahp_gate_opens(g, g->leaf, g->first,
					   g->reg == ISAHP_GATE_ALL ? ISAHP_EAX : g->reg));
		cr_assert_not(isahp_gate_opens(g, g->bit.leaf, g->bit.subleaf, g->bit.reg));
	}
}
