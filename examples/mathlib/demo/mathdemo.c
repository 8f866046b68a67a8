/* SPDX-License-Identifier: MIT */
/*
 * mathdemo - multiply on several threads, check every result, and follow the
 * CPU features that come and go. With --bind, the same program as it would be
 * without isahp.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fatal.h"
#include "options.h"
#include "report.h"
#include "workers.h"

static int fail(const char *what, int error)
{
	fprintf(stderr, "mathdemo: %s: %s\n", what, strerror(-error));
	return error;
}

/* Blocked in every thread, those of libraries too, and waited for by main. */
static void block_signals(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, ret_set, NULL);
	/* A reader that goes away is an error of write(). */
	signal(SIGPIPE, SIG_IGN);
}

static int fail_follow(int error)
{
	const char *loopback = getenv("ISAHP_LOOPBACK");
	const char *device = getenv("ISAHP_DEVICE");
	bool named = loopback && *loopback;

	if (!named)
		loopback = device && *device ? device : "/dev/isahp";
	fprintf(stderr, "mathdemo: following ISA events from %s: %s; %s\n",
		loopback, strerror(-error),
		named ? "start isahpd there, or unset ISAHP_LOOPBACK" :
			"load the isahp module, or use --bind");
	return error;
}

static int follow(struct demo_options *o)
{
	int ret;

	if (o->bind)
		return 0;
	ret = isahp_callback_add(demo_report_change, o, 0);
	if (ret)
		return fail("asking to be told of changes", ret);
	ret = isahp_start(NULL);
	if (ret) {
		isahp_callback_remove(demo_report_change, o);
		return fail_follow(ret);
	}
	return 0;
}

static void unfollow(struct demo_options *o)
{
	if (o->bind)
		return;
	isahp_stop();
	isahp_callback_remove(demo_report_change, o);
}

/* Return: whether to go on. */
static bool wait_until(uint64_t when_ns, const sigset_t *signals)
{
	uint64_t now_ns = demo_now_ns();
	uint64_t left_ns = when_ns > now_ns ? when_ns - now_ns : 0;
	struct timespec t = { (time_t)(left_ns / 1000000000),
			      (long)(left_ns % 1000000000) };

	return sigtimedwait(signals, NULL, &t) < 0;
}

static int loop(struct demo_report *r, const struct demo_workers *workers,
		const sigset_t *signals)
{
	const struct demo_options *o = r->options;
	uint64_t end_ns = o->seconds ? r->start_ns + (uint64_t)(o->seconds * 1e9) :
				       UINT64_MAX;
	uint64_t next_ns = r->start_ns;
	int ret = 0;

	while (!ret) {
		struct demo_counts counts;

		next_ns += (uint64_t)o->interval_ms * 1000000;
		if (end_ns < next_ns) {
			wait_until(end_ns, signals);
			return 0;
		}
		if (!wait_until(next_ns, signals))
			return 0;
		if (demo_now_ns() < next_ns)
			continue;
		counts = demo_workers_count(workers);
		ret = demo_report_interval(r, &counts);
	}
	return fail("writing to standard output", ret);
}

static int verdict(const struct demo_options *o, const struct demo_counts *counts,
		   bool planted)
{
	if (counts->wrong)
		return -EBADMSG;
	if (o->plant_wrong && !planted) {
		fprintf(stderr, "mathdemo: --plant-wrong %llu: the run ended before that call; run longer\n",
			(unsigned long long)o->plant_wrong);
		return -ERANGE;
	}
	return 0;
}

static int run(struct demo_options *o, const sigset_t *signals)
{
	struct demo_workers *workers = NULL;
	struct demo_counts counts;
	struct demo_report report;
	int ret, written;

	ret = demo_workers_start(o, &workers);
	if (ret)
		return fail("starting the threads", ret);
	demo_report_begin(&report, o);
	ret = loop(&report, workers, signals);
	demo_workers_stop(workers);
	counts = demo_workers_count(workers);
	written = demo_report_summary(&report, &counts,
				      demo_workers_planted(workers));
	if (written && !ret)
		ret = fail("writing to standard output", written);
	if (!ret)
		ret = verdict(o, &counts, demo_workers_planted(workers));
	demo_workers_free(workers);
	return ret;
}

int main(int argc, char **argv)
{
	struct demo_options o;
	sigset_t signals;
	int ret;

	ret = demo_options_parse(argc, argv, &o);
	if (ret)
		return ret > 0 ? EXIT_SUCCESS : 2;
	fatal_install(o.json);
	block_signals(&signals);
	ret = follow(&o);
	if (ret)
		return EXIT_FAILURE;
	ret = run(&o, &signals);
	unfollow(&o);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
