// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * emulator_loops - what it costs to finish the instructions that a CPU has lost.
 */
#include <string.h>

#include "emulator.h"
#include "loop.h"
#include "translated.h"

int main(int argc, char **argv)
{
	static struct bench b;
	double noise;
	int rc;

	loop_choose_strlen(argv);
	if (argc == 2 && !strcmp(argv[1], TRANSLATED_OPTION))
		return translated_serve();
	bench_init(&b, "emulator");
	rc = bench_arguments(&b, "Measure what decoding and carrying out instructions costs.",
			     argc, argv);
	if (rc)
		return rc - 1;
	bench_pin(0);
	noise = emulator_decode(&b);
	if (!emulator_run(&b))
		return 1;
	return bench_end(&b, noise);
}
