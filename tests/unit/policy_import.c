// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/flag.h>
#include <hypervisor-shim/policy/import.h>
#include <hypervisor-shim/policy/libvirt_model.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <stdlib.h>
#include <string.h>

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

static struct isahp_profile text(const char *data)
{
	struct isahp_profile p;
	struct isahp_error err;

	cr_assert_eq(isahp_import(data, strlen(data), ISAHP_IMPORT_AUTO, "h", &p, &err), 0,
		     "%s", err.text);
	return p;
}

static void refuse(const char *data, const char *why)
{
	struct isahp_profile p = { .microcode = 7 };
	struct isahp_error err = { 0 };

	cr_assert_eq(isahp_import(data, strlen(data), ISAHP_IMPORT_AUTO, "host1", &p, &err),
		     -EINVAL, "%.60s", data);
	cr_assert(!strncmp(err.text, "host1: ", 7), "%s", err.text);
	cr_assert(strstr(err.text, why), "%.60s: %s", data, err.text);
	cr_assert(!strchr(err.text, '\033') && !strchr(err.text, '\n'));
	cr_assert_eq(p.microcode, 7, "untouched on failure");
}

static __u32 value(const struct isahp_profile *p, __u32 leaf, __u32 subleaf,
		   unsigned int reg)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, leaf, subleaf);

	cr_assert(l, "leaf %#x.%u", leaf, subleaf);
	return l->value[reg];
}

static __u32 known(const struct isahp_profile *p, __u32 leaf, __u32 subleaf,
		   unsigned int reg)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, leaf, subleaf);

	return l ? l->known[reg] : 0;
}

/* 1: has, 0: has not, -1: not told. */
static int has(const struct isahp_profile *p, const char *name)
{
	int number = isahp_feature_find(name, strlen(name));
	const struct isahp_feature_info *f = isahp_feature_info(number);

	cr_assert(f, "%s", name);
	if (!(known(p, f->leaf, f->subleaf, f->reg) >> f->bit & 1))
		return -1;
	return value(p, f->leaf, f->subleaf, f->reg) >> f->bit & 1;
}

static void check_signature(const struct isahp_profile *p, unsigned int family,
			    unsigned int model, unsigned int stepping)
{
	struct isahp_signature s = isahp_profile_signature(p);

	cr_assert(s.family == family && s.model == model && s.stepping == stepping,
		  "%u %u %u", s.family, s.model, s.stepping);
}

static bool not_imported(const struct isahp_profile *p, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(p->document, "not-imported"), i, item)
		if (!strcmp(json_string_value(item), name))
			return true;
	return false;
}

Test(cpuid, every_leaf_is_as_the_dump_has_it)
{
	struct isahp_profile p = file("genoa-guest.cpuid.txt");

	cr_assert_str_eq(p.name, "genoa-guest.cpuid");
	cr_assert_str_eq(p.source, "cpuid -r");
	cr_assert_eq(p.leaf_count, 85);
	cr_assert_eq(value(&p, 7, 0, ISAHP_EBX), 0xf1bf07ab);
	cr_assert_eq(value(&p, 0xd, 6, ISAHP_EBX), 0x380);
	cr_assert_eq(value(&p, 0x80000008, 0, ISAHP_EBX), 0x50020005);
	cr_assert_eq(known(&p, 7, 0, ISAHP_EBX), 0xffffffff);
	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_AMD);
	check_signature(&p, 25, 17, 1);
	cr_assert(!p.xcr0_known);
	isahp_profile_free(&p);
}

Test(cpuid, what_differs_between_cpus_is_unknown)
{
	struct isahp_profile p = file("genoa-guest.cpuid.txt");

	/* The initial APIC ID, of CPUs 0 and 1. */
	cr_assert_eq(known(&p, 1, 0, ISAHP_EBX), 0xfeffffff);
	cr_assert_eq(known(&p, 0xb, 0, ISAHP_EDX), 0xfffffffe);
	isahp_profile_free(&p);
	p = text("CPU 0:\n"
		 "   0x00000007 0x00: eax=0x00000001 ebx=0x00010020 ecx=0x0 edx=0x0\n"
		 "CPU 1:\n"
		 "   0x00000007 0x00: eax=0x00000001 ebx=0x00000020 ecx=0x0 edx=0x0\n");
	cr_assert_eq(has(&p, "avx2"), 1);
	cr_assert_eq(has(&p, "avx512f"), -1);
	isahp_profile_free(&p);
}

Test(cpuinfo, flags_are_bits_and_the_rest_is_unknown)
{
	struct isahp_profile p = file("genoa-guest.cpuinfo.txt");
	struct isahp_profile raw = file("genoa-guest.cpuid.txt");
	size_t i, r;

	cr_assert_str_eq(p.source, "/proc/cpuinfo");
	cr_assert_eq(has(&p, "avx512_vpopcntdq"), 1);
	cr_assert_eq(has(&p, "3dnow"), -1, "not listed is not told");
	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_AMD);
	check_signature(&p, 25, 17, 1);
	cr_assert_eq(p.microcode, 0x1000065);
	cr_assert_eq(value(&p, 0, 0, ISAHP_EAX), 28);
	cr_assert_eq(value(&p, 0x80000008, 0, ISAHP_EAX), 0x3030);
	cr_assert_eq(known(&p, 0x80000008, 0, ISAHP_EAX), 0xffff);
	cr_assert(not_imported(&p, "constant_tsc"), "Linux's own word");
	cr_assert(!not_imported(&p, "avx2"));
	/* Both are of one machine. */
	for (i = 0; i < p.leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &p.leaves[i];

		for (r = 0; r < 4; r++)
			cr_assert_eq(value(&raw, l->leaf, l->subleaf, r) & l->known[r],
				     l->value[r], "leaf %#x.%u", l->leaf, l->subleaf);
	}
	isahp_profile_free(&p);
	isahp_profile_free(&raw);
}

Test(cpuinfo, cpus_that_differ_promise_what_they_share)
{
	struct isahp_profile p = text("processor\t: 0\nvendor_id\t: GenuineIntel\n"
				      "microcode\t: 0x2c\nflags\t\t: fpu avx2 avx512f\n\n"
				      "processor\t: 1\nvendor_id\t: GenuineIntel\n"
				      "microcode\t: 0x2d\nflags\t\t: fpu avx2\n\n");

	cr_assert_eq(has(&p, "avx2"), 1);
	cr_assert_eq(has(&p, "avx512f"), -1);
	cr_assert_eq(p.microcode, 0);
	isahp_profile_free(&p);
	/* Some tools cut the empty lines out. */
	p = text("processor\t: 0\nflags\t\t: fpu avx2\nprocessor\t: 1\nflags\t\t: fpu\n");
	cr_assert_eq(has(&p, "avx2"), -1);
	isahp_profile_free(&p);
}

Test(cpuinfo, a_vendor_may_have_spaces)
{
	struct isahp_profile p = text("processor\t: 0\nvendor_id\t:   Shanghai  \n"
				      "cpu family\t: 7\nmodel\t\t: 59\nstepping\t: 0\n");

	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_ZHAOXIN);
	check_signature(&p, 7, 59, 0);
	cr_assert_eq(known(&p, 1, 0, ISAHP_EAX), 0x000f0fff);
	isahp_profile_free(&p);
}

Test(libvirt, a_model_counts_and_so_does_what_is_named_beside_it)
{
	struct isahp_profile p = file("genoa.capabilities.xml");
	const struct isahp_msr *m = isahp_profile_msr(&p, 0x10a);

	cr_assert_str_eq(p.name, "genoa.capabilities");
	cr_assert_eq(has(&p, "avx2"), 1, "the model's");
	cr_assert_eq(has(&p, "avx512f"), 1, "named");
	cr_assert_eq(has(&p, "avx512bw"), -1);
	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_AMD);
	check_signature(&p, 25, 17, 1);
	cr_assert_eq(p.microcode, 168890441);
	cr_assert_eq(value(&p, 0x80000008, 0, ISAHP_EAX), 52);
	cr_assert(m && m->value == 1 << 5 && m->known == 1 << 5, "MDS_NO alone");
	cr_assert(not_imported(&p, "flux-capacitor"));
	isahp_profile_free(&p);
}

Test(libvirt, what_the_hypervisor_disables_is_not_there)
{
	struct isahp_profile p = file("skylake.domcapabilities.xml");

	cr_assert_eq(has(&p, "avx2"), 1);
	cr_assert_eq(has(&p, "rtm"), 0, "the model's, but disabled");
	cr_assert_eq(has(&p, "hle"), 0);
	cr_assert_eq(has(&p, "mpx"), -1, "libvirt took it out of the model");
	cr_assert_eq(has(&p, "avx512f"), -1);
	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_INTEL);
	isahp_profile_free(&p);
}

/* Of a <cpu> out of a domain: "if the host has it", "whether it has it or not". */
Test(libvirt, a_policy_that_tells_nothing_of_the_host_is_none)
{
	struct isahp_profile p = text("<cpu mode='custom'><model>Haswell</model>"
				      "<feature policy='optional' name='avx2'/>"
				      "<feature policy='force' name='fma'/>"
				      "<feature policy='optional' name='vaes'/>"
				      "<feature policy='forbid' name='aes'/></cpu>");

	cr_assert_eq(has(&p, "movbe"), 1, "the model's");
	cr_assert_eq(has(&p, "avx2"), -1);
	cr_assert_eq(has(&p, "fma"), -1);
	cr_assert_eq(has(&p, "vaes"), -1);
	cr_assert_eq(has(&p, "aes"), 0);
	isahp_profile_free(&p);
	refuse("<cpu><model>Haswell</model><feature policy='maybe' name='avx2'/></cpu>",
		"no such policy");
}

Test(libvirt, an_unknown_model_is_noted)
{
	struct isahp_profile p = text("<cpu mode='custom'><model>Zen9</model>"
				      "<feature policy='require' name='avx2'/></cpu>");

	cr_assert_eq(has(&p, "avx2"), 1);
	cr_assert(not_imported(&p, "Zen9"));
	isahp_profile_free(&p);
}

/* What libvirt found on a machine, a model's features included, is in its dump. */
Test(libvirt, real_capabilities_are_those_of_the_dump)
{
	struct isahp_profile p = file("genoa-guest.capabilities.xml");
	struct isahp_profile raw = file("genoa-guest.cpuid.txt");
	struct isahp_features set = isahp_profile_features(&p), dumped;
	size_t i, r;

	for (i = 0; i < p.leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &p.leaves[i];

		for (r = 0; r < 4; r++)
			cr_assert_eq(value(&raw, l->leaf, l->subleaf, r) & l->known[r],
				     l->value[r], "leaf %#x.%u", l->leaf, l->subleaf);
	}
	cr_assert_eq(p.msr_count, 0, "AMD has no VMX");
	cr_assert_eq(p.microcode, 0x1000065);
	dumped = isahp_profile_features(&raw);
	/* Of which libvirt 9.0 has not heard. */
	isahp_features_del(&dumped, ISAHP_FEATURE_SHSTK);
	cr_assert(isahp_features_equal(&set, &dumped));
	cr_assert(!json_object_get(p.document, "not-imported"));
	isahp_profile_free(&p);
	isahp_profile_free(&raw);
}

/* TCG has MPX, and libvirt's EPYC a VME that TCG has not. */
Test(libvirt, real_domcapabilities_are_those_of_the_hypervisor)
{
	struct isahp_profile p = file("tcg.domcapabilities.xml");

	cr_assert_eq(has(&p, "mpx"), 1);
	cr_assert_eq(has(&p, "rdseed"), 0);
	cr_assert_eq(has(&p, "avx512f"), -1);
	cr_assert_eq(value(&p, 1, 0, ISAHP_EDX) >> 1 & 1, 0);
	cr_assert_eq(known(&p, 1, 0, ISAHP_EDX) >> 1 & 1, 1);
	cr_assert(!json_object_get(p.document, "not-imported"));
	isahp_profile_free(&p);
}

/* What QEMU's models of the same name have, as far as our table goes. */
Test(libvirt, models_are_made_of_others)
{
	static const struct {
		const char *name;
		const char *has;
		const char *lacks;
	} cases[] = {
		{ "Opteron_G1", "syscall,pni", "cx16" },
		{ "Haswell", "avx2,bmi2,rtm,fma", "adx,avx512f" },
		{ "Haswell-noTSX", "avx2,bmi2", "rtm,hle" },
		{ "Skylake-Server", "avx512f,avx512vl,clwb", "avx512_vnni" },
		{ "EPYC-Rome", "clwb,clzero,wbnoinvd,avx2", "avx512f,pku" },
		{ "EPYC-Genoa", "avx512_bf16,gfni,vaes", "3dnow,rtm" },
		{ "SapphireRapids", "amx_tile,avx512_fp16,serialize", "sse4a" },
	};
	struct isahp_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct isahp_libvirt_model *m = isahp_libvirt_model_find(cases[i].name);
		struct isahp_features set, have, lack;
		struct isahp_profile p = { 0 };

		cr_assert(m, "%s", cases[i].name);
		cr_assert_eq(isahp_libvirt_model_set(&p, m), 0);
		set = isahp_profile_features(&p);
		cr_assert_eq(isahp_names_parse(cases[i].has, &have, &err), 0);
		cr_assert_eq(isahp_names_parse(cases[i].lacks, &lack, &err), 0);
		cr_assert(isahp_features_subset(&have, &set), "%s", cases[i].name);
		cr_assert(!isahp_features_meet(&lack, &set), "%s", cases[i].name);
		isahp_profile_free(&p);
	}
	for (i = 0; isahp_libvirt_model_at(i); i++) {
		const struct isahp_libvirt_model *m = isahp_libvirt_model_at(i);

		/* Bases stand above: there are no circles. */
		cr_assert(!*m->base || isahp_libvirt_model_find(m->base) < m, "%s", m->name);
	}
}

Test(qemu, a_property_that_is_false_is_told)
{
	struct isahp_profile p = file("haswell.qemu.json");

	cr_assert_str_eq(p.name, "haswell.qemu");
	cr_assert_eq(has(&p, "avx2"), 1);
	cr_assert_eq(has(&p, "avx512f"), 0);
	cr_assert_eq(has(&p, "sse4_1"), 1);
	cr_assert_eq(has(&p, "amx_complex"), -1, "QEMU 7.2 does not know it");
	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_INTEL);
	check_signature(&p, 6, 60, 4);
	cr_assert_eq(value(&p, 0, 0, ISAHP_EAX), 13);
	cr_assert_eq(value(&p, 0x80000000, 0, ISAHP_EAX), 0x80000008);
	cr_assert_eq(known(&p, 0x80000008, 0, ISAHP_EAX), 0, "0 bits: not decided");
	isahp_profile_free(&p);
}

Test(qemu, what_is_not_decided_is_not_told)
{
	struct isahp_profile p = text("{\"name\": \"max\", \"props\": {\"avx2\": true, "
				      "\"bhi_no\": true, \"family\": 0, \"model\": 0, "
				      "\"stepping\": 0, \"level\": 0}}");
	const struct isahp_msr *m = isahp_profile_msr(&p, 0x10a);

	cr_assert_eq(has(&p, "avx2"), 1);
	cr_assert_eq(known(&p, 1, 0, ISAHP_EAX), 0);
	cr_assert_eq(known(&p, 0, 0, ISAHP_EAX), 0);
	cr_assert(m && m->value == 1 << 20 && m->known == 1 << 20);
	isahp_profile_free(&p);
}

/* Debian 12 and Xen 4.17 on a Zen 2, as `xl info` prints it. */
Test(xen, hw_caps_are_the_first_words)
{
	struct isahp_profile p = text(
		"machine                : x86_64\n"
		"hw_caps                : 178bf3ff:76d8320b:2e500800:244033ff:0000000f:209c01a9:00000000:00000500\n"
		"virt_caps              : pv hvm hvm_directio\n");

	cr_assert_eq(has(&p, "avx2"), 1);
	cr_assert_eq(has(&p, "avx512f"), 0);
	cr_assert_eq(has(&p, "xsaves"), 1);
	cr_assert_eq(has(&p, "clzero"), -1, "the ninth word is not told");
	cr_assert_eq(value(&p, 1, 0, ISAHP_EDX), 0x178bf3ff);
	cr_assert_eq(known(&p, 0x80000001, 0, ISAHP_EDX), 0xfe7c0c00,
		     "Xen has taken AMD's second copy of leaf 1 out");
	isahp_profile_free(&p);
}

Test(xen, a_whole_featureset_has_registers_too)
{
	struct isahp_profile p = text(
		"bfebfbff-77faf3bf-2c100800-00000121-0000000f-239c27eb-9840078c-00000100-"
		"00000000-bc000400-00000000-00000000-00000000-00000000-00000000-00000000-"
		"0000006b-00000001-00000000-00000000\n");
	const struct isahp_msr *m = isahp_profile_msr(&p, 0x10a);

	cr_assert(m && m->value == 0x10000006bULL && m->known == ~0ULL);
	cr_assert_eq(value(&p, 7, 0, ISAHP_EDX), 0xbc000400);
	isahp_profile_free(&p);
}

Test(xen, the_host_is_preferred_to_its_guests)
{
	struct isahp_profile p = text(
		"features_pv       : 1fc9cbf5-f6b83203-2991cbf5-00000123-00000000\n"
		"features_hvm_host : 1fcbfbff-80b82221-2993fbff-00000403-00000007\n");

	cr_assert_eq(value(&p, 1, 0, ISAHP_EDX), 0x1fcbfbff);
	cr_assert_eq(known(&p, 0x80000001, 0, ISAHP_EDX), 0xffffffff);
	isahp_profile_free(&p);
}

Test(hostile, each_is_refused_with_host_and_place)
{
	refuse("Hello", "not recognised");
	refuse("CPU 0:\n   0x00000000 0x00: eax=0x1\n", "line 2");
	refuse("CPU 0:\n   vendor_id = \"AuthenticAMD\"\n", "without -r");
	refuse("CPU 0:\n0x0 0x0: eax=0x1 ebx=0x0 ecx=0x0 edx=0x0\n"
	       "0x0 0x0: eax=0x2 ebx=0x0 ecx=0x0 edx=0x0\n", "two hosts");
	refuse("0x0 0x0: eax=0x100000000 ebx=0x0 ecx=0x0 edx=0x0\n", "line 1");
	refuse("CPU 0:\n\033[31m\n", "line 2");
	refuse("processor\t: 0\nFeatures\t: fp asimd\n", "nothing of an x86 CPU");
	refuse("processor\t: 0\nvendor_id\t: Me\n", "line 2");
	refuse("processor\t: 0\nflags\t: fpu\nmicrocode\t: 0x1ffffffff\n", "line 3");
	refuse("processor\t: 0\nflags\t: fpu\naddress sizes\t: 900 bits physical, 48 bits "
	       "virtual\n", "line 3");
	refuse("processor\t: 0\ncpu family\t: 900\nmodel\t: 1\nstepping\t: 1\n",
	       "the CPU above");
	refuse("<capabilities><host><cpu><arch>aarch64</arch></cpu></host></capabilities>",
	       "not of an x86 host");
	refuse("<domainCapabilities><arch>s390x</arch><cpu><mode name='host-model' "
	       "supported='yes'/></cpu></domainCapabilities>", "not of an x86 host");
	refuse("<domainCapabilities><cpu><mode name='host-model' supported='no'/></cpu>"
	       "</domainCapabilities>", "host-model");
	refuse("<domain/>", "neither");
	refuse("<cpu>\n<vendor>Acme</vendor></cpu>", "line 2");
	refuse("<cpu>\n<signature family='6' model='x' stepping='1'/></cpu>", "line 2");
	refuse("<cpu>\n<feature/></cpu>", "line 2");
	refuse("<cpu><model>", "line 1");
	refuse("<!DOCTYPE cpu [<!ENTITY a 'b'>]><cpu>&a;</cpu>", "DOCTYPE");
	refuse("{", "line 1");
	refuse("{\"a\": 1, \"a\": 1}", "duplicate");
	refuse("{\"a\": 1}", "neither");
	refuse("{\"isahp-profile\": 1, \"name\": \"h\",\n\"n\": 18446744073709551552}",
	       "line 2: too big integer");
	refuse("{\"isahp-profile\": 1, \"name\": \"h\", \"xcr0\": 1}", "xcr0");
	refuse("{\"props\": {\"vendor\": \"x\"}}", "'vendor'");
	refuse("{\"props\": {\"level\": -1}}", "'level'");
	refuse("{\"props\": {\"phys-bits\": 100}}", "'phys-bits'");
	refuse("{\"props\": {\"family\": 5, \"model\": 99, \"stepping\": 1}}", "'family'");
	refuse("hw_caps : bfebfbff:28100800:00000000:00003b40:009ce3bd:00000000:00000001\n",
	       "since 4.7");
	refuse("hw_caps : (none)\n", "line 1");
	refuse("bfebfbff:77faf3bf", "not a Xen featureset");
	refuse("bfebfbff-77faf3bf-2c100800-00000121-0000000f-239c27eb-9840078c-00000100-"
	       "00000000-bc000400-00000000-00000000-00000000-00000000-00000000-00000000-"
	       "0000006b-00000001-00000000-00000001\n", "newer Xen");
}

Test(hostile, an_empty_file_is_called_so)
{
	refuse("", "is empty");
	refuse(" \n\t\r\n", "is empty");
}

Test(hostile, a_name_that_no_host_has_is_refused)
{
	static const char line[] = "0x0 0x0: eax=0x1 ebx=0x0 ecx=0x0 edx=0x0\n";
	struct isahp_profile p;
	struct isahp_error err;

	cr_assert_eq(isahp_import(line, strlen(line), ISAHP_IMPORT_AUTO, "a b", &p, &err),
		     -EINVAL);
	cr_assert_eq(isahp_import("a\0b", 3, ISAHP_IMPORT_AUTO, "a", &p, &err), -EINVAL);
	cr_assert(strstr(err.text, "not a text"), "%s", err.text);
	cr_assert_eq(isahp_import_file("/nonexistent/x", ISAHP_IMPORT_AUTO, NULL, &p, &err),
		     -ENOENT);
	cr_assert(strstr(err.text, "/nonexistent/x"), "%s", err.text);
}

/* An endless file is not read to its end. */
Test(hostile, a_file_that_is_too_long_is_refused)
{
	struct isahp_profile p;
	struct isahp_error err;

	cr_assert_eq(isahp_import_file("/dev/zero", ISAHP_IMPORT_AUTO, NULL, &p, &err),
		     -EFBIG);
}

/* isahp's own table and the large one are of the same bits. */
Test(flags, agree_with_the_feature_table)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		size_t speaker;

		for (speaker = 0; f && speaker < 3; speaker++) {
			const char *names[] = { f->flag, f->qemu, f->libvirt };
			const char *name = names[speaker];
			size_t hint = 0;
			const struct isahp_flag *flag =
				isahp_flag_find(speaker, name, strlen(name), &hint);

			if (!flag)
				continue;
			cr_assert(!flag->msr && flag->leaf == f->leaf &&
				  flag->subleaf == f->subleaf && flag->reg == f->reg &&
				  flag->bit == f->bit, "%s", name);
		}
	}
}
