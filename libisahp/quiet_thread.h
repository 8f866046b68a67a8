/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_QUIET_THREAD_H
#define ISAHP_QUIET_THREAD_H

#include <pthread.h>

/**
 * isahp_quiet_thread - a thread that none of the application's signals reach
 * @ret_thread: to join or detach.
 * @body: and
 * @arg: as for pthread_create().
 *
 * A negative errno: as pthread_create().
 */
int isahp_quiet_thread(pthread_t *ret_thread, void *(*body)(void *), void *arg);

#endif /* ISAHP_QUIET_THREAD_H */
