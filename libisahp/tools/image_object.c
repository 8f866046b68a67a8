// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An object file, laid out and linked with nothing: each section at an address
 * of its own, relocated; what it does not define is external.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "image_private.h"

#define FIRST_ADDRESS 0x10000
/* Distances have 32 bits; a hostile file's sections may be said to be huge. */
#define LAST_ADDRESS 0x60000000
#define ALIGN_MAX 0x10000

static int add_section(struct image *im, Elf_Scn *section,
		       const GElf_Shdr *head, uint64_t *at)
{
	uint64_t align = head->sh_addralign;
	struct image_segment *s = &im->segments[im->segment_count];
	Elf_Data *data = elf_rawdata(section, NULL);

	if (align < 16 || align > ALIGN_MAX || (align & (align - 1)))
		align = 16;
	*at = (*at + align - 1) & ~(align - 1);
	if (head->sh_size > LAST_ADDRESS - *at)
		return -EINVAL;
	im->bases[elf_ndxscn(section)] = *at;
	if (head->sh_type != SHT_NOBITS && data && data->d_buf && data->d_size) {
		if (image_take(im, data->d_size))
			return -EINVAL;
		s->own = malloc(data->d_size);
		if (!s->own)
			return -ENOMEM;
		memcpy(s->own, data->d_buf, data->d_size);
		s->bytes = s->own;
		s->size = data->d_size;
		s->address = *at;
		s->executable = head->sh_flags & SHF_EXECINSTR;
		s->writable = (head->sh_flags & SHF_WRITE);
		s->note = head->sh_type == SHT_NOTE;
		im->ordered = ++im->segment_count;
	}
	*at += head->sh_size + 1;
	return *at < LAST_ADDRESS ? 0 : -EINVAL;
}

/** struct symbol_table - the one that an object has */
struct symbol_table {
	size_t section;
	Elf_Data *data;
	struct image_strings strings;
};

static int symbol_address(struct image *im, const struct symbol_table *symbols,
			  size_t index, uint64_t *ret_address)
{
	const char *name;
	GElf_Sym sym;

	if (index >= INT32_MAX || !gelf_getsym(symbols->data, (int)index, &sym))
		return -ENOENT;
	if (sym.st_shndx < im->base_count && im->bases[sym.st_shndx]) {
		*ret_address = im->bases[sym.st_shndx] + sym.st_value;
		return 0;
	}
	if (sym.st_shndx == SHN_ABS) {
		*ret_address = sym.st_value;
		return 0;
	}
	name = image_string(&symbols->strings, sym.st_name);
	*ret_address = image_name_external(im, name && *name ? name : "?");
	return *ret_address ? 0 : -ENOMEM;
}

/* AMD64 supplement, table 4.9: S + A or S + A - P, of 32 or 64 bits. */
static void patch(struct image_segment *s, const GElf_Rela *r, uint64_t symbol)
{
	uint64_t value = symbol + (uint64_t)r->r_addend;
	uint64_t place = s->address + r->r_offset;
	size_t size = 4;

	switch (GELF_R_TYPE(r->r_info)) {
	case R_X86_64_64:
		size = 8;
		break;
	case R_X86_64_PC64:
		size = 8;
		value -= place;
		break;
	case R_X86_64_32:
	case R_X86_64_32S:
		break;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		value -= place;
		break;
	default:
		return;
	}
	if (r->r_offset <= s->size && s->size - r->r_offset >= size)
		memcpy(s->own + r->r_offset, &value, size);
}

/* Through the table of addresses, which the linker would make: see image_pointer(). */
static bool by_table(unsigned int type)
{
	return type == R_X86_64_GOTPCREL || type == R_X86_64_GOTPCRELX ||
	       type == R_X86_64_REX_GOTPCRELX;
}

static int relocate_section(struct image *im, struct image_segment *s,
			    Elf_Scn *section, const GElf_Shdr *head,
			    const struct symbol_table *symbols)
{
	Elf_Data *relas;
	GElf_Rela r;
	uint64_t address;
	int i, rc;

	if (head->sh_link != symbols->section)
		return 0;
	/* Before libelf, which may make a copy. */
	if (image_take(im, head->sh_size))
		return -EINVAL;
	relas = elf_getdata(section, NULL);
	for (i = 0; relas && gelf_getrela(relas, i, &r); i++) {
		rc = symbol_address(im, symbols, GELF_R_SYM(r.r_info), &address);
		if (rc == -ENOMEM)
			return rc;
		if (rc)
			continue;
		if (by_table(GELF_R_TYPE(r.r_info))) {
			if (!image_external(im, address))
				address = image_name_external(im, "(local)");
			r.r_info = GELF_R_INFO(0, R_X86_64_PC32);
		}
		patch(s, &r, address);
	}
	return 0;
}

static struct image_segment *segment_of(struct image *im, size_t index)
{
	size_t i;

	if (index >= im->base_count || !im->bases[index])
		return NULL;
	i = array_after(im->segments, im->segment_count, sizeof(*im->segments),
			im->bases[index]);
	return i && im->segments[i - 1].address == im->bases[index] ?
		       &im->segments[i - 1] : NULL;
}

static int relocate_all(struct image *im)
{
	struct symbol_table symbols = { 0 };
	struct image_segment *s;
	Elf_Scn *section;
	GElf_Shdr head;
	int rc = 0;

	section = image_section(im, SHT_SYMTAB, &head);
	if (!section)
		return 0;
	symbols.section = elf_ndxscn(section);
	symbols.data = elf_getdata(section, NULL);
	symbols.strings = image_strings_of(im, head.sh_link);
	section = NULL;
	while (!rc && (section = elf_nextscn(im->elf, section)) != NULL) {
		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_RELA)
			continue;
		s = segment_of(im, head.sh_info);
		if (s && symbols.data)
			rc = relocate_section(im, s, section, &head, &symbols);
	}
	return rc;
}

int image_load_object(struct image *im, const char **ret_why)
{
	uint64_t at = FIRST_ADDRESS;
	Elf_Scn *section = NULL;
	GElf_Shdr head;
	size_t count;
	int rc = 0;

	*ret_why = "no sections that make sense";
	if (elf_getshdrnum(im->elf, &count) || !count || count > 1 << 20)
		return -EINVAL;
	im->segments = calloc(count, sizeof(*im->segments));
	im->bases = calloc(count, sizeof(*im->bases));
	im->base_count = count;
	if (!im->segments || !im->bases)
		return -ENOMEM;
	while (!rc && (section = elf_nextscn(im->elf, section)) != NULL)
		if (gelf_getshdr(section, &head) && (head.sh_flags & SHF_ALLOC) &&
		    elf_ndxscn(section) < count)
			rc = add_section(im, section, &head, &at);
	im->external = (at + 0xffff) & ~0xfffULL;
	return rc ? rc : relocate_all(im);
}
