/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of bench_policy: each adds its rows. */
#ifndef ISAHP_BENCH_POLICY_H
#define ISAHP_BENCH_POLICY_H

#include <bench.h>

#include <hypervisor-shim/policy/profile.h>

#define POLICY_KINDS 12

/** policy_host_make - the profile of a host; kinds take turns by its number */
void policy_host_make(struct isahp_profile *p, unsigned int number);

/** policy_cpu_ns - CPU time of this thread */
double policy_cpu_ns(void);

/** policy_die - end the program: a benchmark of something that fails is none */
void policy_die(const char *what) __attribute__((noreturn));

/**
 * policy_merge - merging hosts: against fewer of them, and against parsing them
 *
 * Return: how far two runs of the same thing differed, as a share of 1.
 */
double policy_merge(struct bench *b);

/** policy_admission - admitting a VM to a host, against parsing the host's profile */
void policy_admission(struct bench *b);

/** policy_plan - plans, against those for a tenth of the hosts and of the VMs */
void policy_plan(struct bench *b);

#endif /* ISAHP_BENCH_POLICY_H */
