// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "core_selftest_native.h"

#include <sys/mman.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>

#include "core_native.h"

#define VECTOR_DB 1
#define VECTOR_PF 14

static unsigned char *page;	/* the last bytes are memory */

static bool map(unsigned long address, int protection)
{
	return mmap((void *)address, NATIVE_PAGE, protection,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
	       (void *)address;
}

/* All vectors are of registers of 64 bytes. */
bool selftest_native_init(void)
{
	if (!native_init() || native_vector_bytes() != 64 ||
	    !map(ISAHP_SELFTEST_CODE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
	    !map(ISAHP_SELFTEST_MEMORY_END - NATIVE_PAGE, PROT_READ | PROT_WRITE) ||
	    !map(ISAHP_SELFTEST_MEMORY_END, PROT_NONE))
		return false;
	native_code = (unsigned char *)ISAHP_SELFTEST_CODE;
	page = (unsigned char *)ISAHP_SELFTEST_MEMORY_END - NATIVE_PAGE;
	return true;
}

bool selftest_native_has(const struct isahp_instruction *in)
{
	struct isahp_features need = isahp_instruction_features(in);
	static struct isahp_features has;

	if (isahp_features_empty(&has))
		has = isahp_cpuid_features();
	return isahp_features_subset(&need, &has);
}

bool selftest_native(const struct isahp_selftest_vector *v, struct isahp_selftest *t)
{
	unsigned char *memory = page + NATIVE_PAGE - ISAHP_SELFTEST_MEMORY_SIZE;
	struct native_trap trap;

	memset(page, 0x5a, NATIVE_PAGE);
	memcpy(memory, t->memory, ISAHP_SELFTEST_MEMORY_SIZE);
	native_step(v->mode, v->bytes, v->count, &t->regs, &trap);
	memcpy(t->memory, memory, ISAHP_SELFTEST_MEMORY_SIZE);
	t->outcome = trap.vector == VECTOR_DB ? ISAHP_EMULATE_DONE :
		     trap.vector == VECTOR_PF ? ISAHP_EMULATE_UNREACHED :
						ISAHP_EMULATE_FAULT;
	t->vector = t->outcome == ISAHP_EMULATE_FAULT ? trap.vector : 0;
	t->address = t->outcome == ISAHP_EMULATE_UNREACHED ? trap.address : 0;
	t->store = t->outcome == ISAHP_EMULATE_UNREACHED && trap.error & 2;
	/* What 32-bit code leaves in the upper halves nobody says. */
	for (int i = 0; v->mode == ISAHP_CODE_32 && i < 16; i++)
		t->regs.gpr[i] = i < 8 ? (__u32)t->regs.gpr[i] : 0;
	for (const unsigned char *p = page; p < memory; p++)
		if (*p != 0x5a)
			return false;
	return true;
}
