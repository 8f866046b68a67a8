// SPDX-License-Identifier: GPL-2.0-or-later
#include "export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "libvirt_model.h"
#include "names.h"
#include "text.h"
#include "xen_featureset.h"

/* The bits that are known, or 0. */
static __u32 known(const struct isahp_profile *p, __u32 leaf, __u32 subleaf,
		   unsigned int reg)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, leaf, subleaf);

	return l ? l->known[reg] : 0;
}

static __u32 value(const struct isahp_profile *p, __u32 leaf, __u32 subleaf,
		   unsigned int reg)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, leaf, subleaf);

	return l ? l->value[reg] : 0;
}

static bool flag_known(const struct isahp_profile *p, const struct isahp_flag *flag)
{
	const struct isahp_msr *m;

	if (!flag->msr)
		return known(p, flag->leaf, flag->subleaf, flag->reg) >> flag->bit & 1;
	m = isahp_profile_msr(p, flag->leaf);
	return m && m->known >> flag->bit & 1;
}

/* Empty where it is unknown or has anything that could harm a file. */
static void vendor_string(const struct isahp_profile *p, char text[13])
{
	static const unsigned int order[] = { ISAHP_EBX, ISAHP_EDX, ISAHP_ECX };
	size_t i;

	memset(text, 0, 13);
	for (i = 0; i < 3; i++) {
		__u32 part = value(p, 0, 0, order[i]);

		if (known(p, 0, 0, order[i]) != ~0U)
			break;
		memcpy(text + 4 * i, &part, sizeof(part));
	}
	for (i = 0; i < 12; i++)
		if (text[i] < ' ' || text[i] > '~' || strchr("<>&'\"", text[i]))
			text[0] = '\0';
}

/* Are family, model and stepping known, wholly? */
static bool signature_known(const struct isahp_profile *p)
{
	struct isahp_signature s = isahp_profile_signature(p);
	__u32 bits = 0xfff;

	if (s.family >= 6)
		bits |= 0xf << 16;
	if (s.family >= 0xf)
		bits |= 0xff << 20;
	return (known(p, 1, 0, ISAHP_EAX) & bits) == bits;
}

/* APIC IDs, of which each CPU has its own, may be those of a CPU 0. */
static bool leaf_known(const struct isahp_cpuid_leaf *l)
{
	unsigned int reg;

	for (reg = 0; reg < 4; reg++)
		if (~l->known[reg] & isahp_profile_common_bits(l->leaf, reg))
			return false;
	return true;
}

static int write_cpuid(FILE *to, const struct isahp_profile *p, struct isahp_error *err)
{
	size_t i, written = 0;

	fputs("CPU:\n", to);
	for (i = 0; i < p->leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &p->leaves[i];

		if (!leaf_known(l))
			continue;
		fprintf(to, "   0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n",
			l->leaf, l->subleaf, l->value[ISAHP_EAX], l->value[ISAHP_EBX],
			l->value[ISAHP_ECX], l->value[ISAHP_EDX]);
		written++;
	}
	return written ? 0 :
	       isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "%s: no leaf is wholly known, as `cpuid -r` has them: the "
			       "profile is from %s", p->name,
			       p->source[0] ? p->source : "flags alone");
}

static int write_cpuinfo(FILE *to, const struct isahp_profile *p, struct isahp_error *err)
{
	struct isahp_signature s = isahp_profile_signature(p);
	const struct isahp_flag *flag;
	char vendor[13];
	size_t i;

	(void)err;
	vendor_string(p, vendor);
	fputs("processor\t: 0\n", to);
	if (vendor[0])
		fprintf(to, "vendor_id\t: %s\n", vendor);
	if (signature_known(p))
		fprintf(to, "cpu family\t: %u\nmodel\t\t: %u\nstepping\t: %u\n", s.family,
			s.model, s.stepping);
	if (p->microcode)
		fprintf(to, "microcode\t: 0x%x\n", p->microcode);
	if (known(p, 0, 0, ISAHP_EAX) == ~0U && value(p, 0, 0, ISAHP_EAX) <= 0x7fffffff)
		fprintf(to, "cpuid level\t: %u\n", value(p, 0, 0, ISAHP_EAX));
	fputs("flags\t\t:", to);
	for (i = 0; (flag = isahp_flag_at(i)); i++)
		if (*flag->name[ISAHP_FLAG_LINUX] && isahp_flag_get(p, flag))
			fprintf(to, " %s", flag->name[ISAHP_FLAG_LINUX]);
	fputc('\n', to);
	if ((known(p, 1, 0, ISAHP_EBX) & 0xff00) == 0xff00)
		fprintf(to, "clflush size\t: %u\n", (value(p, 1, 0, ISAHP_EBX) >> 8 & 0xff) * 8);
	i = value(p, 0x80000008, 0, ISAHP_EAX);
	if ((known(p, 0x80000008, 0, ISAHP_EAX) & 0xffff) == 0xffff &&
	    (i & 0xff) <= 64 && (i >> 8 & 0xff) <= 64)
		fprintf(to, "address sizes\t: %zu bits physical, %zu bits virtual\n", i & 0xff,
			i >> 8 & 0xff);
	fputc('\n', to);
	return 0;
}

/* May something be said of it: not of registers that were never read. */
static bool flag_counts(const struct isahp_profile *p, const struct isahp_flag *flag)
{
	return *flag->name[ISAHP_FLAG_LIBVIRT] &&
	       (!flag->msr || isahp_profile_msr(p, flag->leaf));
}

/* In how many bits a model differs from a profile. */
static unsigned int distance(const struct isahp_profile *p,
			     const struct isahp_profile *bits)
{
	const struct isahp_flag *flag;
	unsigned int n = 0;
	size_t i;

	for (i = 0; (flag = isahp_flag_at(i)); i++)
		n += flag_counts(p, flag) &&
		     isahp_flag_get(p, flag) != isahp_flag_get(bits, flag);
	return n;
}

static bool vendor_fits(const struct isahp_profile *p,
			const struct isahp_libvirt_model *model)
{
	return !*model->vendor ||
	       !strcasecmp(model->vendor, isahp_vendor_name(isahp_profile_vendor(p)));
}

/* The nearest one; of equal ones the first, which has the shorter name. */
static const struct isahp_libvirt_model *choose_model(const struct isahp_profile *p,
						      struct isahp_profile *ret_bits)
{
	const struct isahp_libvirt_model *model, *best = NULL;
	unsigned int nearest = ~0U, far;
	size_t i;

	for (i = 0; (model = isahp_libvirt_model_at(i)); i++) {
		struct isahp_profile bits = { 0 };

		if (!vendor_fits(p, model))
			continue;
		if (isahp_libvirt_model_set(&bits, model)) {
			isahp_profile_free(&bits);
			isahp_profile_free(ret_bits);
			return NULL;
		}
		far = distance(p, &bits);
		if (far < nearest) {
			isahp_profile_free(ret_bits);
			*ret_bits = bits;
			best = model;
			nearest = far;
		} else {
			isahp_profile_free(&bits);
		}
	}
	return best;
}

static int write_libvirt(FILE *to, const struct isahp_profile *p, struct isahp_error *err)
{
	static const char *const vendors[] = {
		[ISAHP_VENDOR_INTEL] = "Intel", [ISAHP_VENDOR_AMD] = "AMD",
		[ISAHP_VENDOR_HYGON] = "Hygon",
	};
	__u32 vendor = isahp_profile_vendor(p);
	struct isahp_profile bits = { 0 };
	const struct isahp_libvirt_model *model = choose_model(p, &bits);
	const struct isahp_flag *flag;
	size_t i;

	if (!model)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
	fprintf(to, "<cpu mode='custom' match='exact'>\n  <model>%s</model>\n", model->name);
	if (vendor < sizeof(vendors) / sizeof(vendors[0]) && vendors[vendor])
		fprintf(to, "  <vendor>%s</vendor>\n", vendors[vendor]);
	for (i = 0; (flag = isahp_flag_at(i)); i++)
		if (flag_counts(p, flag) &&
		    isahp_flag_get(p, flag) != isahp_flag_get(&bits, flag))
			fprintf(to, "  <feature policy='%s' name='%s'/>\n",
				isahp_flag_get(p, flag) ? "require" : "disable",
				flag->name[ISAHP_FLAG_LIBVIRT]);
	fputs("</cpu>\n", to);
	isahp_profile_free(&bits);
	return 0;
}

static int write_qemu(FILE *to, const struct isahp_profile *p, struct isahp_error *err)
{
	struct isahp_signature s = isahp_profile_signature(p);
	json_t *props = json_object(), *document;
	const struct isahp_flag *flag;
	char vendor[13];
	int rc = 0;
	size_t i;

	vendor_string(p, vendor);
	if (vendor[0])
		rc |= json_object_set_new(props, "vendor", json_string(vendor));
	if (signature_known(p)) {
		rc |= json_object_set_new(props, "family", json_integer(s.family));
		rc |= json_object_set_new(props, "model", json_integer(s.model));
		rc |= json_object_set_new(props, "stepping", json_integer(s.stepping));
	}
	for (i = 0; (flag = isahp_flag_at(i)); i++)
		if (*flag->name[ISAHP_FLAG_QEMU] && flag_known(p, flag))
			rc |= json_object_set_new(props, flag->name[ISAHP_FLAG_QEMU],
						  json_boolean(isahp_flag_get(p, flag)));
	document = json_pack("{s:{s:s, s:o}}", "model", "name", "max", "props", props);
	if (!document || rc || json_dumpf(document, to, JSON_INDENT(2)))
		rc = isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
	json_decref(document);
	fputc('\n', to);
	return rc;
}

/* As many words as there is something to say in. */
static int write_xen(FILE *to, const struct isahp_profile *p, struct isahp_error *err)
{
	size_t i, count = 0;
	__u32 words[ISAHP_XEN_WORDS];

	for (i = 0; i < ISAHP_XEN_WORDS; i++) {
		const struct isahp_xen_word *w = &isahp_xen_words[i];
		const struct isahp_msr *m = w->leaf == ISAHP_XEN_MSR ?
					    isahp_profile_msr(p, w->subleaf) : NULL;

		if (w->leaf == ISAHP_XEN_MSR)
			words[i] = m ? (__u32)(m->value >> w->reg) : 0;
		else
			words[i] = value(p, w->leaf, w->subleaf, w->reg);
		if (w->leaf == 0x80000001 && w->reg == ISAHP_EDX)
			words[i] &= ~ISAHP_XEN_COMMON;
		if (words[i])
			count = i + 1;
	}
	if (count < 4 || !(words[2] >> 29 & 1))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "%s: tells nothing of CPUID 80000001h, without which "
				       "Xen runs nowhere", p->name);
	for (i = 0; i < count; i++)
		fprintf(to, "%s%08x", i ? "-" : "", words[i]);
	fputc('\n', to);
	return 0;
}

static int write_profile(FILE *to, const struct isahp_profile *p, struct isahp_error *err)
{
	char *text = isahp_profile_to_text(p);

	if (!text)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
	fputs(text, to);
	free(text);
	return 0;
}

/* A writer at work. */
struct writing {
	int (*write)(FILE *to, const struct isahp_profile *profile, struct isahp_error *err);
	const struct isahp_profile *profile;
	struct isahp_error *err;
	int *ret;
};

static void run(FILE *to, const void *what)
{
	const struct writing *w = what;

	*w->ret = w->write(to, w->profile, w->err);
}

char *isahp_export(const struct isahp_profile *profile, enum isahp_import_format format,
		   struct isahp_error *err)
{
	static int (*const writers[])(FILE *, const struct isahp_profile *,
				      struct isahp_error *) = {
		[ISAHP_IMPORT_PROFILE] = write_profile, [ISAHP_IMPORT_CPUID] = write_cpuid,
		[ISAHP_IMPORT_CPUINFO] = write_cpuinfo, [ISAHP_IMPORT_LIBVIRT] = write_libvirt,
		[ISAHP_IMPORT_QEMU] = write_qemu, [ISAHP_IMPORT_XEN] = write_xen,
	};
	int rc = 0;
	struct writing w = { .profile = profile, .err = err, .ret = &rc };
	char *text;

	if ((size_t)format >= sizeof(writers) / sizeof(writers[0]) || !writers[format]) {
		isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				"a format to write: profile, cpuid, cpuinfo, libvirt, qemu or "
				"xen");
		return NULL;
	}
	w.write = writers[format];
	text = isahp_text_of(run, &w);
	if (!text && !rc)
		isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
	if (rc) {
		free(text);
		return NULL;
	}
	return text;
}
