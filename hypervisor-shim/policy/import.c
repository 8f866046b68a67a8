// SPDX-License-Identifier: GPL-2.0-or-later
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <isahp/abi.h>

#include "entry.h"
#include "import_formats.h"
#include "text.h"

#define NOT_IMPORTED "not-imported"
#define NOT_IMPORTED_MAX 1024

/* 8000_0001h EDX (SDM vol. 2A, CPUID; APM vol. 3, E.4.2). */
#define SYSCALL (1U << 11)
#define LONG_MODE (1U << 29)

static const struct {
	const char *name;
	const char *source;
} formats[] = {
	[ISAHP_IMPORT_AUTO] = { "auto", "" },
	[ISAHP_IMPORT_PROFILE] = { "profile", "" },
	[ISAHP_IMPORT_CPUID] = { "cpuid", "cpuid -r" },
	[ISAHP_IMPORT_CPUINFO] = { "cpuinfo", "/proc/cpuinfo" },
	[ISAHP_IMPORT_LIBVIRT] = { "libvirt", "libvirt" },
	[ISAHP_IMPORT_QEMU] = { "qemu", "QEMU query-cpu-model-expansion" },
	[ISAHP_IMPORT_XEN] = { "xen", "Xen featureset" },
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *isahp_import_format_name(enum isahp_import_format format)
{
	return formats[(size_t)format < FORMATS ? format : ISAHP_IMPORT_AUTO].name;
}

int isahp_import_format_find(const char *name)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i].name, name))
			return (int)i;
	return -ENOENT;
}

int isahp_import_bad(struct isahp_error *err, size_t line, const char *near,
		     const char *what)
{
	char place[32] = "", shown[48];

	if (line)
		snprintf(place, sizeof(place), "line %zu: ", line);
	if (!near)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL, "%s%s", place,
				       what);
	isahp_text_sanitize(shown, sizeof(shown), near, strlen(near));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL, "%s'%s': %s", place,
			       shown, what);
}

int isahp_import_not(struct isahp_profile *profile, const char *what, size_t len)
{
	json_t *array;
	char shown[64];
	size_t i;

	isahp_text_sanitize(shown, sizeof(shown), what, len);
	if (!profile->document)
		profile->document = json_pack("{s:[]}", NOT_IMPORTED);
	array = json_object_get(profile->document, NOT_IMPORTED);
	if (!array)
		return -ENOMEM;
	if (json_array_size(array) >= NOT_IMPORTED_MAX)
		return -E2BIG;
	for (i = 0; i < json_array_size(array); i++)
		if (!strcmp(json_string_value(json_array_get(array, i)), shown))
			return 0;
	return json_array_append_new(array, json_string(shown)) ? -ENOMEM : 0;
}

static void agree_msr(struct isahp_msr *m, const struct isahp_msr *o)
{
	m->known &= o ? o->known & ~(m->value ^ o->value) : 0;
	m->value &= m->known;
}

void isahp_import_agree(struct isahp_profile *profile,
			const struct isahp_profile *other)
{
	const struct isahp_cpuid_leaf *o;
	struct isahp_cpuid_leaf *l;
	size_t i, r;

	for (i = 0; i < profile->leaf_count; i++) {
		l = &profile->leaves[i];
		o = isahp_profile_leaf(other, l->leaf, l->subleaf);
		for (r = 0; r < 4; r++) {
			l->known[r] &= o ? o->known[r] & ~(l->value[r] ^ o->value[r]) : 0;
			l->value[r] &= l->known[r];
		}
	}
	for (i = 0; i < profile->msr_count; i++)
		agree_msr(&profile->msrs[i], isahp_profile_msr(other, profile->msrs[i].number));
	if (profile->microcode != other->microcode)
		profile->microcode = 0;
	profile->xcr0_known &= other->xcr0_known && profile->xcr0 == other->xcr0;
	if (!profile->xcr0_known)
		profile->xcr0 = 0;
}

int isahp_import_vendor(struct isahp_profile *profile, const char *vendor)
{
	__u32 v[3];
	int rc;

	if (strlen(vendor) != sizeof(v))
		return -EINVAL;
	memcpy(v, vendor, sizeof(v));
	rc = isahp_profile_set(profile, 0, 0, ISAHP_EBX, ~0U, v[0]);
	if (!rc)
		rc = isahp_profile_set(profile, 0, 0, ISAHP_EDX, ~0U, v[1]);
	return rc ? rc : isahp_profile_set(profile, 0, 0, ISAHP_ECX, ~0U, v[2]);
}

int isahp_import_signature(struct isahp_profile *profile,
			   const struct isahp_signature *s)
{
	__u32 eax = s->stepping | (s->model & 0xf) << 4, bits = 0xfff;

	if (s->stepping > 0xf || s->model > 0xff || s->family > 0xf + 0xff ||
	    (s->model > 0xf && s->family < 6))
		return -EINVAL;
	eax |= (s->family < 0xf ? s->family : 0xf) << 8;
	/* The reverse of isahp_profile_signature(). */
	if (s->family >= 6) {
		eax |= (s->model >> 4) << 16;
		bits |= 0xf << 16;
	}
	if (s->family >= 0xf) {
		eax |= (s->family - 0xf) << 20;
		bits |= 0xff << 20;
	}
	return isahp_profile_set(profile, 1, 0, ISAHP_EAX, bits, eax);
}

int isahp_import_physical(struct isahp_profile *profile, unsigned int bits)
{
	return isahp_profile_set(profile, 0x80000008, 0, ISAHP_EAX, 0xff, bits);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Has it a line that begins so? */
static bool has_line(const char *text, const char *with)
{
	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (begins(text, with))
			return true;
	}
	return false;
}

/* JSON is told apart by its keys, later. */
static enum isahp_import_format recognise(const char *text)
{
	text += strspn(text, " \t\r\n");
	if (*text == '{')
		return ISAHP_IMPORT_QEMU;
	if (*text == '<')
		return ISAHP_IMPORT_LIBVIRT;
	if (has_line(text, "vendor_id") || has_line(text, "processor"))
		return ISAHP_IMPORT_CPUINFO;
	if (begins(text, "CPU") || begins(text, "0x"))
		return ISAHP_IMPORT_CPUID;
	if (strspn(text, "0123456789abcdefABCDEF") == 8 || has_line(text, "hw_caps") ||
	    begins(text, "features"))
		return ISAHP_IMPORT_XEN;
	return ISAHP_IMPORT_AUTO;
}

static bool is_profile(const json_t *json, enum isahp_import_format format)
{
	return json_object_get(json, "isahp-profile") || format == ISAHP_IMPORT_PROFILE;
}

/*
 * Masks among QEMU's properties have 64 bits, more than an integer of jansson's:
 * as real numbers they do no harm. A profile has no such numbers.
 */
static json_t *load(const char *text, enum isahp_import_format format,
		    json_error_t *ret_where)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, ret_where);
	json_error_t ignored;

	if (json || json_error_code(ret_where) != json_error_numeric_overflow)
		return json;
	json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
			  &ignored);
	if (json && is_profile(json, format)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static int read_json(const char *text, enum isahp_import_format *format,
		     struct isahp_profile *profile, struct isahp_error *err)
{
	char what[JSON_ERROR_TEXT_LENGTH];
	json_error_t where;
	json_t *json = load(text, *format, &where);
	int rc;

	if (!json) {
		isahp_text_sanitize(what, sizeof(what), where.text, sizeof(where.text));
		return isahp_import_bad(err, where.line > 0 ? (size_t)where.line : 0,
					NULL, what);
	}
	if (is_profile(json, *format)) {
		*format = ISAHP_IMPORT_PROFILE;
		rc = isahp_profile_from_json(json, profile, err);
	} else {
		rc = isahp_qemu_json_read(json, profile, err);
	}
	json_decref(json);
	return rc;
}

static int read_text(char *text, enum isahp_import_format *format,
		     struct isahp_profile *profile, struct isahp_error *err)
{
	if (!text[strspn(text, " \t\r\n")])
		return isahp_import_bad(err, 0, NULL, "is empty");
	if (*format == ISAHP_IMPORT_AUTO)
		*format = recognise(text);
	switch (*format) {
	case ISAHP_IMPORT_PROFILE:
	case ISAHP_IMPORT_QEMU:
		return read_json(text, format, profile, err);
	case ISAHP_IMPORT_CPUID:
		return isahp_cpuid_raw_read(text, profile, err);
	case ISAHP_IMPORT_CPUINFO:
		return isahp_cpuinfo_read(text, profile, err);
	case ISAHP_IMPORT_LIBVIRT:
		return isahp_libvirt_xml_read(text, profile, err);
	case ISAHP_IMPORT_XEN:
		return isahp_xen_featureset_read(text, profile, err);
	default:
		return isahp_import_bad(err, 0, NULL,
					"not recognised: not a profile, `cpuid -r`, "
					"/proc/cpuinfo, libvirt's XML, QEMU's CPU model "
					"expansion or a Xen featureset");
	}
}

/* Put whose file it was before what a reader said. */
static int fail(struct isahp_error *err, const char *name, int rc)
{
	char what[ISAHP_ERROR_TEXT_SIZE - 80], shown[72];

	isahp_text_sanitize(shown, sizeof(shown), name, strlen(name));
	if (rc == -ENOMEM)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, rc, "%s: out of memory",
				       shown);
	if (rc == -E2BIG)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "%s: more than any CPU has", shown);
	isahp_text_sanitize(what, sizeof(what), err->text, sizeof(err->text));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, rc, "%s: %s", shown, what);
}

int isahp_import(const char *data, size_t size, enum isahp_import_format format,
		 const char *name, struct isahp_profile *ret_profile,
		 struct isahp_error *err)
{
	struct isahp_profile profile = { 0 };
	char *text;
	int rc;

	err->text[0] = '\0';
	if (!isahp_profile_name_valid(name)) {
		isahp_import_bad(err, 0, NULL, "not a host's name: printable, without "
					       "spaces, fewer than 64 characters");
		return fail(err, name, -EINVAL);
	}
	if (size > ISAHP_IMPORT_MAX || memchr(data, '\0', size)) {
		isahp_import_bad(err, 0, NULL, size > ISAHP_IMPORT_MAX ?
				 "longer than what any host says" : "not a text");
		return fail(err, name, -EINVAL);
	}
	text = strndup(data, size);
	if (!text)
		return fail(err, name, -ENOMEM);
	rc = read_text(text, &format, &profile, err);
	free(text);
	if (!rc && !profile.leaf_count && format != ISAHP_IMPORT_PROFILE)
		rc = isahp_import_bad(err, 0, NULL, "tells nothing of an x86 CPU");
	if (rc) {
		isahp_profile_free(&profile);
		return fail(err, name, rc);
	}
	if (!profile.name[0])
		strcpy(profile.name, name);
	if (!profile.source[0])
		strcpy(profile.source, formats[format].source);
	*ret_profile = profile;
	return 0;
}

static int read_all(int fd, char **ret_data, size_t *ret_size)
{
	size_t size = 0, room = 0;
	char *data = NULL, *more;
	ssize_t got;

	do {
		if (size == room) {
			/* One byte more than may be, to see that it is too much. */
			room = room ? 2 * room : 65536;
			more = size > ISAHP_IMPORT_MAX ? NULL : realloc(data, room);
			if (!more) {
				free(data);
				return size > ISAHP_IMPORT_MAX ? -EFBIG : -ENOMEM;
			}
			data = more;
		}
		do
			got = read(fd, data + size, room - size);
		while (got < 0 && errno == EINTR);
		size += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	if (got < 0) {
		free(data);
		return -errno;
	}
	*ret_data = data;
	*ret_size = size;
	return 0;
}

/* web1.example.org.json -> web1.example.org */
static void name_of(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/'), *end;
	size_t i, len;

	base = base ? base + 1 : path;
	end = strrchr(base, '.');
	len = end && end > base ? (size_t)(end - base) : strlen(base);
	for (i = 0; i < len && i + 1 < size; i++)
		name[i] = base[i] > ' ' && base[i] <= '~' ? base[i] : '-';
	name[i] = '\0';
	if (!i || !strcmp(path, "-"))
		strcpy(name, "host");
}

/* Intel's CPUs do not show SYSCALL to 32-bit code: such a profile misses it. */
static int check_width(struct isahp_profile *profile, struct isahp_error *err)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(profile, 0x80000001, 0);
	int rc;

	if (!l || !(l->value[ISAHP_EDX] & LONG_MODE) ||
	    isahp_profile_vendor(profile) != ISAHP_VENDOR_INTEL ||
	    (l->known[ISAHP_EDX] & ~l->value[ISAHP_EDX] & SYSCALL) != SYSCALL)
		return 0;
	rc = isahp_entry_check(profile, ISAHP_ENTRY_64, err);
	if (rc)
		isahp_profile_free(profile);
	return rc;
}

int isahp_import_file(const char *path, enum isahp_import_format format,
		      const char *name, struct isahp_profile *ret_profile,
		      struct isahp_error *err)
{
	char own[ISAHP_PROFILE_NAME_SIZE], shown[256];
	struct isahp_profile profile;
	bool input = !strcmp(path, "-");
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char *data = NULL;
	size_t size = 0;
	int rc = fd < 0 ? -errno : read_all(fd, &data, &size);

	if (fd >= 0 && !input)
		close(fd);
	if (rc) {
		isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
		return isahp_error_set(err, ISAHP_ERROR_FAILED, rc, "%s: %s", shown,
				       strerror(-rc));
	}
	if (!name)
		name_of(path, own, sizeof(own));
	rc = isahp_import(data, size, format, name ? name : own, &profile, err);
	free(data);
	if (!rc)
		rc = check_width(&profile, err);
	if (!rc)
		*ret_profile = profile;
	return rc;
}
