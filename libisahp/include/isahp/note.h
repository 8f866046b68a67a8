/* SPDX-License-Identifier: MIT */
/*
 * The ELF note that tells which operations a program or library defines.
 *
 * ISAHP_OPERATION_DEFINE() leaves one note for each operation in the section
 * ".note.isahp", which is loaded and which strip(1) leaves alone. `isahp show`
 * and `isahp check` read it; the library itself does not.
 *
 * A note is as the gABI has it (ch. 5, "Note Section"): namesz, descsz, type,
 * the owner's name, the descriptor; name and descriptor begin at multiples of
 * four bytes. Here the owner is "isahp", the type ISAHP_NOTE_OPERATION, and the
 * descriptor a struct isahp_note_operation with the operation's name behind it.
 *
 * Nothing in the note is relocated when a program is loaded: the variants are
 * found by a distance. What the variants themselves point to (names and code)
 * is relocated as the linker saw fit: R_X86_64_RELATIVE, R_X86_64_64 or RELR.
 *
 * Growth: new fields are appended to the descriptor, and @size tells a reader
 * where the name begins, thus which fields there are. struct isahp_variant may
 * grow and be rearranged: the note says how large one is and where the fields
 * are. A reader that knows less skips the rest.
 */
#ifndef ISAHP_NOTE_H
#define ISAHP_NOTE_H

#include <stddef.h>
#include <stdint.h>

#define ISAHP_NOTE_SECTION ".note.isahp"
#define ISAHP_NOTE_OWNER "isahp"
#define ISAHP_NOTE_OPERATION 1
/* A field that struct isahp_variant does not have. */
#define ISAHP_NOTE_NONE 0xffff

/**
 * struct isahp_note_operation - descriptor of a note: one operation
 * @size: of this struct, in bytes; the name follows, with a NUL at its end.
 * @flags: struct isahp_operation's.
 * @variants: distance from this field to the first struct isahp_variant.
 * @variant_count: how many there are.
 * @variant_size: bytes from one to the next.
 * @name_at: offset in struct isahp_variant of @name,
 * @fn_at: of @fn,
 * @cost_at: of @cost, 32 bits,
 * @needs_at: of @needs,
 * @needs_words: 64-bit words that @needs has,
 * @results_at: of the class of results, 32 bits, or ISAHP_NOTE_NONE.
 *
 * Little-endian. Aligned to four bytes only: copy it out.
 */
struct isahp_note_operation {
	uint32_t size;
	uint32_t flags;
	int64_t variants;
	uint32_t variant_count;
	uint32_t variant_size;
	uint16_t name_at;
	uint16_t fn_at;
	uint16_t cost_at;
	uint16_t needs_at;
	uint16_t needs_words;
	uint16_t results_at;
};

/*
 * ISAHP_NOTE_RECORD_ - leave a note, from inside a function that is kept
 *
 * The operands are the compiler's to name: mangling, static symbols that link
 * time optimisation renames and moves, and sanitizers' substitutes are its
 * affair. "i" of a static object holds in position-independent code as well.
 * The linker takes SHT_NOTE sections for roots of its garbage collection.
 *
 * gcc has no such operand in the large code model: there is no note then.
 */
#if defined(__x86_64__) && defined(__ELF__) &&                                 \
	(defined(__clang__) || !defined(__code_model_large__))
#define ISAHP_NOTE_RECORD_(op, variants, flags)                                \
	__asm__ __volatile__(                                                  \
		".pushsection .note.isahp,\"a\",@note\n"                       \
		"\t.balign 4\n"                                                \
		"\t.4byte 6, 666f - 664f, 1\n"                                 \
		"\t.asciz \"isahp\"\n"                                         \
		"\t.balign 4\n"                                                \
		"664:\t.4byte %c0, %c1\n"                                      \
		"665:\t.8byte %c2 - 665b\n"                                    \
		"\t.4byte %c3, %c4\n"                                          \
		"\t.2byte %c5, %c6, %c7, %c8, %c9, %c10\n"                     \
		"\t.asciz \"" #op "\"\n"                                       \
		"666:\t.balign 4\n"                                            \
		"\t.popsection"                                                \
		:                                                              \
		: "i"(36), "i"(flags), "i"(&(variants)[0]),                    \
		  "i"(sizeof(variants) / sizeof((variants)[0])),               \
		  "i"(sizeof((variants)[0])),                                  \
		  "i"(offsetof(struct isahp_variant, name)),                   \
		  "i"(offsetof(struct isahp_variant, fn)),                     \
		  "i"(offsetof(struct isahp_variant, cost)),                   \
		  "i"(offsetof(struct isahp_variant, needs)),                  \
		  "i"(sizeof((variants)[0].needs) / 8),                        \
		  "i"(offsetof(struct isahp_variant, results)))
#else
#define ISAHP_NOTE_RECORD_(op, variants, flags) ((void)0)
#endif

#endif /* ISAHP_NOTE_H */
