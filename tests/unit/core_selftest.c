// SPDX-License-Identifier: MIT
/*
 * The self-test that the module's debug builds begin with: it passes, its digests
 * are those of the CPU that this runs on, and it finds what is wrong.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#include <isa-core/lanes.h>

#include "core_encode.h"
#include "core_selftest_native.h"

static const char *name_of(unsigned int n)
{
	static struct isahp_selftest t;

	return isahp_selftest_begin(&isahp_selftest_vectors[n], &t) ?
		       encode_name(t.in.form) : "no instruction";
}

static double run_ms(unsigned int *ret_failed)
{
	static struct isahp_selftest t;
	struct timespec begin, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	*ret_failed = isahp_selftest(&t);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return (end.tv_sec - begin.tv_sec) * 1e3 + (end.tv_nsec - begin.tv_nsec) / 1e6;
}

Test(selftest, passes)
{
	unsigned int failed;
	double ms = run_ms(&failed);

	printf("%u vectors in %.2f ms\n", isahp_selftest_count, ms);
	cr_assert_eq(failed, isahp_selftest_count, "vector %u, %s", failed,
		     failed < isahp_selftest_count ? name_of(failed) : "");
}

Test(selftest, has_the_digests_of_this_cpu)
{
	static struct isahp_selftest t;
	unsigned int shown = 0, absent = 0;

	if (!selftest_native_init())
		cr_skip_test("this CPU has no AVX-512, or nobody may ask it");
	for (unsigned int i = 0; i < isahp_selftest_count; i++) {
		const struct isahp_selftest_vector *v = &isahp_selftest_vectors[i];

		cr_assert(isahp_selftest_begin(v, &t), "vector %u", i);
		if (!selftest_native_has(&t.in)) {
			absent++;
			continue;
		}
		cr_expect(selftest_native(v, &t), "vector %u, %s", i, name_of(i));
		cr_expect_eq(isahp_selftest_digest(&t), v->digest,
			     "vector %u, %s: this CPU's digest is %llx", i, name_of(i),
			     isahp_selftest_digest(&t));
		shown++;
	}
	printf("%u vectors shown, of %u this CPU lacks the feature\n", shown, absent);
	cr_assert(shown);
}

/* What the recording CPU lacked, and estimates, which differ. */
static bool may_lack(const char *name)
{
	return strstr(name, "VP2INTERSECT") || strstr(name, "RCP") || strstr(name, "RSQRT");
}

Test(selftest, has_each_operation)
{
	static bool has[ISAHP_OP_COUNT];
	static struct isahp_selftest t;
	unsigned int faults = 0;

	for (unsigned int i = 0; i < isahp_selftest_count; i++) {
		cr_assert(isahp_selftest_begin(&isahp_selftest_vectors[i], &t));
		has[isahp_instruction_operation(&t.in)] = true;
		isahp_selftest_emulate(&t);
		faults += t.outcome != ISAHP_EMULATE_DONE;
	}
	for (unsigned int row = 0; row < isahp_form_count; row++)
		cr_expect(has[isahp_forms[row].operation] || may_lack(encode_name(row)),
			  "%s: record_selftest", encode_name(row));
	cr_assert_geq(faults, 50);
}

/* --- the control ------------------------------------------------------------ */

static bool planted;

/* The linker puts this in the place of PADDB's and all that share its function. */
void __real_isahp_lanes_paddb(const struct isahp_lanes *l, union isahp_vector *ret,
			      const union isahp_vector *a, const union isahp_vector *b,
			      const union isahp_vector *c);
void __wrap_isahp_lanes_paddb(const struct isahp_lanes *l, union isahp_vector *ret,
			      const union isahp_vector *a, const union isahp_vector *b,
			      const union isahp_vector *c);

void __wrap_isahp_lanes_paddb(const struct isahp_lanes *l, union isahp_vector *ret,
			      const union isahp_vector *a, const union isahp_vector *b,
			      const union isahp_vector *c)
{
	__real_isahp_lanes_paddb(l, ret, a, b, c);
	if (planted)
		ret->b[l->bytes - 1] ^= 1;
}

Test(selftest, finds_a_planted_bug)
{
	unsigned int failed;

	planted = true;
	run_ms(&failed);
	cr_assert_lt(failed, isahp_selftest_count);
	cr_assert_str_eq(name_of(failed) + strlen(name_of(failed)) - 5, "PADDB");
}

/* What the digest is of: one bit of anything that an instruction may change. */
Test(selftest, looks_at_all_that_can_change)
{
	static struct isahp_selftest t;
	unsigned char *bytes[] = {
		(unsigned char *)t.regs.gpr, (unsigned char *)&t.regs.rip,
		(unsigned char *)t.simd.v, (unsigned char *)t.simd.k,
		(unsigned char *)&t.simd.mxcsr, t.memory, (unsigned char *)&t.vector,
		(unsigned char *)&t.address, (unsigned char *)&t.store,
	};
	const size_t sizes[] = {
		sizeof(t.regs.gpr), 8, sizeof(t.simd.v), sizeof(t.simd.k), 4,
		sizeof(t.memory), 1, 8, 1,
	};
	__u64 digest;

	cr_assert(isahp_selftest_begin(&isahp_selftest_vectors[0], &t));
	digest = isahp_selftest_digest(&t);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < sizes[i]; j++) {
			bytes[i][j] ^= 1;
			cr_expect_neq(isahp_selftest_digest(&t), digest, "%zu %zu", i, j);
			bytes[i][j] ^= 1;
		}
	t.undefined = 0;
	t.regs.rflags ^= ISAHP_FLAG_CF;
	cr_assert_neq(isahp_selftest_digest(&t), digest);
}
