/* SPDX-License-Identifier: MIT */
/* Hosts for the tests of pools, envelopes and admission. */
#ifndef ISAHP_TESTS_POLICY_ENV_H
#define ISAHP_TESTS_POLICY_ENV_H

#include <hypervisor-shim/policy/profile.h>

#define POLICY_INTEL "GenuineIntel"
#define POLICY_AMD "AuthenticAMD"
#define POLICY_HYGON "HygonGenuine"

/** policy_set - features by name; fails the test where one is unknown */
struct isahp_features policy_set(const char *list);

/**
 * policy_random - features by random(); those lack none that they rest on
 * @in: of each
 * @of: that many.
 */
struct isahp_features policy_random(unsigned int in, unsigned int of);

/** policy_cpu - vendor and signature, and nothing else; to be freed */
struct isahp_profile policy_cpu(const char *name, const char *vendor,
				unsigned int family, unsigned int model,
				unsigned int stepping);

/**
 * policy_host - a host that tells of every feature of the table
 * @list: those that it has; XSAVE's leaf and XCR0 follow from them, laid out as
 *	the vendor does.
 *
 * 46 bits of physical and 48 of linear addresses. To be freed.
 */
struct isahp_profile policy_host(const char *name, const char *vendor,
				 unsigned int family, unsigned int model,
				 const char *list);

#endif /* ISAHP_TESTS_POLICY_ENV_H */
