// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sample of kernel code that takes part: it owns a routine in two variants,
 * AVX2 and plain C, computes with it without end, and follows the events of
 * <isahp/kernel.h>, so that the VM can move to a host without AVX2 and back.
 *
 * Figures are in /sys/module/isahp_sample/parameters/.
 */
#define pr_fmt(fmt) "isahp_sample: " fmt
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/fpu/api.h>
#include <isahp/kernel.h>

#define WORDS 512
#define YMM_WORDS 4

static bool veto;
module_param(veto, bool, 0644);
MODULE_PARM_DESC(veto, "refuse each PREPARE that takes AVX2");

static bool deaf;
module_param(deaf, bool, 0444);
MODULE_PARM_DESC(deaf, "do not follow events: dies of it (only to show that it must)");

static ulong rounds_avx2, rounds_plain, wrong, events;
module_param(rounds_avx2, ulong, 0444);
module_param(rounds_plain, ulong, 0444);
module_param(wrong, ulong, 0444);
module_param(events, ulong, 0444);

/*
 * One round at a time; whoever changes @use_avx2 under the lock knows that nobody
 * is inside the old variant. Code in softirqs would use a spinlock or SRCU.
 */
static DEFINE_MUTEX(lock);
static bool use_avx2;

static u64 *block;
static struct task_struct *thread;

/* VPADDQ of a YMM register is AVX2 (SDM vol. 2, PADDB/PADDW/PADDD/PADDQ). */
static u64 sum_avx2(const u64 *words, size_t n)
{
	u64 lanes[YMM_WORDS];
	size_t i;

	kernel_fpu_begin();
	asm volatile("vpxor %%ymm0, %%ymm0, %%ymm0" ::: "memory");
	for (i = 0; i < n; i += YMM_WORDS)
		asm volatile("vpaddq %0, %%ymm0, %%ymm0"
			     :: "m" (*(const u64 (*)[YMM_WORDS])(words + i)));
	asm volatile("vmovdqu %%ymm0, %0" : "=m" (lanes));
	kernel_fpu_end();
	return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

static u64 sum_plain(const u64 *words, size_t n)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += words[i];
	return sum;
}

/* The words differ from round to round; their sum is known by other means. */
static void compute(u64 round)
{
	u64 expected = round * WORDS + (u64)WORDS * (WORDS - 1) / 2;
	u64 sum;
	size_t i;

	for (i = 0; i < WORDS; i++)
		block[i] = round + i;
	mutex_lock(&lock);
	if (use_avx2) {
		sum = sum_avx2(block, WORDS);
		rounds_avx2++;
	} else {
		sum = sum_plain(block, WORDS);
		rounds_plain++;
	}
	mutex_unlock(&lock);
	if (sum != expected)
		wrong++;
}

static int work(void *unused)
{
	u64 round = get_random_u64();

	while (!kthread_should_stop()) {
		compute(round++);
		cond_resched();
	}
	return 0;
}

static int on_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct isahp_change *change = data;
	bool usable = isahp_change_usable(change, ISAHP_FEATURE_AVX2);

	events++;
	if (deaf && event != ISAHP_KERNEL_ANNOUNCE)
		return NOTIFY_DONE;
	if (event == ISAHP_KERNEL_PREPARE && !usable && READ_ONCE(veto))
		return isahp_change_veto(change, "isahp_sample", -EBUSY);
	mutex_lock(&lock);
	use_avx2 = usable;
	mutex_unlock(&lock);
	return NOTIFY_OK;
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

static int __init sample_init(void)
{
	int err;

	block = kmalloc_array(WORDS, sizeof(*block), GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	/* Says what is usable now, before the first round. */
	err = isahp_register_notifier(&notifier);
	if (err)
		goto err_notifier;
	thread = kthread_run(work, NULL, "isahp_sample");
	if (IS_ERR(thread)) {
		err = PTR_ERR(thread);
		goto err_thread;
	}
	return 0;

err_thread:
	isahp_unregister_notifier(&notifier);
err_notifier:
	kfree(block);
	return err;
}

static void __exit sample_exit(void)
{
	kthread_stop(thread);
	isahp_unregister_notifier(&notifier);
	kfree(block);
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Sample of kernel code that follows CPU features");
MODULE_AUTHOR("The isahp authors");
MODULE_LICENSE("GPL");
