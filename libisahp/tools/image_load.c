// SPDX-License-Identifier: LGPL-2.1-or-later
/* Segments of a program or shared object, by its program headers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_private.h"

/* More than any linker makes; a hostile file may say 2^32. */
#define SEGMENTS_MAX 4096

static bool header_is_right(struct image *im, const char **ret_why)
{
	GElf_Ehdr head;

	*ret_why = "not an ELF file";
	if (!im->elf || elf_kind(im->elf) != ELF_K_ELF ||
	    !gelf_getehdr(im->elf, &head))
		return false;
	*ret_why = "not for x86-64";
	if (head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_ident[EI_DATA] != ELFDATA2LSB || head.e_machine != EM_X86_64)
		return false;
	*ret_why = "neither a program nor a library nor an object file";
	im->type = head.e_type;
	return im->type == ET_EXEC || im->type == ET_DYN || im->type == ET_REL;
}

static bool in_file(const struct image *im, uint64_t offset, uint64_t size)
{
	return offset <= im->file_size && size <= im->file_size - offset;
}

static void load_segment(struct image *im, const GElf_Phdr *p)
{
	struct image_segment *s = &im->segments[im->segment_count];

	if ((p->p_type != PT_LOAD && p->p_type != PT_NOTE) ||
	    !in_file(im, p->p_offset, p->p_filesz) ||
	    p->p_vaddr + p->p_memsz < p->p_vaddr)
		return;
	s->address = p->p_vaddr;
	s->size = p->p_filesz;
	s->bytes = im->file + p->p_offset;
	s->executable = p->p_type == PT_LOAD && (p->p_flags & PF_X);
	s->writable = p->p_type == PT_LOAD && (p->p_flags & PF_W);
	s->note = p->p_type == PT_NOTE;
	if (p->p_type == PT_LOAD && p->p_vaddr + p->p_memsz > im->external)
		im->external = p->p_vaddr + p->p_memsz;
	im->segment_count++;
}

/* Segments that are loaded come first: a note's own is only to be found in. */
static int notes_last(const void *a, const void *b)
{
	const struct image_segment *s = a, *t = b;

	if (s->note != t->note)
		return s->note ? 1 : -1;
	return s->address < t->address ? -1 : s->address > t->address;
}

static int load_program(struct image *im, const char **ret_why)
{
	size_t count, i;
	GElf_Phdr p;

	*ret_why = "no program headers that make sense";
	if (elf_getphdrnum(im->elf, &count) || !count || count > SEGMENTS_MAX)
		return -EINVAL;
	im->segments = calloc(count, sizeof(*im->segments));
	if (!im->segments)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		if (gelf_getphdr(im->elf, (int)i, &p))
			load_segment(im, &p);
	if (!im->segment_count)
		return -EINVAL;
	qsort(im->segments, im->segment_count, sizeof(*im->segments),
	      notes_last);
	while (im->ordered < im->segment_count && !im->segments[im->ordered].note)
		im->ordered++;
	im->external = (im->external + 0xffff) & ~0xfffULL;
	for (i = 0; i < count; i++) {
		if (!gelf_getphdr(im->elf, (int)i, &p))
			continue;
		if (p.p_type == PT_GNU_RELRO) {
			im->relro = p.p_vaddr;
			im->relro_end = p.p_vaddr + p.p_memsz;
		}
		if (p.p_type == PT_GNU_EH_FRAME &&
		    image_read_fdes(im, p.p_vaddr, p.p_memsz))
			return -ENOMEM;
	}
	return 0;
}

int image_load(struct image *im, const char **ret_why)
{
	if (!header_is_right(im, ret_why))
		return -EINVAL;
	if (im->type == ET_REL)
		return image_load_object(im, ret_why);
	return load_program(im, ret_why);
}
