/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of bench_policy: each adds its rows. */
#ifndef ISAHP_BENCH_POLICY_H
#define ISAHP_BENCH_POLICY_H

#include <bench.h>

/**
 * policy_merge - merging hosts: against fewer of them, and against parsing them
 *
 * Return: how far two runs of the same thing differed, as a share of 1.
 */
double policy_merge(struct bench *b);

#endif /* ISAHP_BENCH_POLICY_H */
