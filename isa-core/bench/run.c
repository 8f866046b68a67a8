// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Rows for loops: run ahead, and in other ways. */
#include "emulator.h"

#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ahead.h"
#include "translated.h"

#define ROUNDS 100
#define QUICK_ROUNDS 5

enum way {
	AHEAD,
	AGAIN,
	VOUCHED,
	TRANSLATED,
	NATIVE,
	WAYS
};

/**
 * struct contest - the ways take turns
 * @loop: of it.
 * @number: of loop_get().
 * @ahead: the emulator's.
 * @translated: QEMU's; NULL: there is none.
 * @native: this CPU can.
 * @ns: for each instruction.
 */
struct contest {
	const struct loop *loop;
	unsigned int number;
	struct ahead ahead;
	struct translated *translated;
	bool native;
	double ns[WAYS][ROUNDS];
};

/* --- the ways ---------------------------------------------------------------- */

static bool is_in(const struct contest *c, enum way way)
{
	if (way == TRANSLATED)
		return c->translated;
	return way != NATIVE || c->native;
}

static double run(struct contest *c, enum way way, __u64 *ret_result)
{
	switch (way) {
	case TRANSLATED:
		return translated_run(c->translated, c->number, ret_result);
	case NATIVE:
		return loop_execute(c->loop, ret_result);
	default:
		return ahead_run(&c->ahead, way == VOUCHED, ret_result);
	}
}

/* False if two ways differ in what they compute: then nothing counts. */
static bool take_turns(struct contest *c, size_t rounds)
{
	__u64 wanted = 0, result = 0;
	enum way way;
	size_t i;
	double ns;

	run(c, AHEAD, &wanted);
	for (i = 0; i < rounds; i++) {
		for (way = 0; way < WAYS; way++) {
			if (!is_in(c, way))
				continue;
			if (c->loop->out)
				memset(c->loop->out, 0, c->loop->out_size);
			ns = run(c, way, &result);
			if (ns < 0 || result != wanted) {
				fprintf(stderr, "bench_emulator: %s: way %u: %s\n",
					c->loop->name, way,
					ns < 0 ? "it has stopped" : "another result");
				return false;
			}
			c->ns[way][i] = ns / c->ahead.instructions;
		}
	}
	return true;
}

/* --- rows -------------------------------------------------------------------- */

static void add(struct bench *b, struct contest *c, enum way way, enum way peer,
		const char *peer_name, double goal, size_t rounds)
{
	struct bench_row row = {
		.unit = "ns",
		.goal = goal,
		.at_most = goal > 0,
		.samples = rounds,
	};

	if (!is_in(c, way) || !is_in(c, peer))
		return;
	snprintf(row.name, sizeof(row.name), "%s", c->loop->name);
	snprintf(row.peer, sizeof(row.peer), "%s", peer_name);
	row.noise = bench_noise(c->ns[AHEAD], c->ns[AGAIN], rounds);
	row.ratio = bench_ratio(c->ns[way], c->ns[peer], rounds);
	row.value = bench_percentile(c->ns[way], rounds, 50);
	row.peer_value = bench_percentile(c->ns[peer], rounds, 50);
	bench_add(b, row);
}

static bool compete(struct bench *b, struct contest *c)
{
	size_t rounds = b->quick ? QUICK_ROUNDS : ROUNDS;

	if (!ahead_init(&c->ahead, c->loop) || !take_turns(c, rounds))
		return false;
	add(b, c, AHEAD, TRANSLATED, TRANSLATED_BY, 1.5, rounds);
	add(b, c, AHEAD, VOUCHED, "the same, code vouched for", 0, rounds);
	add(b, c, AHEAD, NATIVE, "the CPU itself", 0, rounds);
	return true;
}

bool emulator_run(struct bench *b)
{
	struct isahp_features here = isahp_cpuid_features();
	static struct contest contest;
	struct translated translated;
	bool ok = true, has_qemu;
	unsigned int i;

	here = isahp_features_enabled(&here, isahp_cpuid_xcr0());
	signal(SIGPIPE, SIG_IGN);
	has_qemu = translated_start(&translated);
	for (i = 0; i < LOOPS && ok; i++) {
		contest.loop = loop_get(i);
		contest.number = i;
		contest.translated = has_qemu ? &translated : NULL;
		contest.native = isahp_features_subset(&contest.loop->needs, &here);
		ok = compete(b, &contest);
	}
	if (has_qemu)
		translated_end(&translated);
	return ok;
}
