// SPDX-License-Identifier: MIT
/*
 * What the header is where there is nothing to swap: a plain dispatcher, without
 * the library. A plain program: exit 0 or 1.
 */
#define ISAHP_PLAIN
#include <isahp/isahp.h>

static int needs_nothing(int x)
{
	return x + 1;
}

static int needs_sse3(int x)
{
	return x + 2;
}

static const struct isahp_variant variants[] = {
	ISAHP_VARIANT("sse3", needs_sse3, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", needs_nothing, 9, ISAHP_SET_NONE),
	ISAHP_VARIANT("second", needs_sse3, 9, ISAHP_SET_NONE),
};

ISAHP_OPERATION_DECLARE(add, int, (int x), (x))
struct isahp_operation add_operation = {
	.name = "add", .variants = variants, .variant_count = 3,
};

int main(void)
{
	struct isahp_region r;
	isahp_fn fn = isahp_enter(&add_operation, &r);
	isahp_mark_t mark = isahp_mark();
	int ok;

	ok = fn == (isahp_fn)needs_nothing && !isahp_poll(&add_operation, &r) &&
	     isahp_resume(&add_operation, &r) == fn && add(1) == 2;
	isahp_leave(&r);
	isahp_unwind(mark);
	return ok ? 0 : 1;
}
