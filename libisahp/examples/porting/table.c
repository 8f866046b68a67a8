// SPDX-License-Identifier: MIT
/* Porting a dispatch table of one's own. With -DBEFORE as it was. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

static uint32_t add_c(size_t n, const uint8_t *p)
{
	uint32_t sum = 0;

	while (n--)
		sum += *p++;
	return sum;
}

static void copy_c(size_t n, uint8_t *to, const uint8_t *from)
{
	while (n--)
		*to++ = *from++;
}

__attribute__((target("avx2,no-popcnt"))) static uint32_t
add_avx2(size_t n, const uint8_t *p)
{
	uint32_t sum = 0;

	while (n--)
		sum += *p++;
	return sum;
}

__attribute__((target("avx2,no-popcnt"))) static void
copy_avx2(size_t n, uint8_t *to, const uint8_t *from)
{
	while (n--)
		*to++ = *from++;
}

#ifdef BEFORE
/* before: a table that init() fills, once */
static struct {
	uint32_t (*add)(size_t n, const uint8_t *p);
	void (*copy)(size_t n, uint8_t *to, const uint8_t *from);
} dsp;

static int init(void)
{
	dsp.add = add_c;
	dsp.copy = copy_c;
	if (__builtin_cpu_supports("avx2")) {
		dsp.add = add_avx2;
		dsp.copy = copy_avx2;
	}
	return 0;
}
/* end */
#else
/* after: an operation each, and the table keeps the callers as they are */
#include <isahp/isahp.h>

ISAHP_OPERATION_DECLARE(dsp_add, uint32_t, (size_t n, const uint8_t *p), (n, p))
ISAHP_OPERATION_DEFINE(dsp_add,
	ISAHP_VARIANT("avx2", add_avx2, 10, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", add_c, 80, ISAHP_SET_NONE));

ISAHP_OPERATION_DECLARE(dsp_copy, void,
			(size_t n, uint8_t *to, const uint8_t *from), (n, to, from))
ISAHP_OPERATION_DEFINE(dsp_copy,
	ISAHP_VARIANT("avx2", copy_avx2, 10, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", copy_c, 80, ISAHP_SET_NONE));

static const struct {
	uint32_t (*add)(size_t n, const uint8_t *p);
	void (*copy)(size_t n, uint8_t *to, const uint8_t *from);
} dsp = { dsp_add, dsp_copy };

static int init(void)
{
	return isahp_start(NULL);
}
/* end */
#endif

int main(void)
{
	static const uint8_t from[] = { 1, 2, 3 };
	uint8_t to[3];

	if (init())
		return 1;
	dsp.copy(3, to, from);
	printf("%u\n", (unsigned int)dsp.add(3, to));
	return 0;
}
