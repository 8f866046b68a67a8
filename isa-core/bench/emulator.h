/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef BENCH_EMULATOR_H
#define BENCH_EMULATOR_H

#include <bench.h>

/**
 * emulator_decode - rows for the decoder
 * @b: they are added to.
 *
 * Return: by how much the same thing, measured twice in turn, differed.
 */
double emulator_decode(struct bench *b);

/**
 * emulator_run - rows for loops of lost instructions
 * @b: they are added to.
 *
 * Return: false, and a line on stderr, if one of the ways to run them computed
 * something else than the others.
 */
bool emulator_run(struct bench *b);

#endif /* BENCH_EMULATOR_H */
