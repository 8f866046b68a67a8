// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/crypto.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <isa-core/features.h>
#include "boot.h"
#include "ciphers.h"
#include "symbols.h"

#define NEEDS_MAX 4

/*
 * What a driver executes, by what is in its name. An instance of a template has
 * the names of all that it is made of in its own: "cryptd(__cbc-aes-aesni)".
 * Errs on the safe side. Source: arch/x86/crypto and arch/x86/lib/crypto. AVX
 * and AVX-512 own state, so they stay anyway; BMI1 is never removable.
 */
static const struct {
	const char *part;
	u8 needs[NEEDS_MAX];	/* a feature's number + 1 */
} names[] = {
#define F(name) (ISAHP_FEATURE_##name + 1)
	{ "avx2", { F(AVX2), F(BMI2) } },
	{ "vaes", { F(VAES), F(VPCLMULQDQ), F(AVX2) } },
	{ "aesni", { F(AES), F(SSE4_1) } },
	/* Turned to AVX2 by a static key. */
	{ "gcm-aesni", { F(PCLMULQDQ), F(AVX2), F(SSSE3) } },
	{ "aria-avx", { F(AES), F(GFNI) } },
	{ "gfni", { F(GFNI) } },
	{ "clmul", { F(PCLMULQDQ), F(SSE4_1) } },
	{ "crc32c-intel", { F(SSE4_2), F(PCLMULQDQ) } },
	{ "ssse3", { F(SSSE3) } },
	{ "sha1-ni", { F(SHA_NI), F(SSE4_1) } },
	{ "sha224-ni", { F(SHA_NI), F(SSE4_1) } },
	{ "sha256-ni", { F(SHA_NI), F(SSE4_1) } },
	{ "chacha20-simd", { F(SSSE3), F(AVX2) } },
	{ "chacha12-simd", { F(SSSE3), F(AVX2) } },
	{ "poly1305-simd", { F(AVX2) } },
	{ "curve25519-x86", { F(BMI2), F(ADX) } },
	{ "sm3-avx", { F(BMI2) } },
#undef F
};

/**
 * struct hidden - a cipher that is out of sight
 * @node: in @hidden_list.
 * @alg: with a reference to it,
 * @module: and one to its module.
 */
struct hidden {
	struct list_head node;
	struct crypto_alg *alg;
	struct module *module;
};

/* crypto/api.c's; both NULL when not found. */
static struct list_head *alg_list;
static struct rw_semaphore *alg_sem;

/* Under @alg_sem for writing; read by whoever holds it at all. */
static LIST_HEAD(hidden_list);

void isahp_ciphers_init(void)
{
	alg_list = isahp_symbol_lookup("crypto_alg_list");
	alg_sem = isahp_symbol_lookup("crypto_alg_sem");
	if (alg_list && alg_sem)
		return;
	alg_list = NULL;
	pr_warn("the kernel does not show its ciphers: all features that some use count as in use\n");
}

static struct isahp_features named(const char *driver)
{
	struct isahp_features set = isahp_features_none();
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (driver && !strstr(driver, names[i].part))
			continue;
		for (j = 0; j < NEEDS_MAX && names[i].needs[j]; j++)
			if (isahp_features_has(isahp_boot_features(),
					       names[i].needs[j] - 1))
				isahp_features_add(&set, names[i].needs[j] - 1);
	}
	return set;
}

static struct hidden *find_hidden(const struct crypto_alg *alg)
{
	struct hidden *h;

	list_for_each_entry(h, &hidden_list, node)
		if (h->alg == alg)
			return h;
	return NULL;
}

/* The list's own reference is not a use, nor is ours. */
static bool in_use(const struct crypto_alg *alg)
{
	return refcount_read(&alg->cra_refcnt) > 1 && !find_hidden(alg);
}

struct isahp_features isahp_ciphers_features(bool *ret_known)
{
	struct isahp_features used = isahp_features_none(), needs;
	struct crypto_alg *alg;

	*ret_known = alg_list;
	if (!alg_list)
		return named(NULL);
	down_read(alg_sem);
	list_for_each_entry(alg, alg_list, cra_list) {
		needs = named(alg->cra_driver_name);
		if (!isahp_features_empty(&needs) && in_use(alg))
			used = isahp_features_or(&used, &needs);
	}
	up_read(alg_sem);
	return used;
}

void isahp_ciphers_describe(const struct isahp_features *set, char *buf, size_t size)
{
	struct isahp_features needs;
	struct crypto_alg *alg;

	if (!alg_list)
		return;
	down_read(alg_sem);
	list_for_each_entry(alg, alg_list, cra_list) {
		needs = named(alg->cra_driver_name);
		if (!isahp_features_meet(&needs, set) || !in_use(alg))
			continue;
		strlcat(buf, " ", size);
		strlcat(buf, alg->cra_driver_name, size);
	}
	up_read(alg_sem);
}

/* As crypto_alg_put(), which is not in a public header. */
static void put_alg(struct crypto_alg *alg)
{
	if (refcount_dec_and_test(&alg->cra_refcnt) && alg->cra_destroy)
		alg->cra_destroy(alg);
}

/* Under @alg_sem. Without memory it stays in sight, and may get into use. */
static void hide(struct crypto_alg *alg)
{
	struct hidden *h = kmalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return;
	if (!try_module_get(alg->cra_module)) {
		kfree(h);
		return;
	}
	refcount_inc(&alg->cra_refcnt);
	h->alg = alg;
	h->module = alg->cra_module;
	/* Look-ups pass over what is dying. */
	alg->cra_flags |= CRYPTO_ALG_DYING;
	list_add(&h->node, &hidden_list);
}

/* Under @alg_sem: back in sight, unless it was unregistered meanwhile. */
static void show(struct hidden *h, struct list_head *done)
{
	h->alg->cra_flags &= ~CRYPTO_ALG_DYING;
	list_move(&h->node, done);
}

void isahp_ciphers_hold(const struct isahp_features *gone)
{
	struct isahp_features needs;
	struct hidden *h, *next;
	struct crypto_alg *alg;
	LIST_HEAD(done);

	if (!alg_list)
		return;
	down_write(alg_sem);
	list_for_each_entry_safe(h, next, &hidden_list, node) {
		needs = named(h->alg->cra_driver_name);
		if (!isahp_features_meet(&needs, gone))
			show(h, &done);
	}
	list_for_each_entry(alg, alg_list, cra_list) {
		needs = named(alg->cra_driver_name);
		if (isahp_features_meet(&needs, gone) &&
		    refcount_read(&alg->cra_refcnt) == 1 &&
		    !(alg->cra_flags & (CRYPTO_ALG_LARVAL | CRYPTO_ALG_DYING |
					CRYPTO_ALG_DEAD)))
			hide(alg);
	}
	up_write(alg_sem);
	/* Last references may sleep, and may take the semaphore. */
	list_for_each_entry_safe(h, next, &done, node) {
		put_alg(h->alg);
		module_put(h->module);
		kfree(h);
	}
}

void isahp_ciphers_exit(void)
{
	struct hidden *h, *next;

	list_for_each_entry_safe(h, next, &hidden_list, node) {
		pr_warn("%s stays out of use: this CPU can not execute it\n",
			h->alg->cra_driver_name);
		kfree(h);
	}
}
