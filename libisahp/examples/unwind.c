// SPDX-License-Identifier: MIT
/*
 * longjmp() out of a variant, as image libraries do on bad input. The library
 * finds out by itself when the stack has moved on; isahp_mark() before setjmp()
 * and isahp_unwind() after it say so at once, and on stacks that it does not know
 * (fibers') they are the only way.
 */
#include <isahp/isahp.h>
#include <setjmp.h>
#include <stdio.h>

static jmp_buf out;

static int decode_c(int input)
{
	if (input < 0)
		longjmp(out, 1);
	return input / 2;
}

static int decode_sse3(int input)
{
	return decode_c(input);
}

ISAHP_OPERATION_DECLARE(decode, int, (int input), (input))
ISAHP_OPERATION_DEFINE(decode,
	ISAHP_VARIANT("sse3", decode_sse3, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("c", decode_c, 2, ISAHP_SET_NONE));

int main(void)
{
	isahp_mark_t mark = isahp_mark();

	if (!setjmp(out)) {
		printf("decoded %d\n", decode(42));
		printf("decoded %d\n", decode(-1));
	} else {
		/* Not unwound, it would hold up a removal. */
		isahp_unwind(mark);
		printf("bad input\n");
	}
	/* Would wait a second and fail if a thread were still inside. */
	if (isahp_operation_unregister(&decode_operation))
		return 1;
	printf("nobody is inside\n");
	return 0;
}
