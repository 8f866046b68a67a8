/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug builds: the emulator is tested before the module does anything. */
#ifndef ISAHP_SELFTEST_H
#define ISAHP_SELFTEST_H

#ifdef ISAHP_DEBUG

/**
 * isahp_selftest_at_load - carry out all of isa-core/selftest.def
 *
 * Context: may sleep; some milliseconds.
 *
 * Return: 0, -ENOMEM, or -ENOEXEC: a vector comes to something else than on a CPU,
 * as the log says.
 */
int isahp_selftest_at_load(void);

#else

static inline int isahp_selftest_at_load(void)
{
	return 0;
}

#endif

#endif /* ISAHP_SELFTEST_H */
