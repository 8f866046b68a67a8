// SPDX-License-Identifier: MIT
/* Memory as the emulator sees it: case_world, beside the CPU's native_memory. */
#include "core_case.h"

unsigned char case_world[CASE_WORLD];

static size_t reach(__u64 address, size_t size, size_t from)
{
	__u64 offset = address - ((uintptr_t)native_memory - NATIVE_PAGE);

	if (offset < from || offset >= CASE_WORLD)
		return 0;
	return offset + size <= CASE_WORLD ? size : CASE_WORLD - offset;
}

static unsigned char *at(__u64 address)
{
	return case_world + (address - ((uintptr_t)native_memory - NATIVE_PAGE));
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	size_t reached = reach(address, size, 0);

	(void)env;
	if (reached == size)
		memcpy(buf, at(address), size);
	return reached;
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	size_t reached = reach(address, size, NATIVE_PAGE);

	(void)env;
	if (reached == size)
		memcpy(at(address), buf, size);
	return reached;
}

static size_t mem_exchange(void *env, __u64 address, void *old, const void *new,
			   size_t size)
{
	size_t reached = reach(address, size, NATIVE_PAGE);

	(void)env;
	if (reached != size)
		return reached;
	if (!memcmp(at(address), old, size))
		memcpy(at(address), new, size);
	else
		memcpy(old, at(address), size);
	return size;
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	const struct test_case *c = env;

	return segments_get(&c->segments, c->code.mode, n, ret);
}

const struct isahp_emulate_ops case_ops = {
	.load = mem_load,
	.store = mem_store,
	.exchange = mem_exchange,
	.segment = segment,
};

void case_put(__u32 address, __u64 value, size_t size)
{
	if (reach(address, size, NATIVE_PAGE) < size)
		return;
	memcpy(native_memory + (address - (uintptr_t)native_memory), &value, size);
	memcpy(at(address), &value, size);
}

void case_restore(void)
{
	memcpy(native_memory, case_world + NATIVE_PAGE, NATIVE_MEMORY_SIZE);
}
