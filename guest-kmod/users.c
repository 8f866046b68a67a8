// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/bitops.h>
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include "boot.h"
#include "ciphers.h"
#include "compat.h"
#include "jit.h"
#include "symbols.h"
#include "users.h"

#define NEEDS_MAX 4

static bool hold = true;
module_param(hold, bool, 0444);
MODULE_PARM_DESC(hold,
		 "keep kernel code from beginning to use features that are away (default 1; 0: only to show that it dies of it)");

/**
 * struct library - code that others call directly, behind no API's list
 * @module: name of the module that has it.
 * @built_in: it is part of the kernel: in use from boot on.
 * @alone: in use as soon as it is loaded; else when another module is linked to
 *	it.
 * @needs: features it was made to execute if the CPU had them when it started,
 *	their numbers + 1.
 */
struct library {
	const char *module;
	bool built_in;
	bool alone;
	u8 needs[NEEDS_MAX];
};

#define F(name) (ISAHP_FEATURE_##name + 1)
static const struct library libraries[] = {
	/* Reads of /dev/random hash with it. */
	{ "libblake2s_x86_64", IS_BUILTIN(CONFIG_CRYPTO_BLAKE2S_X86), true,
	  { F(SSSE3) } },
	{ "chacha_x86_64", IS_BUILTIN(CONFIG_CRYPTO_CHACHA20_X86_64), false,
	  { F(SSSE3), F(AVX2) } },
	{ "poly1305_x86_64", IS_BUILTIN(CONFIG_CRYPTO_POLY1305_X86_64), false,
	  { F(AVX2) } },
	{ "curve25519_x86_64", IS_BUILTIN(CONFIG_CRYPTO_CURVE25519_X86), false,
	  { F(BMI2), F(ADX) } },
	/* The best of a benchmark, and recovery by the widest there is. */
	{ "raid6_pq", IS_BUILTIN(CONFIG_RAID6_PQ), false, { F(AVX2), F(SSSE3) } },
	/* Sets of concatenated ranges; made with AVX2 if boot_cpu_has() it. */
	{ "nf_tables", IS_BUILTIN(CONFIG_NF_TABLES), true, { F(AVX2) } },
	ISAHP_LIBRARIES_OF_KERNEL
};
#undef F

/* find_module(), which is not exported; NULL: presence can not be seen. */
static struct module *(*module_find)(const char *name);

/* The rest is under @lock, but for @shown, which does not change. */
static DEFINE_MUTEX(lock);
static struct isahp_features shown;	/* boot_cpu_has() when we were loaded */
static struct isahp_features held;	/* and what we took out of it */
/* In use when that changed last, or made since: who calls it is let in. */
static bool linked[ARRAY_SIZE(libraries)];

static bool listening;

/* --- what boot_cpu_has() says -------------------------------------------- */

static unsigned long *capabilities(void)
{
	return (unsigned long *)boot_cpu_data.x86_capability;
}

static void shown_init(void)
{
	unsigned int i;
	int bit;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		bit = isahp_boot_capability(i);
		if (bit >= 0 && test_bit(bit, capabilities()))
			isahp_features_add(&shown, i);
	}
}

/*
 * boot_cpu_data is what dynamic checks read, and what alternatives of modules
 * are applied by. The kernel clears bits there at run time itself, when a CPU
 * with less comes online. Code that was patched by them is pinned.c's affair;
 * only what may be removed at all is touched.
 */
static void hold_capabilities(const struct isahp_features *want)
{
	struct isahp_features may = isahp_features_of_class(ISAHP_CLASS_REMOVABLE);
	int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		bool out = isahp_features_has(want, i) && isahp_features_has(&may, i) &&
			    isahp_features_has(&shown, i);

		if (out == isahp_features_has(&held, i))
			continue;
		if (out) {
			isahp_features_add(&held, i);
			clear_bit(isahp_boot_capability(i), capabilities());
		} else {
			isahp_features_del(&held, i);
			set_bit(isahp_boot_capability(i), capabilities());
		}
	}
}

/* --- libraries ----------------------------------------------------------- */

static struct isahp_features needs_of(const struct library *l)
{
	struct isahp_features set = isahp_features_none();
	unsigned int i;

	for (i = 0; i < NEEDS_MAX && l->needs[i]; i++)
		if (isahp_features_has(isahp_boot_features(), l->needs[i] - 1))
			isahp_features_add(&set, l->needs[i] - 1);
	return set;
}

/* Whether modules are linked to one. Context: it can not go. */
static bool is_linked_to(struct module *m)
{
#ifdef CONFIG_MODULE_UNLOAD
	return !list_empty(&m->source_list);
#else
	return true;
#endif
}

static bool library_in_use(const struct library *l)
{
	struct module *m;
	bool used;

	if (l->built_in || !module_find)
		return true;
	/* A module is freed after an RCU-sched grace period. */
	preempt_disable();
	m = module_find(l->module);
	used = m && (l->alone || is_linked_to(m));
	preempt_enable();
	return used;
}

/* Under @lock, when what is held changes. */
static void remember_links(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(libraries); i++)
		linked[i] = library_in_use(&libraries[i]);
}

/*
 * Under @lock: a library that is made with what is away, and was called by nobody
 * when that went. One that was is lost already, and no reason to refuse others.
 */
static const struct library *newly_linked(void)
{
	struct isahp_features needs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(libraries); i++) {
		needs = needs_of(&libraries[i]);
		if (!libraries[i].alone && !linked[i] &&
		    isahp_features_meet(&needs, &held) &&
		    library_in_use(&libraries[i]))
			return &libraries[i];
	}
	return NULL;
}

/* Under @lock: a library that is loaded now may be called by anybody. */
static void is_made_without(const char *module)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(libraries); i++)
		if (!strcmp(libraries[i].module, module))
			linked[i] = true;
}

/*
 * What is loaded while features are away finds them away. But it may be linked to
 * what was loaded before, and executes them without asking.
 */
static int module_changes(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *m = data;
	const struct library *l = NULL;

	if (state != MODULE_STATE_COMING)
		return NOTIFY_DONE;
	mutex_lock(&lock);
	if (!isahp_features_empty(&held)) {
		is_made_without(m->name);
		l = newly_linked();
	}
	mutex_unlock(&lock);
	if (!l)
		return NOTIFY_DONE;
	pr_warn_ratelimited("module %s refused: it calls %s, which uses features that are away: load it later, or unload %s first\n",
			    m->name, l->module, l->module);
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block module_notifier = {
	.notifier_call = module_changes,
};

/* --- for others ---------------------------------------------------------- */

int isahp_users_init(void)
{
	shown_init();
	module_find = isahp_symbol_lookup("find_module");
	isahp_ciphers_init();
	isahp_jit_init();
	listening = !register_module_notifier(&module_notifier);
	return listening ? 0 : -ENOMEM;
}

/* What is missing when we go stays held: nobody would let go of it again. */
void isahp_users_exit(void)
{
	struct isahp_features visible = isahp_cpuid_features();
	struct isahp_features missing = isahp_features_andnot(&shown, &visible);

	isahp_users_hold(&missing);
	isahp_ciphers_exit();
	unregister_module_notifier(&module_notifier);
}

void isahp_users_forget(void)
{
	isahp_jit_forget();
}

struct isahp_features isahp_users_features(void)
{
	struct isahp_features used, needs;
	unsigned int i;
	bool known;

	used = isahp_ciphers_features(&known);
	needs = isahp_jit_features();
	used = isahp_features_or(&used, &needs);
	for (i = 0; i < ARRAY_SIZE(libraries); i++) {
		needs = needs_of(&libraries[i]);
		if (!isahp_features_empty(&needs) && library_in_use(&libraries[i]))
			used = isahp_features_or(&used, &needs);
	}
	return used;
}

void isahp_users_describe(const struct isahp_features *set, char *buf, size_t size)
{
	struct isahp_features needs;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(libraries); i++) {
		needs = needs_of(&libraries[i]);
		if (!isahp_features_meet(&needs, set) || !library_in_use(&libraries[i]))
			continue;
		strlcat(buf, " ", size);
		strlcat(buf, libraries[i].module, size);
	}
	isahp_ciphers_describe(set, buf, size);
	needs = isahp_jit_features();
	if (isahp_features_meet(&needs, set))
		strlcat(buf, " bpf_jit", size);
	if (buf[0])
		memmove(buf, buf + 1, strlen(buf));
}

void isahp_users_hold(const struct isahp_features *gone)
{
	struct isahp_features before;

	if (!hold)
		return;
	mutex_lock(&lock);
	before = held;
	hold_capabilities(gone);
	if (!isahp_features_equal(&before, &held))
		remember_links();
	mutex_unlock(&lock);
	isahp_ciphers_hold(gone);
}
