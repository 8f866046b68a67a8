// SPDX-License-Identifier: MIT
/* Gathers that fault: elements before the one that does are not done again. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "vectors.h"

/* In a signal frame (SDM vol. 1, 13.4). */
#define XMM 160
#define YMM_UPPER 576

#define PAGE 4096

/* vpgatherdd %ymm6, (base, %ymm7), %ymm0 */
static void gather(const char *base, union ymm *to, const union ymm *mask,
		   const union ymm *index)
{
	__asm__ volatile("vmovdqu %[to], %%ymm0\n\t"
			 "vmovdqu %[mask], %%ymm6\n\t"
			 "vmovdqu %[index], %%ymm7\n\t"
			 "vpgatherdd %%ymm6, (%[base], %%ymm7), %%ymm0\n\t"
			 "vmovdqu %%ymm0, %[to]\n\t"
			 "vzeroupper"
			 : [to] "+m"(*to)
			 : [mask] "m"(*mask), [index] "m"(*index), [base] "r"(base)
			 : "xmm0", "xmm6", "xmm7", "memory");
}

static void read_register(union ymm *to, const ucontext_t *context, int n)
{
	const char *frame = (const char *)context->uc_mcontext.fpregs;

	memcpy(&to->b[0], frame + XMM + 16 * n, 16);
	memcpy(&to->b[16], frame + YMM_UPPER + 16 * n, 16);
}

/* --- what the handler sees ------------------------------------------------- */

static sigjmp_buf back;
static struct {
	int code;
	char *addr;
	union ymm to, mask;
} caught;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	caught.code = info->si_code;
	caught.addr = info->si_addr;
	read_register(&caught.to, context, 0);
	read_register(&caught.mask, context, 6);
	siglongjmp(back, 1);
}

/* The element numbered `bad` has its last two bytes behind the end of the page. */
static void fault_at(int bad)
{
	union ymm to, want, mask, index, left;
	char *end = page_end();

	memset(&caught, 0, sizeof(caught));
	randomize(&to, sizeof(to));
	memset(&mask, 0xff, sizeof(mask));
	want = to;
	left = mask;
	for (int i = 0; i < 8; i++) {
		int offset = -4 - (int)(random64() % 4000);

		index.d[i] = (uint32_t)(i == bad ? -2 : offset);
		if (i < bad) {
			memcpy(&want.d[i], end + offset, 4);
			left.d[i] = 0;
		}
	}
	if (!sigsetjmp(back, 1))
		gather(end, &to, &mask, &index);
	expect(caught.code == SEGV_MAPERR && caught.addr == end, "a gather's fault");
	expect_bytes(&caught.to, &want, 32, "elements before a fault");
	expect_bytes(&caught.mask, &left, 32, "the mask of a fault");
}

/* --- one page at a time ------------------------------------------------------ */

static char *two;
static int opened;

/* Page faults go on for ever if an element is read again. */
static void on_closed(int sig, siginfo_t *info, void *context)
{
	char *page = two + ((char *)info->si_addr >= two + PAGE ? PAGE : 0);
	char *other = page == two ? two + PAGE : two;

	(void)sig;
	(void)context;
	if (++opened > 20)
		exit(3);
	mprotect(other, PAGE, PROT_NONE);
	mprotect(page, PAGE, PROT_READ);
}

static void gather_by_turns(void)
{
	union ymm to = { .q = { 0 } }, want, mask, index;

	randomize(two, 2 * PAGE);
	memset(&mask, 0xff, sizeof(mask));
	for (int i = 0; i < 8; i++) {
		index.d[i] = (uint32_t)(random64() % 1000) + (i & 1 ? PAGE : 0);
		memcpy(&want.d[i], two + index.d[i], 4);
	}
	opened = 0;
	mprotect(two, 2 * PAGE, PROT_NONE);
	gather(two, &to, &mask, &index);
	mprotect(two, 2 * PAGE, PROT_READ | PROT_WRITE);
	expect(opened == 8, "a fault for each element");
	expect_bytes(&to, &want, 32, "elements of pages that come and go");
}

void state_gather_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	struct sigaction old;

	if (!two)
		two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (two == MAP_FAILED)
		exit(2);
	randomize(page_end() - PAGE, PAGE);
	sigaction(SIGSEGV, &sa, &old);
	for (int bad = 0; bad < 8; bad += 3)
		fault_at(bad);
	sa.sa_sigaction = on_closed;
	sigaction(SIGSEGV, &sa, NULL);
	gather_by_turns();
	sigaction(SIGSEGV, &old, NULL);
}
