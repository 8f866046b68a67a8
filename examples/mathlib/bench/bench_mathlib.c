/* SPDX-License-Identifier: MIT */
/*
 * bench_mathlib - how fast each variant is, and what a call through isahp costs
 *
 * The contestants of one size run in turn, round after round, so that what the
 * machine does besides meets all of them; the figure is the median of the
 * rounds. One contestant runs twice under two names: by how much those two
 * differ (A/A) is the noise floor below which no ratio means anything.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench.h>
#include <problem.h>

#define ROUNDS_MAX 999
#define CONTESTANTS_MAX 8

/*
 * By how little a call through isahp may be slower than the variant itself,
 * where that takes LONG_CALL_NS at least; of shorter calls it is part.
 */
#define GOAL_CALL 0.98
#define LONG_CALL_NS 100
/* What a step of the ISA should bring sgemm in cache, at least. */
#define GOAL_STEP 2.0

/**
 * struct contestant - one way to compute a problem
 * @variant: called directly; NULL: whatever isahp chose, through its call.
 * @ns: per call, by round.
 * @median_ns: of them.
 */
struct contestant {
	const struct isahp_variant *variant;
	double ns[ROUNDS_MAX];
	double median_ns;
};

/**
 * struct runs - how the benchmark is run
 * @rounds: per size.
 * @round_ns: how long a contestant runs in a round, about.
 * @noise: largest A/A difference so far.
 * @bench: what came out.
 */
struct runs {
	unsigned int rounds;
	double round_ns;
	double noise;
	struct bench bench;
};

static double run(const struct contestant *c, struct ml_problem *p,
		  unsigned long calls)
{
	double start = bench_now_ns();
	unsigned long i;

	if (c->variant) {
		for (i = 0; i < calls; i++)
			ml_problem_call(p, c->variant->fn);
	} else {
		for (i = 0; i < calls; i++)
			ml_problem_call_operation(p);
	}
	return (bench_now_ns() - start) / (double)calls;
}

/* How many calls take about @round_ns; computes the right thing on the way. */
static int calibrate(const struct runs *b, const struct contestant *c,
		     struct ml_problem *p, unsigned long *ret_calls)
{
	unsigned long calls = 1;
	double ns;
	size_t index;

	ml_problem_reset(p);
	run(c, p, 1);
	if (ml_problem_wrong(p, &index))
		return -EBADMSG;
	while ((ns = run(c, p, calls) * (double)calls) < b->round_ns / 4)
		calls *= 2;
	*ret_calls = (unsigned long)((double)calls * b->round_ns / ns) + 1;
	return 0;
}

static int measure(const struct runs *b, struct contestant *c, size_t count,
		   struct ml_problem *p)
{
	unsigned long calls[CONTESTANTS_MAX];
	unsigned int round;
	size_t i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = calibrate(b, &c[i], p, &calls[i]);
		if (ret)
			return ret;
	}
	for (round = 0; round < b->rounds; round++) {
		for (i = 0; i < count; i++)
			c[i].ns[round] = run(&c[i], p, calls[i]);
	}
	for (i = 0; i < count; i++)
		c[i].median_ns = bench_percentile(c[i].ns, b->rounds, 50);
	return 0;
}

static const struct contestant *find(const struct contestant *c, size_t count,
				     const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (c[i].variant && !strcmp(c[i].variant->name, name))
			return &c[i];
	}
	return NULL;
}

static void add_result(struct runs *b, const struct ml_problem *p,
		       const char *what, const struct contestant *c,
		       const char *peer_name, const struct contestant *peer,
		       double goal)
{
	struct bench_row row = {
		.value = (double)ml_problem_flops(p) / c->median_ns,
		.unit = "GFLOP/s",
	};

	snprintf(row.name, sizeof(row.name), "%s-%zu-%s", ml_op_name(p->op), p->n,
		 what);
	if (peer) {
		snprintf(row.peer, sizeof(row.peer), "%s", peer_name);
		row.ratio = peer->median_ns / c->median_ns;
		row.goal = goal;
	}
	bench_add(&b->bench, row);
}

static void add_variants(struct runs *b, const struct ml_problem *p,
			 const struct contestant *c, size_t count)
{
	const struct contestant *plain = find(c, count, "c");
	const struct contestant *sse2 = find(c, count, "sse2");
	size_t i;

	for (i = 0; i < count; i++) {
		const char *name = c[i].variant->name;

		add_result(b, p, name, &c[i], "c", &c[i] == plain ? NULL : plain, 0);
		if (!strcmp(name, "avx2"))
			add_result(b, p, "avx2-over-sse2", &c[i], "sse2", sse2,
				   p->op == ML_SGEMM && p->n >= 64 ? GOAL_STEP : 0);
	}
}

/* Direct variants first, then the A/A twin and the call of the one in use. */
static int one_problem(struct runs *b, struct ml_problem *p)
{
	static struct contestant c[CONTESTANTS_MAX];
	const struct isahp_operation *o = ml_op_operation(p->op);
	const struct isahp_variant *chosen = isahp_operation_variant(o);
	const struct contestant *direct;
	char peer[32];
	size_t i, n = 0;
	double apart;
	int ret;

	for (i = 0; i < o->variant_count && n < CONTESTANTS_MAX - 2; i++) {
		if (ml_variant_runs(&o->variants[i]))
			c[n++].variant = &o->variants[i];
	}
	c[n].variant = chosen;
	c[n + 1].variant = NULL;
	ret = measure(b, c, n + 2, p);
	if (ret)
		return ret;
	direct = find(c, n, chosen->name);
	add_variants(b, p, c, n);
	snprintf(peer, sizeof(peer), "%s, direct", chosen->name);
	add_result(b, p, "isahp", &c[n + 1], peer, direct,
		   direct->median_ns < LONG_CALL_NS ? 0 : GOAL_CALL);
	apart = __builtin_fabs(direct->median_ns / c[n].median_ns - 1);
	if (apart > b->noise)
		b->noise = apart;
	return 0;
}

static float *alloc(size_t count, void *arg)
{
	size_t bytes = (count * sizeof(float) + 63) / 64 * 64;

	(void)arg;
	/* Room behind for what TCG's masked loads read; see demo/workers.c. */
	return aligned_alloc(64, bytes + 64);
}

static void free_problem(struct ml_problem *p)
{
	free(p->a);
	free(p->b);
	free(p->out);
	free(p->initial);
	free(p->expect);
	free(p->bound);
}

static int one_size(struct runs *b, enum ml_op op, size_t n)
{
	struct ml_problem p = { .op = op, .m = n, .n = n, .k = n, .lda = n,
				.ldb = n, .ldc = n, .alpha = 0.5f };
	struct ml_random random = { 1 };
	int ret;

	ret = ml_problem_alloc(&p, alloc, NULL);
	if (ret)
		goto out;
	ml_problem_fill(&p, &random, 1);
	ml_problem_solve(&p);
	ret = one_problem(b, &p);
out:
	free_problem(&p);
	return ret;
}

static int all_sizes(struct runs *b)
{
	static const size_t sizes[ML_OPS][4] = {
		[ML_SGEMM] = { 16, 32, 128, 512 },
		[ML_SDOT] = { 64, 512, 4096, 262144 },
		[ML_SAXPY] = { 64, 512, 4096, 262144 },
	};
	int op, ret;
	size_t i;

	for (op = 0; op < ML_OPS; op++) {
		for (i = 0; i < sizeof(sizes[0]) / sizeof(sizes[0][0]); i++) {
			ret = one_size(b, op, sizes[op][i]);
			if (ret)
				return ret;
		}
	}
	bench_add(&b->bench, (struct bench_row){ .name = "noise-floor-a-a",
						 .value = b->noise, .unit = "ratio" });
	return 0;
}

static const char help[] =
	"Usage: bench_mathlib [--json FILE] [--rounds N] [--ms N]\n"
	"GFLOP/s of each variant, and of calls through isahp.\n"
	"\n"
	"  --json FILE   write the figures to FILE as well\n"
	"  --rounds N    rounds per size (15)\n"
	"  --ms N        milliseconds per contestant and round (4)\n";

enum { OPT_JSON = 1, OPT_ROUNDS, OPT_MS, OPT_HELP };

static const struct option options[] = {
	{ "json", required_argument, NULL, OPT_JSON },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "ms", required_argument, NULL, OPT_MS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int number(const char *text, unsigned int max, unsigned int *ret_value)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || !value || value > max) {
		fprintf(stderr, "bench_mathlib: %s: give a number from 1 to %u\n",
			text, max);
		return -EINVAL;
	}
	*ret_value = (unsigned int)value;
	return 0;
}

/* Return: 0, 1 for --help, or -EINVAL after one line on stderr. */
static int parse(int argc, char **argv, struct runs *b)
{
	unsigned int ms = 4;
	int which, ret = 0;

	while (!ret && (which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (which) {
		case OPT_JSON:
			b->bench.json = optarg;
			break;
		case OPT_ROUNDS:
			ret = number(optarg, ROUNDS_MAX, &b->rounds);
			break;
		case OPT_MS:
			ret = number(optarg, 10000, &ms);
			break;
		case OPT_HELP:
			fputs(help, stdout);
			return 1;
		default:
			ret = -EINVAL;
		}
	}
	if (!ret && optind < argc) {
		fprintf(stderr, "bench_mathlib: %s: takes options only; try --help\n",
			argv[optind]);
		ret = -EINVAL;
	}
	b->round_ns = ms * 1e6;
	return ret;
}

int main(int argc, char **argv)
{
	static struct runs b = { .rounds = 15 };
	int ret;

	bench_init(&b.bench, "mathlib");
	ret = parse(argc, argv, &b);
	if (ret)
		return ret > 0 ? EXIT_SUCCESS : 2;
	ret = all_sizes(&b);
	if (ret) {
		fprintf(stderr, "bench_mathlib: %s\n", ret == -EBADMSG ?
			"a variant computes wrong results; run the mathlib tests" :
			strerror(-ret));
		return EXIT_FAILURE;
	}
	printf("%u rounds of %.0f ms, medians\n", b.rounds, b.round_ns / 1e6);
	return bench_end(&b.bench, b.noise);
}
