/* SPDX-License-Identifier: MIT */
#ifndef MATHDEMO_FATAL_H
#define MATHDEMO_FATAL_H

#include <stdbool.h>

/**
 * fatal_install - say whose code it was when an instruction is not there
 * @json: form of the line.
 *
 * On SIGILL one line with the address and the variant whose code it lies in is
 * written to standard output, and the process dies of SIGILL as it would have.
 */
void fatal_install(bool json);

#endif /* MATHDEMO_FATAL_H */
