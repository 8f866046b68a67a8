// SPDX-License-Identifier: MIT
#include "library.h"
#include "other.h"

static void other_work(unsigned long turns)
{
	SLED(turns);
}

/* Runs while the loader relocates: nothing may be called here. */
static void (*choose(void))(unsigned long)
{
	return other_work;
}

void other_ifunc(unsigned long turns) __attribute__((ifunc("choose")));

ISAHP_OPERATION_DEFINE(other, ISAHP_VARIANT("c", other_work, 1, ISAHP_SET_NONE));
