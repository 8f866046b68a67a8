// SPDX-License-Identifier: MIT
/*
 * Costs that are measured where they matter: isahp_operation_measure() times the
 * variants on this machine, with the program's own operands, and the choice is
 * by that from then on. isahp_operation_cost() tells.
 */
#include <inttypes.h>
#include <isahp/isahp.h>
#include <stdio.h>

static double table[4096];

/* Somebody guessed that the strided one would be fast. */
static double total_strided(size_t n, const double *x)
{
	double sum = 0;
	size_t i, j;

	for (i = 0; i < 64; i++)
		for (j = i; j < n; j += 64)
			sum += *(const volatile double *)&x[j] / 3;
	return sum;
}

static double total_plain(size_t n, const double *x)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

ISAHP_OPERATION_DECLARE(total, double, (size_t n, const double *x), (n, x))
ISAHP_OPERATION_DEFINE(total,
	ISAHP_VARIANT("strided", total_strided, 1, ISAHP_SET_NONE),
	ISAHP_VARIANT("plain", total_plain, 2, ISAHP_SET_NONE));

/* One typical call. The result goes somewhere, or a compiler leaves it out. */
static void probe(isahp_fn fn, void *arg)
{
	*(volatile double *)arg =
		((double (*)(size_t, const double *))fn)(4096, table);
}

int main(void)
{
	double result;
	size_t i;
	int rc;

	printf("guessed: %s\n", isahp_operation_variant(&total_operation)->name);
	rc = isahp_operation_measure(&total_operation, probe, &result);
	if (rc) /* -EAGAIN: features are leaving just now; later again */
		return 1;
	printf("measured: %s\n", isahp_operation_variant(&total_operation)->name);
	for (i = 0; i < total_operation.variant_count; i++)
		printf("  %s %" PRId64 " ns\n",
		       isahp_operation_at(&total_operation, i)->name,
		       isahp_operation_cost(&total_operation, i) / 1000);
	return 0;
}
