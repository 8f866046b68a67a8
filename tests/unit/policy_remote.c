// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/remote.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char host_xml[] =
	"<capabilities><host><cpu><arch>x86_64</arch><model>EPYC-Milan</model>"
	"<vendor>AMD</vendor><microcode version='167776725'/>"
	"<signature family='25' model='1' stepping='1'/>"
	"<maxphysaddr mode='emulate' bits='48'/><feature name='avx512f'/></cpu></host>"
	"</capabilities>";
static const char guests_xml[] =
	"<domainCapabilities><arch>x86_64</arch><cpu><mode name='host-model' supported='yes'>"
	"<model>%s</model><vendor>%s</vendor><feature policy='disable' name='avx2'/>"
	"</mode></cpu></domainCapabilities>";

static int take(struct isahp_remote *remote, const char *model, const char *vendor)
{
	char xml[512];
	struct isahp_error err;

	snprintf(xml, sizeof(xml), guests_xml, model, vendor);
	return isahp_remote_import(remote, "h1.example.org", host_xml, xml, &err);
}

static bool has(const struct isahp_profile *p, unsigned int feature)
{
	struct isahp_features set = isahp_profile_features(p);

	return isahp_features_has(&set, feature);
}

Test(remote, bare_cpu_is_what_the_host_says)
{
	struct isahp_remote remote = { .uri = "qemu+ssh://root@h1/system?keyfile=/secret" };
	struct isahp_error err;

	cr_assert_eq(isahp_remote_import(&remote, "h1", host_xml, NULL, &err), 0, "%s",
		     err.text);
	cr_assert_str_eq(remote.profile.name, "h1");
	cr_assert_str_eq(remote.profile.source, "qemu+ssh://root@h1/system");
	cr_assert_eq(remote.profile.microcode, 167776725);
	cr_assert(has(&remote.profile, ISAHP_FEATURE_AVX2));
	cr_assert(has(&remote.profile, ISAHP_FEATURE_AVX512F));
	isahp_profile_free(&remote.profile);
}

/* Errata are known by who the CPU is, and guests' capabilities do not tell. */
Test(remote, guests_are_given_features_but_the_host_is_who_it_is)
{
	struct isahp_remote remote = { .uri = "x:///", .guests = "kvm", .name = "mine" };
	struct isahp_signature s;

	cr_assert_eq(take(&remote, "EPYC-Rome", "AMD"), 0);
	cr_assert_str_eq(remote.profile.name, "mine");
	cr_assert_str_eq(remote.profile.source, "kvm guests at x:///");
	cr_assert(!has(&remote.profile, ISAHP_FEATURE_AVX2), "disabled");
	cr_assert(!has(&remote.profile, ISAHP_FEATURE_AVX512F), "the host's alone");
	cr_assert(has(&remote.profile, ISAHP_FEATURE_AVX));
	s = isahp_profile_signature(&remote.profile);
	cr_assert_eq(s.family, 25);
	cr_assert_eq(s.model, 1);
	cr_assert_eq(isahp_profile_vendor(&remote.profile), ISAHP_VENDOR_AMD);
	cr_assert_eq(remote.profile.microcode, 167776725);
	cr_assert_eq(isahp_profile_leaf(&remote.profile, 0x80000008, 0)->value[ISAHP_EAX], 48);
	isahp_profile_free(&remote.profile);
}

/* An emulator may show a CPU of another vendor: that one has no such family. */
Test(remote, no_cpu_is_of_two_vendors)
{
	struct isahp_remote remote = { .uri = "x:///", .guests = "qemu" };

	cr_assert_eq(take(&remote, "Haswell", "Intel"), 0);
	cr_assert_eq(isahp_profile_vendor(&remote.profile), ISAHP_VENDOR_INTEL);
	cr_assert_eq(isahp_profile_signature(&remote.profile).family, 0);
	cr_assert_eq(remote.profile.microcode, 0);
	isahp_profile_free(&remote.profile);
}

Test(remote, whatever_a_host_calls_itself_is_a_name)
{
	static const char *const names[][2] = {
		{ "a b\033[31m", "a-b-[31m" }, { "", "host" }, { NULL, "host" },
		{ "h\xc3\xa4", "h--" },
	};
	char longest[300];
	struct isahp_error err;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct isahp_remote remote = { .uri = "x:///" };

		cr_assert_eq(isahp_remote_import(&remote, names[i][0], host_xml, NULL, &err), 0);
		cr_assert_str_eq(remote.profile.name, names[i][1]);
		isahp_profile_free(&remote.profile);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	struct isahp_remote remote = { .uri = longest, .guests = "kvm" };

	cr_assert_eq(isahp_remote_import(&remote, longest, host_xml, host_xml, &err), 0);
	cr_assert(isahp_profile_name_valid(remote.profile.name));
	isahp_profile_free(&remote.profile);
}

Test(remote, what_is_no_capabilities_is_refused)
{
	struct isahp_remote remote = { .uri = "x:///", .name = "h9", .guests = "kvm" };
	struct isahp_error err;

	cr_assert_eq(isahp_remote_import(&remote, NULL, "<html/>", NULL, &err), -EINVAL);
	cr_assert(strstr(err.text, "h9"));
	cr_assert_eq(isahp_remote_import(&remote, NULL, host_xml, "<x", &err), -EINVAL);
	cr_assert(!remote.profile.leaves);
}

Test(remote, files_may_name_hosts_but_no_programs)
{
	static const char *const good[] = {
		"qemu:///system", "qemu+ssh://root@h1/system", "h1", "xen+tls://h1:16514/",
		"qemu+ssh://root@[fe80::1]:22/system?no_tty=1&keyfile=/k&commander=x",
		"qemu+unix:///system?socket=/run/x", "qemu:///system?a&=command&b=command",
	};
	static const char *const bad[] = {
		"", "a b", "qemu+ext://h/", "QEMU+EXT://h/", "qemu:///embed?root=/tmp/x",
		"qemu+ssh://h/system?command=/bin/sh", "qemu+ssh://h/system?Command",
		"qemu+ssh://h/system?a=1&netcat=x", "qemu+ssh://h/system?a=1;command=x",
		"qemu+ssh://h/system?%63ommand=x", "qemu+ssh://h/system?&&command=x",
	};
	struct isahp_error err;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_assert_eq(isahp_remote_uri_check(good[i], &err), 0, "%s: %s", good[i],
			     err.text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(isahp_remote_uri_check(bad[i], &err), -EINVAL, "%s", bad[i]);
}
