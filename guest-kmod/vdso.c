// SPDX-License-Identifier: GPL-2.0-only
/*
 * All 32-bit processes map the same pages of one image in the kernel, so four
 * bytes changed there change the entry of all of them at once.
 */
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/compat.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/stop_machine.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/sync_core.h>
#include <asm/vdso.h>
#include "compat.h"
#include "figures.h"
#include "pinned.h"
#include "symbols.h"
#include "vdso.h"

/* Bytes of the entry, and of what is around it on every known kernel. */
#define SITE_SIZE 4
static const u8 before[] = { 0x51, 0x52, 0x55 };	/* push ecx, edx, ebp */
static const u8 after[] = { 0xcd, 0x80, 0x5d, 0x5a, 0x59, 0xc3 };
static const u8 sysenter[SITE_SIZE] = { 0x89, 0xe5, 0x0f, 0x34 };
static const u8 syscall[SITE_SIZE] = { 0x89, 0xcd, 0x0f, 0x05 };
/*
 * Jump over UD2 to the INT 0x80 behind. Not NOPs: something may resume between
 * the two old instructions (interrupted there, or from a saved signal frame),
 * with an ebp that the first of them has changed. It has to trap and be
 * repaired, instead of running on with a wrong sixth argument.
 */
static const u8 int80[SITE_SIZE] = { 0xeb, 0x02, 0x0f, 0x0b };

/* sym_int80_landing_pad is the address behind INT 0x80: all counts from there. */
#define SITE_BEFORE_PAD 6
#define MIDDLE 2	/* of the site: the entry instruction, or UD2 */

enum entry {
	ENTRY_UNNEEDED,		/* no 32-bit programs on this kernel */
	ENTRY_UNSUPPORTED,	/* not what is known: hands off */
	ENTRY_NATIVE,
	ENTRY_INT80,
};

/* Written by init, exit and the guest's thread, never two of them at a time. */
static struct {
	enum entry entry;
	const struct vdso_image *image;
	unsigned long site;	/* offset in the image */
	u8 native[SITE_SIZE];
	bool foreign;		/* the CPU is of another vendor than at boot */
} vdso;

const char *isahp_vdso_describe(void)
{
	switch (READ_ONCE(vdso.entry)) {
	case ENTRY_UNNEEDED:
		return "unneeded";
	case ENTRY_NATIVE:
		return "native";
	case ENTRY_INT80:
		return "int80";
	default:
		return "unsupported";
	}
}

#ifdef CONFIG_IA32_EMULATION

/* --- finding ------------------------------------------------------------- */

static const struct vdso_image *find_image(void)
{
	static const char *const names[] = ISAHP_VDSO_IMAGE_NAMES;
	const struct vdso_image *image = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names) && !image; i++)
		image = isahp_symbol_lookup(names[i]);
	return image;
}

static bool surroundings_known(const u8 *site)
{
	return !memcmp(site - sizeof(before), before, sizeof(before)) &&
	       !memcmp(site + SITE_SIZE, after, sizeof(after));
}

/* The kernel chooses its form by the vendor of the CPU it boots on. */
static const u8 *native_by_vendor(void)
{
	switch (isahp_pinned_vendor()) {
	case ISAHP_VENDOR_INTEL:
	case ISAHP_VENDOR_ZHAOXIN:
		return sysenter;
	case ISAHP_VENDOR_AMD:
	case ISAHP_VENDOR_HYGON:
		return syscall;
	default:
		return NULL;
	}
}

/* What the site holds, and what the kernel put there. */
static enum entry recognise(const u8 *site, const u8 **ret_native)
{
	if (!surroundings_known(site))
		return ENTRY_UNSUPPORTED;
	if (!memcmp(site, sysenter, SITE_SIZE) || !memcmp(site, syscall, SITE_SIZE)) {
		*ret_native = site;
		return ENTRY_NATIVE;
	}
	/* This module was here before and went away on a foreign CPU. */
	if (!memcmp(site, int80, SITE_SIZE) && native_by_vendor()) {
		*ret_native = native_by_vendor();
		return ENTRY_INT80;
	}
	return ENTRY_UNSUPPORTED;
}

static const u8 *site_bytes(void)
{
	return (const u8 *)vdso.image->data + vdso.site;
}

static bool find_site(void)
{
	long pad;

	vdso.image = find_image();
	if (!vdso.image)
		return false;
	pad = vdso.image->sym_int80_landing_pad;
	if (pad < SITE_BEFORE_PAD + (long)sizeof(before) ||
	    pad + 4 > (long)vdso.image->size)
		return false;
	vdso.site = pad - SITE_BEFORE_PAD;
	/* Mapped for writing as one page. */
	return offset_in_page(site_bytes()) <= PAGE_SIZE - SITE_SIZE;
}

/* --- writing ------------------------------------------------------------- */

struct patch {
	u8 *to;
	const u8 *from;
	atomic_t arrived;
	bool written;
};

/*
 * On every online CPU at once, interrupts off: none of them is in user code.
 * One writes; each passes a serialising instruction before it returns there,
 * since SYSRET and SYSEXIT are none (SDM vol. 3A, 9.1.3, cross-modifying code).
 */
static int patch_on_cpu(void *arg)
{
	struct patch *patch = arg;

	if (atomic_inc_return(&patch->arrived) == 1) {
		memcpy(patch->to, patch->from, SITE_SIZE);
		/* Partner: the acquire below. */
		smp_store_release(&patch->written, true);
	} else {
		while (!smp_load_acquire(&patch->written))
			cpu_relax();
	}
	sync_core();
	return 0;
}

/* The image is read-only where the kernel maps it: write through an alias. */
static int write_site(const u8 *bytes)
{
	struct page *page = virt_to_page(site_bytes());
	struct patch patch = { .from = bytes };
	u8 *alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	if (!alias)
		return -ENOMEM;
	patch.to = alias + offset_in_page(site_bytes());
	stop_machine(patch_on_cpu, &patch, cpu_online_mask);
	vunmap(alias);
	return 0;
}

static int enter_by(enum entry entry)
{
	int err;

	if (vdso.entry == entry)
		return 0;
	err = write_site(entry == ENTRY_NATIVE ? vdso.native : int80);
	if (err)
		return err;
	WRITE_ONCE(vdso.entry, entry);
	isahp_figure_count(ISAHP_FIGURE_entry_changes);
	pr_info("32-bit system calls enter by %s\n",
		entry == ENTRY_INT80 ? "INT 0x80" : "the kernel's own choice");
	return 0;
}

/* --- in flight ----------------------------------------------------------- */

/*
 * A thread resumed between the two instructions of the kernel's own form and
 * met UD2 there, or an entry instruction that this CPU does not have. Its ebp
 * lies on top of its stack; INT 0x80 behind the site then does what it wanted.
 */
bool isahp_vdso_repair(struct pt_regs *regs)
{
	unsigned long base;
	u32 bp;

	if (!vdso.image || user_64bit_mode(regs) ||
	    current->mm->context.vdso_image != vdso.image)
		return false;
	base = (unsigned long)current->mm->context.vdso + vdso.site;
	if (regs->ip != base + MIDDLE)
		return false;
	if (copy_from_user_nofault(&bp, (const void __user *)regs->sp, sizeof(bp)))
		return false;
	regs->bp = bp;
	regs->ip = base + SITE_SIZE;
	isahp_figure_count(ISAHP_FIGURE_entry_repairs);
	return true;
}

void isahp_vdso_init(void)
{
	const u8 *native;

	vdso.entry = ENTRY_UNSUPPORTED;
	if (find_site())
		vdso.entry = recognise(site_bytes(), &native);
	if (vdso.entry == ENTRY_UNSUPPORTED) {
		vdso.image = NULL;
		pr_warn("the 32-bit system call entry of this kernel is not known: no move to another CPU vendor\n");
		return;
	}
	memcpy(vdso.native, native, SITE_SIZE);
	/* Until a record names the CPU, what was left behind stays. */
	vdso.foreign = vdso.entry == ENTRY_INT80;
}

void isahp_vdso_exit(void)
{
	if (vdso.entry != ENTRY_NATIVE && vdso.entry != ENTRY_INT80)
		return;
	if (vdso.foreign)
		pr_warn("leaving 32-bit system calls on INT 0x80: this CPU is not of the vendor the kernel was booted on\n");
	else
		enter_by(ENTRY_NATIVE);
}

int isahp_vdso_follow(u32 vendor, u32 vendor_next)
{
	u32 boot = isahp_pinned_vendor();
	bool native = boot != ISAHP_VENDOR_UNKNOWN && vendor == boot &&
		      vendor_next == boot;

	vdso.foreign = vendor != boot;
	if (vdso.entry == ENTRY_UNSUPPORTED)
		return native ? 0 : -EOPNOTSUPP;
	return enter_by(native ? ENTRY_NATIVE : ENTRY_INT80);
}

#else /* !CONFIG_IA32_EMULATION: nobody can execute the entry */

void isahp_vdso_init(void)
{
	vdso.entry = ENTRY_UNNEEDED;
}

void isahp_vdso_exit(void)
{
}

bool isahp_vdso_repair(struct pt_regs *regs)
{
	return false;
}

int isahp_vdso_follow(u32 vendor, u32 vendor_next)
{
	return 0;
}

#endif
