/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program or library as it would be in memory, before anything ran.
 *
 * Read from a file that may be hostile: every access is checked against what
 * the file holds, and what is not there is said not to be there.
 */
#ifndef ISAHP_TOOL_IMAGE_H
#define ISAHP_TOOL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

/**
 * struct image_pointer - a pointer in memory, as the loader would make it
 * @value: the address, in the image's own address space. What other objects
 *	define has addresses there too, of which nothing can be read.
 * @external: its name when another object defines it, else NULL.
 * @symbolic: looked up by name when loaded, so that another object's definition
 *	may come before this one's.
 * @ifunc: @value is a resolver's address; what it returns is not known here.
 */
struct image_pointer {
	uint64_t value;
	const char *external;
	bool symbolic;
	bool ifunc;
};

/**
 * image_open - read an ELF file
 * @bytes: all of it; stays the caller's, and must stay.
 * @size: in bytes.
 * @ret_image: given back by image_close().
 * @ret_why: a static text that says what is wrong with it.
 *
 * -EINVAL: not a program, library or object file of x86-64; -ENOMEM.
 */
int image_open(const void *bytes, size_t size, struct image **ret_image,
	       const char **ret_why);
void image_close(struct image *im);

/**
 * image_at - what is in memory
 * @address: where.
 * @size: bytes wanted.
 *
 * Return: the bytes, or NULL when the file does not hold all of them.
 */
const uint8_t *image_at(const struct image *im, uint64_t address, uint64_t size);

/** image_room - how many bytes the file holds from an address on; 0: none */
uint64_t image_room(const struct image *im, uint64_t address);

/** image_text - a string in memory, or NULL when there is none that ends */
const char *image_text(const struct image *im, uint64_t address);

/** image_executable - is it code? */
bool image_executable(const struct image *im, uint64_t address);

/**
 * image_constant - does a pointer keep the value that the loader gave it?
 *
 * True in memory that is not writable, or no longer once it is relocated.
 */
bool image_constant(const struct image *im, uint64_t address);

/**
 * image_pointer - the pointer that stands at an address
 *
 * -EFAULT: the file does not hold it.
 */
int image_pointer(const struct image *im, uint64_t address,
		  struct image_pointer *ret_pointer);

/** image_external - the name of what another object defines, else NULL */
const char *image_external(const struct image *im, uint64_t address);

/**
 * image_symbol - the symbol that an address belongs to
 * @ret_offset: from the symbol's begin.
 *
 * Return: its name, or NULL.
 */
const char *image_symbol(const struct image *im, uint64_t address,
			 uint64_t *ret_offset);

/**
 * image_function - the bounds of the function around an address
 *
 * By the symbol table, or where that was stripped by the unwind table.
 * -ENOENT: neither knows.
 */
int image_function(const struct image *im, uint64_t address,
		   uint64_t *ret_begin, uint64_t *ret_end);

/**
 * image_functions - where functions begin, by unwind table and symbols
 * @fn: called with each address, maybe more than once; nonzero ends.
 *
 * Return: what @fn returned last, else 0.
 */
int image_functions(const struct image *im,
		    int (*fn)(void *arg, uint64_t address), void *arg);

/**
 * image_notes - each note of an owner
 * @fn: called with descriptor and its address; nonzero ends.
 *
 * Return: what @fn returned last, else 0.
 */
int image_notes(const struct image *im, const char *owner, uint32_t type,
		int (*fn)(void *arg, uint64_t address, const uint8_t *descriptor,
			  uint32_t size),
		void *arg);

#endif /* ISAHP_TOOL_IMAGE_H */
