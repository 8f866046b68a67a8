/* SPDX-License-Identifier: MIT */
/*
 * mathlib_restored - measures on command, for tools/bench/restored
 *
 * It follows $ISAHP_LOOPBACK. A command is a line on standard input, its answer
 * one line of JSON:
 *
 *	poorest			the host of now is the poorest there is
 *	wait CHANGES		until there were more than so many
 *	begin NAME SLICE_US	the host of now is the richest; time all variants
 *	stay AWAIT MS		see stay_measure(); AWAIT: how many changes there were, or -1
 *
 * An answer with "error" ends it.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <bench.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "stay.h"

#define PRIORITY (-15)

static struct isahp_features poorest;
static struct contest contest;
static struct stay stay;

static int fail(const char *what, int error)
{
	printf("{\"error\": \"%s: %s\"}\n", what, strerror(-error));
	return 1;
}

static int list(void)
{
	static struct bench machine;
	size_t i;

	bench_init(&machine, "restored");
	printf("{\"machine\": \"%s\", \"emulated\": %s, \"changes\": %u, "
	       "\"workloads\": [",
	       *machine.host ? machine.host : "none, bare metal",
	       machine.emulated ? "true" : "false", events_number());
	for (i = 0; i < workload_count; i++)
		printf("%s\"%s\"", i ? ", " : "", workloads[i].name);
	puts("]}");
	return 0;
}

static int begin(const char *name, double slice_us)
{
	const struct workload *w = workload_find(name);
	const struct isahp_operation *op;
	const char *between = "";
	size_t i;
	int ret;

	if (!w || slice_us <= 0)
		return fail("begin", -EINVAL);
	ret = contest_begin(&contest, w, slice_us * 1e3, &poorest);
	if (ret)
		return fail("begin", ret);
	op = w->op;
	printf("{\"name\": \"%s\", \"unit\": \"%s\", \"work\": %.17g, "
	       "\"masked\": \"%s\", \"variants\": {",
	       w->name, w->unit, w->work, contest.masked->name);
	for (i = 0; i < op->variant_count; i++) {
		if (contest.ns[i] <= 0)
			continue;
		printf("%s\"%s\": %.6g", between, isahp_operation_at(op, i)->name,
		       contest.ns[i]);
		between = ", ";
	}
	puts("}}");
	return 0;
}

static void print_rounds(void)
{
	size_t i, way;

	printf("\"rounds\": [");
	for (i = 0; i < stay.rounds; i++) {
		printf("%s[%.0f", i ? ", " : "", stay.at_ns[i]);
		for (way = 0; way < WAYS; way++)
			printf(", %.6g", stay.ns[i][way]);
		putchar(']');
	}
	putchar(']');
}

static void print_trace(void)
{
	size_t i;

	printf("\"trace\": [");
	for (i = 0; i < stay.points; i++)
		printf("%s[%.0f, %.6g]", i ? ", " : "", stay.trace_ns[i],
		       stay.trace_call_ns[i]);
	putchar(']');
}

static int measure(long await, double ms)
{
	unsigned int number = await < 0 ? ~0u : (unsigned int)await;
	int ret;

	if (!contest.w || ms <= 0)
		return fail("stay", -EINVAL);
	ret = stay_measure(&contest, &stay, number, ms * 1e6);
	if (ret)
		return fail("stay", ret);
	printf("{\"changes\": %u, \"best\": \"%s\", \"on\": \"%s\", "
	       "\"heard_ns\": %.0f, \"done_ns\": %.0f, \"first_calls\": %.6g, "
	       "\"first_ns\": %.6g, \"lost_ns\": %.6g, "
	       "\"lost_all_ns\": %.6g, ",
	       events_number(), contest.best->name, contest.on->name,
	       stay.change.heard_ns, stay.change.done_ns, stay.first_calls,
	       stay.first_ns, stay.lost_ns, stay.lost_all_ns);
	print_rounds();
	printf(", ");
	print_trace();
	puts("}");
	return 0;
}

/* Until there was another change than this one. */
static int wait_change(unsigned int number)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	double end = bench_now_ns() + 30e9;

	while (events_number() == number && bench_now_ns() < end)
		nanosleep(&pause, NULL);
	if (events_number() == number)
		return fail("wait", -ETIMEDOUT);
	return list();
}

static int obey(const char *line)
{
	char name[48];
	unsigned int change;
	double number;
	long await;

	if (!strcmp(line, "poorest\n")) {
		poorest = events_usable();
		return list();
	}
	if (sscanf(line, "wait %u", &change) == 1)
		return wait_change(change);
	if (sscanf(line, "begin %47s %lf", name, &number) == 2)
		return begin(name, number);
	if (sscanf(line, "stay %ld %lf", &await, &number) == 2)
		return measure(await, number);
	return fail("unknown command", -EINVAL);
}

/* @text: number of a CPU, or "" for any; -2: neither. */
static int cpu_of(const char *text)
{
	char *end;
	long cpu = strtol(text, &end, 10);

	if (!*text)
		return -1;
	return *end || cpu < 0 || cpu >= CPU_SETSIZE ? -2 : (int)cpu;
}

static int pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/*
 * Before others, where that is allowed: less noise. Between sessions the nice
 * value of a session counts (sched(7), autogroups); this is one of its own.
 */
static void go_first(void)
{
	FILE *group = fopen("/proc/self/autogroup", "w");

	(void)setpriority(PRIO_PROCESS, 0, PRIORITY);
	if (!group)
		return;
	fprintf(group, "%d", PRIORITY);
	fclose(group);
}

int main(int argc, char **argv)
{
	int ret, cpu = -1, other = -1;
	char line[128];

	if (argc == 3) {
		cpu = cpu_of(argv[1]);
		other = cpu_of(argv[2]);
	}
	if (argc != 3 || cpu < -1 || other < -1) {
		fprintf(stderr, "Usage: mathlib_restored CPU CPU\n"
				"For ./dev bench restored: calls live on the first, "
				"events on the second; \"\": anywhere.\n");
		return 2;
	}
	go_first();
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	ret = workloads_init();
	if (!ret)
		ret = events_start(other);
	if (!ret)
		ret = pin(cpu);
	if (ret)
		return fail("start", ret);
	while (!ret && fgets(line, sizeof(line), stdin))
		ret = obey(line);
	return ret;
}
