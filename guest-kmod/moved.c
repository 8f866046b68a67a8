// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <asm/processor.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include "attachment.h"
#include "compat.h"
#include "moved.h"

/* Leaves that name the CPU and the hypervisor; APM vol. 3 E.4, SDM CPUID. */
#define LEAF_SIGNATURE 1
#define LEAF_BRAND 0x80000002
#define BRAND_LEAVES 3
#define LEAF_HYPERVISOR 0x40000000

/* A sign that takes nothing away waits that long for a shim's explanation. */
#define PATIENCE_NS (ISAHP_POLL_IDLE_NS / 4)
/* The generation ID's interrupt may come after the shim's first record. */
#define LATE_NS ISAHP_POLL_IDLE_NS

/**
 * struct look - what was seen
 * @features: shown by CPUID.
 * @vendor: enum isahp_vendor.
 * @signature: family, model and stepping.
 * @brand: the CPU's name.
 * @hypervisor: highest hypervisor leaf, and its name.
 */
struct look {
	struct isahp_features features;
	u32 vendor;
	u32 signature;
	u32 brand[BRAND_LEAVES][4];
	u32 hypervisor[4];
};

/* The looker's alone: see isahp_moved_look(). */
static struct look last;

static DEFINE_SPINLOCK(lock);
static struct isahp_moved seen;	/* under the lock */

/* Changes of the VM generation ID that no look has reported. */
static atomic_t generations = ATOMIC_INIT(0);

static void look_now(struct look *now)
{
	unsigned int i;

	memset(now, 0, sizeof(*now));
	now->features = isahp_cpuid_features();
	now->vendor = isahp_cpuid_vendor();
	now->signature = cpuid_eax(LEAF_SIGNATURE);
	for (i = 0; i < BRAND_LEAVES; i++)
		cpuid(LEAF_BRAND + i, &now->brand[i][0], &now->brand[i][1],
		      &now->brand[i][2], &now->brand[i][3]);
	if (boot_cpu_has(X86_FEATURE_HYPERVISOR))
		cpuid(LEAF_HYPERVISOR, &now->hypervisor[0], &now->hypervisor[1],
		      &now->hypervisor[2], &now->hypervisor[3]);
}

static bool same_cpu(const struct look *a, const struct look *b)
{
	return a->signature == b->signature &&
	       !memcmp(a->brand, b->brand, sizeof(a->brand)) &&
	       !memcmp(a->hypervisor, b->hypervisor, sizeof(a->hypervisor));
}

static void add_signs(u32 signs, const struct look *now)
{
	struct isahp_features lost = isahp_features_andnot(&last.features,
							   &now->features);

	spin_lock(&lock);
	if (!seen.signs)
		seen.since_ns = ktime_get_ns();
	seen.signs |= signs;
	seen.lost = isahp_features_or(&seen.lost, &lost);
	seen.lost = isahp_features_andnot(&seen.lost, &now->features);
	seen.visible = now->features;
	seen.vendor = now->vendor;
	spin_unlock(&lock);
}

bool isahp_moved_seen(void)
{
	return READ_ONCE(seen.signs);
}

enum isahp_suspicion isahp_moved_judge(const struct isahp_state *state,
				       u64 epoch_ns, bool patient,
				       struct isahp_moved *ret_moved)
{
	u64 now = ktime_get_ns();
	enum isahp_suspicion suspicion = ISAHP_SUSPECT_NOTHING;
	struct isahp_moved m;

	spin_lock(&lock);
	m = seen;
	if (!m.signs)
		goto out;
	suspicion = isahp_state_suspect(state, m.signs, &m.lost);
	if (suspicion == ISAHP_SUSPECT_TRAPS)
		goto forget;
	if (epoch_ns && m.since_ns - epoch_ns < LATE_NS)
		suspicion = ISAHP_SUSPECT_NOTHING;
	if (suspicion != ISAHP_SUSPECT_NOTHING && patient &&
	    now - m.since_ns < PATIENCE_NS) {
		suspicion = ISAHP_SUSPECT_NOTHING;
		goto out;
	}
forget:
	memset(&seen, 0, sizeof(seen));
out:
	spin_unlock(&lock);
	if (suspicion != ISAHP_SUSPECT_NOTHING)
		*ret_moved = m;
	return suspicion;
}

void isahp_moved_forget(void)
{
	spin_lock(&lock);
	memset(&seen, 0, sizeof(seen));
	spin_unlock(&lock);
}

bool isahp_moved_look(void)
{
	struct look now;
	u32 signs = 0;

	/* Taken first: a change during the look is the next one's. */
	if (atomic_xchg(&generations, 0))
		signs |= ISAHP_MOVED_GENERATION;
	look_now(&now);
	if (!isahp_features_equal(&now.features, &last.features))
		signs |= ISAHP_MOVED_FEATURES;
	if (now.vendor != last.vendor)
		signs |= ISAHP_MOVED_VENDOR;
	if (!same_cpu(&now, &last))
		signs |= ISAHP_MOVED_CPU;
	if (!signs)
		return false;
	add_signs(signs, &now);
	last = now;
	return true;
}

/* --- when to look -------------------------------------------------------- */

static void look_due(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look_due);

/* Freezable, as the guest's thread: while the system sleeps nobody is told. */
static void look_later(void)
{
	queue_delayed_work(system_freezable_wq, &look_work,
			   msecs_to_jiffies(ISAHP_MOVED_LOOK_MS));
}

static void look_due(struct work_struct *work)
{
	isahp_attachment_moved();
	look_later();
}

/*
 * The driver of the VM generation ID calls this when its device interrupts:
 * upon resumption of a snapshot, or arrival of a migration that gave it a new
 * one. Context: process.
 */
static int generation_changed(struct notifier_block *nb, unsigned long event,
			      void *data)
{
	atomic_inc(&generations);
	mod_delayed_work(system_freezable_wq, &look_work, 0);
	return NOTIFY_DONE;
}

static struct notifier_block generation_notifier = {
	.notifier_call = generation_changed,
};

int isahp_moved_init(void)
{
	int err;

	look_now(&last);
	err = register_random_vmfork_notifier(&generation_notifier);
	if (err)
		return err;
	look_later();
	return 0;
}

void isahp_moved_exit(void)
{
	unregister_random_vmfork_notifier(&generation_notifier);
	cancel_delayed_work_sync(&look_work);
}
