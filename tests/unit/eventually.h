/* SPDX-License-Identifier: MIT */
/* How tests wait for what another thread or process does. */
#ifndef EVENTUALLY_H
#define EVENTUALLY_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <unistd.h>

#define LONG_MS 20000	/* for what must happen */

/* Wait for what another thread will do, and may undo. */
#define eventually(condition)                                                  \
	do {                                                                   \
		int tries_ = LONG_MS;                                          \
		bool so_;                                                      \
		while (!(so_ = (condition)) && tries_--)                       \
			usleep(1000);                                          \
		cr_assert(so_, "never: " #condition);                          \
	} while (0)

#endif /* EVENTUALLY_H */
