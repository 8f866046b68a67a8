/* SPDX-License-Identifier: MIT */
/* An environment of the emulator's without segments and LOCK: memory is the test's. */
#ifndef CORE_FLAT_H
#define CORE_FLAT_H

#include <isa-core/emulate.h>

/** flat_exchange - LOCK is for somebody else */
size_t flat_exchange(void *env, __u64 address, void *old, const void *new, size_t size);

/** flat_segment - all there is, from 0 on */
bool flat_segment(void *env, unsigned int n, struct isahp_segment *ret);

#endif /* CORE_FLAT_H */
