/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where this process has code. What may not be executed must not be run by an
 * emulator either, and a signal handler has nobody to ask for that.
 */
#ifndef ISAHP_CODE_MAP_H
#define ISAHP_CODE_MAP_H

#include <stdbool.h>
#include <stdint.h>

/** struct isahp_range - addresses from @begin to before @end */
struct isahp_range {
	uint64_t begin;
	uint64_t end;
};

/**
 * isahp_code_map_look - find out what is executable
 *
 * Reads /proc/thread-self/maps; without it nothing is. What is mapped later is
 * not in it, and what has gone stays.
 *
 * Context: not in signal handlers, and while nobody asks isahp_code_map_has().
 */
void isahp_code_map_look(void);

/**
 * isahp_code_map_has - was there code
 * @address: of a byte.
 *
 * Context: any.
 */
bool isahp_code_map_has(uint64_t address);

#endif /* ISAHP_CODE_MAP_H */
