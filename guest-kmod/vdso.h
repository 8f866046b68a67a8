/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image of the 32-bit vDSO, and the four bytes in it by which 32-bit
 * programs enter the kernel. All 32-bit processes map the same pages of one
 * image in the kernel, so a change there is a change for all of them at once.
 *
 * Let the site be the address of these bytes. Behind it are always INT 0x80 and
 * the pops that undo the pushes before it:
 *
 *	site - 3	push %ecx; push %edx; push %ebp
 *	site		mov %esp, %ebp; sysenter	Intel's form
 *	     or		mov %ecx, %ebp; syscall		AMD's form
 *	     or		jmp site + 4; ud2		the form that runs anywhere
 *	site + 4	int $0x80
 *	site + 6	the landing pad: pop %ebp; pop %edx; pop %ecx; ret
 */
#ifndef ISAHP_KMOD_VDSO_H
#define ISAHP_KMOD_VDSO_H

#include <linux/types.h>

struct mm_struct;
struct pt_regs;
struct task_struct;

enum isahp_vdso_form {
	ISAHP_VDSO_UNNEEDED,	/* no 32-bit programs on this kernel */
	ISAHP_VDSO_UNSUPPORTED,	/* not what is known: hands off */
	ISAHP_VDSO_SYSENTER,
	ISAHP_VDSO_SYSCALL,
	ISAHP_VDSO_INT80,
};

/* Offsets from the site. */
#define ISAHP_VDSO_MIDDLE 2	/* the entry instruction, or UD2 */
#define ISAHP_VDSO_INT 4	/* INT 0x80 */
#define ISAHP_VDSO_PAD 6	/* behind it */

/**
 * isahp_vdso_init - find the site and check that it is what is known
 * @boot_form: SYSENTER or SYSCALL: what a kernel booted on this vendor chooses;
 *	anything else where the vendor is not known.
 *
 * Never fails: an image that is not recognised is left alone.
 */
void isahp_vdso_init(enum isahp_vdso_form boot_form);

/** isahp_vdso_form - what the site holds now. Context: any. */
enum isahp_vdso_form isahp_vdso_form(void);

/** isahp_vdso_form_name - for people and sysfs: "sysenter", "int80" ... */
const char *isahp_vdso_form_name(enum isahp_vdso_form form);

/**
 * isahp_vdso_write - put another form into the site
 * @form: SYSENTER, SYSCALL or INT80, never from one of the first two to the
 *	other: what stands between their instructions has to trap in between.
 * @in_flight: for a change to SYSENTER or SYSCALL, or NULL: called for each
 *	thread that will resume in the middle of the site, while nothing runs in
 *	user mode, interrupts off. Has to see to it that it does not. An error
 *	leaves the site as it was.
 *
 * Upon return every CPU executes the new bytes.
 *
 * Context: sleeps; not twice at a time.
 *
 * Return: 0; -EOPNOTSUPP: the image is not known; -EINVAL: no such change;
 * -ENOMEM; what @in_flight has returned.
 */
int isahp_vdso_write(enum isahp_vdso_form form,
		     int (*in_flight)(struct task_struct *task));

/**
 * isahp_vdso_in_middle - is this about to resume at site + ISAHP_VDSO_MIDDLE
 * @mm: the thread's, NULL for one that has none.
 * @regs: its registers of user mode.
 * @ret_site: the site's address in @mm.
 *
 * Context: any; may be called before isahp_vdso_init().
 */
bool isahp_vdso_in_middle(struct mm_struct *mm, const struct pt_regs *regs,
			  unsigned long *ret_site);

#endif /* ISAHP_KMOD_VDSO_H */
