// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "barrier.h"
#include "library.h"
#include "thread.h"

static int membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0;
}

void isahp_barrier_init(void)
{
	isahp_library.had_membarrier =
		!membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	if (isahp_mode() == ISAHP_MODE_MEMBARRIER && !isahp_library.had_membarrier)
		isahp_library.mode = ISAHP_MODE_FENCED;
}

int isahp_barrier(void)
{
	int rc = 0;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#ifndef ISAHP_CONTROL_NO_MEMBARRIER
	if (isahp_mode() != ISAHP_MODE_MEMBARRIER)
		return 0;
	rc = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	if (rc)
		isahp_threads_fence();
#endif
	return rc;
}

int isahp_barrier_probe(void)
{
	if (!isahp_library.had_membarrier)
		return 0;
	return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
