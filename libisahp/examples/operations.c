// SPDX-License-Identifier: MIT
/*
 * Operations that a program makes at run time: one that it owns the memory of,
 * isahp_operation_register(), and one that the library makes a copy for,
 * isahp_operation_create(). Then what isahp_operation_at() and
 * isahp_operation_variant() tell of them.
 */
#include <isahp/isahp.h>
#include <stdio.h>

typedef size_t (*length_fn)(const char *);

/* No strlen() here: libc's is bound to the CPU that the program started on. */
static size_t length_sse3(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return (size_t)(end - s);
}

static size_t length_c(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static const struct isahp_variant variants[] = {
	ISAHP_VARIANT("sse3", length_sse3, 10, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("c", length_c, 50, ISAHP_SET_NONE),
};

static struct isahp_operation mine =
	ISAHP_OPERATION_INIT("mine", variants, 2, 0);

static size_t length(struct isahp_operation *op, const char *s)
{
	struct isahp_region region;
	length_fn fn = (length_fn)isahp_enter(op, &region);
	size_t n = fn(s);

	isahp_leave(&region);
	return n;
}

static void show(const struct isahp_operation *op)
{
	size_t i;

	for (i = 0; i < op->variant_count; i++) {
		const struct isahp_variant *v = isahp_operation_at(op, i);

		printf("%s: %s%s\n", op->name, v->name,
		       v == isahp_operation_variant(op) ? ", in use" : "");
	}
}

int main(void)
{
	const struct isahp_operation_spec spec = {
		.size = sizeof(spec),
		.variant_size = sizeof(variants[0]),
		.name = "made",
		.variants = variants,
		.variant_count = 2,
	};
	struct isahp_operation *made;

	if (isahp_operation_register(&mine))
		return 1;
	if (isahp_operation_create(&spec, &made))
		return 1;
	show(&mine);
	show(made);
	printf("length %zu and %zu\n", length(&mine, "three"), length(made, "three"));
	/* Both wait for threads inside; then the code may be unmapped. */
	if (isahp_operation_destroy(made) || isahp_operation_unregister(&mine))
		return 1;
	printf("gone\n");
	return 0;
}
