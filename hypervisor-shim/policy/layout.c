// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>

#include "text.h"

#define LEAF_XSAVE 0xd
/* No image is that large: AMX's, the largest, has 11 KiB. */
#define IMAGE_MAX 65536

static bool has(__u64 xcr0, unsigned int number)
{
	return xcr0 >> number & 1;
}

int isahp_layout_from_guest(const struct isahp_register_args *args,
			    struct isahp_layout *ret_layout)
{
	struct isahp_layout layout = { .xcr0 = args->xcr0 };
	__u64 told = 3;
	__u32 i;

	memset(ret_layout, 0, sizeof(*ret_layout));
	if (args->components > ISAHP_XSAVE_COMPONENTS)
		return -EINVAL;
	if (!args->components)
		return 0;
	for (i = 0; i < args->components; i++) {
		const struct isahp_xsave_component *c = &args->component[i];

		if (c->number < ISAHP_LAYOUT_FIRST || c->number >= ISAHP_LAYOUT_END ||
		    has(told, c->number) || !has(args->xcr0, c->number) ||
		    c->offset > IMAGE_MAX || c->size > IMAGE_MAX)
			return -EINVAL;
		told |= 1ULL << c->number;
		layout.component[c->number].offset = c->offset;
		layout.component[c->number].size = c->size;
	}
	layout.known = told == args->xcr0 ||
		       args->components == ISAHP_XSAVE_COMPONENTS;
	if (!layout.known)
		return -EINVAL;
	*ret_layout = layout;
	return 0;
}

struct isahp_layout isahp_layout_native(__u64 xcr0)
{
	struct isahp_layout layout = { .known = true, .xcr0 = xcr0 };
	unsigned int eax, ebx, ecx, edx, i;

	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		if (!has(xcr0, i) ||
		    !__get_cpuid_count(LEAF_XSAVE, i, &eax, &ebx, &ecx, &edx))
			continue;
		layout.component[i].offset = ebx;
		layout.component[i].size = eax;
	}
	return layout;
}

/*
 * struct X86XSaveArea of QEMU's target/i386/cpu.h, the layout of Intel's server
 * CPUs; under TCG no other is used.
 */
struct isahp_layout isahp_layout_tcg(__u64 xcr0)
{
	static const struct {
		__u8 number;
		__u16 offset;
		__u16 size;
	} table[] = {
		{ 2, 0x240, 256 },	/* AVX */
		{ 3, 0x3c0, 64 },	/* MPX bounds */
		{ 4, 0x400, 64 },	/* MPX configuration */
		{ 5, 0x440, 64 },	/* AVX-512 masks */
		{ 6, 0x480, 512 },	/* ZMM_Hi256 */
		{ 7, 0x680, 1024 },	/* Hi16_ZMM */
		{ 9, 0xa80, 8 },	/* PKRU */
		{ 17, 0xac0, 64 },	/* AMX configuration */
		{ 18, 0xb00, 8192 },	/* AMX tiles */
	};
	struct isahp_layout layout = { .known = true, .xcr0 = xcr0 };
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!has(xcr0, table[i].number))
			continue;
		layout.component[table[i].number].offset = table[i].offset;
		layout.component[table[i].number].size = table[i].size;
	}
	return layout;
}

json_t *isahp_layout_to_json(const struct isahp_layout *layout)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		if (!has(layout->xcr0, i))
			continue;
		json_array_append_new(
			array, json_pack("{s:i, s:s, s:I, s:I}", "number", (int)i,
					 "name", isahp_layout_name(i), "offset",
					 (json_int_t)layout->component[i].offset,
					 "size",
					 (json_int_t)layout->component[i].size));
	}
	return json_pack("{s:I, s:o}", "xcr0", (json_int_t)layout->xcr0,
			 "components", array);
}

int isahp_layout_from_json(const json_t *json, struct isahp_layout *ret_layout,
			   struct isahp_error *err)
{
	const json_t *xcr0 = json_object_get(json, "xcr0"), *c;
	const json_t *array = json_object_get(json, "components");
	struct isahp_layout layout = { .known = true };
	size_t i;

	if (!json_is_integer(xcr0) || !json_is_array(array))
		goto malformed;
	layout.xcr0 = (__u64)json_integer_value(xcr0);
	json_array_foreach(array, i, c) {
		json_int_t number, offset, size;

		if (json_unpack((json_t *)c, "{s:I, s:I, s:I}", "number", &number,
				"offset", &offset, "size", &size) ||
		    number < ISAHP_LAYOUT_FIRST || number >= ISAHP_LAYOUT_END ||
		    offset < 0 || offset > IMAGE_MAX || size < 0 || size > IMAGE_MAX)
			goto malformed;
		layout.component[number].offset = offset;
		layout.component[number].size = size;
	}
	*ret_layout = layout;
	return 0;

malformed:
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "malformed XSAVE layout");
}

bool isahp_layout_differs(const struct isahp_layout *guest,
			  const struct isahp_layout *target, unsigned int number,
			  char *why, size_t size)
{
	__u32 offset = guest->component[number].offset;
	__u32 there = target->component[number].offset;

	why[0] = '\0';
	if (!has(guest->xcr0, number))
		return false;
	if (!has(target->xcr0, number)) {
		isahp_text_append(why, size,
				  "XCR0 bit %u is enabled and missing there", number);
		return true;
	}
	if (guest->component[number].size != target->component[number].size) {
		isahp_text_append(why, size,
				  "has %u bytes in an XSAVE image, %u there",
				  guest->component[number].size,
				  target->component[number].size);
		return true;
	}
	if (offset != there)
		isahp_text_append(why, size,
				  "lies at byte %u of an XSAVE image, at %u there",
				  offset, there);
	return offset != there;
}

const char *isahp_layout_name(unsigned int number)
{
	static const char *const names[] = {
		[2] = "AVX", [3] = "BNDREGS", [4] = "BNDCSR", [5] = "opmask",
		[6] = "ZMM_Hi256", [7] = "Hi16_ZMM", [8] = "PT", [9] = "PKRU",
		[10] = "PASID", [11] = "CET_U", [12] = "CET_S", [13] = "HDC",
		[14] = "UINTR", [15] = "LBR", [16] = "HWP",
		[17] = "XTILECFG", [18] = "XTILEDATA", [19] = "APX", [62] = "LWP",
	};

	return number < sizeof(names) / sizeof(names[0]) && names[number] ?
		       names[number] : "unknown";
}
