// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Rows for loops: run ahead, and in other ways. */
#include "emulator.h"

#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signalled.h"
#include "translated.h"

#define ROUNDS 100
#define SIGNALS_ROUNDS 30
#define QUICK_ROUNDS 3

enum way {
	AHEAD,
	AGAIN,
	VOUCHED,
	TRANSLATED,
	NATIVE,
	SIGNALLED,
	WAYS
};

static const char *const names[WAYS] = {
	[AHEAD] = "run ahead",
	[AGAIN] = "run ahead once more",
	[VOUCHED] = "run ahead, code vouched for",
	[TRANSLATED] = TRANSLATED_BY,
	[NATIVE] = "the CPU itself",
	[SIGNALLED] = "a signal each",
};

#define BIT(way) (1U << (way))

/**
 * struct contest - the ways take turns
 * @loop: of it.
 * @number: of loop_get().
 * @ahead: the emulator's.
 * @translated: QEMU's.
 * @signalled: the loop in signals.
 * @can: bits of the ways that there are here.
 * @ns: for each instruction.
 */
struct contest {
	const struct loop *loop;
	unsigned int number;
	struct ahead ahead;
	struct translated *translated;
	struct signalled signalled;
	unsigned int can;
	double ns[WAYS][ROUNDS];
};

/* --- the ways ---------------------------------------------------------------- */

static double run(struct contest *c, enum way way, __u64 *ret_result)
{
	switch (way) {
	case TRANSLATED:
		return translated_run(c->translated, c->number, ret_result);
	case NATIVE:
		return loop_execute(c->loop, ret_result);
	case SIGNALLED:
		return signalled_run(&c->signalled, ret_result);
	default:
		return ahead_run(&c->ahead, way == VOUCHED, ret_result);
	}
}

/* False if two ways differ in what they compute: then nothing counts. */
static bool take_turns(struct contest *c, unsigned int ways, size_t rounds)
{
	__u64 wanted = 0, result = 0;
	enum way way;
	size_t i;
	double ns;

	run(c, AHEAD, &wanted);
	for (i = 0; i < rounds; i++) {
		for (way = 0; way < WAYS; way++) {
			if (!(ways & c->can & BIT(way)))
				continue;
			if (c->loop->out)
				memset(c->loop->out, 0, c->loop->out_size);
			ns = run(c, way, &result);
			if (ns < 0 || result != wanted) {
				fprintf(stderr, "bench_emulator: %s, %s: %s\n",
					c->loop->name, names[way],
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
		struct bench_row row)
{
	size_t rounds = row.samples;

	if (!(c->can & BIT(way)) || !(c->can & BIT(peer)))
		return;
	row.unit = "ns";
	row.noise = bench_noise(c->ns[AHEAD], c->ns[AGAIN], rounds);
	row.ratio = bench_ratio(c->ns[way], c->ns[peer], rounds);
	row.value = bench_percentile(c->ns[way], rounds, 50);
	row.peer_value = bench_percentile(c->ns[peer], rounds, 50);
	snprintf(row.name, sizeof(row.name), "%s%s", c->loop->name,
		 way == SIGNALLED ? ", signals" : "");
	bench_add(b, row);
}

static bool compete(struct bench *b, struct contest *c)
{
	size_t rounds = b->quick ? QUICK_ROUNDS : ROUNDS;

	if (!take_turns(c, ~BIT(SIGNALLED), rounds))
		return false;
	add(b, c, AHEAD, TRANSLATED, (struct bench_row){
		.peer = TRANSLATED_BY, .goal = 1.5, .at_most = true, .samples = rounds });
	add(b, c, AHEAD, VOUCHED, (struct bench_row){
		.peer = "the same, code vouched for", .samples = rounds });
	add(b, c, AHEAD, NATIVE, (struct bench_row){
		.peer = "the CPU itself", .samples = rounds });
	return true;
}

static bool compete_with_signals(struct bench *b, struct contest *c)
{
	size_t rounds = b->quick ? QUICK_ROUNDS : SIGNALS_ROUNDS;
	bool ok;

	if (!(c->can & BIT(NATIVE)))
		return true;
	if (!signalled_start(&c->signalled, &c->ahead, NULL))
		return false;
	ok = take_turns(c, BIT(AHEAD) | BIT(AGAIN) | BIT(SIGNALLED), rounds);
	if (ok && c->signalled.traps != rounds * c->ahead.lost) {
		fprintf(stderr, "bench_emulator: %s: %llu signals, not %llu\n",
			c->loop->name, (unsigned long long)c->signalled.traps,
			(unsigned long long)rounds * c->ahead.lost);
		ok = false;
	}
	signalled_end(&c->signalled);
	if (ok)
		add(b, c, SIGNALLED, AHEAD, (struct bench_row){
			.peer = "run ahead", .goal = 200, .samples = rounds });
	return ok;
}

/* False if nothing can be said of this loop here. */
static bool look(struct contest *c, const struct isahp_features *here, bool has_qemu)
{
	bool native = isahp_features_subset(&c->loop->needs, here);

	if (!native && c->loop->of_libc) {
		fprintf(stderr, "bench_emulator: %s: this CPU has another\n",
			c->loop->name);
		return false;
	}
	c->can = BIT(AHEAD) | BIT(AGAIN) | BIT(VOUCHED);
	if (has_qemu && translated_can(c->translated, c->number))
		c->can |= BIT(TRANSLATED);
	if (native)
		c->can |= BIT(NATIVE) | BIT(SIGNALLED);
	return true;
}

bool emulator_run(struct bench *b)
{
	struct isahp_features here = isahp_cpuid_features();
	static struct contest c;
	struct translated qemu;
	bool ok = true, has_qemu;

	here = isahp_features_enabled(&here, isahp_cpuid_xcr0());
	signal(SIGPIPE, SIG_IGN);
	has_qemu = translated_start(&qemu);
	c.translated = &qemu;
	for (c.number = 0; c.number < LOOPS && ok; c.number++) {
		c.loop = loop_get(c.number);
		if (!look(&c, &here, has_qemu))
			continue;
		ok = ahead_init(&c.ahead, c.loop);
		if (!ok)
			break;
		printf("%s: %u instructions, %.0f %% of them lost\n", c.loop->name,
		       c.ahead.instructions, 100.0 * c.ahead.lost / c.ahead.instructions);
		ok = compete(b, &c) && compete_with_signals(b, &c);
	}
	if (has_qemu)
		translated_end(&qemu);
	return ok;
}
