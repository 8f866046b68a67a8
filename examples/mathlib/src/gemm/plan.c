/* SPDX-License-Identifier: MIT */
/*
 * Plans: packed operands that are laid out anew when features leave or arrive.
 *
 * A plan points to its operand and holds a reference to it; so does each product
 * that computes with it. Laying out anew is: make the new one, swap the pointer,
 * let go of the old one. Nobody waits for anybody: a product sees between two
 * blocks that the plan's generation has moved on, lets go of its operand, and
 * the last frees it.
 *
 * Locks. `lock` protects the list, what is wanted, and plans' lifetimes. A
 * plan's own protects its pointer, for as long as it takes to read it and count
 * a reference. Neither is held while elements are copied, a variant runs, or
 * callbacks are added or removed. The list's is taken before a plan's, by fork.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "packed.h"
#include "product.h"

/**
 * struct ml_plan - a packed operand that follows the CPU
 * @next: in the list,
 * @link: what points to this one there; both under the list's lock.
 * @references: the owner's, and that of a callback that looks at it; under the
 *	list's lock.
 * @lock: protects @packed.
 * @packed: what products start on; a reference.
 * @generation: @packed's; read without the lock, as a hint to look.
 */
struct ml_plan {
	struct ml_plan *next;
	struct ml_plan **link;
	unsigned int references;
	pthread_mutex_t lock;
	struct ml_packed *packed;
	uint32_t generation;
};

/** struct layout - one for each operation on packed operands */
struct layout {
	uint32_t element;
	uint32_t columns;
	struct isahp_operation *op;
};

static const struct layout layouts[] = {
	{ sizeof(float), 32, &ml_sgemm_packed_nr32_operation },
	{ sizeof(float), 16, &ml_sgemm_packed_nr16_operation },
	{ sizeof(float), 8, &ml_sgemm_packed_nr8_operation },
	{ sizeof(double), 16, &ml_dgemm_packed_nr16_operation },
	{ sizeof(double), 8, &ml_dgemm_packed_nr8_operation },
	{ sizeof(double), 4, &ml_dgemm_packed_nr4_operation },
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ml_plan *plans;
static bool following; /* the callback was added */
/* What may be used soon, while something is leaving. */
static struct isahp_features soon;
static bool leaving;

static bool allowed(const struct isahp_features *needs,
		    const struct isahp_features *usable)
{
	size_t w;

	for (w = 0; w < ISAHP_FEATURE_WORDS; w++) {
		if (needs->word[w] & ~usable->word[w])
			return false;
	}
	return true;
}

/* Of the variant that an operation is on where @usable may be used; NULL: now. */
static uint32_t cost(const struct isahp_operation *op,
		     const struct isahp_features *usable)
{
	const struct isahp_variant *now;
	uint32_t least = UINT32_MAX;
	size_t i;

	if (!usable) {
		now = isahp_operation_variant(op);
		return now ? now->cost : UINT32_MAX;
	}
	for (i = 0; i < op->variant_count; i++) {
		const struct isahp_variant *v = &op->variants[i];

		if (allowed(&v->needs, usable) && v->cost < least)
			least = v->cost;
	}
	return least;
}

/* The layout whose operation is the cheapest. */
static uint32_t best(uint32_t element, const struct isahp_features *usable)
{
	uint32_t least = UINT32_MAX, columns = 0;
	size_t i;

	for (i = 0; i < LAYOUTS; i++) {
		uint32_t c = cost(layouts[i].op, usable);

		if (layouts[i].element == element && (!columns || c < least)) {
			least = c;
			columns = layouts[i].columns;
		}
	}
	return columns;
}

struct isahp_operation *ml_packed_operation(const struct ml_packed *packed)
{
	size_t i;

	for (i = 0; i < LAYOUTS; i++) {
		if (packed->version == ML_PACKED_VERSION &&
		    layouts[i].element == packed->element &&
		    layouts[i].columns == packed->layout)
			return layouts[i].op;
	}
	return NULL;
}

/* --- following -------------------------------------------------------------- */

const struct ml_packed *ml_plan_get(const struct ml_plan *plan)
{
	struct ml_plan *p = (struct ml_plan *)plan;
	const struct ml_packed *packed;

	pthread_mutex_lock(&p->lock);
	packed = p->packed;
	ml_packed_ref(packed);
	pthread_mutex_unlock(&p->lock);
	return packed;
}

/* The callback's, and nobody else's: one at a time. */
static void lay_out(struct ml_plan *plan, uint32_t layout)
{
	const struct ml_packed *old = ml_plan_get(plan);
	struct ml_packed *new = NULL;

	if (old->layout != layout)
		new = ml_packed_new(old, layout);
	if (new) {
		new->generation++;
		ml_packed_refill(new, old);
		pthread_mutex_lock(&plan->lock);
		plan->packed = new;
		__atomic_store_n(&plan->generation, new->generation,
				 __ATOMIC_RELAXED);
		pthread_mutex_unlock(&plan->lock);
		ml_packed_put(old); /* the plan's */
	}
	/* Without memory it stays as it is: a call follows it all the same. */
	ml_packed_put(old);
}

/* Locked. */
static void plan_put(struct ml_plan *plan)
{
	if (--plan->references)
		return;
	*plan->link = plan->next;
	if (plan->next)
		plan->next->link = plan->link;
	pthread_mutex_destroy(&plan->lock);
	ml_packed_put(plan->packed);
	free(plan);
}

/*
 * LEAVING: while what leaves may still be used. CHANGED, RESTORED: what there is
 * now may be better. Plans that are being made look again when they are listed.
 */
static int changed(const struct isahp_change *change, void *arg)
{
	struct ml_plan *plan, *next;
	uint32_t layout;

	(void)arg;
	pthread_mutex_lock(&lock);
	soon = change->after;
	leaving = change->kind == ISAHP_CALLBACK_LEAVING;
	plan = plans;
	if (plan)
		plan->references++;
	while (plan) {
		layout = best(plan->packed->element, &change->after);
		pthread_mutex_unlock(&lock);
		lay_out(plan, layout);
		pthread_mutex_lock(&lock);
		/* This one is held, hence in its place. */
		next = plan->next;
		if (next)
			next->references++;
		plan_put(plan);
		plan = next;
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

/* No lock is to be held in the child by a thread that is not there. */
static void fork_prepare(void)
{
	struct ml_plan *p;

	pthread_mutex_lock(&lock);
	for (p = plans; p; p = p->next)
		pthread_mutex_lock(&p->lock);
}

static void fork_done(void)
{
	struct ml_plan *p;

	for (p = plans; p; p = p->next)
		pthread_mutex_unlock(&p->lock);
	pthread_mutex_unlock(&lock);
}

static int follow_first(void)
{
	static bool forks; /* its handlers can not be taken back */
	int rc = 0;

	if (!forks)
		rc = -pthread_atfork(fork_prepare, fork_done, fork_done);
	forks = !rc;
	return rc ? rc : isahp_callback_add(changed, NULL, 0);
}

/* Told of changes from before the first plan on. */
static int follow(void)
{
	bool mine;
	int rc = 0;

	pthread_mutex_lock(&lock);
	mine = !following;
	following = true;
	pthread_mutex_unlock(&lock);
	if (mine)
		rc = follow_first();
	if (rc) {
		pthread_mutex_lock(&lock);
		following = false;
		pthread_mutex_unlock(&lock);
	}
	return rc;
}

static void __attribute__((destructor)) unfollow(void)
{
	if (following)
		(void)isahp_callback_remove(changed, NULL);
}

/* --- plans ------------------------------------------------------------------ */

/* Locked. */
static uint32_t wanted(uint32_t element)
{
	return best(element, leaving ? &soon : NULL);
}

/* On the list, if it is laid out as is wanted now. */
static bool list(struct ml_plan *plan)
{
	bool right;

	pthread_mutex_lock(&lock);
	right = plan->packed->layout == wanted(plan->packed->element);
	if (right) {
		plan->next = plans;
		plan->link = &plans;
		if (plans)
			plans->link = &plan->next;
		plans = plan;
	}
	pthread_mutex_unlock(&lock);
	return right;
}

/* As is wanted now, from @b, whose rows and columns are so far apart. */
static int fill(struct ml_plan *plan, const struct ml_packed *size, const void *b,
		size_t row, size_t col)
{
	uint32_t layout;

	pthread_mutex_lock(&lock);
	layout = wanted(size->element);
	pthread_mutex_unlock(&lock);
	plan->packed = ml_packed_new(size, layout);
	if (!plan->packed)
		return -ENOMEM;
	ml_packed_fill(plan->packed, b, row, col);
	return 0;
}

static int pack(const struct ml_packed *size, enum ml_transpose tb, const void *b,
		size_t ldb, struct ml_plan **ret_plan)
{
	size_t row = tb == ML_TRANSPOSED ? 1 : ldb;
	size_t col = tb == ML_TRANSPOSED ? ldb : 1;
	struct ml_plan *plan;
	int rc;

	if (!size->k || !size->n || !b || !ret_plan)
		return -EINVAL;
	rc = follow();
	if (rc)
		return rc;
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	plan->references = 1;
	pthread_mutex_init(&plan->lock, NULL);
	rc = fill(plan, size, b, row, col);
	while (!rc && !list(plan)) {
		ml_packed_put(plan->packed);
		rc = fill(plan, size, b, row, col);
	}
	if (rc) {
		free(plan);
		return rc;
	}
	*ret_plan = plan;
	return 0;
}

int ml_sgemm_pack(enum ml_transpose tb, size_t k, size_t n, const float *b,
		  size_t ldb, struct ml_plan **ret_plan)
{
	struct ml_packed size = { .element = sizeof(*b), .k = k, .n = n };

	return pack(&size, tb, b, ldb, ret_plan);
}

int ml_dgemm_pack(enum ml_transpose tb, size_t k, size_t n, const double *b,
		  size_t ldb, struct ml_plan **ret_plan)
{
	struct ml_packed size = { .element = sizeof(*b), .k = k, .n = n };

	return pack(&size, tb, b, ldb, ret_plan);
}

void ml_plan_free(struct ml_plan *plan)
{
	if (!plan)
		return;
	pthread_mutex_lock(&lock);
	plan_put(plan);
	pthread_mutex_unlock(&lock);
}

/* --- products --------------------------------------------------------------- */

static void multiply_by(const struct ml_packed *b, struct ml_gemm *g)
{
	g->b = b->data;
	g->panel = b->layout;
}

/* Each turn with what the plan has then. */
static void product(const struct ml_plan *plan, struct ml_gemm *g)
{
	const struct ml_packed *b = ml_plan_get(plan);
	struct ml_space space;
	bool complete = false;

	g->k = b->k;
	g->n = b->n;
	multiply_by(b, g);
	if (!ml_product_begin(g, b->element, &space)) {
		ml_packed_put(b);
		return;
	}
	g->version = &plan->generation;
	for (;;) {
		g->seen = b->generation;
		complete = ml_product_on(g, ml_packed_operation(b));
		ml_packed_put(b);
		if (complete)
			break;
		b = ml_plan_get(plan);
		multiply_by(b, g);
	}
	ml_product_end(&space);
}

void ml_sgemm_packed(const struct ml_plan *b, enum ml_transpose ta, size_t m,
		     float alpha, const float *a, size_t lda, float beta,
		     float *c, size_t ldc)
{
	struct ml_gemm g = { .m = m, .alpha = alpha, .beta = beta, .c = c,
			     .ldc = ldc };

	ml_product_a(&g, ta, a, lda);
	product(b, &g);
}

void ml_dgemm_packed(const struct ml_plan *b, enum ml_transpose ta, size_t m,
		     double alpha, const double *a, size_t lda, double beta,
		     double *c, size_t ldc)
{
	struct ml_gemm g = { .m = m, .alpha = alpha, .beta = beta, .c = c,
			     .ldc = ldc };

	ml_product_a(&g, ta, a, lda);
	product(b, &g);
}

static void product_by(isahp_fn fn, const struct ml_packed *b, struct ml_gemm *g)
{
	struct ml_space space;

	g->k = b->k;
	g->n = b->n;
	multiply_by(b, g);
	if (!ml_product_begin(g, b->element, &space))
		return;
	while (!((ml_gemm_fn)fn)(g))
		;
	ml_product_end(&space);
}

void ml_sgemm_packed_by(isahp_fn fn, const struct ml_packed *b,
			enum ml_transpose ta, size_t m, float alpha,
			const float *a, size_t lda, float beta, float *c,
			size_t ldc)
{
	struct ml_gemm g = { .m = m, .alpha = alpha, .beta = beta, .c = c,
			     .ldc = ldc };

	ml_product_a(&g, ta, a, lda);
	product_by(fn, b, &g);
}

void ml_dgemm_packed_by(isahp_fn fn, const struct ml_packed *b,
			enum ml_transpose ta, size_t m, double alpha,
			const double *a, size_t lda, double beta, double *c,
			size_t ldc)
{
	struct ml_gemm g = { .m = m, .alpha = alpha, .beta = beta, .c = c,
			     .ldc = ldc };

	ml_product_a(&g, ta, a, lda);
	product_by(fn, b, &g);
}
