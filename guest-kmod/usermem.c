// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/asm.h>
#include <asm/desc_defs.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include "compat.h"
#include "usermem.h"

static size_t left_in_page(unsigned long address)
{
	return PAGE_SIZE - offset_in_page(address);
}

/* --- loads --------------------------------------------------------------- */

/* Word by word: none of them is torn. */
static bool load_words(void *buf, unsigned long address, size_t size)
{
	u64 __user *p = (u64 __user *)address;
	u64 *words = buf;
	size_t i;

	if (!user_access_begin(p, size))
		return false;
	for (i = 0; i < size / sizeof(u64); i++)
		unsafe_get_user(words[i], p + i, fault);
	user_access_end();
	return true;

fault:
	user_access_end();
	return false;
}

/* One access where the CPU makes one: copy_from_user() may tear. */
static bool load_once(void *buf, unsigned long address, size_t size)
{
	void __user *p = (void __user *)address;
	bool done = false;

	pagefault_disable();
	switch (size) {
	case 1:
		done = !__get_user(*(u8 *)buf, (u8 __user *)p);
		break;
	case 2:
		done = !__get_user(*(u16 *)buf, (u16 __user *)p);
		break;
	case 4:
		done = !__get_user(*(u32 *)buf, (u32 __user *)p);
		break;
	case 8:
		done = !__get_user(*(u64 *)buf, (u64 __user *)p);
		break;
	case 16:
	case 32:
	case 64:
		done = load_words(buf, address, size);
		break;
	default:
		done = !__copy_from_user_inatomic(buf, p, size);
	}
	pagefault_enable();
	return done;
}

static size_t load(void *env, u64 address, void *buf, size_t size)
{
	size_t first = min(size, left_in_page(address));

	if (!access_ok((void __user *)address, size))
		return 0;
	if (first == size)
		return load_once(buf, address, size) ? size : 0;
	/* Across two pages: which of them is it that can not be read? */
	pagefault_disable();
	if (__copy_from_user_inatomic(buf, (void __user *)address, first))
		first = 0;
	else if (!__copy_from_user_inatomic(buf + first,
					    (void __user *)address + first,
					    size - first))
		first = size;
	pagefault_enable();
	return first;
}

size_t isahp_usermem_fetch(unsigned long ip, void *buf, size_t size)
{
	return load(NULL, ip, buf, size);
}

/* --- code ---------------------------------------------------------------- */

static bool is_code(u64 entry)
{
	return (entry & (_PAGE_PRESENT | _PAGE_USER | _PAGE_NX)) ==
	       (_PAGE_PRESENT | _PAGE_USER);
}

/*
 * Whether the CPU would execute what is at an address: by the tables it looks at,
 * as fast GUP walks them; interrupts are off, so that they stay. NX is on pages:
 * further up there is none, but for kernel's copy of the uppermost level (PTI).
 */
static bool may_execute(unsigned long address)
{
	pgd_t *pgdp = pgd_offset(current->mm, address), pgd = READ_ONCE(*pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;

	if (!pgd_present(pgd))
		return false;
	p4dp = p4d_offset_lockless(pgdp, pgd, address);
	p4d = READ_ONCE(*p4dp);
	if (!p4d_present(p4d))
		return false;
	pudp = pud_offset_lockless(p4dp, p4d, address);
	pud = READ_ONCE(*pudp);
	if (!pud_present(pud))
		return false;
	if (pud_leaf(pud))
		return is_code(pud_val(pud));
	pmdp = pmd_offset_lockless(pudp, pud, address);
	pmd = READ_ONCE(*pmdp);
	if (!pmd_present(pmd))
		return false;
	if (pmd_leaf(pmd))
		return is_code(pmd_val(pmd));
	return is_code(pte_val(READ_ONCE(*pte_offset_kernel(&pmd, address))));
}

static size_t fetch(void *env, u64 address, void *buf, size_t size)
{
	size_t first = min(size, left_in_page(address));

	if (!access_ok((void __user *)address, size) || !may_execute(address))
		return 0;
	if (first < size && !may_execute(address + first))
		return first;
	return load(env, address, buf, size);
}

/* --- stores -------------------------------------------------------------- */

/*
 * Within a page; what is longer than a word comes word by word, and what is left
 * of it in halves: of elements in a row there may be any number.
 */
static bool store_once(unsigned long address, const void *buf, size_t size)
{
	void __user *p = (void __user *)address;
	size_t i = 0;

	if (!user_access_begin(p, size))
		return false;
	for (; size - i >= sizeof(u64); i += sizeof(u64))
		unsafe_put_user(*(const u64 *)(buf + i), (u64 __user *)(p + i), fault);
	if (size & 4) {
		unsafe_put_user(*(const u32 *)(buf + i), (u32 __user *)(p + i), fault);
		i += 4;
	}
	if (size & 2) {
		unsafe_put_user(*(const u16 *)(buf + i), (u16 __user *)(p + i), fault);
		i += 2;
	}
	if (size & 1)
		unsafe_put_user(*(const u8 *)(buf + i), (u8 __user *)(p + i), fault);
	user_access_end();
	return true;

fault:
	user_access_end();
	return false;
}

/* A store that changes nothing, whoever else writes there. */
static bool may_store(unsigned long address)
{
	if (!user_access_begin((void __user *)address, 1))
		return false;
	asm goto("1:	lock orb $0, (%0)\n"
		 _ASM_EXTABLE_UA(1b, %l[fault])
		 : : "r" (address) : "memory", "cc" : fault);
	user_access_end();
	return true;

fault:
	user_access_end();
	return false;
}

static bool store_bytes(unsigned long address, const u8 *buf, size_t size)
{
	size_t i;

	if (!user_access_begin((void __user *)address, size))
		return false;
	for (i = 0; i < size; i++)
		unsafe_put_user(buf[i], (u8 __user *)address + i, fault);
	user_access_end();
	return true;

fault:
	user_access_end();
	return false;
}

/*
 * A store across two pages happens in both or in neither: both are tried
 * first. Only another thread that takes one of them away between the two, by
 * munmap() or mprotect(), can see half of it, where the fault is raised and
 * the instruction begun anew if somebody resolves it.
 */
static size_t store_across(unsigned long address, const void *buf, size_t size,
			   size_t first)
{
	if (!may_store(address))
		return 0;
	if (!may_store(address + first))
		return first;
	return store_bytes(address, buf, size) ? size : 0;
}

static size_t store(void *env, u64 address, const void *buf, size_t size)
{
	size_t first = min(size, left_in_page(address));
	size_t done;

	pagefault_disable();
	if (first == size)
		done = store_once(address, buf, size) ? size : 0;
	else
		done = store_across(address, buf, size, first);
	pagefault_enable();
	return done;
}

/* --- exchanges ------------------------------------------------------------ */

#define TRY(type) \
	unsafe_try_cmpxchg_user((type __user *)p, (type *)old, \
				*(const type *)new, fault)

/* Within a cache line: the caller has seen to that. */
static size_t exchange(void *env, u64 address, void *old, const void *new,
		       size_t size)
{
	void __user *p = (void __user *)(unsigned long)address;
	size_t done = 0;

	if (size > sizeof(u64))
		return ISAHP_EXCHANGE_NONE;
	pagefault_disable();
	if (!user_access_begin(p, size))
		goto out;
	switch (size) {
	case 1:
		TRY(u8);
		break;
	case 2:
		TRY(u16);
		break;
	case 4:
		TRY(u32);
		break;
	default:
		TRY(u64);
	}
	done = size;
fault:
	user_access_end();
out:
	pagefault_enable();
	return done;
}

/* --- segments ------------------------------------------------------------ */

static u16 selector_of(unsigned int segment)
{
	u16 selector = 0;

	switch (segment) {
	case ISAHP_ES:
		savesegment(es, selector);
		break;
	case ISAHP_DS:
		savesegment(ds, selector);
		break;
	case ISAHP_FS:
		savesegment(fs, selector);
		break;
	case ISAHP_GS:
		savesegment(gs, selector);
		break;
	case ISAHP_SS:
		selector = task_pt_regs(current)->ss;
		break;
	default:
		selector = task_pt_regs(current)->cs;
	}
	return selector;
}

static u64 base_of(unsigned int segment)
{
	/* The kernel's own GS base is in force, the user's is the other. */
	return isahp_rdmsr(segment == ISAHP_FS ? MSR_FS_BASE :
						 MSR_KERNEL_GS_BASE);
}

/*
 * Descriptor by selector, from the very table that the CPU uses. A data segment
 * that grows up is all that programs have: anything else is left to the CPU.
 */
static bool descriptor(u16 selector, struct isahp_segment *ret)
{
	u32 rights, limit;
	bool valid;

	asm("lar %[selector], %[rights]" : [rights] "=r" (rights), "=@ccz" (valid)
	    : [selector] "r" ((u32)selector));
	if (!valid)
		return false;
	asm("lsl %[selector], %[limit]" : [limit] "=r" (limit), "=@ccz" (valid)
	    : [selector] "r" ((u32)selector));
	/* SDM vol. 3A, 3.4.5.1: type 0-3 is data, bit 1 of it writable. */
	if (!valid || (rights >> 8 & 0x1c) != 0x10)
		return false;
	ret->limit = limit;
	ret->writable = rights & BIT(9);
	return true;
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	bool is_64 = user_64bit_mode(task_pt_regs(current));
	u16 selector;

	*ret = (struct isahp_segment){ .limit = U32_MAX };
	if (n == ISAHP_FS || n == ISAHP_GS)
		ret->base = base_of(n);
	if (is_64)
		return true;
	selector = selector_of(n);
	if (n == ISAHP_CS)
		return selector == __USER32_CS;
	if (selector == __USER_DS && n != ISAHP_FS && n != ISAHP_GS) {
		ret->writable = true;
		return true;
	}
	/* The base is known for FS and GS alone, whose MSRs have it. */
	if (n != ISAHP_FS && n != ISAHP_GS)
		return false;
	ret->unusable = !(selector & ~SEGMENT_RPL_MASK);
	return ret->unusable || descriptor(selector, ret);
}

const struct isahp_emulate_ops isahp_usermem_ops = {
	.load = load,
	.fetch = fetch,
	.store = store,
	.exchange = exchange,
	.segment = segment,
};
