// SPDX-License-Identifier: MIT
/*
 * A handler that ThreadSanitizer has put off calls an operation: not in the middle
 * of where the library has blocked all signals, holds its lock, and the call wants
 * it. Otherwise this never ends.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <isahp/isahp.h>
#include "record.h"

static void plain(int *ran) { ++*ran; }

ISAHP_OPERATION_DECLARE(count, void, (int *ran), (ran))
ISAHP_OPERATION_DEFINE(count, ISAHP_VARIANT("plain", plain, 1, ISAHP_SET_NONE));

static int ran;

static void handler(int number)
{
	(void)number;
	/* The thread's first, which the library takes note of under its lock. */
	count(&ran);
}

int main(void)
{
	isahp_sigmask_t mask;

	signal(SIGUSR1, handler);
	/* raise() is a call that ThreadSanitizer knows. */
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
	isahp_records_lock(&mask);
	isahp_records_unlock(mask);
	printf("the handler ran %d times\n", ran);
	return ran != 1;
}
