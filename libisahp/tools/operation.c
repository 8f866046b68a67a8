// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <isahp/note.h>
#include <isa-core/features.h>

#include "array.h"
#include "operation.h"

/* In one file: notes may share an array, so that its size is no bound. */
#define VARIANTS_MAX 65536

/* What a note has to have: all that was in the first version. */
#define NOTE_MIN 36

struct reading {
	const struct image *image;
	struct operations *operations;
};

static int read_variant(const struct image *im,
			const struct isahp_note_operation *note, uint64_t at,
			struct variant *v)
{
	const uint8_t *bytes = image_at(im, at, note->variant_size);
	struct image_pointer name;
	size_t words = note->needs_words;

	if (!bytes || image_pointer(im, at + note->name_at, &name) ||
	    image_pointer(im, at + note->fn_at, &v->fn))
		return -EINVAL;
	v->name = image_text(im, name.value);
	if (!v->name)
		v->name = "?";
	memcpy(&v->cost, bytes + note->cost_at, sizeof(v->cost));
	if (words > ISAHP_FEATURE_WORDS)
		words = ISAHP_FEATURE_WORDS;
	memcpy(v->needs.word, bytes + note->needs_at, words * 8);
	if (note->results_at != ISAHP_NOTE_NONE)
		memcpy(&v->results, bytes + note->results_at, sizeof(v->results));
	return 0;
}

static bool fits(const struct isahp_note_operation *note, uint32_t at,
		 uint32_t size)
{
	return at <= note->variant_size && size <= note->variant_size - at;
}

static bool makes_sense(const struct isahp_note_operation *note)
{
	return note->variant_count && fits(note, note->name_at, 8) &&
	       fits(note, note->fn_at, 8) && fits(note, note->cost_at, 4) &&
	       fits(note, note->needs_at, note->needs_words * 8U) &&
	       (note->results_at == ISAHP_NOTE_NONE ||
		fits(note, note->results_at, 4));
}

static int read_variants(const struct reading *r, struct operation *op,
			 const struct isahp_note_operation *note, uint64_t at)
{
	uint32_t i;
	int rc = 0;

	if (note->variant_count > VARIANTS_MAX - r->operations->variants) {
		r->operations->why = "too many variants";
		return -E2BIG;
	}
	op->variants = calloc(note->variant_count, sizeof(*op->variants));
	if (!op->variants)
		return -ENOMEM;
	op->variant_count = note->variant_count;
	r->operations->variants += note->variant_count;
	for (i = 0; !rc && i < note->variant_count; i++)
		rc = read_variant(r->image, note,
				  at + (uint64_t)i * note->variant_size,
				  &op->variants[i]);
	return rc;
}

static int read_note(void *arg, uint64_t address, const uint8_t *descriptor,
		     uint32_t size)
{
	const struct reading *r = arg;
	struct operations *ops = r->operations;
	struct isahp_note_operation note;
	struct operation *op;

	ops->why = "a note of an operation that makes no sense";
	if (size < NOTE_MIN)
		return -EINVAL;
	memset(&note, 0, sizeof(note));
	memcpy(&note, descriptor, NOTE_MIN);
	if (note.size < NOTE_MIN || note.size >= size ||
	    !memchr(descriptor + note.size, '\0', size - note.size) ||
	    !makes_sense(&note))
		return -EINVAL;
	if (array_grow(&ops->list, ops->count, &ops->room, sizeof(*ops->list)))
		return -ENOMEM;
	op = &ops->list[ops->count++];
	memset(op, 0, sizeof(*op));
	op->name = (const char *)descriptor + note.size;
	op->flags = note.flags;
	op->has_results = note.results_at != ISAHP_NOTE_NONE;
	return read_variants(r, op, &note,
			     address + offsetof(struct isahp_note_operation, variants) +
				     (uint64_t)note.variants);
}

int operations_read(const struct image *im, struct operations *ret_operations)
{
	struct reading r = { im, ret_operations };

	memset(ret_operations, 0, sizeof(*ret_operations));
	return image_notes(im, ISAHP_NOTE_OWNER, ISAHP_NOTE_OPERATION, read_note,
			   &r);
}

void operations_free(struct operations *operations)
{
	size_t i;

	for (i = 0; i < operations->count; i++)
		free(operations->list[i].variants);
	free(operations->list);
}
