// SPDX-License-Identifier: MIT
/*
 * emulator_library - loops of lost instructions, finished by libisahp's handler
 *
 * As an application has it: real signals, registers in the signal's frame, memory
 * of which nobody knows whether it is there. The peer is isahp_run() within this
 * process with none of these.
 */
#include <bench.h>
#include <isa-core/bench/signalled.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isahp/emulation.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 50
#define QUICK_ROUNDS 3

static bool finish(void *info, void *context)
{
	return isahp_emulation_signal(info, context);
}

static bool add(struct bench *b, struct ahead *ahead, struct signalled *s)
{
	static double handler[ROUNDS], again[ROUNDS], alone[ROUNDS];
	size_t rounds = b->quick ? QUICK_ROUNDS : ROUNDS, i;
	__u64 wanted, result[2] = { 0 };
	struct bench_row row = {
		.unit = "ns",
		.peer = "run ahead, no signals",
		.samples = rounds,
	};

	for (i = 0; i < rounds; i++) {
		alone[i] = ahead_run(ahead, false, &wanted) / ahead->instructions;
		handler[i] = signalled_run(s, &result[0]) / ahead->instructions;
		again[i] = signalled_run(s, &result[1]) / ahead->instructions;
		if (alone[i] < 0 || result[0] != wanted || result[1] != wanted) {
			fprintf(stderr, "bench_emulator: %s: another result\n",
				ahead->loop->name);
			return false;
		}
	}
	printf("%s: %u instructions by %.1f signals\n", ahead->loop->name,
	       ahead->instructions, (double)s->traps / (double)(2 * rounds));
	snprintf(row.name, sizeof(row.name), "%s, libisahp", ahead->loop->name);
	row.noise = bench_noise(handler, again, rounds);
	row.ratio = bench_ratio(handler, alone, rounds);
	row.value = bench_percentile(handler, rounds, 50);
	row.peer_value = bench_percentile(alone, rounds, 50);
	bench_add(b, row);
	return true;
}

static bool measure(struct bench *b, unsigned int n)
{
	struct isahp_features here = isahp_cpuid_features();
	const struct loop *loop = loop_get(n);
	static struct signalled signalled;
	static struct ahead ahead;
	bool ok;

	here = isahp_features_enabled(&here, isahp_cpuid_xcr0());
	if (!isahp_features_subset(&loop->needs, &here)) {
		fprintf(stderr, "bench_emulator: %s: not on this CPU\n", loop->name);
		return true;
	}
	if (!ahead_init(&ahead, loop) || !signalled_start(&signalled, &ahead, finish))
		return false;
	ok = add(b, &ahead, &signalled);
	signalled_end(&signalled);
	return ok;
}

/* This program's handler asks libisahp, which is told what to call absent. */
static bool install(void)
{
	struct isahp_emulation_options options = { .size = sizeof(options) };

	options.features = loop_lost();
	return !isahp_emulation_install(&options);
}

int main(int argc, char **argv)
{
	static struct bench b;
	unsigned int n;
	int rc;

	loop_choose_strlen(argv);
	bench_init(&b, "emulator");
	rc = bench_arguments(&b, "Measure what libisahp's handler of SIGILL costs.", argc,
			     argv);
	if (rc)
		return rc - 1;
	bench_pin(0);
	if (!install()) {
		fprintf(stderr, "bench_emulator: there is no emulator here\n");
		return 1;
	}
	for (n = 0; n < LOOPS; n++)
		if (!measure(&b, n))
			return 1;
	return bench_end(&b, 0);
}
