// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * bench_emulator - what it costs to finish the instructions that a CPU has lost.
 */
#include "emulator.h"

int main(int argc, char **argv)
{
	static struct bench b;
	double noise, of_run;
	int rc;

	bench_init(&b, "emulator");
	rc = bench_arguments(&b, "Measure what decoding and carrying out instructions costs.",
			     argc, argv);
	if (rc)
		return rc - 1;
	bench_pin(0);
	noise = emulator_decode(&b);
	of_run = emulator_run(&b);
	return bench_end(&b, of_run > noise ? of_run : noise);
}
