// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <isa-core/selftest.h>
#include "selftest.h"

int isahp_selftest_at_load(void)
{
	struct isahp_selftest *t = kmalloc(sizeof(*t), GFP_KERNEL);
	u64 begin = ktime_get_ns();
	unsigned int passed;

	if (!t)
		return -ENOMEM;
	passed = isahp_selftest(t);
	kfree(t);
	if (passed < isahp_selftest_count) {
		pr_err("emulator: vector %u of the self-test fails, not loaded\n", passed);
		return -ENOEXEC;
	}
	pr_info("emulator: %u vectors of the self-test in %llu us\n", passed,
		(ktime_get_ns() - begin) / NSEC_PER_USEC);
	return 0;
}
