// SPDX-License-Identifier: MIT
/*
 * The handler of SIGILL goes on behind what trapped: what it leaves to the CPU. Faults
 * are raised there, and what is not code, or not memory, is not touched.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <isahp/emulation.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "lib_planted.h"

TestSuite(lib_emulation_left, .timeout = 60);

#define PAGE 4096UL

static struct isahp_emulation_status status(void)
{
	struct isahp_emulation_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_emulation_status(&s), 0);
	return s;
}

static void install(void)
{
	static const struct isahp_emulation_options options = {
		.size = sizeof(options), .features = ISAHP_SET(POPCNT),
	};

	cr_assert_eq(isahp_emulation_install(&options), 0);
}

/* --- faults --------------------------------------------------------------- */

/**
 * struct told - what a handler of a fault was told
 * @count: how often.
 * @signal: and siginfo_t's fields,
 * @trapno: the frame's,
 * @rip: from the beginning of the code; or where it was not in there.
 * @gpr: registers.
 */
static struct told {
	int count;
	int signal, code;
	uintptr_t address;
	greg_t trapno, error, cr2;
	uint64_t rip;
	greg_t gpr[4];
} told;

static unsigned char *code_at;
static char *repair;
static sigjmp_buf back;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t rip = (uint64_t)g[REG_RIP] - (uintptr_t)code_at;

	told = (struct told){
		.count = told.count + 1,
		.signal = sig,
		.code = info->si_code,
		.address = (uintptr_t)info->si_addr,
		.trapno = g[REG_TRAPNO],
		.error = g[REG_ERR],
		.cr2 = g[REG_CR2],
		.rip = rip < 128 ? rip : (uint64_t)g[REG_RIP],
		.gpr = { g[REG_RAX], g[REG_RDX], g[REG_RBX], g[REG_R8] },
	};
	if (!repair)
		siglongjmp(back, 1);
	mprotect(repair, PAGE, PROT_READ | PROT_WRITE);
}

PLANTED_AHEAD(loads, "popcnt %rcx, %rax",
	      "lea 1(%rax), %rdx\nmov (%rsi), %rbx\nlea 1(%rbx), %r8");
PLANTED_AHEAD(stores, "popcnt %rcx, %rax",
	      "lea 1(%rax), %rdx\nmov %rdx, (%rsi)\nlea 1(%rdx), %r8");
PLANTED_AHEAD(misses, "popcnt %rcx, %rax",
	      "lea 1(%rax), %rdx\npopcnt (%rsi), %rbx\nlea 1(%rbx), %r8");
PLANTED_AHEAD(divides, "popcnt %rcx, %rax", "mov $4, %edx\nxor %ebx, %ebx\ndiv %ebx");
PLANTED_AHEAD(jumps, "popcnt %rcx, %rax",
	      "lea 1(%rax), %rdx\njmp *%rsi");

static struct told fault(const unsigned char *bytes, size_t length, size_t first,
			 void *address, bool repairs)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;

	planted_make_part(&code, bytes, length, 0, first);
	code_at = code.at;
	memset(&told, 0, sizeof(told));
	s.gpr[1] = 0xff00;
	s.gpr[6] = (uintptr_t)address;
	repair = repairs ? (char *)((uintptr_t)address & ~(PAGE - 1)) : NULL;
	if (!sigsetjmp(back, 1))
		code.run(&s);
	if (repairs) {
		cr_assert_eq(s.gpr[0], 8);
		cr_assert_eq(s.gpr[2], 9);
		cr_assert_eq(s.gpr[8], s.gpr[bytes == planted_stores ? 2 : 3] + 1);
		mprotect(repair, PAGE, PROT_NONE);
	}
	planted_free(&code);
	return told;
}

static void same_fault(const char *name, const unsigned char *bytes, size_t length,
		       size_t first, void *address, bool repairs)
{
	struct told cpu = fault(bytes, length, 0, address, repairs);
	struct isahp_emulation_status before = status();
	struct told ours = fault(bytes, length, first, address, repairs);

	cr_assert_eq(cpu.count, 1, "%s", name);
	cr_assert(!memcmp(&cpu, &ours, sizeof(cpu)), "%s: rip %zx, not %zx", name,
		  ours.rip, cpu.rip);
	/* The CPU has raised it. */
	cr_assert_eq(status().faults, 0, "%s", name);
	cr_assert_eq(status().runs - before.runs, 1, "%s", name);
}

#define SAME_FAULT(name, address, repairs) \
	same_fault(#name, planted_##name, \
		   (size_t)(planted_end_##name - planted_##name), \
		   (size_t)(planted_rest_##name - planted_##name), address, repairs)

Test(lib_emulation_left, faults_on_the_way_are_the_cpus)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGFPE, &sa, NULL);
	install();
	for (int repairs = 0; repairs < 2; repairs++) {
		SAME_FAULT(loads, none + 8, repairs);
		SAME_FAULT(stores, none + 8, repairs);
		SAME_FAULT(misses, none + 8, repairs);
	}
	SAME_FAULT(loads, NULL, false);
	SAME_FAULT(stores, (char *)planted_loads, false);
	SAME_FAULT(loads, (char *)(1UL << 63), false);
	SAME_FAULT(divides, NULL, false);
	SAME_FAULT(jumps, none, false);
	SAME_FAULT(jumps, NULL, false);
}

/* What there is would be carried out, and is not executable. */
Test(lib_emulation_left, data_is_not_run)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	unsigned char *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &sa, NULL);
	memset(data, 0x90, PAGE);
	install();
	SAME_FAULT(jumps, data, false);
	cr_assert_eq(told.rip, (uintptr_t)data);
	cr_assert_eq(status().native, 2);
}

/* --- memory of devices ---------------------------------------------------- */

static void *find_vvar(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long at, found = 0;
	char line[256];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]") && sscanf(line, "%lx-", &at) == 1)
			found = at;
	if (maps)
		fclose(maps);
	return (void *)found;
}

/* The vDSO's data is mapped as a device's registers are (VM_PFNMAP). */
Test(lib_emulation_left, what_is_not_ordinary_memory_is_left_to_the_cpu)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;
	void *vvar = find_vvar();
	uint64_t ordinary = 5;

	if (!vvar || madvise((void *)((uintptr_t)&ordinary & ~(PAGE - 1)), PAGE, 22))
		cr_skip("no [vvar], or Linux before 5.14");
	PLANTED_AHEAD_MAKE(&code, loads, true);
	install();
	s.gpr[6] = (uintptr_t)vvar;
	code.run(&s);
	cr_assert_eq(status().traps, 1);
	cr_assert_eq(status().native, 1);
	s.gpr[6] = (uintptr_t)&ordinary;
	code.run(&s);
	cr_assert_eq(s.gpr[3], 5);
	cr_assert_eq(status().traps, 2);
	cr_assert_gt(status().native, 3);
}
