// SPDX-License-Identifier: GPL-2.0-only
#include <linux/gfp.h>
#include <linux/mm.h>
#include <isa-core/state_page.h>
#include "compat.h"
#include "page.h"

/* A page of the kernel's own, never the host's memory: see <isahp/uapi.h>. */
static struct isahp_state_page *state_page;

int isahp_page_init(void)
{
	state_page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!state_page)
		return -ENOMEM;
	isahp_state_page_init(state_page);
	return 0;
}

void isahp_page_exit(void)
{
	free_page((unsigned long)state_page);
}

void isahp_page_write(const struct isahp_event *state)
{
	isahp_state_page_write(state_page, state);
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
