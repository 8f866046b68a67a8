// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>
#include "block.h"
#include "choice.h"

#define BUCKETS 1024
#define CHUNK 64	/* descriptors that are allocated at a time */

static struct isahp_block *buckets[BUCKETS];
static struct isahp_link *users[ISAHP_FEATURE_MAX];
static struct isahp_features needs;
static uint64_t visits, visited;

/*
 * Descriptors that are nobody's, linked by @priv. Their memory is never given
 * back and never becomes anything else: a reader's slot may for a moment hold
 * one that is gone, and who scans it may then still look at its features.
 */
static struct isahp_descriptor *unused;

static bool refill(void)
{
	struct isahp_descriptor *d;
	size_t i;

	d = aligned_alloc(__alignof__(*d), CHUNK * sizeof(*d));
	if (!d)
		return false;
	memset(d, 0, CHUNK * sizeof(*d));
	for (i = CHUNK; i--;) {
		d[i].priv = unused;
		unused = &d[i];
	}
	return true;
}

static struct isahp_descriptor *descriptor_get(const struct isahp_variant *v,
					       struct isahp_block *b)
{
	struct isahp_descriptor *d;

	if (!unused && !refill())
		return NULL;
	d = unused;
	unused = d->priv;
	d->fn = v->fn;
	d->features = v->needs;
	d->variant = v;
	d->priv = b;
	return d;
}

static void descriptor_put(struct isahp_descriptor *d)
{
	memset(d, 0, sizeof(*d));
	d->priv = unused;
	unused = d;
}

static struct isahp_block **bucket(const struct isahp_operation *op)
{
	/* Operations stand in arrays and on the heap: 16 bytes apart at least. */
	uint64_t hash = ((uintptr_t)op >> 4) * 0x9e3779b97f4a7c15ULL;

	return &buckets[hash >> 54];
}

_Static_assert(BUCKETS == 1 << (64 - 54), "bucket() takes as many bits");

static struct isahp_features needs_of(const struct isahp_operation *op)
{
	struct isahp_features set = isahp_features_none();
	size_t i;

	for (i = 0; i < op->variant_count; i++)
		set = isahp_features_or(&set, &isahp_operation_at(op, i)->needs);
	return set;
}

static unsigned int next_feature(struct isahp_features *set)
{
	unsigned int w = 0, feature;

	/* The last one is not empty, then: that the compiler may see it. */
	while (w < ISAHP_FEATURE_WORDS - 1 && !set->word[w])
		w++;
	feature = w * 64 + (unsigned int)__builtin_ctzll(set->word[w]);
	isahp_features_del(set, feature);
	return feature;
}

static size_t count_features(const struct isahp_features *set)
{
	size_t n = 0;
	unsigned int w;

	for (w = 0; w < 4; w++)
		n += (size_t)__builtin_popcountll(set->word[w]);
	return n;
}

static void link_features(struct isahp_block *b, struct isahp_features set)
{
	while (!isahp_features_empty(&set)) {
		struct isahp_link *l = &b->link[b->links++];

		l->block = b;
		l->feature = next_feature(&set);
		l->prev = &users[l->feature];
		l->next = users[l->feature];
		if (l->next)
			l->next->prev = &l->next;
		users[l->feature] = l;
		isahp_features_add(&needs, l->feature);
	}
}

static void unlink_features(struct isahp_block *b)
{
	while (b->links) {
		struct isahp_link *l = &b->link[--b->links];

		*l->prev = l->next;
		if (l->next)
			l->next->prev = l->prev;
		if (!users[l->feature])
			isahp_features_del(&needs, l->feature);
	}
}

static bool fill(struct isahp_block *b, const struct isahp_operation *op)
{
	for (; b->count < op->variant_count; b->count++) {
		struct isahp_choice *c = &b->choice[b->count];

		c->d = descriptor_get(isahp_operation_at(op, b->count), b);
		if (!c->d)
			return false;
	}
	return true;
}

static void empty(struct isahp_block *b)
{
	while (b->count)
		descriptor_put(b->choice[--b->count].d);
	free(b);
}

struct isahp_block *isahp_block_new(struct isahp_operation *op)
{
	struct isahp_features set = needs_of(op);
	struct isahp_block **head = bucket(op);
	struct isahp_block *b;

	b = calloc(1, sizeof(*b) + op->variant_count * sizeof(b->choice[0]) +
			      count_features(&set) * sizeof(b->link[0]));
	if (!b)
		return NULL;
	if (!fill(b, op)) {
		empty(b);
		return NULL;
	}
	isahp_choice_init(b, op);
	b->op = op;
	b->address = op;
	b->link = (struct isahp_link *)&b->choice[b->count];
	link_features(b, set);
	b->next = *head;
	*head = b;
	return b;
}

void isahp_block_free(struct isahp_block *b)
{
	struct isahp_block **link;

	if (!b)
		return;
	for (link = bucket(b->address); *link != b; link = &(*link)->next)
		;
	*link = b->next;
	unlink_features(b);
	empty(b);
}

struct isahp_block *isahp_block_find(const struct isahp_operation *op,
				     bool registered)
{
	struct isahp_block *b = *bucket(op);

	while (b && (b->address != op || b->ending || !b->op == registered))
		b = b->next;
	return b;
}

struct isahp_block *isahp_block_of(const struct isahp_descriptor *d)
{
	return d->fn ? d->priv : NULL;
}

bool isahp_block_owns(const struct isahp_block *b,
		      const struct isahp_descriptor *d)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		if (b->choice[i].d == d)
			return true;
	return false;
}

struct isahp_features isahp_blocks_needs(void)
{
	return needs;
}

void isahp_blocks_visit(const struct isahp_features *features,
			void (*fn)(struct isahp_block *b, void *arg), void *arg)
{
	struct isahp_features set = isahp_features_and(features, &needs);

	visits++;
	while (!isahp_features_empty(&set)) {
		struct isahp_link *l = users[next_feature(&set)];

		for (; l; l = l->next) {
			if (l->block->visit == visits)
				continue;
			l->block->visit = visits;
			visited++;
			fn(l->block, arg);
		}
	}
}

void isahp_blocks_each(void (*fn)(struct isahp_block *b, void *arg), void *arg)
{
	struct isahp_block *b;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (b = buckets[i]; b; b = b->next)
			fn(b, arg);
}

uint64_t isahp_blocks_visited(void)
{
	return visited;
}
