// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>

static void read_flags(char *line, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "r");

	cr_assert_not_null(f);
	do {
		cr_assert_not_null(fgets(line, size, f), "/proc/cpuinfo has no flags");
	} while (strncmp(line, "flags", 5));
	fclose(f);
}

static bool listed(const char *flags, const char *flag)
{
	size_t n = strlen(flag);

	for (const char *p = flags; (p = strstr(p, flag)); p += n)
		if (p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n'))
			return true;
	return false;
}

/* The kernel masks some bits and knows not all names, so: what it lists, we see. */
Test(cpuid, sees_every_flag_that_the_kernel_lists)
{
	static char flags[16384];
	struct isahp_features seen = isahp_cpuid_features();
	int matched = 0;

	read_flags(flags, sizeof(flags));
	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const char *flag = isahp_feature_info(i)->flag;

		if (!listed(flags, flag))
			continue;
		cr_assert(isahp_features_has(&seen, i), "%s", flag);
		matched++;
	}
	cr_assert_gt(matched, 3);
}

Test(cpuid, what_user_space_can_use_is_closed_under_dependencies)
{
	struct isahp_features seen = isahp_cpuid_features();
	struct isahp_features closed = isahp_features_supported(&seen);
	struct isahp_features lost = isahp_features_andnot(&seen, &closed);

	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++)
		cr_expect_not(isahp_features_has(&lost, i), "%s lacks a dependency here",
			      isahp_feature_info(i)->flag);
}

Test(cpuid, xcr0_has_x87_and_sse)
{
	cr_assert_eq(isahp_cpuid_xcr0() & 3, 3);
}
