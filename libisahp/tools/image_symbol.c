// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where functions begin and end: symbols, and unwind tables where stripped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "image_private.h"

/* How far back to look for a symbol that covers an address. */
#define LOOK_BACK 16
/* Of names at one address, to say which is first. */
#define NAME_COMPARED 256

static int add_symbol(struct image *im, const GElf_Sym *sym, const char *name,
		      uint64_t base)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);
	struct image_symbol *s;

	if (sym->st_shndx == SHN_UNDEF || !name || !*name ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
	    !image_executable(im, base + sym->st_value))
		return 0;
	if (array_grow(&im->symbols, im->symbol_count, &im->symbol_room,
		       sizeof(*s)))
		return -ENOMEM;
	s = &im->symbols[im->symbol_count++];
	s->address = base + sym->st_value;
	s->size = sym->st_size;
	s->name = name;
	s->function = type != STT_NOTYPE;
	return 0;
}

/* An object file's symbols count from their section, a program's from zero. */
static uint64_t base_of(const struct image *im, const GElf_Sym *sym)
{
	return sym->st_shndx < im->base_count ? im->bases[sym->st_shndx] : 0;
}

/* gABI: a file has one table of each type at most. */
static int read_table(struct image *im, uint32_t type)
{
	struct image_strings names;
	size_t i, count;
	Elf_Scn *section;
	Elf_Data *data;
	GElf_Shdr head;
	GElf_Sym sym;
	int rc = 0;

	section = image_section(im, type, &head);
	if (!section)
		return 0;
	names = image_strings_of(im, head.sh_link);
	data = elf_getdata(section, NULL);
	count = data ? data->d_size / sizeof(Elf64_Sym) : 0;

	for (i = 0; !rc && i < count && i < INT32_MAX; i++)
		if (gelf_getsym(data, (int)i, &sym))
			rc = add_symbol(im, &sym,
					image_string(&names, sym.st_name),
					base_of(im, &sym));
	return rc;
}

/* By address; at one address those with a size, and functions, last. */
static int by_address(const void *a, const void *b)
{
	const struct image_symbol *s = a, *t = b;

	if (s->address != t->address)
		return s->address < t->address ? -1 : 1;
	if (s->function != t->function)
		return s->function ? 1 : -1;
	if (!s->size != !t->size)
		return s->size ? 1 : -1;
	return strncmp(t->name, s->name, NAME_COMPARED);
}

int image_read_symbols(struct image *im)
{
	int rc = read_table(im, SHT_SYMTAB);

	if (!rc)
		rc = read_table(im, SHT_DYNSYM);
	if (im->symbol_count)
		qsort(im->symbols, im->symbol_count, sizeof(*im->symbols),
		      by_address);
	return rc;
}

/* The last one at or before an address; NULL: none. */
static const struct image_symbol *before(const struct image *im,
					 uint64_t address)
{
	size_t i = array_after(im->symbols, im->symbol_count,
			       sizeof(*im->symbols), address);

	return i ? &im->symbols[i - 1] : NULL;
}

static const struct image_symbol *covering(const struct image *im,
					   uint64_t address)
{
	const struct image_symbol *s = before(im, address);
	unsigned int i;

	for (i = 0; s && i < LOOK_BACK; i++) {
		if (address - s->address < s->size)
			return s;
		s = s > im->symbols ? s - 1 : NULL;
	}
	return NULL;
}

static const struct image_fde *unwind(const struct image *im, uint64_t address)
{
	size_t i = array_after(im->fdes, im->fde_count, sizeof(*im->fdes), address);

	return i && address < im->fdes[i - 1].end ? &im->fdes[i - 1] : NULL;
}

const char *image_symbol(const struct image *im, uint64_t address,
			 uint64_t *ret_offset)
{
	const struct image_symbol *s = covering(im, address);
	const struct image_fde *f = unwind(im, address);

	if (!s)
		s = before(im, address);
	/* One without a size (an assembler's) does not reach past a function. */
	if (!s || (s->size && address - s->address >= s->size) ||
	    (f && s->address < f->begin) ||
	    image_room(im, s->address) <= address - s->address)
		return NULL;
	*ret_offset = address - s->address;
	return s->name;
}

int image_function(const struct image *im, uint64_t address,
		   uint64_t *ret_begin, uint64_t *ret_end)
{
	const struct image_symbol *s = covering(im, address);
	const struct image_fde *f = unwind(im, address);

	if (s) {
		*ret_begin = s->address;
		*ret_end = s->size > UINT64_MAX - s->address ?
				   UINT64_MAX : s->address + s->size;
	} else if (f) {
		*ret_begin = f->begin;
		*ret_end = f->end;
	} else {
		return -ENOENT;
	}
	return 0;
}

int image_functions(const struct image *im,
		    int (*fn)(void *arg, uint64_t address), void *arg)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < im->fde_count; i++)
		rc = fn(arg, im->fdes[i].begin);
	for (i = 0; !rc && i < im->symbol_count; i++)
		if (im->symbols[i].function)
			rc = fn(arg, im->symbols[i].address);
	return rc;
}

static int by_begin(const void *a, const void *b)
{
	const struct image_fde *f = a, *g = b;

	return f->begin < g->begin ? -1 : f->begin > g->begin;
}

static uint32_t word(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/*
 * The FDE's second word is its begin, its third its length, when they are coded
 * as compilers for x86-64 do (LSB core 5.0, 10.6.1.2: pcrel | sdata4). When the
 * begin is not that of the table it is coded otherwise.
 */
static uint64_t fde_end(const struct image *im, uint64_t fde, uint64_t begin)
{
	const uint8_t *bytes = image_at(im, fde, 16);

	if (!bytes || fde + 8 + (uint64_t)(int64_t)(int32_t)word(bytes + 8) != begin)
		return 0;
	return begin + word(bytes + 12);
}

int image_read_fdes(struct image *im, uint64_t header, uint64_t size)
{
	const uint8_t *bytes = image_at(im, header, 12);
	uint64_t room = image_room(im, header);
	uint32_t i, count;

	/* LSB core 5.0, 10.6.2: version, encodings of pointer, count and table. */
	if (!bytes || im->fdes || bytes[0] != 1 || bytes[2] != 0x03 ||
	    bytes[3] != 0x3b)
		return 0;
	count = word(bytes + 8);
	if (size < room)
		room = size;
	if (room < 12 || count > (room - 12) / 8)
		return 0;
	im->fdes = calloc(count ? count : 1, sizeof(*im->fdes));
	if (!im->fdes)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		struct image_fde *f = &im->fdes[im->fde_count];
		const uint8_t *row = bytes + 12 + (size_t)i * 8;

		f->begin = header + (uint64_t)(int64_t)(int32_t)word(row);
		f->end = fde_end(im, header + (uint64_t)(int64_t)(int32_t)word(row + 4),
				 f->begin);
		if (f->end > f->begin)
			im->fde_count++;
	}
	qsort(im->fdes, im->fde_count, sizeof(*im->fdes), by_begin);
	return 0;
}
