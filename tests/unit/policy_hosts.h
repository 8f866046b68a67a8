/* SPDX-License-Identifier: MIT */
/* Hosts to test with: real ones by their well-known figures, and random ones. */
#ifndef POLICY_HOSTS_H
#define POLICY_HOSTS_H

#include <hypervisor-shim/policy/merge.h>

/*
 * Six servers. Figures that matter to a merge are those of guest CPUID under KVM
 * as Firecracker records them (tests/data/cpu_template_helper/
 * fingerprint_*_6.1host.json): XSAVE components, sizes and offsets, address bits,
 * MPX, MD_CLEAR, IA32_ARCH_CAPABILITIES.
 */
enum host {
	HOST_CASCADE_LAKE,
	HOST_ICE_LAKE,
	HOST_SAPPHIRE_RAPIDS,
	HOST_GRANITE_RAPIDS,
	HOST_MILAN,
	HOST_GENOA,
	HOSTS,
};

/** host_make - a profile of one; the caller frees it */
struct isahp_profile host_make(enum host host);

/** host_all - all six; index by enum host */
void host_all(struct isahp_profile hosts[HOSTS]);

/** host_free - @count of them */
void host_free(struct isahp_profile *hosts, size_t count);

/** host_seed - of random hosts: $ISAHP_SEED or the clock; printed */
void host_seed(void);

/** host_random - less than @n */
unsigned int host_random(unsigned int n);

/** host_mutated - one of the six, with some bits of anything changed or untold */
struct isahp_profile host_mutated(unsigned int number, bool untold);

/** host_get - one register; 0 where it is not listed */
__u32 host_get(const struct isahp_profile *p, __u32 leaf, __u32 subleaf,
	       unsigned int reg);

/** host_put - one register, whole */
void host_put(struct isahp_profile *p, __u32 leaf, __u32 subleaf, unsigned int reg,
	      __u32 value);

/** host_merge - of @count hosts; fails the test when that fails */
struct isahp_merged host_merge(const struct isahp_profile *hosts, size_t count,
			       const struct isahp_merge_options *options);

#endif /* POLICY_HOSTS_H */
