/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this kernel has believed of its CPUs: the features that it may have been
 * made to execute, whatever CPUID shows by now.
 */
#ifndef ISAHP_KMOD_BOOT_H
#define ISAHP_KMOD_BOOT_H

#include <linux/types.h>
#include <isahp/features.h>

/** isahp_boot_init - look once. Before whoever changes boot_cpu_data */
void isahp_boot_init(void);

/**
 * isahp_boot_features - features that the kernel found on any CPU
 *
 * Without those of `clearcpuid=`. Also those that an earlier load of this module
 * took out of boot_cpu_data: what was made with them is still there.
 */
const struct isahp_features *isahp_boot_features(void);

/**
 * isahp_boot_capability - bit of a feature in x86_capability[]
 * @number: ISAHP_FEATURE_*.
 *
 * Return: the bit; -1 where Linux has none that mirrors CPUID.
 */
int isahp_boot_capability(unsigned int number);

#endif /* ISAHP_KMOD_BOOT_H */
