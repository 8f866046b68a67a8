// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <hypervisor-shim/policy/import.h>
#include <hypervisor-shim/policy/native.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* CPUID as a dump tells it; Intel repeats the last leaf where there is none. */
static void cpuid_of(void *context, __u32 leaf, __u32 subleaf, __u32 v[4])
{
	const struct isahp_profile *p = context;
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, leaf, subleaf);

	memset(v, 0, 4 * sizeof(v[0]));
	if (l)
		memcpy(v, l->value, sizeof(l->value));
}

static void cpuid_dice(void *context, __u32 leaf, __u32 subleaf, __u32 v[4])
{
	int i;

	(void)context, (void)leaf, (void)subleaf;
	for (i = 0; i < 4; i++)
		v[i] = random() % 4 ? (__u32)random() << 1 : random() % 300;
}

static void cpuid_ones(void *context, __u32 leaf, __u32 subleaf, __u32 v[4])
{
	(void)context, (void)subleaf;
	memset(v, 0xff, 4 * sizeof(v[0]));
	if (!(leaf & 0xff))
		v[0] = leaf + 0x24;
}

static struct isahp_profile native(void)
{
	struct isahp_profile p;
	struct isahp_error err;

	cr_assert_eq(isahp_profile_native(&p, &err), 0, "%s", err.text);
	return p;
}

Test(native, tells_what_cpuid_tells)
{
	struct isahp_features cpuid = isahp_cpuid_features(), set;
	struct isahp_profile p = native();

	set = isahp_profile_features(&p);
	cr_assert(isahp_features_equal(&set, &cpuid));
	cr_assert_eq(isahp_profile_vendor(&p), isahp_cpuid_vendor());
	cr_assert_eq(p.xcr0, isahp_cpuid_xcr0());
	cr_assert(isahp_profile_name_valid(p.name));
	cr_assert(p.kernel[0]);
	isahp_profile_free(&p);
}

Test(native, leaves_the_thread_where_it_may_run)
{
	cpu_set_t before, after;
	struct isahp_profile p;

	cr_assert_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	p = native();
	cr_assert_eq(sched_getaffinity(0, sizeof(after), &after), 0);
	cr_assert(CPU_EQUAL(&before, &after));
	isahp_profile_free(&p);
}

/* What Linux lists CPUID has; the other way round Linux may hide it. */
Test(native, agrees_with_what_linux_says)
{
	struct isahp_profile p = native(), linux_says;
	const struct isahp_cpuid_leaf *l, *n;
	struct isahp_error err;
	size_t i, r;

	cr_assert_eq(isahp_import_file("/proc/cpuinfo", ISAHP_IMPORT_AUTO, "h",
				       &linux_says, &err), 0, "%s", err.text);
	for (i = 0; i < linux_says.leaf_count; i++) {
		l = &linux_says.leaves[i];
		n = isahp_profile_leaf(&p, l->leaf, l->subleaf);
		cr_assert(n, "leaf %#x.%u", l->leaf, l->subleaf);
		for (r = 0; r < 4; r++) {
			/* The kernel takes away what memory encryption uses. */
			__u32 bits = l->leaf == 0x80000008 && !r ? 0 : l->known[r];

			cr_assert_eq(n->value[r] & bits, l->value[r] & bits,
				     "leaf %#x.%u register %zu: %#x, Linux %#x of %#x",
				     l->leaf, l->subleaf, r, n->value[r], l->value[r], bits);
		}
	}
	cr_assert_eq(p.microcode, linux_says.microcode);
	isahp_profile_free(&p);
	isahp_profile_free(&linux_says);
}

/* The same CPU as a widely used program reads it. */
Test(native, has_what_the_program_cpuid_finds)
{
	struct isahp_profile p = native(), other;
	struct isahp_error err;
	size_t size, i, r, compared = 0;
	char text[65536];
	FILE *program = popen("cpuid -r 2>/dev/null", "re");

	size = program ? fread(text, 1, sizeof(text), program) : 0;
	if (!program || pclose(program) || !size)
		cr_skip_test("the program cpuid is not there");
	/* All CPUs of this host: what differs, APIC IDs for instance, is unknown. */
	cr_assert_eq(isahp_import(text, size, ISAHP_IMPORT_CPUID, "h", &other, &err), 0,
		     "%s", err.text);
	for (i = 0; i < other.leaf_count; i++) {
		const struct isahp_cpuid_leaf *o = &other.leaves[i], *l;

		/* It asks the range of Xeon Phi, too, which others do not have. */
		l = isahp_profile_leaf(&p, o->leaf, o->subleaf);
		if (!l)
			continue;
		for (r = 0; r < 4; r++)
			cr_assert_eq(l->value[r] & o->known[r], o->value[r],
				     "leaf %#x.%u register %zu: %#x, cpuid %#x", o->leaf,
				     o->subleaf, r, l->value[r], o->value[r]);
		compared++;
	}
	cr_assert_gt(compared, 20);
	isahp_profile_free(&p);
	isahp_profile_free(&other);
}

/* Our walk over a dump finds what the program that made it found. */
Test(native, finds_every_leaf_of_a_dump)
{
	struct isahp_profile dump, p = { 0 };
	struct isahp_native n = { .cpuid = cpuid_of, .context = &dump, .root = "" };
	struct isahp_error err;
	size_t i;

	cr_assert_eq(isahp_import_file(POLICY_DATA "/genoa-guest.cpuid.txt", ISAHP_IMPORT_AUTO,
				       NULL, &dump, &err), 0, "%s", err.text);
	cr_assert_eq(isahp_native_leaves(&n, &p), 0);
	for (i = 0; i < dump.leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &dump.leaves[i];
		bool all_zero = !(l->value[0] | l->value[1] | l->value[2] | l->value[3]);

		/* cpuid asks a few subleaves more, which this CPU does not have. */
		cr_assert(all_zero || isahp_profile_leaf(&p, l->leaf, l->subleaf),
			  "leaf %#x.%u", l->leaf, l->subleaf);
	}
	cr_assert(isahp_profile_leaf(&p, 0xd, 9) == NULL);
	cr_assert(isahp_profile_leaf(&p, 0xd, 12), "XSS's components, too");
	cr_assert(isahp_profile_leaf(&p, 0x40000001, 0));
	isahp_profile_free(&dump);
	isahp_profile_free(&p);
}

/* Where there is no such range some CPUs answer with what their last leaf has. */
Test(native, a_range_that_can_not_be_is_no_range)
{
	struct isahp_profile dump, p = { 0 };
	struct isahp_native n = { .cpuid = cpuid_of, .context = &dump, .root = "" };
	struct isahp_error err;
	size_t i;

	cr_assert_eq(isahp_import_file(POLICY_DATA "/genoa-guest.cpuid.txt",
				       ISAHP_IMPORT_AUTO, NULL, &dump, &err), 0);
	isahp_profile_set(&dump, 0xc0000000, 0, ISAHP_EAX, ~0U, 0xd0000000);
	cr_assert_eq(isahp_native_leaves(&n, &p), 0);
	for (i = 0; i < p.leaf_count; i++)
		cr_assert_lt(p.leaves[i].leaf, 0xc0000000);
	isahp_profile_free(&dump);
	isahp_profile_free(&p);
}

Test(native, a_cpu_that_never_ends_is_cut_off)
{
	struct isahp_native n = { .cpuid = cpuid_ones, .root = "" };
	struct isahp_profile p = { 0 };
	unsigned int seed = time(NULL), i;

	cr_assert_eq(isahp_native_leaves(&n, &p), -E2BIG);
	isahp_profile_free(&p);
	n.cpuid = cpuid_dice;
	for (i = 0; i < 100; i++) {
		int rc;

		srandom(seed + i);
		rc = isahp_native_leaves(&n, &p);
		cr_assert(rc == 0 || rc == -E2BIG, "seed %u: %d", seed + i, rc);
		cr_assert_leq(p.leaf_count, ISAHP_PROFILE_LEAVES_MAX);
		isahp_profile_free(&p);
	}
}

static char root[] = "/tmp/isahp-native-XXXXXX";

static void put(const char *path, const char *text, size_t size, off_t at)
{
	char whole[512], *slash;
	int fd;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	fd = open(whole, O_WRONLY | O_CREAT, 0600);
	cr_assert_geq(fd, 0, "%s", whole);
	cr_assert_eq(pwrite(fd, text, size, at), (ssize_t)size);
	close(fd);
}

#define VULNERABILITIES "/sys/devices/system/cpu/vulnerabilities/"

/* A device has eight bytes at each register's number; a file can, too. */
Test(native, reads_microcode_mitigations_and_registers)
{
	struct isahp_native n = { .root = root, .cpu = 3 };
	struct isahp_profile p = { 0 };
	__u64 mask = 0x00802009178bfbffULL;
	char command[128];

	cr_assert(mkdtemp(root));
	put("/proc/cpuinfo", "processor : 0\nmicrocode\t: 0xa10113e\n", 37, 0);
	put(VULNERABILITIES "meltdown", "Not affected\n", 13, 0);
	put(VULNERABILITIES "spectre_v2", "Mitigation: \033[31mIBRS\n", 22, 0);
	put(VULNERABILITIES "a name", "bad\n", 4, 0);
	put("/dev/cpu/3/msr", (const char *)&mask, sizeof(mask), 0xc0011004);
	cr_assert_eq(isahp_native_kernel(&n, &p), 0);
	cr_assert_eq(isahp_native_msrs(&n, &p), 0);
	cr_assert_eq(isahp_native_microcode(&n), 0xa10113e);
	cr_assert_eq(p.mitigation_count, 2);
	cr_assert_str_eq(p.mitigations[0].name, "meltdown");
	cr_assert_str_eq(p.mitigations[1].state, "Mitigation: ?[31mIBRS");
	cr_assert(isahp_profile_msr(&p, 0xc0011004));
	cr_assert_eq(isahp_profile_msr(&p, 0xc0011004)->value, mask);
	cr_assert_eq(isahp_profile_msr(&p, 0xc0011004)->known, ~0ULL);
	cr_assert(!isahp_profile_msr(&p, 0xc0011005), "beyond the file's end");
	put("/sys/devices/system/cpu/cpu3/microcode/version", "0xa101148\n", 10, 0);
	cr_assert_eq(isahp_native_microcode(&n), 0xa101148);
	n.cpu = 2;
	cr_assert_eq(isahp_native_microcode(&n), 0xa10113e);
	isahp_profile_free(&p);
	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_assert_eq(system(command), 0);
}

/*
 * A host of two kinds of cores: what its big ones have and the small ones lack, as
 * Intel's would be if the firmware left AVX-512 on.
 */
struct cores {
	struct isahp_profile big;
	struct isahp_profile small;
	unsigned int on;
};

#define SMALL_FROM 4	/* CPUs 0 to 3 are big, 4 and on small; 7 is gone */

static void cpuid_of_core(void *context, __u32 leaf, __u32 subleaf, __u32 v[4])
{
	struct cores *c = context;

	cpuid_of(c->on < SMALL_FROM ? &c->big : &c->small, leaf, subleaf, v);
	if (leaf == 1)
		v[ISAHP_EBX] = (v[ISAHP_EBX] & 0xffffff) | c->on << 24;
}

static __u64 xcr0_of_core(void *context)
{
	(void)context;
	return 7;
}

static int enter_core(void *context, unsigned int cpu)
{
	((struct cores *)context)->on = cpu;
	return cpu == 7 ? -EINVAL : 0;
}

static void make_cores(struct cores *c)
{
	struct isahp_error err;

	memset(c, 0, sizeof(*c));
	cr_assert_eq(isahp_import_file(POLICY_DATA "/genoa-guest.cpuid.txt", ISAHP_IMPORT_AUTO,
				       NULL, &c->big, &err), 0, "%s", err.text);
	cr_assert_eq(isahp_import_file(POLICY_DATA "/genoa-guest.cpuid.txt", ISAHP_IMPORT_AUTO,
				       NULL, &c->small, &err), 0, "%s", err.text);
	/* AVX512F, and all of 7.1: the small ones have no such subleaf. */
	isahp_profile_set(&c->small, 7, 0, ISAHP_EBX, 1U << 16, 0);
	isahp_profile_set(&c->small, 7, 0, ISAHP_EAX, ~0U, 0);
	isahp_profile_set(&c->big, 7, 1, ISAHP_EAX, ~0U, 1U << 4);
	isahp_profile_set(&c->small, 7, 1, ISAHP_EAX, ~0U, 0);
	put("/dev/cpu/1/msr", "\377\0\0\0\0\0\0", 8, 0x10a);
	put("/dev/cpu/5/msr", "\17\0\0\0\0\0\0", 8, 0x10a);
	put("/sys/devices/system/cpu/cpu1/microcode/version", "0x11\n", 5, 0);
	put("/sys/devices/system/cpu/cpu5/microcode/version", "0x11\n", 5, 0);
	put("/sys/devices/system/cpu/cpu6/microcode/version", "0x12\n", 5, 0);
}

static struct isahp_profile of_cores(struct cores *c, const unsigned int *cpus, size_t count)
{
	struct isahp_native n = {
		.cpuid = cpuid_of_core, .xcr0 = xcr0_of_core, .enter = enter_core,
		.context = c, .root = root,
	};
	struct isahp_profile p = { 0 };

	cr_assert_eq(isahp_native_cpus(&n, cpus, count, &p), 0);
	return p;
}

static __u32 known_of(const struct isahp_profile *p, __u32 leaf, __u32 subleaf, int reg)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, leaf, subleaf);

	return l ? l->known[reg] : 0;
}

Test(native, what_only_some_cores_have_is_not_told)
{
	static const unsigned int orders[][3] = { { 1, 7, 5 }, { 5, 1, 7 }, { 7, 5, 1 } };
	struct isahp_features set;
	char command[128];
	struct cores c;
	size_t i;

	cr_assert(mkdtemp(root));
	make_cores(&c);
	for (i = 0; i < 3; i++) {
		struct isahp_profile p = of_cores(&c, orders[i], 3);

		set = isahp_profile_features(&p);
		cr_assert(isahp_features_has(&set, ISAHP_FEATURE_AVX2));
		cr_assert(!isahp_features_has(&set, ISAHP_FEATURE_AVX512F));
		cr_assert_eq(known_of(&p, 7, 0, ISAHP_EBX), ~(1U << 16));
		/* Told of the big ones alone, whichever came first. */
		cr_assert(!isahp_features_has(&set, ISAHP_FEATURE_AVX_VNNI));
		cr_assert(!(known_of(&p, 7, 1, ISAHP_EAX) & 1U << 4));
		/* APIC IDs 1 and 5. */
		cr_assert_eq(known_of(&p, 1, 0, ISAHP_EBX) >> 24, 0xfb);
		cr_assert_eq(isahp_profile_msr(&p, 0x10a)->known, ~0xf0ULL);
		cr_assert_eq(isahp_profile_msr(&p, 0x10a)->value, 0xf);
		cr_assert_eq(p.microcode, 0x11);
		cr_assert(p.xcr0_known);
		cr_assert_eq(p.xcr0, 7);
		isahp_profile_free(&p);
	}
	isahp_profile_free(&c.big);
	isahp_profile_free(&c.small);
	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_assert_eq(system(command), 0);
}

Test(native, one_core_alone_tells_all_it_has)
{
	static const unsigned int big = 1, mixed[] = { 5, 6 }, gone = 7;
	struct isahp_native n = { .enter = enter_core, .root = root };
	struct isahp_profile p, none = { 0 };
	struct isahp_features set;
	char command[128];
	struct cores c;

	cr_assert(mkdtemp(root));
	make_cores(&c);
	p = of_cores(&c, &big, 1);
	set = isahp_profile_features(&p);
	cr_assert(isahp_features_has(&set, ISAHP_FEATURE_AVX512F));
	cr_assert_eq(known_of(&p, 1, 0, ISAHP_EBX), ~0U);
	isahp_profile_free(&p);
	/* Microcode that was loaded on some alone. */
	p = of_cores(&c, mixed, 2);
	cr_assert_eq(p.microcode, 0);
	isahp_profile_free(&p);
	n.context = &c;
	cr_assert_eq(isahp_native_cpus(&n, &gone, 1, &none), -ENODEV);
	cr_assert_eq(isahp_native_cpus(&n, NULL, 0, &none), -ENODEV);
	isahp_profile_free(&c.big);
	isahp_profile_free(&c.small);
	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_assert_eq(system(command), 0);
}

Test(native, lists_of_cpus_are_read_and_bounded)
{
	static const struct {
		const char *text;
		size_t count;
		unsigned int last;
	} lists[] = {
		{ "0-3,8,10-11\n", 7, 11 }, { "5\n", 1, 5 }, { "\n", 0, 0 },
		{ "0-99999999999\n", 16, 15 }, { "3-1,x,4\n", 0, 0 }, { "8191-9000\n", 1, 8191 },
	};
	struct isahp_native n = { .root = root };
	unsigned int cpus[16];
	char command[128];
	size_t i, count;

	cr_assert(mkdtemp(root));
	cr_assert_eq(isahp_native_online(&n, cpus, 16), 0);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(command, sizeof(command), "rm -rf %s/sys", root);
		cr_assert_eq(system(command), 0);
		put("/sys/devices/system/cpu/online", lists[i].text, strlen(lists[i].text), 0);
		count = isahp_native_online(&n, cpus, 16);
		cr_assert_eq(count, lists[i].count, "%s", lists[i].text);
		if (count)
			cr_assert_eq(cpus[count - 1], lists[i].last, "%s", lists[i].text);
	}
	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_assert_eq(system(command), 0);
}

/* Each CPU of this host: what is told of all is told of each. */
Test(native, all_cpus_say_no_more_than_each)
{
	struct isahp_native n = { .root = "" };
	unsigned int cpus[1024];
	size_t count = isahp_native_online(&n, cpus, 1024), i, j, r, some = 0;
	struct isahp_profile all = native(), one;
	struct isahp_error err;

	cr_assert_gt(count, 0);
	for (i = 0; i < count; i++) {
		if (isahp_profile_native_cpu(cpus[i], &one, &err))
			continue;
		for (j = 0; j < all.leaf_count; j++) {
			const struct isahp_cpuid_leaf *l = &all.leaves[j], *o;

			o = isahp_profile_leaf(&one, l->leaf, l->subleaf);
			for (r = 0; o && r < 4; r++)
				cr_assert_eq(o->value[r] & l->known[r], l->value[r]);
		}
		some++;
		isahp_profile_free(&one);
	}
	cr_assert_gt(some, 0);
	/* Two CPUs have two APIC IDs. */
	cr_assert_eq(known_of(&all, 1, 0, ISAHP_EBX) == ~0U, some == 1);
	cr_assert_eq(isahp_profile_native_cpu(1000000, &one, &err), -EINVAL);
	cr_assert(strstr(err.text, "1000000"));
	isahp_profile_free(&all);
}

Test(native, a_profile_survives_its_file)
{
	struct isahp_profile p = native(), back;
	char *text = isahp_profile_to_text(&p), *again;
	struct isahp_error err;

	cr_assert_eq(isahp_import(text, strlen(text), ISAHP_IMPORT_AUTO, "other", &back,
				  &err), 0, "%s", err.text);
	again = isahp_profile_to_text(&back);
	cr_assert_str_eq(text, again);
	cr_assert_str_eq(back.name, p.name);
	cr_assert_str_eq(back.source, "this host");
	free(text);
	free(again);
	isahp_profile_free(&p);
	isahp_profile_free(&back);
}
