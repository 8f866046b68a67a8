// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "image_private.h"

/* What is longer is no name, and would be gone through again and again. */
#define NAME_LONGEST 65536

static bool covers(const struct image_segment *s, uint64_t address)
{
	return address >= s->address && address - s->address < s->size;
}

/* An object file may have a section for each function. */
static const struct image_segment *segment(const struct image *im,
					   uint64_t address)
{
	size_t i = array_after(im->segments, im->ordered, sizeof(*im->segments),
			       address);

	if (i && covers(&im->segments[i - 1], address))
		return &im->segments[i - 1];
	for (i = im->ordered; i < im->segment_count; i++)
		if (covers(&im->segments[i], address))
			return &im->segments[i];
	return NULL;
}

int image_take(struct image *im, uint64_t size)
{
	if (size > im->file_size - im->taken) {
		im->overlaps = true;
		return -EINVAL;
	}
	im->taken += size;
	return 0;
}

uint64_t image_room(const struct image *im, uint64_t address)
{
	const struct image_segment *s = segment(im, address);

	return s ? s->size - (address - s->address) : 0;
}

const uint8_t *image_at(const struct image *im, uint64_t address, uint64_t size)
{
	const struct image_segment *s = segment(im, address);

	if (!s || s->size - (address - s->address) < size)
		return NULL;
	return s->bytes + (address - s->address);
}

const char *image_text(const struct image *im, uint64_t address)
{
	uint64_t room = image_room(im, address);
	const uint8_t *text = image_at(im, address, room);

	if (room > NAME_LONGEST)
		room = NAME_LONGEST;
	if (!room || !text || !memchr(text, '\0', room))
		return NULL;
	return (const char *)text;
}

struct image_strings image_strings_of(const struct image *im, size_t section)
{
	struct image_strings strings = { 0 };
	Elf_Scn *scn = elf_getscn(im->elf, section);
	GElf_Shdr head;
	Elf_Data *data;
	const char *end;

	if (!scn || !gelf_getshdr(scn, &head) || head.sh_type != SHT_STRTAB)
		return strings;
	data = elf_rawdata(scn, NULL);
	end = data && data->d_buf ? memrchr(data->d_buf, '\0', data->d_size) : NULL;
	if (end) {
		strings.text = data->d_buf;
		strings.size = (size_t)(end - strings.text) + 1;
	}
	return strings;
}

const char *image_string(const struct image_strings *strings, size_t at)
{
	size_t room = at < strings->size ? strings->size - at : 0;

	if (room > NAME_LONGEST)
		room = NAME_LONGEST;
	if (!room || !memchr(strings->text + at, '\0', room))
		return NULL;
	return strings->text + at;
}

Elf_Scn *image_section(const struct image *im, uint32_t type, GElf_Shdr *ret_head)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(im->elf, section)) != NULL)
		if (gelf_getshdr(section, ret_head) && ret_head->sh_type == type)
			break;
	return section;
}

bool image_executable(const struct image *im, uint64_t address)
{
	const struct image_segment *s = segment(im, address);

	return s && s->executable;
}

bool image_constant(const struct image *im, uint64_t address)
{
	const struct image_segment *s = segment(im, address);

	return (s && !s->writable) ||
	       (address >= im->relro && address < im->relro_end);
}

static int by_address(const void *key, const void *member)
{
	uint64_t a = *(const uint64_t *)key;
	uint64_t b = ((const struct image_relocation *)member)->address;

	return a < b ? -1 : a > b;
}

int image_pointer(const struct image *im, uint64_t address,
		  struct image_pointer *ret_pointer)
{
	const struct image_relocation *r = NULL;
	struct image_pointer p = { 0 };
	const uint8_t *bytes;

	if (im->relocation_count)
		r = bsearch(&address, im->relocations, im->relocation_count,
			    sizeof(*r), by_address);
	if (image_external(im, address)) {
		/* An object file has no table of addresses yet. */
		p.value = address;
		p.external = image_external(im, address);
		p.symbolic = true;
	} else if (r) {
		p.value = r->value;
		p.external = r->external;
		p.symbolic = r->symbolic;
		p.ifunc = r->ifunc;
	} else {
		bytes = image_at(im, address, sizeof(p.value));
		if (!bytes)
			return -EFAULT;
		memcpy(&p.value, bytes, sizeof(p.value));
		p.external = image_external(im, p.value);
	}
	*ret_pointer = p;
	return 0;
}

const char *image_external(const struct image *im, uint64_t address)
{
	uint64_t n;

	if (address < im->external)
		return NULL;
	n = (address - im->external) / IMAGE_EXTERNAL_STEP;
	return n < im->external_count ? im->externals[n] : NULL;
}

uint64_t image_name_external(struct image *im, const char *name)
{
	size_t n = im->external_count;

	if (array_grow(&im->externals, n, &im->external_room,
		       sizeof(*im->externals)))
		return 0;
	im->externals[im->external_count++] = name;
	return im->external + n * IMAGE_EXTERNAL_STEP;
}

static uint64_t aligned(uint64_t n)
{
	return (n + 3) & ~3ULL;
}

/* One segment of notes: header, name and descriptor of each. */
static int notes_of(const struct image_segment *s, const char *owner,
		    uint32_t type,
		    int (*fn)(void *arg, uint64_t address,
			      const uint8_t *descriptor, uint32_t size),
		    void *arg)
{
	size_t length = strlen(owner) + 1;
	uint64_t at = 0;
	int rc = 0;

	while (!rc && s->size - at >= 12) {
		uint32_t head[3];
		uint64_t descriptor;

		memcpy(head, s->bytes + at, sizeof(head));
		at += sizeof(head);
		descriptor = at + aligned(head[0]);
		if (descriptor > s->size || s->size - descriptor < head[1])
			break;
		if (head[0] == length && head[2] == type &&
		    !memcmp(s->bytes + at, owner, length))
			rc = fn(arg, s->address + descriptor,
				s->bytes + descriptor, head[1]);
		at = descriptor + aligned(head[1]);
		if (at > s->size)
			break;
	}
	return rc;
}

int image_notes(const struct image *im, const char *owner, uint32_t type,
		int (*fn)(void *arg, uint64_t address, const uint8_t *descriptor,
			  uint32_t size),
		void *arg)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < im->segment_count; i++)
		if (im->segments[i].note)
			rc = notes_of(&im->segments[i], owner, type, fn, arg);
	return rc;
}

int image_open(const void *bytes, size_t size, struct image **ret_image,
	       const char **ret_why)
{
	struct image *im = calloc(1, sizeof(*im));
	int rc;

	*ret_why = "out of memory";
	if (!im)
		return -ENOMEM;
	im->file = bytes;
	im->file_size = size;
	elf_version(EV_CURRENT);
	/* libelf does not write to what it reads by ELF_C_READ's equivalent. */
	im->elf = elf_memory((char *)(uintptr_t)bytes, size);
	rc = image_load(im, ret_why);
	if (!rc) {
		*ret_why = "relocations or symbols that make no sense";
		rc = image_relocate(im);
	}
	if (!rc)
		rc = image_read_symbols(im);
	if (im->overlaps)
		*ret_why = "sections that lie over each other";
	if (rc == -ENOMEM)
		*ret_why = "out of memory";
	if (rc) {
		image_close(im);
		return rc;
	}
	*ret_image = im;
	return 0;
}

void image_close(struct image *im)
{
	size_t i;

	for (i = 0; i < im->segment_count; i++)
		free(im->segments[i].own);
	free(im->segments);
	free(im->relocations);
	free(im->symbols);
	free(im->fdes);
	free(im->externals);
	free(im->bases);
	elf_end(im->elf);
	free(im);
}
