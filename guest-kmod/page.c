// SPDX-License-Identifier: GPL-2.0-only
#include <linux/gfp.h>
#include <linux/mm.h>
#include <isa-core/env.h>
#include "compat.h"
#include "page.h"

/* A page of the kernel's own, never the host's memory: see <isahp/uapi.h>. */
static struct isahp_state_page *state_page;

int isahp_page_init(void)
{
	state_page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!state_page)
		return -ENOMEM;
	state_page->magic = ISAHP_STATE_MAGIC;
	state_page->version = ISAHP_UAPI_VERSION;
	state_page->size = sizeof(*state_page);
	return 0;
}

void isahp_page_exit(void)
{
	free_page((unsigned long)state_page);
}

void isahp_page_write(const struct isahp_event *state)
{
	struct isahp_state_page *page = state_page;

	/* Odd before the fields; partner: the second load in the reader. */
	ISAHP_STORE_RELAXED(&page->seqcount, page->seqcount + 1);
	ISAHP_FENCE_RELEASE();
	page->flags = state->flags;
	memcpy(page->epoch, state->epoch, sizeof(page->epoch));
	page->sequence = state->sequence;
	page->event = state->event;
	page->deadline_ns = state->deadline_ns;
	page->phase = state->phase;
	page->vendor = state->vendor;
	page->present = state->present;
	page->leaving = state->leaving;
	page->usable = state->usable;
	/* Fields before even; partner: the first load in the reader. */
	ISAHP_STORE_RELEASE(&page->seqcount, page->seqcount + 1);
}

int isahp_page_map(struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EPERM;
	/* Without the MAY bits no mprotect() and no debugger gets there either. */
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYWRITE | VM_MAYEXEC);
	return vm_insert_page(vma, vma->vm_start, virt_to_page(state_page));
}
