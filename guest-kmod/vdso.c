// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/stop_machine.h>
#include <linux/vmalloc.h>
#include <asm/sync_core.h>
#include <asm/vdso.h>
#include "compat.h"
#include "symbols.h"
#include "vdso.h"

/* Bytes of the entry, and of what is around it on every known kernel. */
#define SITE_SIZE 4
static const u8 before[] = { 0x51, 0x52, 0x55 };	/* push ecx, edx, ebp */
static const u8 after[] = { 0xcd, 0x80, 0x5d, 0x5a, 0x59, 0xc3 };

/*
 * INT80 jumps over UD2 to the INT 0x80 behind. Not NOPs: something may resume
 * between the two old instructions (interrupted there, or from a saved signal
 * frame), with an ebp that the first of them has changed. It has to trap and be
 * repaired, instead of running on with a wrong sixth argument.
 */
static const struct {
	const char *name;
	u8 bytes[SITE_SIZE];
} forms[] = {
	[ISAHP_VDSO_UNNEEDED] = { .name = "unneeded" },
	[ISAHP_VDSO_UNSUPPORTED] = { .name = "unsupported" },
	[ISAHP_VDSO_SYSENTER] = { "sysenter", { 0x89, 0xe5, 0x0f, 0x34 } },
	[ISAHP_VDSO_SYSCALL] = { "syscall", { 0x89, 0xcd, 0x0f, 0x05 } },
	[ISAHP_VDSO_INT80] = { "int80", { 0xeb, 0x02, 0x0f, 0x0b } },
};

static struct {
	/* Set once, @image last: it is what traps look at first. */
	unsigned long site;	/* offset in the image */
	const struct vdso_image *image;
	/* Written under the caller's lock. */
	enum isahp_vdso_form form;
} vdso;

enum isahp_vdso_form isahp_vdso_form(void)
{
	return READ_ONCE(vdso.form);
}

const char *isahp_vdso_form_name(enum isahp_vdso_form form)
{
	return forms[form].name;
}

/* --- finding ------------------------------------------------------------- */

static bool has_32bit_programs(void)
{
	const bool *enabled;

	if (!IS_ENABLED(CONFIG_IA32_EMULATION))
		return false;
	/* Of later kernels: ia32_emulation=0, and what is confidential. */
	enabled = isahp_symbol_lookup("__ia32_enabled");
	return !enabled || *enabled;
}

static const struct vdso_image *find_image(void)
{
	static const char *const names[] = ISAHP_VDSO_IMAGE_NAMES;
	const struct vdso_image *image = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names) && !image; i++)
		image = isahp_symbol_lookup(names[i]);
	return image;
}

/* Where sym_int80_landing_pad says, and on one page: it is mapped as one. */
static bool find_site(const struct vdso_image *image, unsigned long *ret_site)
{
	long pad = image->sym_int80_landing_pad;

	if (pad < ISAHP_VDSO_PAD + (long)sizeof(before) ||
	    pad + 4 > (long)image->size)
		return false;
	if (offset_in_page(image->data + pad - ISAHP_VDSO_PAD) >
	    PAGE_SIZE - SITE_SIZE)
		return false;
	*ret_site = pad - ISAHP_VDSO_PAD;
	return true;
}

/*
 * The kernel chooses its form by the vendor of the CPU it boots on. INT80: this
 * module was here before, and went away on another vendor's CPU.
 */
static enum isahp_vdso_form recognise(const u8 *site,
				      enum isahp_vdso_form boot_form)
{
	if (boot_form != ISAHP_VDSO_SYSENTER && boot_form != ISAHP_VDSO_SYSCALL)
		return ISAHP_VDSO_UNSUPPORTED;
	if (memcmp(site - sizeof(before), before, sizeof(before)) ||
	    memcmp(site + SITE_SIZE, after, sizeof(after)))
		return ISAHP_VDSO_UNSUPPORTED;
	if (!memcmp(site, forms[boot_form].bytes, SITE_SIZE))
		return boot_form;
	if (!memcmp(site, forms[ISAHP_VDSO_INT80].bytes, SITE_SIZE))
		return ISAHP_VDSO_INT80;
	return ISAHP_VDSO_UNSUPPORTED;
}

void isahp_vdso_init(enum isahp_vdso_form boot_form)
{
	const struct vdso_image *image;

	vdso.form = has_32bit_programs() ? ISAHP_VDSO_UNSUPPORTED :
					   ISAHP_VDSO_UNNEEDED;
	if (vdso.form == ISAHP_VDSO_UNNEEDED)
		return;
	image = find_image();
	if (!image || !find_site(image, &vdso.site))
		return;
	vdso.form = recognise(image->data + vdso.site, boot_form);
	if (vdso.form == ISAHP_VDSO_UNSUPPORTED)
		return;
	/* Partner: the acquire in isahp_vdso_in_middle(). */
	smp_store_release(&vdso.image, image);
}

bool isahp_vdso_in_middle(struct mm_struct *mm, const struct pt_regs *regs,
			  unsigned long *ret_site)
{
	/* Partner: the release in isahp_vdso_init(). */
	const struct vdso_image *image = smp_load_acquire(&vdso.image);
	unsigned long site;

	if (!image || !mm || regs->cs != __USER32_CS ||
	    mm->context.vdso_image != image)
		return false;
	site = (unsigned long)mm->context.vdso + vdso.site;
	if (regs->ip != site + ISAHP_VDSO_MIDDLE)
		return false;
	*ret_site = site;
	return true;
}

/* --- writing ------------------------------------------------------------- */

struct patch {
	u8 *to;
	const u8 *from;
	int (*in_flight)(struct task_struct *task);
	atomic_t arrived;
	bool done;
	int err;
};

/*
 * No CPU is in user mode, so each thread's registers of user mode are in memory
 * and stay what they are. Nobody ends meanwhile either.
 */
static int visit_in_flight(int (*in_flight)(struct task_struct *task))
{
	struct task_struct *process, *thread;
	unsigned long site;
	int err = 0;

	rcu_read_lock();
	for_each_process_thread(process, thread) {
		if (err || thread->flags & PF_KTHREAD)
			continue;
		if (isahp_vdso_in_middle(thread->mm, task_pt_regs(thread), &site))
			err = in_flight(thread);
	}
	rcu_read_unlock();
	return err;
}

/*
 * On every online CPU at once, interrupts off: none of them is in user code.
 * One writes; each passes a serialising instruction before it returns there,
 * since SYSRET and SYSEXIT are none (SDM vol. 3A, 9.1.3, cross-modifying code).
 */
static int patch_on_cpu(void *arg)
{
	struct patch *patch = arg;

	if (atomic_inc_return(&patch->arrived) == 1) {
		if (patch->in_flight)
			patch->err = visit_in_flight(patch->in_flight);
		if (!patch->err)
			memcpy(patch->to, patch->from, SITE_SIZE);
		/* Partner: the acquire below. */
		smp_store_release(&patch->done, true);
	} else {
		/* Partner: the release above. */
		while (!smp_load_acquire(&patch->done))
			cpu_relax();
	}
	sync_core();
	return 0;
}

static bool is_fast(enum isahp_vdso_form form)
{
	return form == ISAHP_VDSO_SYSENTER || form == ISAHP_VDSO_SYSCALL;
}

/* The image is read-only where the kernel maps it: write through an alias. */
int isahp_vdso_write(enum isahp_vdso_form form,
		     int (*in_flight)(struct task_struct *task))
{
	struct patch patch = { .from = forms[form].bytes };
	const u8 *site;
	struct page *page;
	u8 *alias;

	if (!vdso.image)
		return -EOPNOTSUPP;
	if (vdso.form == form)
		return 0;
	if (is_fast(form) == is_fast(vdso.form))
		return -EINVAL;
	if (is_fast(form))
		patch.in_flight = in_flight;
	site = vdso.image->data + vdso.site;
	page = virt_to_page(site);
	alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!alias)
		return -ENOMEM;
	patch.to = alias + offset_in_page(site);
	stop_machine(patch_on_cpu, &patch, cpu_online_mask);
	vunmap(alias);
	if (!patch.err)
		WRITE_ONCE(vdso.form, form);
	return patch.err;
}
