/* SPDX-License-Identifier: MIT */
/*
 * __kernel_vsyscall, as a 32-bit process sees it: where it is, what it holds.
 *
 * The entry is `push %ecx; push %edx; push %ebp`, four bytes that differ (the
 * site), `int $0x80`, the landing pad `pop %ebp; pop %edx; pop %ecx; ret`.
 */
#ifndef TESTS_ENTRY32_H
#define TESTS_ENTRY32_H

#ifndef __i386__
#error "to be compiled with -m32"
#endif

/* From the site on. */
#define ENTRY32_MIDDLE 2	/* the entry instruction, or UD2 */
#define ENTRY32_INT80 4
#define ENTRY32_LANDING 6

/* Addresses in this process, and by fork in its children. */
extern unsigned long entry32_start;	/* __kernel_vsyscall, AT_SYSINFO */
extern unsigned long entry32_site;
extern unsigned long entry32_image;	/* the vDSO's ELF, AT_SYSINFO_EHDR */

/* Fills the above in; exits with 77 when the entry is not what is known. */
void entry32_find(const char *program);

/* sysenter, syscall, int80 or unknown: what the site holds at this moment. */
const char *entry32_form(void);

/* A memory file of `pages` pages, each filled with its own number; or exit. */
int entry32_numbered(int pages);

#endif /* TESTS_ENTRY32_H */
