// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/segment.h>
#include "compat.h"
#include "entry_msr.h"
#include "symbols.h"

static struct {
	u64 cstar, eip;
	bool arm;	/* changed while no CPU comes or goes */
	int state;	/* of CPU hotplug; 0: none of this is possible */
} msr;

/* --- one CPU ------------------------------------------------------------- */

/* The safe accessors: some hypervisors fault on what they do not want written. */
static int put_right(u32 number, u64 value)
{
	u64 now;

	if (!isahp_rdmsr_safe(number, &now) && now == value)
		return 0;
	if (isahp_wrmsr_safe(number, value) || isahp_rdmsr_safe(number, &now) ||
	    now != value)
		return -EIO;
	return 0;
}

static bool holds(u32 number, u64 value)
{
	u64 now;

	return !isahp_rdmsr_safe(number, &now) && now == value;
}

/*
 * SYSENTER starts on the entry stack, to which the TSS's sp0 points always
 * (cpu_init(); Xen PV is excluded). The MSR has held the same since this CPU
 * was booted, or the lower half of it.
 */
static int arm_sysenter(void)
{
	u64 esp = this_cpu_read(cpu_tss_rw.x86_tss.sp0), now;
	int err;

	if (isahp_rdmsr_safe(MSR_IA32_SYSENTER_ESP, &now) || (u32)now != (u32)esp)
		return -EIO;
	if (!holds(MSR_IA32_SYSENTER_ESP, esp) ||
	    !holds(MSR_IA32_SYSENTER_EIP, msr.eip)) {
		err = put_right(MSR_IA32_SYSENTER_CS, 0);
		if (!err)
			err = put_right(MSR_IA32_SYSENTER_ESP, esp);
		if (!err)
			err = put_right(MSR_IA32_SYSENTER_EIP, msr.eip);
		if (err)
			return err;
	}
	/* Last: it is what makes SYSENTER go there. */
	return put_right(MSR_IA32_SYSENTER_CS, __KERNEL_CS);
}

/* Context: interrupts off, or else bound to this CPU. */
static int program_this_cpu(void)
{
	int err = put_right(MSR_CSTAR, msr.cstar);

	if (msr.arm && !arm_sysenter())
		return err;
	return put_right(MSR_IA32_SYSENTER_CS, 0) || msr.arm ? -EIO : err;
}

/* --- all CPUs ------------------------------------------------------------ */

static void program_by_ipi(void *failures)
{
	if (program_this_cpu())
		atomic_inc(failures);
}

static int program_all(bool arm)
{
	atomic_t failures = ATOMIC_INIT(0);

	cpus_read_lock();
	msr.arm = arm;
	on_each_cpu(program_by_ipi, &failures, true);
	cpus_read_unlock();
	return atomic_read(&failures) ? -EIO : 0;
}

int isahp_entry_msr_set(bool arm)
{
	int err;

	if (!msr.state)
		return -EOPNOTSUPP;
	err = program_all(arm);
	if (err && arm)
		program_all(false);
	return err;
}

/*
 * On the CPU that comes, after its syscall_init(), which has armed SYSENTER and
 * not set CSTAR, as at boot; before it takes user's threads (CPUHP_AP_ACTIVE).
 * A CPU that cannot be put right would be a way to crash the kernel: it stays
 * out.
 */
static int cpu_comes(unsigned int cpu)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = program_this_cpu();
	local_irq_restore(flags);
	if (err)
		pr_warn_ratelimited("CPU %u does not keep the MSRs of the 32-bit system call entry\n",
				    cpu);
	return err;
}

/*
 * After sleep the CPU that was never offline has gone through syscall_init()
 * too. The others come as above. Before programs are thawed: this is a device's
 * earliest resume, and syscore's callbacks are not the same from one stable
 * kernel to the next.
 */
static int after_sleep(struct device *unused)
{
	atomic_t failures = ATOMIC_INIT(0);

	on_each_cpu(program_by_ipi, &failures, true);
	if (atomic_read(&failures))
		pr_warn("the MSRs of the 32-bit system call entry could not be restored\n");
	return 0;
}

static const struct dev_pm_ops sleep_ops = {
	SET_NOIRQ_SYSTEM_SLEEP_PM_OPS(NULL, after_sleep)
};

static struct platform_driver sleep_driver = {
	.driver = {
		.name = "isahp-entry",
		.pm = &sleep_ops,
	},
};

static struct platform_device *sleeper;

static int follow_sleep(void)
{
	int err = platform_driver_register(&sleep_driver);

	if (err)
		return err;
	sleeper = platform_device_register_simple("isahp-entry",
						  PLATFORM_DEVID_NONE, NULL, 0);
	if (!IS_ERR(sleeper))
		return 0;
	platform_driver_unregister(&sleep_driver);
	return PTR_ERR(sleeper);
}

static void follow_sleep_no_longer(void)
{
	platform_device_unregister(sleeper);
	platform_driver_unregister(&sleep_driver);
}

/* --- beginning and end --------------------------------------------------- */

static bool find_values(bool programs)
{
	void *cstar, *eip;

	if (boot_cpu_has(X86_FEATURE_XENPV))
		return false;
#ifdef X86_FEATURE_FRED
	if (boot_cpu_has(X86_FEATURE_FRED))
		return false;
#endif
	if (programs) {
		cstar = isahp_symbol_lookup("entry_SYSCALL_compat");
		eip = isahp_symbol_lookup("entry_SYSENTER_compat");
	} else {
		cstar = isahp_symbol_lookup("entry_SYSCALL32_ignore");
		if (!cstar)
			cstar = isahp_symbol_lookup("ignore_sysret");
		eip = cstar;
	}
	msr.cstar = (u64)cstar;
	msr.eip = (u64)eip;
	return cstar && eip;
}

/* Nobody else's business: what is there is what the kernel put there, or 0. */
static bool cstar_is_known(void)
{
	u64 now;

	return !isahp_rdmsr_safe(MSR_CSTAR, &now) && (!now || now == msr.cstar);
}

int isahp_entry_msr_init(bool programs, bool arm)
{
	int state, err;

	if (!find_values(programs) || !cstar_is_known())
		return -EOPNOTSUPP;
	err = follow_sleep();
	if (err)
		return err;
	msr.arm = arm;
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "isahp/entry:online",
				  cpu_comes, NULL);
	if (state < 0) {
		follow_sleep_no_longer();
		return state;
	}
	msr.state = state;
	return 0;
}

void isahp_entry_msr_exit(void)
{
	if (!msr.state)
		return;
	cpuhp_remove_state_nocalls(msr.state);
	msr.state = 0;
	follow_sleep_no_longer();
}
