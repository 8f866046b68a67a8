// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <signal.h>
#include "quiet_thread.h"

int isahp_quiet_thread(pthread_t *ret_thread, void *(*body)(void *), void *arg)
{
	sigset_t all, mask;
	int rc;

	sigfillset(&all);
	/* A fault of the library's own code should still show where it is. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	rc = pthread_create(ret_thread, NULL, body, arg);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (rc)
		return -rc;
	pthread_setname_np(*ret_thread, "isahp");
	return 0;
}
