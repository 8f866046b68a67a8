// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the dynamic loader would write, by the dynamic section: System V ABI,
 * AMD64 supplement, table 4.9, and the gABI's "Relative Relocation Table".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "image_private.h"

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

struct dynamic {
	uint64_t rela, rela_size;
	uint64_t plt, plt_size;
	uint64_t relr, relr_size;
	uint64_t symbols;
	uint64_t strings;
};

/* None takes less of the file than a pointer: what it is of, or what tells it. */
static int add(struct image *im, const struct image_relocation *r)
{
	if (im->relocation_count > im->file_size / sizeof(r->value))
		return -EINVAL;
	if (array_grow(&im->relocations, im->relocation_count,
		       &im->relocation_room, sizeof(*r)))
		return -ENOMEM;
	im->relocations[im->relocation_count++] = *r;
	return 0;
}

static int add_relative(struct image *im, uint64_t address)
{
	struct image_relocation r = { .address = address };
	const uint8_t *bytes = image_at(im, address, sizeof(r.value));

	if (!bytes)
		return 0;
	memcpy(&r.value, bytes, sizeof(r.value));
	return add(im, &r);
}

static int symbolic(struct image *im, const struct dynamic *d, uint64_t index,
		    int64_t addend, struct image_relocation *r)
{
	const uint8_t *bytes = image_at(im, d->symbols + index * sizeof(Elf64_Sym),
					sizeof(Elf64_Sym));
	const char *name;
	Elf64_Sym sym;

	if (!bytes)
		return -ENOENT;
	memcpy(&sym, bytes, sizeof(sym));
	name = image_text(im, d->strings + sym.st_name);
	if (!name)
		name = "?";
	r->symbolic = ELF64_ST_BIND(sym.st_info) != STB_LOCAL;
	if (sym.st_shndx == SHN_UNDEF) {
		r->external = name;
		r->value = image_name_external(im, name);
		return r->value ? 0 : -ENOMEM;
	}
	r->value = sym.st_value + (uint64_t)addend;
	r->ifunc = ELF64_ST_TYPE(sym.st_info) == STT_GNU_IFUNC;
	return 0;
}

static int relocate_one(struct image *im, const struct dynamic *d,
			const Elf64_Rela *rela)
{
	struct image_relocation r = {
		.address = rela->r_offset,
		.value = (uint64_t)rela->r_addend,
	};
	int rc;

	switch (ELF64_R_TYPE(rela->r_info)) {
	case R_X86_64_RELATIVE:
		return add(im, &r);
	case R_X86_64_IRELATIVE:
		r.ifunc = true;
		return add(im, &r);
	case R_X86_64_64:
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
		rc = symbolic(im, d, ELF64_R_SYM(rela->r_info), rela->r_addend,
			      &r);
		return rc == -ENOENT ? 0 : rc ? rc : add(im, &r);
	default:
		return 0;
	}
}

static int relocate_rela(struct image *im, const struct dynamic *d,
			 uint64_t address, uint64_t size)
{
	uint64_t room = image_room(im, address);
	uint64_t i, count = (size < room ? size : room) / sizeof(Elf64_Rela);
	Elf64_Rela rela;
	int rc = 0;

	for (i = 0; !rc && i < count; i++) {
		memcpy(&rela, image_at(im, address + i * sizeof(rela), sizeof(rela)),
		       sizeof(rela));
		rc = relocate_one(im, d, &rela);
	}
	return rc;
}

/* An even word is an address; an odd one a bitmap of the 63 words behind. */
static int relocate_relr(struct image *im, uint64_t address, uint64_t size)
{
	uint64_t room = image_room(im, address);
	uint64_t i, count = (size < room ? size : room) / 8;
	uint64_t where = 0, word;
	unsigned int bit;
	int rc = 0;

	for (i = 0; !rc && i < count; i++) {
		memcpy(&word, image_at(im, address + i * 8, 8), 8);
		if (!(word & 1)) {
			rc = add_relative(im, word);
			where = word + 8;
			continue;
		}
		for (bit = 0; !rc && bit < 63; bit++)
			if (word >> (bit + 1) & 1)
				rc = add_relative(im, where + bit * 8);
		where += 63 * 8;
	}
	return rc;
}

static void read_entry(struct dynamic *d, const Elf64_Dyn *dyn)
{
	switch (dyn->d_tag) {
	case DT_RELA:
		d->rela = dyn->d_un.d_ptr;
		break;
	case DT_RELASZ:
		d->rela_size = dyn->d_un.d_val;
		break;
	case DT_JMPREL:
		d->plt = dyn->d_un.d_ptr;
		break;
	case DT_PLTRELSZ:
		d->plt_size = dyn->d_un.d_val;
		break;
	case DT_RELR:
		d->relr = dyn->d_un.d_ptr;
		break;
	case DT_RELRSZ:
		d->relr_size = dyn->d_un.d_val;
		break;
	case DT_SYMTAB:
		d->symbols = dyn->d_un.d_ptr;
		break;
	case DT_STRTAB:
		d->strings = dyn->d_un.d_ptr;
		break;
	}
}

static struct dynamic read_dynamic(struct image *im)
{
	struct dynamic d = { 0 };
	const uint8_t *bytes;
	size_t count, i;
	uint64_t at;
	GElf_Phdr p;
	Elf64_Dyn dyn;

	if (elf_getphdrnum(im->elf, &count))
		return d;
	for (i = 0; i < count; i++) {
		if (!gelf_getphdr(im->elf, (int)i, &p) || p.p_type != PT_DYNAMIC)
			continue;
		/* There is one. */
		for (at = p.p_vaddr;; at += sizeof(dyn)) {
			bytes = image_at(im, at, sizeof(dyn));
			if (!bytes)
				break;
			memcpy(&dyn, bytes, sizeof(dyn));
			if (dyn.d_tag == DT_NULL)
				break;
			read_entry(&d, &dyn);
		}
		break;
	}
	return d;
}

/* A static program's IRELATIVE relocations have a section, and no tag. */
static int relocate_static(struct image *im, const struct dynamic *d)
{
	Elf_Scn *section = NULL;
	GElf_Shdr head;
	int rc = 0;

	while (!rc && (section = elf_nextscn(im->elf, section)) != NULL)
		if (gelf_getshdr(section, &head) && head.sh_type == SHT_RELA &&
		    (head.sh_flags & SHF_ALLOC)) {
			rc = image_take(im, head.sh_size);
			if (!rc)
				rc = relocate_rela(im, d, head.sh_addr, head.sh_size);
		}
	return rc;
}

static int by_address(const void *a, const void *b)
{
	const struct image_relocation *r = a, *s = b;

	return r->address < s->address ? -1 : r->address > s->address;
}

int image_relocate(struct image *im)
{
	struct dynamic d;
	int rc;

	if (im->type == ET_REL)
		return 0;
	d = read_dynamic(im);
	rc = relocate_rela(im, &d, d.rela, d.rela_size);
	if (!rc)
		rc = relocate_rela(im, &d, d.plt, d.plt_size);
	if (!rc)
		rc = relocate_relr(im, d.relr, d.relr_size);
	if (!rc && !im->relocation_count)
		rc = relocate_static(im, &d);
	if (im->relocation_count)
		qsort(im->relocations, im->relocation_count,
		      sizeof(*im->relocations), by_address);
	return rc;
}
