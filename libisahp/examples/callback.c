// SPDX-License-Identifier: MIT
/*
 * Being told of changes, and having a say: isahp_callback_add(), isahp_veto(),
 * isahp_callback_remove(). With an argument the program vetoes every removal, as
 * one does that is writing a checkpoint. Ends at a line on standard input, or its
 * end.
 */
#include <errno.h>
#include <isahp/isahp.h>
#include <stdio.h>

static int one_avx2(void)
{
	return 1;
}

static int one_c(void)
{
	return 1;
}

ISAHP_OPERATION_DECLARE(one, int, (void), ())
ISAHP_OPERATION_DEFINE(one,
	ISAHP_VARIANT("avx2", one_avx2, 1, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", one_c, 2, ISAHP_SET_NONE));

static int told(const struct isahp_change *change, void *arg)
{
	const int *is_busy = arg;

	switch (change->kind) {
	case ISAHP_CALLBACK_LEAVING:
		/* Here plans and packed operands are made for what will be left. */
		if (*is_busy) {
			puts("leaving: no");
			return isahp_veto(change, -EBUSY, "a checkpoint is written");
		}
		puts("leaving: yes");
		break;
	case ISAHP_CALLBACK_CHANGED:
		printf("changed, calls go to %s\n",
		       isahp_operation_variant(&one_operation)->name);
		break;
	case ISAHP_CALLBACK_RESTORED:
		puts("it was called off");
		break;
	default: /* a newer library's */
		break;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct isahp_status status = { .size = sizeof(status) };
	int is_busy = argc > 1;

	(void)argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (isahp_callback_add(told, &is_busy, 0) || isahp_start(NULL))
		return 1;
	puts("ready");
	(void)getchar();
	isahp_status(&status);
	if (status.naks)
		printf("last veto: %d, %s\n", status.veto, status.reason);
	/* From here on `is_busy` may go away. */
	if (isahp_callback_remove(told, &is_busy))
		return 1;
	printf("%d\n", one());
	return -isahp_stop();
}
