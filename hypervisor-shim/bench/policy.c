// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_policy - what the policy engine's answers cost, as ratios: of many hosts
 * to few, and of an answer to reading what it is made from.
 */
#include "policy.h"

int main(int argc, char **argv)
{
	static struct bench b;
	double noise;
	int rc;

	bench_init(&b, "policy");
	rc = bench_arguments(&b, "Measure what baselines, admissions and plans of many hosts cost.",
			     argc, argv);
	if (rc)
		return rc - 1;
	bench_pin(0);
	noise = policy_merge(&b);
	policy_admission(&b);
	policy_plan(&b);
	return bench_end(&b, noise);
}
