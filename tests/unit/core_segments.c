// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "core_segments.h"

#include <asm/ldt.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core_case.h"

#define ADD 0x11	/* modify_ldt()'s function that knows of 64-bit programs */

/* Of entry n in the local table, for user mode (SDM vol. 3A, 3.4.2). */
static __u16 selector(unsigned int n)
{
	return n << 3 | 7;
}

enum kind {
	FLAT,
	WINDOW,		/* ends near an operand */
	WRAPPED,	/* around 4 GiB */
	READ_ONLY,
	EXPANDS_DOWN,
	EMPTY,		/* a null selector; SS can have none, nor be read-only */
};

static void describe(struct user_desc *d, enum kind kind, __u32 target)
{
	__u32 memory = (uintptr_t)native_memory;

	/* 16-bit addresses reach all of memory. */
	d->base_addr = memory - NATIVE_PAGE - case_below(0x8000);
	d->limit = 0xfffff;
	d->seg_32bit = 1;
	switch (kind) {
	case WINDOW:
		d->limit = target - d->base_addr + case_below(80) - 16;
		break;
	case WRAPPED:
		d->base_addr = target + case_below(0x10000000);
		d->limit_in_pages = 1;
		break;
	case READ_ONLY:
		d->read_exec_only = 1;
		break;
	case EXPANDS_DOWN:
		d->contents = 1;
		d->limit = target - d->base_addr + case_below(80) - 64;
		break;
	default:
		d->limit_in_pages = 1;
		break;
	}
}

static bool draw_segment(struct case_segments *s, unsigned int n, unsigned int segment,
			 __u32 target, __u16 *ret_selector)
{
	unsigned int kind = case_below(segment == ISAHP_SS ? 3 : 6);
	struct user_desc d = { .entry_number = n, .useable = 1 };

	if (segment == ISAHP_SS && !case_below(8))
		kind = EXPANDS_DOWN;
	if (kind == EMPTY) {
		*ret_selector = 0;
		s->hidden[segment] = (struct isahp_segment){ .unusable = true };
		return true;
	}
	describe(&d, kind, target);
	*ret_selector = selector(n);
	s->expands_down[segment] = kind == EXPANDS_DOWN;
	s->hidden[segment] = (struct isahp_segment){
		.base = d.base_addr,
		.limit = d.limit_in_pages ? d.limit << 12 | 0xfff : d.limit,
		.writable = !d.read_exec_only,
	};
	return !syscall(SYS_modify_ldt, ADD, &d, sizeof(d));
}

void segments_draw(struct case_segments *s, const __u32 target[2])
{
	memset(s, 0, sizeof(*s));
	s->hidden[ISAHP_CS] = (struct isahp_segment){ .limit = 0xffffffff };
	s->used = draw_segment(s, 0, ISAHP_DS, target[0], &s->native.ds) &&
		  draw_segment(s, 1, ISAHP_ES, target[1], &s->native.es) &&
		  draw_segment(s, 2, ISAHP_SS, target[case_below(2)], &s->native.ss) &&
		  draw_segment(s, 3, ISAHP_GS, target[0], &s->native.gs);
}

bool segments_get(const struct case_segments *s, enum isahp_code_mode mode,
		  unsigned int n, struct isahp_segment *ret)
{
	if (s && s->used) {
		*ret = s->hidden[n];
		return !s->expands_down[n];
	}
	*ret = (struct isahp_segment){ .limit = 0xffffffff, .writable = n != ISAHP_CS };
	if (mode == ISAHP_CODE_32 && (n == ISAHP_FS || n == ISAHP_GS))
		*ret = (struct isahp_segment){ .unusable = true };
	else if (n == ISAHP_GS)
		ret->base = NATIVE_GS_BASE;
	return true;
}
