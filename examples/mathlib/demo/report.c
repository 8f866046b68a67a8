/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <time.h>

#include "line.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t demo_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t calls_of(const struct demo_counts *c, int op)
{
	uint64_t sum = 0;
	unsigned int v;

	for (v = 0; v < DEMO_VARIANTS; v++)
		sum += c->calls[op][v];
	return sum;
}

static uint64_t calls_all(const struct demo_counts *c)
{
	return calls_of(c, ML_SGEMM) + calls_of(c, ML_SDOT) + calls_of(c, ML_SAXPY);
}

static const char *source_name(const struct demo_options *o, uint32_t source)
{
	if (o->bind)
		return "bound";
	switch (source) {
	case ISAHP_SOURCE_DEVICE:
		return "device";
	case ISAHP_SOURCE_LOOPBACK:
		return "loopback";
	default:
		return "cpu";
	}
}

static const char *variant_name(const struct demo_options *o, int op)
{
	const struct isahp_variant *v = isahp_operation_variant(ml_op_operation(op));

	if (o->bind)
		return o->bind;
	return v ? v->name : "none";
}

/* Bound at start, the program knows nothing of isahp. */
static struct isahp_status status_of(const struct demo_options *o)
{
	struct isahp_status s = { .size = sizeof(s) };

	if (!o->bind)
		(void)isahp_status(&s);
	return s;
}

static unsigned int count_features(const struct isahp_features *set)
{
	unsigned int n = 0, i;

	for (i = 0; i < ISAHP_FEATURE_MAX; i++)
		n += set->word[i / 64] >> (i % 64) & 1;
	return n;
}

static void add_times(struct line *l, uint64_t now_ns)
{
	line_add(l, "\"time_ns\":%llu,\"realtime_ns\":%llu",
		 (unsigned long long)now_ns,
		 (unsigned long long)clock_ns(CLOCK_REALTIME));
}

static void add_calls(struct line *l, const char *name,
		      const struct demo_counts *c, const struct demo_counts *less)
{
	int op;

	line_add(l, ",\"%s\":{", name);
	for (op = 0; op < ML_OPS; op++)
		line_add(l, "%s\"%s\":%llu", op ? "," : "", ml_op_name(op),
			 (unsigned long long)(calls_of(c, op) -
					      (less ? calls_of(less, op) : 0)));
	line_add(l, "}");
}

static void add_served(struct line *l, const struct demo_counts *c)
{
	unsigned int v;
	int op;

	line_add(l, ",\"served\":{");
	for (op = 0; op < ML_OPS; op++) {
		const struct isahp_operation *o = ml_op_operation(op);

		line_add(l, "%s\"%s\":{", op ? "," : "", ml_op_name(op));
		for (v = 0; v < o->variant_count; v++)
			line_add(l, "%s\"%s\":%llu", v ? "," : "",
				 o->variants[v].name,
				 (unsigned long long)c->calls[op][v]);
		line_add(l, "}");
	}
	line_add(l, "}");
}

static void add_state(struct line *l, const struct demo_options *o,
		      const struct demo_counts *c)
{
	struct isahp_status s = status_of(o);
	int op;

	line_add(l, ",\"variant\":{");
	for (op = 0; op < ML_OPS; op++)
		line_add(l, "%s\"%s\":\"%s\"", op ? "," : "", ml_op_name(op),
			 variant_name(o, op));
	line_add(l, "},\"wrong\":%llu,\"swaps\":%llu,\"events\":%llu,"
		 "\"acks\":%llu,\"naks\":%llu,\"source\":\"%s\","
		 "\"usable\":%u,\"error\":%d",
		 (unsigned long long)c->wrong, (unsigned long long)s.swaps,
		 (unsigned long long)s.events, (unsigned long long)s.acks,
		 (unsigned long long)s.naks, source_name(o, s.source),
		 count_features(&s.usable), s.error);
}

void demo_report_begin(struct demo_report *r, const struct demo_options *options)
{
	*r = (struct demo_report){ .options = options };
	r->start_ns = r->last_ns = demo_now_ns();
}

static int human_interval(const struct demo_report *r, uint64_t now_ns,
			  double ops, double gflops, const struct demo_counts *c)
{
	const struct demo_options *o = r->options;
	struct isahp_status s = status_of(o);
	struct line l = { 0 };

	line_add(&l, "%8.1f s  %s  sgemm %-6s sdot %-6s saxpy %-6s %10.0f ops/s "
		 "%8.3f GFLOP/s  wrong %llu  swaps %llu events %llu acks %llu  (%s",
		 (double)(now_ns - r->start_ns) / 1e9, o->label,
		 variant_name(o, ML_SGEMM), variant_name(o, ML_SDOT),
		 variant_name(o, ML_SAXPY), ops, gflops,
		 (unsigned long long)c->wrong, (unsigned long long)s.swaps,
		 (unsigned long long)s.events, (unsigned long long)s.acks,
		 source_name(o, s.source));
	if (s.error)
		line_add(&l, ", no longer following: error %d", -s.error);
	line_add(&l, ")");
	return line_write(&l);
}

int demo_report_interval(struct demo_report *r, const struct demo_counts *c)
{
	uint64_t now_ns = demo_now_ns();
	double seconds = (double)(now_ns - r->last_ns) / 1e9;
	double ops = (double)(calls_all(c) - calls_all(&r->last)) / seconds;
	double gflops = (double)(c->flops - r->last.flops) / seconds / 1e9;
	struct line l = { 0 };
	int ret;

	if (r->options->json) {
		line_add(&l, "{");
		add_times(&l, now_ns);
		line_add(&l, ",\"label\":\"%s\"", r->options->label);
		add_calls(&l, "calls", c, &r->last);
		add_calls(&l, "calls_total", c, NULL);
		line_add(&l, ",\"ops_per_s\":%.1f,\"gflops\":%.6f", ops, gflops);
		add_state(&l, r->options, c);
		line_add(&l, "}");
		ret = line_write(&l);
	} else {
		ret = human_interval(r, now_ns, ops, gflops, c);
	}
	r->last_ns = now_ns;
	r->last = *c;
	return ret;
}

static void human_summary(struct line *l, const struct demo_report *r,
			  double seconds, const struct demo_counts *c)
{
	struct isahp_status s = status_of(r->options);
	unsigned int v;
	int op;

	line_add(l, "%s: %.1f s, %llu calls, %llu wrong, %.0f ops/s, %.3f GFLOP/s, "
		 "%llu swaps, %llu events, %llu acks, %llu naks;",
		 r->options->label, seconds, (unsigned long long)calls_all(c),
		 (unsigned long long)c->wrong, (double)calls_all(c) / seconds,
		 (double)c->flops / seconds / 1e9, (unsigned long long)s.swaps,
		 (unsigned long long)s.events, (unsigned long long)s.acks,
		 (unsigned long long)s.naks);
	for (op = 0; op < ML_OPS; op++) {
		const struct isahp_operation *o = ml_op_operation(op);

		line_add(l, " %s:", ml_op_name(op));
		for (v = 0; v < o->variant_count; v++) {
			if (c->calls[op][v])
				line_add(l, " %s %llu", o->variants[v].name,
					 (unsigned long long)c->calls[op][v]);
		}
	}
}

int demo_report_summary(struct demo_report *r, const struct demo_counts *c,
			bool planted)
{
	uint64_t now_ns = demo_now_ns();
	double seconds = (double)(now_ns - r->start_ns) / 1e9;
	const struct demo_options *o = r->options;
	struct line l = { 0 };

	if (!o->json) {
		human_summary(&l, r, seconds, c);
		return line_write(&l);
	}
	line_add(&l, "{\"summary\":{");
	add_times(&l, now_ns);
	line_add(&l, ",\"label\":\"%s\",\"mode\":\"%s\",\"seconds\":%.6f,"
		 "\"threads\":%u,\"size\":%zu,\"seed\":%llu,\"planted\":%s",
		 o->label, o->bind ? "bound" : "isahp", seconds, o->threads,
		 o->size, (unsigned long long)o->seed, planted ? "true" : "false");
	line_add(&l, ",\"calls_all\":%llu", (unsigned long long)calls_all(c));
	add_calls(&l, "calls", c, NULL);
	add_served(&l, c);
	line_add(&l, ",\"ops_per_s\":%.1f,\"gflops\":%.6f",
		 (double)calls_all(c) / seconds, (double)c->flops / seconds / 1e9);
	add_state(&l, o, c);
	line_add(&l, "}}");
	return line_write(&l);
}

static const char *kind_name(uint32_t kind)
{
	switch (kind) {
	case ISAHP_CALLBACK_LEAVING:
		return "leaving";
	case ISAHP_CALLBACK_CHANGED:
		return "changed";
	default:
		return "restored";
	}
}

static struct isahp_features without(const struct isahp_features *a,
				     const struct isahp_features *b)
{
	struct isahp_features r;
	int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		r.word[i] = a->word[i] & ~b->word[i];
	return r;
}

static void add_set(struct line *l, const char *name,
		    const struct isahp_features *set, bool json)
{
	line_add(l, json ? ",\"%s\":" : "  %s: ", name);
	line_add_features(l, set, json);
}

int demo_report_change(const struct isahp_change *change, void *arg)
{
	const struct demo_options *o = arg;
	struct isahp_features gone = without(&change->before, &change->after);
	struct isahp_features come = without(&change->after, &change->before);
	struct line l = { 0 };

	if (o->json) {
		line_add(&l, "{\"event\":{");
		add_times(&l, demo_now_ns());
		line_add(&l, ",\"label\":\"%s\",\"kind\":\"%s\"", o->label,
			 kind_name(change->kind));
		add_set(&l, "removed", &gone, true);
		add_set(&l, "added", &come, true);
		add_set(&l, "before", &change->before, true);
		add_set(&l, "after", &change->after, true);
		line_add(&l, "}}");
	} else {
		line_add(&l, "event %s", kind_name(change->kind));
		add_set(&l, "removed", &gone, false);
		add_set(&l, "added", &come, false);
	}
	/* A reader that went away is main's affair, and no reason for a veto. */
	(void)line_write(&l);
	return 0;
}
