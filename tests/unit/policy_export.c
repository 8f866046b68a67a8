// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/export.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const enum isahp_import_format formats[] = {
	ISAHP_IMPORT_PROFILE, ISAHP_IMPORT_CPUID, ISAHP_IMPORT_CPUINFO,
	ISAHP_IMPORT_LIBVIRT, ISAHP_IMPORT_QEMU, ISAHP_IMPORT_XEN,
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static struct isahp_profile file(const char *name)
{
	struct isahp_profile p;
	struct isahp_error err;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", POLICY_DATA, name);
	cr_assert_eq(isahp_import_file(path, ISAHP_IMPORT_AUTO, NULL, &p, &err), 0, "%s",
		     err.text);
	return p;
}

static char *export(const struct isahp_profile *p, enum isahp_import_format format)
{
	struct isahp_error err;
	char *text = isahp_export(p, format, &err);

	cr_assert(text, "%s: %s", isahp_import_format_name(format), err.text);
	return text;
}

/* What went out and came back, recognised by itself. */
static struct isahp_profile trip(const struct isahp_profile *p,
				 enum isahp_import_format format)
{
	char *text = export(p, format);
	struct isahp_profile back;
	struct isahp_error err;

	cr_assert_eq(isahp_import(text, strlen(text), ISAHP_IMPORT_AUTO, p->name, &back,
				  &err), 0, "%s: %s", isahp_import_format_name(format),
		     err.text);
	free(text);
	return back;
}

/*
 * Does one say nothing but what the other says, too? With @zeros, what is unknown
 * may have become 0, and what is in registers that are not told does not count. Nor
 * do APIC IDs: `cpuid -r` is of one CPU, which has some.
 */
static bool says_no_more(const struct isahp_profile *a, const struct isahp_profile *b,
			 bool zeros)
{
	size_t i, r;

	for (i = 0; i < a->leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &a->leaves[i];
		const struct isahp_cpuid_leaf *o = isahp_profile_leaf(b, l->leaf, l->subleaf);

		for (r = 0; r < 4; r++) {
			__u32 known = o ? o->known[r] : 0, value = o ? o->value[r] : 0;
			__u32 says = zeros ? l->value[r] : l->known[r];

			says &= isahp_profile_common_bits(l->leaf, r);
			if (says & ~known || (l->value[r] ^ value) & l->known[r] & known)
				return false;
		}
	}
	for (i = 0; i < a->msr_count; i++) {
		const struct isahp_msr *m = isahp_profile_msr(b, a->msrs[i].number);
		__u64 says = zeros ? a->msrs[i].value : a->msrs[i].known;

		if (zeros && !m)
			continue;
		if (says & ~(m ? m->known : 0) ||
		    (m && (a->msrs[i].value ^ m->value) & a->msrs[i].known & m->known))
			return false;
	}
	return true;
}

static void check_trips(const struct isahp_profile *p, const char *what)
{
	struct isahp_error err;
	size_t i;

	for (i = 0; i < FORMATS; i++) {
		struct isahp_profile back;
		char *text = isahp_export(p, formats[i], &err);

		if (!text) {
			cr_assert(err.class && strstr(err.text, p->name), "%s", err.text);
			continue;
		}
		cr_assert_eq(isahp_import(text, strlen(text), ISAHP_IMPORT_AUTO, p->name,
					  &back, &err), 0, "%s: %s\n%s", what, err.text, text);
		cr_assert(says_no_more(&back, p, formats[i] == ISAHP_IMPORT_XEN ||
						 formats[i] == ISAHP_IMPORT_LIBVIRT),
			  "%s: %s\n%s", what, isahp_import_format_name(formats[i]), text);
		free(text);
		isahp_profile_free(&back);
	}
}

Test(export, says_nothing_that_the_profile_does_not)
{
	static const char *const names[] = {
		"genoa-guest.cpuid.txt", "genoa-guest.cpuinfo.txt", "haswell.qemu.json",
		"genoa.capabilities.xml", "skylake.domcapabilities.xml",
		"genoa-guest.capabilities.xml", "tcg.domcapabilities.xml",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct isahp_profile p = file(names[i]);

		check_trips(&p, names[i]);
		isahp_profile_free(&p);
	}
}

Test(export, of_any_bits)
{
	unsigned int seed = time(NULL), i, n;
	char what[32];

	for (i = 0; i < 100; i++) {
		struct isahp_profile p = file("genoa-guest.cpuid.txt");

		srandom(seed + i);
		for (n = 0; n < 40; n++) {
			size_t at = random() % p.leaf_count, r = random() % 4;
			__u32 bits = 1U << random() % 32 | 1U << random() % 32;

			if (random() % 2)
				p.leaves[at].known[r] &= ~bits;
			else
				p.leaves[at].value[r] ^= bits;
			p.leaves[at].value[r] &= p.leaves[at].known[r];
		}
		snprintf(what, sizeof(what), "seed %u", seed + i);
		check_trips(&p, what);
		isahp_profile_free(&p);
	}
}

Test(export, cpuid_is_the_dump_again)
{
	struct isahp_profile p = file("genoa-guest.cpuid.txt");
	struct isahp_profile back = trip(&p, ISAHP_IMPORT_CPUID);
	size_t i, r;

	cr_assert_eq(p.leaf_count, back.leaf_count);
	for (i = 0; i < p.leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &p.leaves[i], *b = &back.leaves[i];

		/* The dump is of two CPUs, whose APIC IDs differ: those are not told. */
		cr_assert_eq(b->leaf, l->leaf);
		cr_assert_eq(b->subleaf, l->subleaf);
		for (r = 0; r < 4; r++) {
			__u32 bits = isahp_profile_common_bits(l->leaf, r);

			cr_assert_eq(b->known[r], ~0U);
			cr_assert_eq(b->value[r], l->value[r]);
			cr_assert_eq(b->known[r] & bits, l->known[r] & bits, "leaf %#x", l->leaf);
		}
	}
	isahp_profile_free(&p);
	isahp_profile_free(&back);
}

/* The same features, whether Linux or the dump tells them. */
Test(export, cpuinfo_of_a_dump_has_what_linux_showed)
{
	struct isahp_profile p = file("genoa-guest.cpuid.txt");
	struct isahp_profile linux_showed = file("genoa-guest.cpuinfo.txt");
	struct isahp_profile back = trip(&p, ISAHP_IMPORT_CPUINFO);

	linux_showed.microcode = 0;
	cr_assert(says_no_more(&linux_showed, &back, false));
	isahp_profile_free(&p);
	isahp_profile_free(&linux_showed);
	isahp_profile_free(&back);
}

Test(export, libvirt_gets_the_nearest_model)
{
	struct isahp_profile p = file("skylake.domcapabilities.xml");
	char *text = export(&p, ISAHP_IMPORT_LIBVIRT);

	cr_assert(strstr(text, "<model>Skylake-Client-noTSX-IBRS</model>"), "%s", text);
	cr_assert(strstr(text, "<vendor>Intel</vendor>"), "%s", text);
	cr_assert(strstr(text, "<feature policy='require' name='vmx'/>"), "%s", text);
	cr_assert(!strstr(text, "'rtm'") && !strstr(text, "'avx2'"), "%s", text);
	free(text);
	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 1 << 5, 0);
	text = export(&p, ISAHP_IMPORT_LIBVIRT);
	cr_assert(strstr(text, "<feature policy='disable' name='avx2'/>"), "%s", text);
	free(text);
	isahp_profile_free(&p);
}

Test(export, xen_gets_its_words)
{
	static const char featureset[] =
		"1fcbfbff-80b82221-2813fbff-00000403-00000000-00000000-00000000-00000000-"
		"00001000-9c000000\n";
	struct isahp_profile p;
	struct isahp_error err;
	char *text;

	cr_assert_eq(isahp_import(featureset, strlen(featureset), ISAHP_IMPORT_AUTO, "h", &p,
				  &err), 0);
	text = export(&p, ISAHP_IMPORT_XEN);
	/* Without AMD's second copy of leaf 1, as Xen writes them. */
	cr_assert_str_eq(text, "1fcbfbff-80b82221-28100800-00000403-00000000-00000000-"
			       "00000000-00000000-00001000-9c000000\n");
	free(text);
	isahp_profile_free(&p);
}

Test(export, what_can_not_be_written_is_said)
{
	struct isahp_profile p = { .name = "h", .source = "/proc/cpuinfo" };
	struct isahp_error err;

	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 1 << 5, 1 << 5);
	cr_assert(!isahp_export(&p, ISAHP_IMPORT_CPUID, &err));
	cr_assert(strstr(err.text, "/proc/cpuinfo"), "%s", err.text);
	cr_assert(!isahp_export(&p, ISAHP_IMPORT_XEN, &err));
	cr_assert(!isahp_export(&p, ISAHP_IMPORT_AUTO, &err));
	isahp_profile_free(&p);
}
