/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files image*.c share. */
#ifndef ISAHP_TOOL_IMAGE_PRIVATE_H
#define ISAHP_TOOL_IMAGE_PRIVATE_H

#include <gelf.h>

#include "image.h"

/* What other objects define has an address each, this far apart. */
#define IMAGE_EXTERNAL_STEP 16

/* Addresses come first: array_after() looks there. */
struct image_segment {
	uint64_t address;
	uint64_t size;
	const uint8_t *bytes;
	uint8_t *own; /* @bytes, when they are a copy */
	bool executable;
	bool writable;
	bool note;
};

struct image_relocation {
	uint64_t address;
	uint64_t value;
	const char *external;
	bool symbolic;
	bool ifunc;
};

struct image_symbol {
	uint64_t address;
	uint64_t size;
	const char *name;
	bool function;
};

struct image_fde {
	uint64_t begin;
	uint64_t end;
};

struct image {
	Elf *elf;
	const uint8_t *file;
	size_t file_size;
	uint16_t type;
	struct image_segment *segments;
	size_t segment_count;
	size_t ordered; /* of @segments: those that are in order of address */
	size_t taken; /* of the file, by image_take() */
	bool overlaps; /* more was to be taken than there is */
	struct image_relocation *relocations;
	size_t relocation_count, relocation_room;
	struct image_symbol *symbols;
	size_t symbol_count, symbol_room;
	struct image_fde *fdes;
	size_t fde_count;
	uint64_t relro, relro_end;
	uint64_t *bases; /* of an object file's sections, by index */
	size_t base_count;
	uint64_t external; /* first address of what others define */
	const char **externals;
	size_t external_count, external_room;
};

/**
 * image_take - a part of the file that is to be kept, or gone through
 * @size: of it.
 *
 * A linker's sections do not lie over each other: all that is taken is as large
 * as the file at most. One that says the same bytes are a thousand sections
 * could have any amount of memory and time otherwise.
 *
 * -EINVAL: it is more than that.
 */
int image_take(struct image *im, uint64_t size);

/** struct image_strings - a string table, as far as its strings end */
struct image_strings {
	const char *text;
	size_t size;
};

/** image_strings_of - the table that is a section; empty: there is none */
struct image_strings image_strings_of(const struct image *im, size_t section);

/** image_string - of a table; NULL: none that ends, or longer than any name */
const char *image_string(const struct image_strings *strings, size_t at);

/** image_section - the first section of a type, with its header; NULL: none */
Elf_Scn *image_section(const struct image *im, uint32_t type, GElf_Shdr *ret_head);

/** image_name_external - an address for a name that others define; 0: no memory */
uint64_t image_name_external(struct image *im, const char *name);

int image_load(struct image *im, const char **ret_why);		/* image_load.c */
int image_load_object(struct image *im, const char **ret_why);	/* image_object.c */
int image_relocate(struct image *im);				/* image_relocate.c */
int image_read_symbols(struct image *im);			/* image_symbol.c */
int image_read_fdes(struct image *im, uint64_t header, uint64_t size);

#endif /* ISAHP_TOOL_IMAGE_PRIVATE_H */
