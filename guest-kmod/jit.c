// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/bpf.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/pgtable.h>
#include <asm/processor-flags.h>
#include <asm/word-at-a-time.h>
#include <isa-core/features.h>
#include "boot.h"
#include "compat.h"
#include "figures.h"
#include "gpr.h"
#include "jit.h"
#include "symbols.h"

/* How many bytes tell a shift; and how long one of registers is. */
#define SHIFT_MARK 4
#define SHIFT_SIZE 5

/* First byte of a VEX prefix of three. */
#define VEX3 0xc4

/* Looking takes at most this part of the time. */
#define LOOK_SHARE 1000

/*
 * kernel/bpf/core.c: memory that many programs lie in, each in chunks of its own;
 * what is free is filled with INT3. Under pack_mutex. What follows these members
 * differs even within one stable series.
 */
struct pack {
	struct list_head list;
	u8 *memory;
};

/* Its own; all NULL where one is not found. */
static struct list_head *pack_list;
static struct mutex *pack_mutex;
static struct list_head *program_list;

/* BMI2 was there at boot, and the JIT knows it. */
static bool emits;

static DEFINE_MUTEX(lock);
/* Under @lock. */
static bool seen;	/* by the last look */
static u64 seen_until_ns;
static u64 told_finished;
static u8 window[SHIFT_MARK - 1 + PAGE_SIZE];

static size_t pack_size(void)
{
	return (size_t)SZ_2M * num_possible_nodes();
}

/* --- the instruction ----------------------------------------------------- */

/*
 * SDM vol. 2, 2.3.5 and SARX/SHLX/SHRX: VEX.LZ.{F3,66,F2}.0F38.{W0,W1} F7 /r.
 * Without a prefix it is BEXTR, of BMI1.
 */
static bool is_shift(const u8 *p)
{
	return p[0] == VEX3 && (p[1] & 0x1f) == 2 && !(p[2] & 4) && (p[2] & 3) &&
	       p[3] == 0xf7;
}

static u64 shift64(unsigned int prefix, u64 value, unsigned int by)
{
	switch (prefix) {
	case 1:
		return value << by;
	case 2:
		return (s64)value >> by;
	default:
		return value >> by;
	}
}

static u32 shift32(unsigned int prefix, u32 value, unsigned int by)
{
	return prefix == 2 ? (u32)((s32)value >> by) : shift64(prefix, value, by);
}

bool isahp_jit_finish(struct pt_regs *regs)
{
	unsigned long *to, *from, *by;
	u8 p[SHIFT_SIZE];

	if (!emits || copy_from_kernel_nofault(p, (void *)regs->ip, sizeof(p)) ||
	    !is_shift(p) || p[4] < 0xc0)
		return false;
	to = isahp_gpr(regs, (p[4] >> 3 & 7) | (p[1] & 0x80 ? 0 : 8));
	from = isahp_gpr(regs, (p[4] & 7) | (p[1] & 0x20 ? 0 : 8));
	by = isahp_gpr(regs, ~p[2] >> 3);
	/* The stack pointer is the trap's as well: not ours to change. */
	if (to == &regs->sp)
		return false;
	if (p[2] & 0x80)
		*to = shift64(p[2] & 3, *from, *by & 63);
	else
		*to = shift32(p[2] & 3, *from, *by & 31);
	regs->ip += SHIFT_SIZE;
	regs->flags &= ~X86_EFLAGS_RF;
	isahp_figure_count(ISAHP_FIGURE_jit_emulated);
	return true;
}

/* --- looking ------------------------------------------------------------- */

/* @size is of whole words, and SHIFT_MARK - 1 bytes follow. */
static bool has_shift(const u8 *p, size_t size)
{
	const struct word_at_a_time constants = WORD_AT_A_TIME_CONSTANTS;
	const u8 *end = p + size;
	unsigned long bits;
	unsigned int i;

	for (; p < end; p += sizeof(long)) {
		if (!has_zero(get_unaligned((unsigned long *)p) ^
			      REPEAT_BYTE(VEX3), &bits, &constants))
			continue;
		for (i = 0; i < sizeof(long); i++)
			if (is_shift(p + i))
				return true;
	}
	return false;
}

/* Under @lock. Return: 1: a shift was found, 0: none, -EFAULT: not readable. */
static int look_at_memory(const u8 *memory, size_t size)
{
	const size_t tail = SHIFT_MARK - 1;
	size_t at;

	/* The window begins with the last page's end: a shift may lie across. */
	memset(window, 0, tail);
	for (at = 0; at < size; at += PAGE_SIZE) {
		if (copy_from_kernel_nofault(window + tail, memory + at, PAGE_SIZE))
			return -EFAULT;
		if (has_shift(window, PAGE_SIZE))
			return 1;
		memcpy(window, window + PAGE_SIZE, tail);
		cond_resched();
	}
	return 0;
}

static bool holds_programs(const u8 *memory)
{
	unsigned long at = (unsigned long)memory;

	return IS_ALIGNED(at, PAGE_SIZE) && at >= MODULES_VADDR &&
	       at < MODULES_END && MODULES_END - at >= pack_size();
}

/*
 * Under @lock. Whatever memory a pack_list of another kernel leads to, the walk
 * ends: nobody comes after two others.
 */
static int look_at_packs(void)
{
	const struct list_head *before = pack_list, *node;
	struct pack pack;
	int found = 0;

	mutex_lock(pack_mutex);
	for (node = pack_list->next; node != pack_list; node = pack.list.next) {
		found = -EUCLEAN;
		if (copy_from_kernel_nofault(&pack, node, sizeof(pack)) ||
		    pack.list.prev != before || !holds_programs(pack.memory))
			break;
		found = look_at_memory(pack.memory, pack_size());
		if (found)
			break;
		before = node;
	}
	mutex_unlock(pack_mutex);
	return found;
}

/*
 * What is larger than a pack has pages of its own. Code is a quarter of it at
 * least: the rest are entries of 12 bytes for instructions that may fault.
 */
static bool is_any_large(void)
{
	struct bpf_ksym *program;
	bool large = false;

	rcu_read_lock();
	list_for_each_entry_rcu(program, program_list, lnode)
		if (program->end - program->start > pack_size() / 4)
			large = true;
	rcu_read_unlock();
	return large;
}

/* Under @lock: a trap is no place to say it. */
static void tell_finished(void)
{
	u64 finished = isahp_figure_read(ISAHP_FIGURE_jit_emulated);

	if (finished && !told_finished)
		pr_warn("an eBPF program executes BMI2, which has gone: each shift traps, and is finished\n");
	told_finished = finished;
}

static void look(void)
{
	u64 begin = ktime_get_ns(), end;
	int found;

	if (!pack_list) {
		seen = true;
		return;
	}
	found = look_at_packs();
	if (found < 0)
		pr_warn_once("the memory of eBPF's JIT is not what is known (%d): BMI2 counts as in use\n",
			     found);
	seen = found || is_any_large();
	end = ktime_get_ns();
	seen_until_ns = end + LOOK_SHARE * (end - begin);
	isahp_figure_count(ISAHP_FIGURE_jit_looks);
	isahp_figure_add(ISAHP_FIGURE_jit_look_ns, end - begin);
}

struct isahp_features isahp_jit_features(void)
{
	struct isahp_features set = isahp_features_none();

	if (!emits)
		return set;
	mutex_lock(&lock);
	tell_finished();
	if (ktime_get_ns() >= seen_until_ns)
		look();
	if (seen)
		isahp_features_add(&set, ISAHP_FEATURE_BMI2);
	mutex_unlock(&lock);
	return set;
}

void isahp_jit_forget(void)
{
	mutex_lock(&lock);
	seen_until_ns = 0;
	mutex_unlock(&lock);
}

void isahp_jit_init(void)
{
	if (!ISAHP_JIT_EMITS_BMI2 ||
	    !isahp_features_has(isahp_boot_features(), ISAHP_FEATURE_BMI2))
		return;
	emits = true;
	pack_list = isahp_symbol_lookup_only("pack_list");
	pack_mutex = isahp_symbol_lookup_only("pack_mutex");
	program_list = isahp_symbol_lookup_only("bpf_kallsyms");
	if (pack_list && pack_mutex && program_list)
		return;
	pack_list = NULL;
	pr_warn("the kernel does not show what eBPF's JIT has compiled: BMI2 counts as in use\n");
}
