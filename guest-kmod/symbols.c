// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include "symbols.h"

static int kprobe_nothing(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

/*
 * kallsyms_lookup_name() is not exported. A kprobe finds it; where a function
 * begins with ENDBR64 the probe sits behind that, and a call must not.
 */
static unsigned long find_lookup(void)
{
	static const u8 endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	struct kprobe probe = {
		.symbol_name = "kallsyms_lookup_name",
		.pre_handler = kprobe_nothing,
	};
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	if (!memcmp((u8 *)address - sizeof(endbr64), endbr64, sizeof(endbr64)))
		address -= sizeof(endbr64);
	return address;
}

void *isahp_symbol_lookup(const char *name)
{
	static DEFINE_MUTEX(once);
	static unsigned long (*lookup)(const char *name);

	mutex_lock(&once);
	if (!lookup)
		lookup = (void *)find_lookup();
	mutex_unlock(&once);
	return lookup ? (void *)lookup(name) : NULL;
}

struct matches {
	unsigned long address;
	unsigned int count;
};

static int count_match(void *data, unsigned long address)
{
	struct matches *m = data;

	m->address = address;
	m->count++;
	return 0;
}

void *isahp_symbol_lookup_only(const char *name)
{
	int (*each)(int (*fn)(void *data, unsigned long address), const char *name,
		    void *data);
	struct matches m = { 0 };

	each = isahp_symbol_lookup("kallsyms_on_each_match_symbol");
	if (!each || each(count_match, name, &m) || m.count != 1)
		return NULL;
	return (void *)m.address;
}
