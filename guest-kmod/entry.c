// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <isahp/abi.h>
#include "entry.h"
#include "entry_msr.h"
#include "entry_ss.h"
#include "figures.h"
#include "flight.h"
#include "gp.h"
#include "pinned.h"
#include "vdso.h"

enum policy {
	POLICY_AUTO,
	POLICY_INT80,
	POLICY_EMULATE,
	POLICY_OFF,
};

static const char *const policies[] = {
	[POLICY_AUTO] = "auto",
	[POLICY_INT80] = "int80",
	[POLICY_EMULATE] = "emulate",
	[POLICY_OFF] = "off",
};

static DEFINE_MUTEX(lock);

/* Under @lock, but for what init sets. */
static struct {
	enum policy policy;
	bool ready;		/* between init and exit */
	u32 vendor, next;	/* as last heard; UNKNOWN: nothing fast is safe */
	int msr_err;		/* what became of the MSRs, last */
	u8 used;		/* bits: fast forms that a thread may have been in */
} entry;

/* --- vendors ------------------------------------------------------------- */

/* What the vendor's CPUs execute in 32-bit code of a 64-bit kernel. */
static enum isahp_vdso_form best_of(u32 vendor)
{
	switch (vendor) {
	case ISAHP_VENDOR_INTEL:
	case ISAHP_VENDOR_ZHAOXIN:
		return ISAHP_VDSO_SYSENTER;
	case ISAHP_VENDOR_AMD:
	case ISAHP_VENDOR_HYGON:
		return ISAHP_VDSO_SYSCALL;
	default:
		return ISAHP_VDSO_INT80;
	}
}

static bool runs_on(enum isahp_vdso_form form, u32 vendor)
{
	return form == ISAHP_VDSO_INT80 || form == best_of(vendor);
}

static bool vendor_changes(void)
{
	return best_of(entry.vendor) != best_of(entry.next);
}

static bool stays_on(enum isahp_vdso_form form)
{
	return best_of(entry.vendor) == form && best_of(entry.next) == form;
}

static bool at_home(void)
{
	enum isahp_vdso_form own = best_of(isahp_pinned_vendor());

	return own != ISAHP_VDSO_INT80 && stays_on(own);
}

/* --- what an entry needs before it may be used --------------------------- */

/* Armed on an Intel that stays; off leaves a guest of AMD's as it came. */
static bool sysenter_is_to_be_armed(void)
{
	if (isahp_vdso_form() == ISAHP_VDSO_UNNEEDED ||
	    !stays_on(ISAHP_VDSO_SYSENTER))
		return false;
	return entry.policy != POLICY_OFF || at_home();
}

/*
 * For 64-bit programs that jump to 32-bit code as well, so whatever the form;
 * but not under a policy of off, unless the form that is there needs it.
 */
static bool ss_is_to_be_repaired(void)
{
	if (isahp_entry_ss_kernels_own() || stays_on(ISAHP_VDSO_SYSENTER))
		return false;
	return entry.policy != POLICY_OFF ||
	       isahp_vdso_form() == ISAHP_VDSO_SYSCALL;
}

static int prepare_ss(void)
{
	int err = isahp_entry_ss_set(ss_is_to_be_repaired());

	if (err)
		pr_warn_once("SS is not repaired at context switches (%d)\n", err);
	return err;
}

/* May a thread resume in the middle that was in another form there? */
static bool has_strangers(enum isahp_vdso_form form)
{
	return entry.used & ~BIT(form);
}

/* A second form: what is put back into the middle must not run in silence. */
static int prepare_flight(enum isahp_vdso_form form)
{
	int err;

	if (!has_strangers(form))
		return 0;
	err = isahp_flight_watch();
	if (err)
		pr_warn_once("returns from signals cannot be watched (%d)\n", err);
	return err;
}

/* After this, a fast form may go in. Errors mean INT80, and are no more. */
static bool is_safe(enum isahp_vdso_form form, int ss_err)
{
	if (entry.msr_err || prepare_flight(form))
		return false;
	if (form == ISAHP_VDSO_SYSCALL && !isahp_entry_ss_kernels_own()) {
		if (ss_err)
			return false;
		isahp_entry_ss_settle();
	}
	return true;
}

/* --- changing ------------------------------------------------------------ */

static int enter_by(enum isahp_vdso_form form)
{
	int err;

	if (form == isahp_vdso_form())
		return 0;
	err = isahp_vdso_write(form, has_strangers(form) ? isahp_flight_divert : NULL);
	if (err)
		return err;
	if (form != ISAHP_VDSO_INT80)
		entry.used |= BIT(form);
	isahp_figure_count(ISAHP_FIGURE_entry_changes);
	pr_info_ratelimited("32-bit system calls enter by %s\n",
			    isahp_vdso_form_name(form));
	return 0;
}

static enum isahp_vdso_form wanted(void)
{
	switch (entry.policy) {
	case POLICY_AUTO:
		return vendor_changes() ? ISAHP_VDSO_INT80 : best_of(entry.vendor);
	case POLICY_INT80:
		return ISAHP_VDSO_INT80;
	default:
		return isahp_vdso_form();
	}
}

/* On other CPUs than Intel's, what the MSRs lead to is the kernel's safety. */
static int msr_verdict(void)
{
	return stays_on(ISAHP_VDSO_SYSENTER) ? 0 : entry.msr_err;
}

/*
 * INT80 goes in before the MSRs change below what was there, the MSRs are right
 * before what needs them goes in; and from one fast form to the other there is
 * always INT80 in between.
 */
static int change(void)
{
	enum isahp_vdso_form form = wanted();
	int err = 0, ss_err;

	if (form != isahp_vdso_form())
		err = enter_by(ISAHP_VDSO_INT80);
	if (err)
		return err;
	ss_err = prepare_ss();
	entry.msr_err = isahp_entry_msr_set(sysenter_is_to_be_armed());
	if (form != isahp_vdso_form() && is_safe(form, ss_err)) {
		err = enter_by(form);
		/* Too many threads in flight: as good as not safe. */
		if (err == -EBUSY)
			err = 0;
	}
	return err ?: msr_verdict();
}

/* Disarmed, SYSENTER is a #GP on the CPUs that execute it. */
static int check_emulation(void)
{
	if (entry.policy == POLICY_EMULATE && !isahp_gp_works() &&
	    isahp_vdso_form() == ISAHP_VDSO_SYSENTER &&
	    !stays_on(ISAHP_VDSO_SYSENTER))
		return -EOPNOTSUPP;
	return 0;
}

static int apply(void)
{
	int err;

	switch (isahp_vdso_form()) {
	case ISAHP_VDSO_UNNEEDED:
		prepare_ss();
		entry.msr_err = isahp_entry_msr_set(false);
		return msr_verdict();
	case ISAHP_VDSO_UNSUPPORTED:
		if (!at_home())
			return -EOPNOTSUPP;
		entry.msr_err = isahp_entry_msr_set(sysenter_is_to_be_armed());
		return 0;
	default:
		break;
	}
	isahp_flight_allow(entry.policy != POLICY_OFF);
	if (entry.policy == POLICY_OFF && vendor_changes())
		return -EPERM;
	err = check_emulation() ?: change();
	if (!err && entry.policy == POLICY_OFF &&
	    !runs_on(isahp_vdso_form(), entry.vendor))
		err = -EPERM;
	return err;
}

int isahp_entry_follow(u32 vendor, u32 vendor_next)
{
	int err;

	mutex_lock(&lock);
	entry.vendor = vendor;
	entry.next = vendor_next;
	err = apply();
	mutex_unlock(&lock);
	return err;
}

const char *isahp_entry_describe(void)
{
	return isahp_vdso_form_name(isahp_vdso_form());
}

/* --- the policy ---------------------------------------------------------- */

/* Takes effect before the write returns. What is refused changes nothing. */
static int policy_set(const char *word, const struct kernel_param *param)
{
	int policy = __sysfs_match_string(policies, ARRAY_SIZE(policies), word);
	enum policy before;
	int err = 0;

	if (policy < 0)
		return policy;
	mutex_lock(&lock);
	before = entry.policy;
	entry.policy = policy;
	if (entry.ready)
		err = apply();
	/* What off will refuse next is no reason to refuse off. */
	if (err == -EPERM)
		err = 0;
	if (err) {
		entry.policy = before;
		apply();
	}
	mutex_unlock(&lock);
	return err;
}

static int policy_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", policies[READ_ONCE(entry.policy)]);
}

static const struct kernel_param_ops policy_ops = {
	.set = policy_set,
	.get = policy_get,
};
module_param_cb(entry, &policy_ops, NULL, 0644);
MODULE_PARM_DESC(entry,
		 "how 32-bit programs enter the kernel: auto, int80, emulate or off (default auto)");

/* --- beginning and end --------------------------------------------------- */

/*
 * Until a record says otherwise the CPU is taken to be the one that the kernel
 * was booted on; unless this module has left INT80 behind on one that was not.
 */
static void assume_vendor(u32 boot)
{
	entry.used = BIT(best_of(boot));
	if (isahp_vdso_form() == ISAHP_VDSO_INT80) {
		boot = ISAHP_VENDOR_UNKNOWN;
		entry.used = BIT(ISAHP_VDSO_SYSENTER) | BIT(ISAHP_VDSO_SYSCALL);
	}
	entry.vendor = boot;
	entry.next = boot;
}

void isahp_entry_init(void)
{
	u32 boot = isahp_pinned_vendor();
	int err;

	isahp_gp_init();
	mutex_lock(&lock);
	isahp_vdso_init(best_of(boot));
	if (isahp_vdso_form() == ISAHP_VDSO_UNSUPPORTED)
		pr_warn("the 32-bit system call entry of this kernel is not known: no move to another CPU vendor\n");
	assume_vendor(boot);
	err = isahp_entry_msr_init(isahp_vdso_form() != ISAHP_VDSO_UNNEEDED,
				   sysenter_is_to_be_armed());
	if (err)
		pr_warn("the MSRs of the 32-bit system call entry cannot be programmed (%d): no move to another CPU vendor\n",
			err);
	entry.ready = true;
	apply();
	mutex_unlock(&lock);
}

/* What is left behind has to work without this module. */
void isahp_entry_exit(void)
{
	enum isahp_vdso_form own = best_of(isahp_pinned_vendor());

	mutex_lock(&lock);
	entry.ready = false;
	if (entry.policy != POLICY_OFF || isahp_vdso_form() != own) {
		entry.policy = at_home() ? POLICY_AUTO : POLICY_INT80;
		apply();
	}
	if (isahp_vdso_form() == ISAHP_VDSO_INT80)
		pr_warn("leaving 32-bit system calls on INT 0x80: this CPU is not of the vendor the kernel was booted on\n");
	isahp_entry_ss_set(false);
	isahp_entry_msr_exit();
	mutex_unlock(&lock);
	isahp_gp_exit();
}
