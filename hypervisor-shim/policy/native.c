// SPDX-License-Identifier: GPL-2.0-or-later
#include "native.h"

#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <isa-core/cpuid.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "import_formats.h"

/* More than any range or leaf has; a CPU that says otherwise is not believed. */
#define RANGE_MAX 0x100
#define SUBLEAVES_MAX 64

struct reader {
	const struct isahp_native *native;
	struct isahp_profile *profile;
	int rc;
};

static void read_leaf(struct reader *r, __u32 leaf, __u32 subleaf, __u32 v[4])
{
	unsigned int i;

	r->native->cpuid(r->native->context, leaf, subleaf, v);
	for (i = 0; i < 4 && !r->rc; i++)
		r->rc = isahp_profile_set(r->profile, leaf, subleaf, i, ~0U, v[i]);
}

static void read_up_to(struct reader *r, __u32 leaf, __u32 last)
{
	__u32 v[4], i;

	for (i = 1; i <= last && i < SUBLEAVES_MAX; i++)
		read_leaf(r, leaf, i, v);
}

/* Bit N set: there is a subleaf N. */
static void read_of_mask(struct reader *r, __u32 leaf, __u64 mask)
{
	__u32 v[4], i;

	for (i = 1; i < SUBLEAVES_MAX; i++)
		if (mask >> i & 1)
			read_leaf(r, leaf, i, v);
}

/* The first one whose type, some bits of a register, is 0 ends the list. */
static void read_to_type_0(struct reader *r, __u32 leaf, __u32 first,
			   unsigned int reg, __u32 type)
{
	__u32 v[4], i;

	for (i = first; i < SUBLEAVES_MAX; i++) {
		read_leaf(r, leaf, i, v);
		if (!(v[reg] & type))
			return;
	}
}

/*
 * Subleaf 1 tells which components IA32_XSS may have; all have a subleaf of their
 * own (SDM vol. 1, 13.2).
 */
static void read_xsave(struct reader *r, const __u32 v[4])
{
	__u64 mask = (__u64)v[ISAHP_EDX] << 32 | v[ISAHP_EAX];
	__u32 one[4];

	read_leaf(r, 0xd, 1, one);
	mask |= (__u64)one[ISAHP_EDX] << 32 | one[ISAHP_ECX];
	read_of_mask(r, 0xd, mask & ~3ULL);
}

/* SDM vol. 2A, CPUID, table 3-17; APM vol. 3, E.4: what tells of more subleaves. */
static void read_subleaves(struct reader *r, __u32 leaf, const __u32 v[4])
{
	switch (leaf) {
	case 0x4:		/* caches */
	case 0x8000001d:
		if (v[ISAHP_EAX] & 0x1f)
			read_to_type_0(r, leaf, 1, ISAHP_EAX, 0x1f);
		break;
	case 0x7:		/* features */
	case 0x14:		/* processor trace */
	case 0x17:		/* vendor of a system on a chip */
	case 0x18:		/* address translation */
	case 0x1d:		/* tiles */
	case 0x20:		/* history reset */
	case 0x24:		/* AVX10 */
		read_up_to(r, leaf, v[ISAHP_EAX]);
		break;
	case 0xb:		/* topology */
	case 0x1f:
	case 0x80000026:
		if (v[ISAHP_ECX] & 0xff00)
			read_to_type_0(r, leaf, 1, ISAHP_ECX, 0xff00);
		break;
	case 0xd:
		read_xsave(r, v);
		break;
	case 0xf:		/* monitoring */
		read_of_mask(r, leaf, v[ISAHP_EDX]);
		break;
	case 0x10:		/* allocation */
	case 0x80000020:
		read_of_mask(r, leaf, v[ISAHP_EBX]);
		break;
	case 0x12:		/* SGX; sections from subleaf 2 */
		if (v[ISAHP_EAX]) {
			read_up_to(r, leaf, 1);
			read_to_type_0(r, leaf, 2, ISAHP_EAX, 0xf);
		}
		break;
	case 0x1b:		/* PCONFIG */
		if (v[ISAHP_EAX] & 0xfff)
			read_to_type_0(r, leaf, 1, ISAHP_EAX, 0xfff);
		break;
	case 0x1e:		/* matrix multiplication */
		read_up_to(r, leaf, 1);
		break;
	case 0x23:		/* performance monitoring */
		read_of_mask(r, leaf, v[ISAHP_EAX]);
		break;
	}
}

/*
 * Beyond the last leaf Intel's CPUs repeat what the last basic one says: a range
 * that is not there answers with anything.
 */
static void read_range(struct reader *r, __u32 first, const __u32 v[4])
{
	__u32 last = v[ISAHP_EAX], leaf, more[4];

	if (last < first || last - first >= RANGE_MAX)
		return;
	for (leaf = first; leaf <= last && !r->rc; leaf++) {
		read_leaf(r, leaf, 0, more);
		read_subleaves(r, leaf, more);
	}
}

int isahp_native_leaves(const struct isahp_native *native,
			struct isahp_profile *profile)
{
	/* Basic, hypervisor's (Xen's second ones behind another's), AMD's, VIA's. */
	static const __u32 firsts[] = { 0, 0x40000000, 0x40000100, 0x80000000, 0xc0000000 };
	struct reader r = { .native = native, .profile = profile };
	__u32 v[4], features[4];
	size_t i;

	native->cpuid(native->context, 1, 0, features);
	for (i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		/* Bit 31: reserved for hypervisors to say that they have leaves. */
		if (firsts[i] >> 16 == 0x4000 && !(features[ISAHP_ECX] >> 31))
			continue;
		native->cpuid(native->context, firsts[i], 0, v);
		read_range(&r, firsts[i], v);
	}
	return r.rc;
}

int isahp_native_msrs(const struct isahp_native *native,
		      struct isahp_profile *profile)
{
	static const struct {
		__u32 first;
		__u32 last;
	} numbers[] = {
		{ 0x17, 0x17 },			/* platform: which microcode fits */
		{ 0x3a, 0x3a },			/* feature control: VMX, SGX locked */
		{ 0x8b, 0x8b },			/* microcode */
		{ 0xce, 0xcf },			/* platform info, core capabilities */
		{ 0x10a, 0x10a },		/* architectural capabilities */
		{ 0x122, 0x123 },		/* TSX control, MCU options */
		{ 0x130, 0x134 },		/* CPUID masks: Westmere, Sandy Bridge */
		{ 0x140, 0x140 },		/* CPUID faulting */
		{ 0x1a0, 0x1a0 },		/* misc enables: limited CPUID, XD */
		{ 0x345, 0x345 },		/* performance capabilities */
		{ 0x478, 0x478 },		/* CPUID masks: Penryn */
		{ 0x480, 0x493 },		/* VMX */
		{ 0xda0, 0xda0 },		/* XSS */
		{ 0xc0000080, 0xc0000080 },	/* EFER */
		{ 0xc0010015, 0xc0010015 },	/* HWCR: SMM lock, MONITOR in user mode */
		{ 0xc0010114, 0xc0010114 },	/* VM_CR: SVM disabled */
		{ 0xc0010140, 0xc0010141 },	/* OS visible workarounds */
		{ 0xc0011002, 0xc0011005 },	/* CPUID masks: AMD */
		{ 0xc0011029, 0xc0011029 },	/* decoder: serialising LFENCE */
	};
	char path[4096];
	__u64 value;
	__u32 number;
	size_t i;
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/dev/cpu/%u/msr", native->root, native->cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		for (number = numbers[i].first; number <= numbers[i].last && !rc; number++)
			if (pread(fd, &value, sizeof(value), number) == sizeof(value))
				rc = isahp_profile_msr_set(profile, number, ~0ULL, value);
	close(fd);
	return rc;
}

/* The first line of a file, without its end. */
static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fgets(line, (int)size, file);
	fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

__u32 isahp_native_microcode(const struct isahp_native *native)
{
	const char *root = native->root;
	char path[4096], line[8192];
	unsigned long revision = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpu%u/microcode/version",
		 root, native->cpu);
	if (read_line(path, line, sizeof(line)))
		return (__u32)strtoul(line, NULL, 16);
	/* In a guest there is no loader, but the number is shown. */
	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "microcode : %lx", &revision) == 1)
			break;
	fclose(file);
	return (__u32)revision;
}

int isahp_native_kernel(const struct isahp_native *native,
			struct isahp_profile *profile)
{
	char directory[4096], path[4096 + 256 + 1], line[512];
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	snprintf(directory, sizeof(directory), "%s/sys/devices/system/cpu/vulnerabilities",
		 native->root);
	dir = opendir(directory);
	if (!dir)
		return 0;
	while (rc != -ENOMEM && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (entry->d_name[0] != '.' && read_line(path, line, sizeof(line)))
			rc = isahp_profile_mitigation_set(profile, entry->d_name, line);
	}
	closedir(dir);
	return rc == -ENOMEM ? rc : 0;
}

static void native_cpuid(void *context, __u32 leaf, __u32 subleaf, __u32 v[4])
{
	(void)context;
	__cpuid_count(leaf, subleaf, v[ISAHP_EAX], v[ISAHP_EBX], v[ISAHP_ECX],
		      v[ISAHP_EDX]);
}

static void name_host(struct isahp_profile *profile)
{
	struct utsname names;
	size_t i;

	strcpy(profile->name, "localhost");
	strcpy(profile->source, "this host");
	if (uname(&names))
		return;
	for (i = 0; names.nodename[i]; i++)
		if (names.nodename[i] <= ' ' || names.nodename[i] > '~')
			names.nodename[i] = '-';
	names.nodename[ISAHP_PROFILE_NAME_SIZE - 1] = '\0';
	if (names.nodename[0])
		strcpy(profile->name, names.nodename);
	snprintf(profile->kernel, sizeof(profile->kernel), "%.63s", names.release);
}

/* --- CPUs --------------------------------------------------------------------- */

/* As many as Linux can be built for. */
#define CPUS_MAX 8192

union cpus {
	cpu_set_t set;
	unsigned char room[CPUS_MAX / 8];
};

static __u64 native_xcr0(void *context)
{
	(void)context;
	return isahp_cpuid_xcr0();
}

static int native_enter(void *context, unsigned int cpu)
{
	union cpus one;

	(void)context;
	if (cpu >= CPUS_MAX)
		return -EINVAL;
	CPU_ZERO_S(sizeof(one), &one.set);
	CPU_SET_S(cpu, sizeof(one), &one.set);
	return sched_setaffinity(0, sizeof(one), &one.set) ? -errno : 0;
}

/* "0-3,8" */
size_t isahp_native_online(const struct isahp_native *native, unsigned int *ret_cpus,
			   size_t max)
{
	char path[4096], line[8192], *at = line;
	unsigned long first, last;
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/online", native->root);
	if (!read_line(path, line, sizeof(line)))
		return 0;
	while (*at >= '0' && *at <= '9') {
		first = last = strtoul(at, &at, 10);
		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; first <= last && first < CPUS_MAX && count < max; first++)
			ret_cpus[count++] = (unsigned int)first;
		at += *at == ',';
	}
	return count;
}

static int read_cpu(const struct isahp_native *native, struct isahp_profile *profile)
{
	const struct isahp_cpuid_leaf *l;
	int rc = isahp_native_leaves(native, profile);

	if (!rc)
		rc = isahp_native_msrs(native, profile);
	l = isahp_profile_leaf(profile, 1, 0);
	/* OSXSAVE: without it there is no XCR0. */
	profile->xcr0_known = l && l->value[ISAHP_ECX] >> 27 & 1;
	if (profile->xcr0_known)
		profile->xcr0 = native->xcr0(native->context);
	profile->microcode = isahp_native_microcode(native);
	return rc;
}

int isahp_native_cpus(struct isahp_native *native, const unsigned int *cpus,
		      size_t count, struct isahp_profile *profile)
{
	size_t i, entered = 0;
	int rc = 0;

	for (i = 0; i < count && !rc; i++) {
		struct isahp_profile one = { 0 };

		if (native->enter(native->context, cpus[i]))
			continue;
		native->cpu = cpus[i];
		rc = read_cpu(native, entered ? &one : profile);
		if (entered++)
			isahp_import_agree(profile, &one);
		isahp_profile_free(&one);
	}
	return rc || entered ? rc : -ENODEV;
}

/* --- this host ------------------------------------------------------------------ */

static int read_host(struct isahp_native *native, const unsigned int *cpus, size_t count,
		     struct isahp_profile *profile)
{
	union cpus before;
	int rc;

	if (sched_getaffinity(0, sizeof(before), &before.set))
		return -ENODEV;
	rc = isahp_native_cpus(native, cpus, count, profile);
	sched_setaffinity(0, sizeof(before), &before.set);
	return rc ? rc : isahp_native_kernel(native, profile);
}

static int take(const unsigned int *cpus, size_t count, struct isahp_profile *ret_profile,
		struct isahp_error *err)
{
	struct isahp_native native = {
		.cpuid = native_cpuid, .xcr0 = native_xcr0, .enter = native_enter, .root = "",
	};
	struct isahp_profile profile = { 0 };
	int rc;

	name_host(&profile);
	rc = read_host(&native, cpus, count, &profile);
	if (!rc) {
		*ret_profile = profile;
		return 0;
	}
	isahp_profile_free(&profile);
	return isahp_error_set(err, ISAHP_ERROR_FAILED, rc == -ENOMEM ? rc : -EIO,
			       "this host's profile: %s",
			       rc == -ENOMEM ? "out of memory" : rc == -ENODEV ?
			       "the system does not let this thread stay on a CPU" :
			       "more leaves than a CPU has");
}

int isahp_profile_native(struct isahp_profile *ret_profile, struct isahp_error *err)
{
	const struct isahp_native native = { .root = "" };
	unsigned int *cpus = calloc(CPUS_MAX, sizeof(*cpus));
	size_t count;
	int rc;

	if (!cpus)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "this host's profile: out of memory");
	count = isahp_native_online(&native, cpus, CPUS_MAX);
	/* Without /sys: the one that it happens to run on. */
	if (!count && sched_getcpu() >= 0)
		cpus[count++] = (unsigned int)sched_getcpu();
	rc = take(cpus, count, ret_profile, err);
	free(cpus);
	return rc;
}

int isahp_profile_native_cpu(unsigned int cpu, struct isahp_profile *ret_profile,
			     struct isahp_error *err)
{
	union cpus before;
	int rc;

	if (sched_getaffinity(0, sizeof(before), &before.set))
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EIO,
				       "the system does not tell where this thread may run");
	rc = native_enter(NULL, cpu);
	sched_setaffinity(0, sizeof(before), &before.set);
	if (rc)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "there is no CPU %u where this program may run", cpu);
	return take(&cpu, 1, ret_profile, err);
}
