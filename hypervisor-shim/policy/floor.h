/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KVM can show on each of some hosts: the floor that a named CPU model must
 * not go below, also in the bits that the table of features has no row for.
 */
#ifndef ISAHP_SHIM_FLOOR_H
#define ISAHP_SHIM_FLOOR_H

#include "model.h"
#include "profile.h"

/**
 * isahp_floor_of - the feature words that every host can show
 * @hosts: their profiles, in any order.
 * @count: of them, at least 1.
 * @ret_words: ISAHP_WORD_COUNT of them. A bit of which a profile does not tell is
 *	not there.
 *
 * Each host has what its CPU has, and what KVM gives beside: the x2APIC, the TSC
 * deadline timer and TSC_ADJUST, which it emulates; ARCH_CAPABILITIES; the other
 * vendor's bits for controls of speculation that the CPU has under its own; and
 * AMD's copies of leaf 1 in 8000_0001h (Linux, arch/x86/kvm/cpuid.c,
 * kvm_set_cpu_caps(); QEMU, target/i386/kvm/kvm.c,
 * kvm_arch_get_supported_cpuid()). Without that a pool of both vendors would lose
 * SPEC_CTRL, which each of its hosts has.
 */
void isahp_floor_of(const struct isahp_profile *const *hosts, size_t count,
		    __u32 *ret_words);

#endif /* ISAHP_SHIM_FLOOR_H */
