// SPDX-License-Identifier: MIT
/*
 * The decoder against Zydis: over all opcodes with all that selects among their
 * forms, over random bytes, and over every byte offset of the code of libraries
 * on this machine, the two see the same instructions, of the same length, with
 * the same operands, that need the same features.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_zydis.h"

#define ROUNDS 3000000
#define LIBRARY_BYTES (2u << 20) /* of one library, from a random place on */

static unsigned long agreed[2];
static unsigned long differences;

static bool is_long(void)
{
	return getenv("ISAHP_LONG");
}

static void setup(void)
{
	const char *text = getenv("ISAHP_SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) :
				   (unsigned int)getpid();

	printf("ISAHP_SEED=%u\n", seed);
	srandom(seed);
	zydis_init();
}

static bool compare(const __u8 *b, enum isahp_code_mode mode)
{
	switch (zydis_compare(b, mode)) {
	case ZYDIS_AGREES:
		agreed[mode]++;
		return true;
	case ZYDIS_NOTHING:
		return false;
	default:
		/* All of them would be a flood. */
		if (differences++ < 20)
			printf("%s\n", zydis_difference());
		return false;
	}
}

static void finish(void)
{
	printf("agreed on %lu in 64-bit and %lu in 32-bit code\n",
	       agreed[ISAHP_CODE_64], agreed[ISAHP_CODE_32]);
	cr_assert_eq(differences, 0, "%lu differences", differences);
}

/* --- all opcodes ---------------------------------------------------------- */

static unsigned int below(unsigned int n)
{
	return (unsigned int)random() % n;
}

/* Bits that select a form, and where they stand. */
struct point {
	unsigned int map, opcode, pp, w, length, modrm;
};

static size_t put_prefixes(__u8 *b)
{
	static const __u8 segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	size_t n = 0;

	if (!below(8))
		b[n++] = 0x67;
	if (!below(8))
		b[n++] = segments[below(sizeof(segments))];
	return n;
}

/* @pp has 66 in its lowest bit, F3 or F2 above. */
static size_t put_legacy(__u8 *b, const struct point *p, enum isahp_code_mode mode)
{
	size_t n = put_prefixes(b);

	if (!below(40))
		b[n++] = 0xf0;
	if (p->pp & 1)
		b[n++] = 0x66;
	if (p->pp > 1)
		b[n++] = p->pp < 4 ? 0xf3 : 0xf2;
	if (mode == ISAHP_CODE_64 && (p->w || below(2)))
		b[n++] = 0x40 | p->w << 3 | below(8);
	if (p->map)
		b[n++] = 0x0f;
	if (p->map > 1)
		b[n++] = p->map == 2 ? 0x38 : 0x3a;
	return n;
}

static size_t put_vex(__u8 *b, const struct point *p, enum isahp_code_mode mode)
{
	unsigned int vvvv = below(2) ? 15 : below(16);
	unsigned int rxb = mode == ISAHP_CODE_64 ? below(8) : 6 | below(2);
	size_t n = put_prefixes(b);

	/* What must not stand before it. */
	if (!below(64))
		b[n++] = below(2) ? 0x66 : 0xf3;
	if (!below(64) && mode == ISAHP_CODE_64)
		b[n++] = 0x40 | below(16);
	if (p->map == 1 && !p->w && (rxb & 3) == 3 && below(2)) {
		b[n++] = 0xc5;
		b[n++] = rxb >> 2 << 7 | vvvv << 3 | p->length << 2 | p->pp;
		return n;
	}
	b[n++] = 0xc4;
	b[n++] = rxb << 5 | p->map;
	b[n++] = p->w << 7 | vvvv << 3 | p->length << 2 | p->pp;
	return n;
}

static size_t put_evex(__u8 *b, const struct point *p, enum isahp_code_mode mode)
{
	unsigned int vvvv = below(3) ? 15 : below(16);
	unsigned int rxbr = mode == ISAHP_CODE_64 ? below(16) : 12 | below(4);
	unsigned int aaa = below(2) ? 0 : below(8);
	size_t n = put_prefixes(b);

	b[n++] = 0x62;
	/* Bits that are reserved: 3 of the first byte, 2 of the second. */
	b[n++] = rxbr << 4 | (below(64) ? p->map : below(16));
	b[n++] = p->w << 7 | vvvv << 3 | (below(64) ? 4 : 0) | p->pp;
	b[n++] = (!below(4)) << 7 | p->length << 5 | (!below(3)) << 4 |
		 (below(4) ? 8 : 0) | aaa;
	return n;
}

typedef size_t (*put_fn)(__u8 *b, const struct point *p, enum isahp_code_mode mode);

/*
 * What selects no form is drawn at random each time. Of EVEX there is so much that
 * ModRM is drawn as well.
 */
static void walk_opcode(put_fn put, struct point p, unsigned int pps,
			unsigned int lengths)
{
	bool drawn = put == put_evex && !is_long();
	unsigned int modrms = drawn ? 64 : 256, m;
	__u8 b[2 * ISAHP_INSTRUCTION_MAX];
	size_t n, i;
	int mode;

	for (p.pp = 0; p.pp < pps; p.pp++)
		for (p.w = 0; p.w < 2; p.w++)
			for (p.length = 0; p.length < lengths; p.length++)
				for (m = 0; m < modrms; m++)
					for (mode = 0; mode < 2; mode++) {
						for (i = 0; i < sizeof(b); i++)
							b[i] = (__u8)random();
						p.modrm = drawn ? below(256) : m;
						n = put(b, &p, mode);
						b[n] = p.opcode;
						b[n + 1] = p.modrm;
						compare(b, mode);
					}
}

static void walk_maps(put_fn put, unsigned int first_map, unsigned int pps,
		      unsigned int lengths)
{
	struct point p;

	unsigned int rounds;

	for (p.map = first_map; p.map < 4; p.map++)
		for (p.opcode = 0; p.opcode < 256; p.opcode++) {
			/* Gathers and scatters are picky. */
			rounds = p.map == 2 && p.opcode >= 0x90 &&
				 p.opcode < 0xa8 ? 16 : 1;
			while (rounds--)
				walk_opcode(put, p, pps, lengths);
		}
}

static unsigned int unseen_forms(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < isahp_form_count; i++)
		n += !zydis_form_seen(i);
	return n;
}

Test(decoder, sees_in_all_opcodes_what_zydis_sees, .init = setup)
{
	unsigned int i;

	walk_maps(put_legacy, 0, 6, 1);
	walk_maps(put_vex, 1, 4, 2);
	walk_maps(put_evex, 1, 4, 4);
	/* Of the drawn bits some forms want particular ones. */
	for (i = 0; i < 8 && unseen_forms(); i++)
		walk_maps(put_evex, 1, 4, 4);
	for (i = 0; i < isahp_form_count; i++)
		if (!zydis_form_seen(i))
			printf("never seen: %s\n", zydis_form_name(i));
	printf("%u forms, %u of them never seen\n", isahp_form_count, unseen_forms());
	finish();
	cr_assert_eq(unseen_forms(), 0);
}

/* --- random bytes ----------------------------------------------------------- */

/*
 * At the end of a page with nothing behind it: the decoder neither looks behind
 * what it is given nor needs less than it says.
 */
static void check_ends(__u8 *end, const __u8 *b, enum isahp_code_mode mode)
{
	struct isahp_instruction in, again;
	size_t n;

	if (isahp_instruction_decode(b, ISAHP_INSTRUCTION_MAX, mode, &in) !=
	    ISAHP_DECODED)
		return;
	for (n = 0; n <= in.length; n++) {
		memcpy(end - n, b, n);
		cr_assert_eq(isahp_instruction_decode(end - n, n, mode, &again),
			     n < in.length ? ISAHP_DECODED_SHORT : ISAHP_DECODED,
			     "%zu of %u bytes: %s", n, in.length,
			     zydis_form_name(in.form));
	}
	cr_assert_arr_eq(&in, &again, sizeof(in));
}

/* Random bytes, most of them with prefixes and an escape. */
static void draw(__u8 *b)
{
	static const __u8 prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e,
					 0x36, 0x3e, 0x64, 0x65, 0x41, 0x48, 0x4f };
	static const __u8 escapes[] = { 0x0f, 0x0f, 0xc4, 0xc5, 0x62, 0x62 };
	size_t n = 0;
	int i;

	for (i = 0; i < ISAHP_INSTRUCTION_MAX; i++)
		b[i] = (__u8)random();
	if (!below(8))
		return;
	while (n < 13 && !below(3))
		b[n++] = prefixes[below(sizeof(prefixes))];
	if (below(3))
		b[n++] = escapes[below(sizeof(escapes))];
	if (below(2))
		b[n] = below(2) ? 0x38 : 0x3a;
}

Test(decoder, sees_in_random_bytes_what_zydis_sees, .init = setup, .timeout = 3600)
{
	unsigned long rounds = is_long() ? 100UL * ROUNDS : ROUNDS, i;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	__u8 b[ISAHP_INSTRUCTION_MAX];
	__u8 *end = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(end, MAP_FAILED);
	end += page;
	cr_assert_eq(mprotect(end, page, PROT_NONE), 0);
	for (i = 0; i < rounds; i++) {
		draw(b);
		if (compare(b, i & 1) && !(i & 0xf0))
			check_ends(end, b, i & 1);
	}
	finish();
	cr_assert_geq(agreed[0], rounds / 20);
	cr_assert_geq(agreed[1], rounds / 20);
}

/* --- libraries --------------------------------------------------------------- */

struct file {
	const char *name;
	const __u8 *bytes;
	size_t size;
};

/* Where Debian has libraries, of 64-bit and of 32-bit programs. */
static int open_library(const char *name)
{
	static const char *const folders[] = { "/usr/lib/x86_64-linux-gnu", "/usr" };
	char path[256];
	size_t i;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]) && fd < 0; i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

static bool map_library(const char *name, struct file *ret)
{
	int fd = open_library(name);
	void *p = MAP_FAILED;
	struct stat st;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st))
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	*ret = (struct file){ name, p, (size_t)st.st_size };
	return p != MAP_FAILED;
}

/* At each byte, instruction or not. */
static unsigned long walk_code(const struct file *f, size_t from, size_t size,
			       enum isahp_code_mode mode)
{
	unsigned long ours = 0;
	size_t end, bytes;

	if (from > f->size || size > f->size - from || size < 64)
		return 0;
	end = from + size - ISAHP_INSTRUCTION_MAX;
	if (end - from > LIBRARY_BYTES && !is_long()) {
		from += (size_t)random() % (end - from - LIBRARY_BYTES);
		end = from + LIBRARY_BYTES;
	}
	bytes = end - from;
	for (; from < end; from++)
		ours += compare(f->bytes + from, mode);
	printf("%s: %zu bytes, %lu instructions of ours\n", f->name, bytes, ours);
	return bytes;
}

static unsigned long walk_64(const struct file *f)
{
	const Elf64_Ehdr *e = (const void *)f->bytes;
	unsigned long bytes = 0;
	int i;

	for (i = 0; i < e->e_phnum; i++) {
		const Elf64_Phdr *p = (const void *)(f->bytes + e->e_phoff +
						     (size_t)i * sizeof(*p));

		if (p->p_type == PT_LOAD && p->p_flags & PF_X)
			bytes += walk_code(f, p->p_offset, p->p_filesz, ISAHP_CODE_64);
	}
	return bytes;
}

static unsigned long walk_32(const struct file *f)
{
	const Elf32_Ehdr *e = (const void *)f->bytes;
	unsigned long bytes = 0;
	int i;

	for (i = 0; i < e->e_phnum; i++) {
		const Elf32_Phdr *p = (const void *)(f->bytes + e->e_phoff +
						     (size_t)i * sizeof(*p));

		if (p->p_type == PT_LOAD && p->p_flags & PF_X)
			bytes += walk_code(f, p->p_offset, p->p_filesz, ISAHP_CODE_32);
	}
	return bytes;
}

static unsigned long walk_library(const char *name)
{
	unsigned long bytes;
	struct file f;

	if (!map_library(name, &f)) {
		printf("%s: not on this machine\n", name);
		return 0;
	}
	bytes = f.bytes[EI_CLASS] == ELFCLASS32 ? walk_32(&f) : walk_64(&f);
	munmap((void *)f.bytes, f.size);
	return bytes;
}

/* $ISAHP_LIBRARIES names more of them, or other ones, with : between. */
static unsigned long walk_named(void)
{
	const char *text = getenv("ISAHP_LIBRARIES");
	unsigned long bytes = 0;
	char *list, *name, *rest;

	if (!text)
		return 0;
	list = strdup(text);
	for (name = strtok_r(list, ":", &rest); name; name = strtok_r(NULL, ":", &rest))
		bytes += walk_library(name);
	free(list);
	return bytes;
}

Test(decoder, sees_in_libraries_what_zydis_sees, .init = setup, .timeout = 3600)
{
	static const char *const names[] = {
		"libc.so.6", "libm.so.6", "libmvec.so.1", "libcrypto.so.3",
		"libopenblas.so.0", "libx264.so.164", "libdav1d.so.6",
		"libavcodec.so.59", "lib32/libc.so.6",
	};
	unsigned long all = walk_named();
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		all += walk_library(names[i]);
	finish();
	cr_assert_geq(all, 4u << 20);
}
