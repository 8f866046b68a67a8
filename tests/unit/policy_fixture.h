/* SPDX-License-Identifier: MIT */
/* A guest that asks for a host, for the tests of admission. */
#ifndef ISAHP_TESTS_POLICY_FIXTURE_H
#define ISAHP_TESTS_POLICY_FIXTURE_H

#include <hypervisor-shim/policy/admission.h>

/** struct fixture - who asks for what, and the answer */
struct fixture {
	struct isahp_vm_record vm;
	struct isahp_profile host;
	struct isahp_admission_options options;
	struct isahp_admission a;
	struct isahp_error err;
};

/**
 * fixture_of - a masked guest that was booted on an Intel host, with its module
 * @baseline: features.
 * @announced: beside them.
 * @host: the fixture's then.
 *
 * Its envelope is everything. To be ended by fixture_end().
 */
struct fixture fixture_of(const char *baseline, const char *announced,
			  struct isahp_profile host);

/** fixture_check - ask, again if need be; fails the test where no answer comes */
void fixture_check(struct fixture *f);

/** fixture_show - log the answer in words */
void fixture_show(const struct fixture *f);

void fixture_end(struct fixture *f);

#endif /* ISAHP_TESTS_POLICY_FIXTURE_H */
