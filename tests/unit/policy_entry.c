// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/entry.h>
#include <string.h>

#define INTEL ISAHP_VENDOR_INTEL
#define AMD ISAHP_VENDOR_AMD

/*
 * Serebrin, "Cross-vendor migration", Xen Summit 2009, table 1, line by line: AMD
 * 64, compat, legacy; Intel 64, compat, legacy. Works, and the CPUID bit.
 */
static const char *const golden[2] = {
	[ISAHP_ENTRY_SYSCALL] = "Y1 Y1 Y1 Y1 N0 N0",
	[ISAHP_ENTRY_SYSENTER] = "N1 N1 Y1 Y1 Y1 Y1",
};

Test(entry, is_table_1)
{
	static const __u32 vendors[] = { AMD, INTEL };
	char line[32];
	int form, v, mode;

	for (form = 0; form < 2; form++) {
		line[0] = '\0';
		for (v = 0; v < 2; v++)
			for (mode = 0; mode < ISAHP_ENTRY_MODES; mode++) {
				const struct isahp_entry_cell *cell =
					isahp_entry_cell(vendors[v], form, mode);

				strcat(line, *line ? " " : "");
				strcat(line, cell->works ? "Y" : "N");
				strcat(line, cell->shown ? "1" : "0");
			}
		cr_assert_str_eq(line, golden[form]);
	}
	cr_assert_null(isahp_entry_cell(ISAHP_VENDOR_UNKNOWN, 0, 0));
	cr_assert_null(isahp_entry_cell(AMD, ISAHP_ENTRY_INT80, 0));
	cr_assert_null(isahp_entry_cell(AMD, 0, ISAHP_ENTRY_MODES));
	cr_assert_eq(isahp_entry_cell(ISAHP_VENDOR_HYGON, 0, 1),
		     isahp_entry_cell(AMD, 0, 1));
	cr_assert_eq(isahp_entry_cell(ISAHP_VENDOR_ZHAOXIN, 0, 1),
		     isahp_entry_cell(INTEL, 0, 1));
}

/* "32-bit legacy OSes can consistently use SYSENTER ..., 64-bit OSes SYSCALL ...,
 * no single instruction pair is correct in compatibility mode."
 */
Test(entry, both_vendors_share_one_but_in_compatibility_mode)
{
	static const __u32 both[] = { INTEL, AMD };
	static const __u32 strange[] = { AMD, ISAHP_VENDOR_UNKNOWN };

	cr_assert_eq(isahp_entry_best(both, 2, ISAHP_ENTRY_64), ISAHP_ENTRY_SYSCALL);
	cr_assert_eq(isahp_entry_best(both, 2, ISAHP_ENTRY_LEGACY),
		     ISAHP_ENTRY_SYSENTER);
	cr_assert_eq(isahp_entry_best(both, 2, ISAHP_ENTRY_COMPAT), ISAHP_ENTRY_INT80);
	cr_assert_eq(isahp_entry_best(both, 1, ISAHP_ENTRY_COMPAT),
		     ISAHP_ENTRY_SYSENTER);
	cr_assert_eq(isahp_entry_best(both + 1, 1, ISAHP_ENTRY_COMPAT),
		     ISAHP_ENTRY_SYSCALL);
	cr_assert_eq(isahp_entry_best(strange, 2, ISAHP_ENTRY_COMPAT),
		     ISAHP_ENTRY_INT80);
	cr_assert_eq(isahp_entry_best(both, 0, ISAHP_ENTRY_64), ISAHP_ENTRY_INT80);
}

static struct isahp_profile host(const char *vendor, __u32 syscall, __u32 sysenter)
{
	struct isahp_profile p = { .name = "host" };
	__u32 word[3];

	memcpy(word, vendor, sizeof(word));
	isahp_profile_set(&p, 0, 0, ISAHP_EBX, ~0u, word[0]);
	isahp_profile_set(&p, 0, 0, ISAHP_EDX, ~0u, word[1]);
	isahp_profile_set(&p, 0, 0, ISAHP_ECX, ~0u, word[2]);
	isahp_profile_set(&p, 1, 0, ISAHP_EDX, 1u << 11, sysenter << 11);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, 1u << 11, syscall << 11);
	return p;
}

Test(entry, a_profile_of_a_32_bit_program_is_noticed)
{
	struct isahp_profile p = host("GenuineIntel", 0, 1);
	struct isahp_error err = { 0 };

	cr_assert_eq(isahp_entry_check(&p, ISAHP_ENTRY_64, &err), -EINVAL);
	cr_assert(strstr(err.text, "0x80000001 EDX[11] (syscall) is 0"), "%s", err.text);
	cr_assert(strstr(err.text, "64-bit program"), "%s", err.text);
	cr_assert_eq(isahp_entry_check(&p, ISAHP_ENTRY_COMPAT, &err), 0);
	isahp_profile_free(&p);
	p = host("GenuineIntel", 1, 1);
	cr_assert_eq(isahp_entry_check(&p, ISAHP_ENTRY_64, &err), 0);
	isahp_profile_free(&p);
	/* AMD shows both in every mode. */
	p = host("AuthenticAMD", 1, 1);
	cr_assert_eq(isahp_entry_check(&p, ISAHP_ENTRY_64, &err), 0);
	cr_assert_eq(isahp_entry_check(&p, ISAHP_ENTRY_LEGACY, &err), 0);
	isahp_profile_free(&p);
	p = host("AuthenticAMD", 1, 0);
	cr_assert_eq(isahp_entry_check(&p, ISAHP_ENTRY_64, &err), -EINVAL);
	cr_assert(strstr(err.text, "0x1 EDX[11] (sysenter)"), "%s", err.text);
	isahp_profile_free(&p);
	/* What was not told contradicts nothing. */
	p = (struct isahp_profile){ .name = "empty" };
	cr_assert_eq(isahp_entry_check(&p, ISAHP_ENTRY_64, &err), 0);
}

Test(entry, stays_as_it_is_where_the_vendor_does)
{
	int guest;

	for (guest = 0; guest < ISAHP_ENTRY_GUESTS; guest++) {
		struct isahp_arrival a = isahp_arrival_plan(INTEL, INTEL, INTEL, guest);

		cr_assert(a.possible && !a.acts);
		cr_assert_eq(a.form, ISAHP_ENTRY_SYSENTER);
		a = isahp_arrival_plan(AMD, ISAHP_VENDOR_HYGON, AMD, guest);
		cr_assert(a.possible && !a.acts);
		cr_assert_eq(a.form, ISAHP_ENTRY_SYSCALL);
	}
}

Test(entry, booted_on_intel_and_gone_to_amd)
{
	struct isahp_arrival a =
		isahp_arrival_plan(INTEL, INTEL, AMD, ISAHP_ENTRY_FOLLOWS);

	cr_assert(a.possible);
	cr_assert_eq(a.form, ISAHP_ENTRY_SYSCALL);
	cr_assert_eq(a.acts, ISAHP_ARRIVAL_INT80 | ISAHP_ARRIVAL_CSTAR |
		     ISAHP_ARRIVAL_SYSENTER_OFF | ISAHP_ARRIVAL_SS |
		     ISAHP_ARRIVAL_FAST);
	/* And on to the next AMD: as it is, still guarded. */
	a = isahp_arrival_plan(INTEL, AMD, AMD, ISAHP_ENTRY_FOLLOWS);
	cr_assert_eq(a.acts, ISAHP_ARRIVAL_CSTAR | ISAHP_ARRIVAL_SYSENTER_OFF |
		     ISAHP_ARRIVAL_SS);
	/* Home again. */
	a = isahp_arrival_plan(INTEL, AMD, INTEL, ISAHP_ENTRY_FOLLOWS);
	cr_assert_eq(a.acts, ISAHP_ARRIVAL_INT80 | ISAHP_ARRIVAL_SYSENTER_ON |
		     ISAHP_ARRIVAL_FAST);
	cr_assert_eq(a.form, ISAHP_ENTRY_SYSENTER);
}

Test(entry, booted_on_amd_and_gone_to_intel)
{
	struct isahp_arrival a =
		isahp_arrival_plan(AMD, AMD, INTEL, ISAHP_ENTRY_FOLLOWS);

	cr_assert_eq(a.acts, ISAHP_ARRIVAL_INT80 | ISAHP_ARRIVAL_SYSENTER_ON |
		     ISAHP_ARRIVAL_FAST);
	cr_assert_eq(a.form, ISAHP_ENTRY_SYSENTER);
	/* Its own kernel has CSTAR and knows about SS. */
	a = isahp_arrival_plan(AMD, INTEL, AMD, ISAHP_ENTRY_FOLLOWS);
	cr_assert_eq(a.acts, ISAHP_ARRIVAL_INT80 | ISAHP_ARRIVAL_SYSENTER_OFF |
		     ISAHP_ARRIVAL_FAST);
}

Test(entry, nobody_changes_it_in_a_guest_without_the_module)
{
	struct isahp_arrival a =
		isahp_arrival_plan(INTEL, INTEL, AMD, ISAHP_ENTRY_FIXED);

	cr_assert_not(a.possible);
	cr_assert_not(isahp_arrival_plan(INTEL, INTEL, AMD, ISAHP_ENTRY_UNTOLD).possible);
	cr_assert_not(isahp_arrival_plan(AMD, AMD, INTEL, ISAHP_ENTRY_FIXED).possible);
	/* Emulated where it was, and home again. */
	cr_assert(isahp_arrival_plan(AMD, INTEL, AMD, ISAHP_ENTRY_FIXED).possible);
	a = isahp_arrival_plan(INTEL, INTEL, AMD, ISAHP_ENTRY_UNNEEDED);
	cr_assert(a.possible);
	/* Any 64-bit program can jump to 32-bit code and execute SYSCALL there. */
	cr_assert_eq(a.acts, ISAHP_ARRIVAL_CSTAR | ISAHP_ARRIVAL_SYSENTER_OFF |
		     ISAHP_ARRIVAL_SS);
}

Test(entry, an_unknown_vendor_gets_int80_and_nothing_fast)
{
	struct isahp_arrival a = isahp_arrival_plan(
		INTEL, INTEL, ISAHP_VENDOR_UNKNOWN, ISAHP_ENTRY_FOLLOWS);

	cr_assert(a.possible);
	cr_assert_eq(a.form, ISAHP_ENTRY_INT80);
	cr_assert(a.acts & ISAHP_ARRIVAL_CSTAR);
	cr_assert(a.acts & ISAHP_ARRIVAL_SYSENTER_OFF);
	cr_assert_not(a.acts & (ISAHP_ARRIVAL_FAST | ISAHP_ARRIVAL_SYSENTER_ON));
	cr_assert_not(isahp_arrival_plan(ISAHP_VENDOR_UNKNOWN, ISAHP_VENDOR_UNKNOWN,
					 ISAHP_VENDOR_UNKNOWN,
					 ISAHP_ENTRY_FIXED).possible);
}

Test(entry, names)
{
	unsigned int i;

	for (i = 0; i < ISAHP_ENTRY_GUESTS; i++)
		cr_assert_eq(isahp_entry_guest_find(isahp_entry_guest_name(i)), (int)i);
	cr_assert_eq(isahp_entry_guest_find("perhaps"), -ENOENT);
	cr_assert_str_eq(isahp_arrival_word(0), "int80-before");
	cr_assert_str_eq(isahp_arrival_word(5), "fast");
	cr_assert_null(isahp_arrival_word(6));
}
