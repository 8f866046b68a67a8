// SPDX-License-Identifier: MIT
/*
 * Who holds up a removal: at its deadline a callback is told ISAHP_CALLBACK_LATE,
 * and isahp_late() names threads, operations and variants. This program stays
 * inside an operation until a line on standard input, or its end.
 */
#include <isahp/isahp.h>
#include <stdio.h>

static int crunch_avx2(int x)
{
	return x + 1;
}

static int crunch_c(int x)
{
	return x + 1;
}

ISAHP_OPERATION_DECLARE(crunch, int, (int x), (x))
ISAHP_OPERATION_DEFINE(crunch,
	ISAHP_VARIANT("avx2", crunch_avx2, 1, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", crunch_c, 2, ISAHP_SET_NONE));

static int told(const struct isahp_change *change, void *arg)
{
	struct isahp_late late[8];
	int i, n;

	(void)arg;
	if (change->kind != ISAHP_CALLBACK_LATE)
		return 0;
	/* May be more than there is room for. */
	n = isahp_late(late, 8, sizeof(late[0]));
	for (i = 0; i < n && i < 8; i++) {
		printf("late: %s by %s\n", late[i].operation, late[i].variant);
		fprintf(stderr, "thread %d, for %.0f ms\n", (int)late[i].tid,
			(double)late[i].ns / 1e6);
	}
	return 0;
}

int main(void)
{
	struct isahp_region region;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (isahp_callback_add(told, NULL, 0) || isahp_start(NULL))
		return 1;
	(void)isahp_enter(&crunch_operation, &region);
	puts("inside");
	(void)getchar();
	isahp_leave(&region);
	printf("%d; %d are late\n", crunch(1),
	       isahp_late(NULL, 0, sizeof(struct isahp_late)));
	return -isahp_stop();
}
