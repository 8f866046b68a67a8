/* SPDX-License-Identifier: MIT */
/* A vector of isa-core/selftest.def, carried out by the CPU. */
#ifndef CORE_SELFTEST_NATIVE_H
#define CORE_SELFTEST_NATIVE_H

#include <isa-core/selftest.h>

/** selftest_native_init - map its code and memory; false: this can not be done here */
bool selftest_native_init(void);

/** selftest_native - as isahp_selftest_emulate(). false: memory outside was touched */
bool selftest_native(const struct isahp_selftest_vector *v, struct isahp_selftest *t);

/** selftest_native_has - whether this CPU has the instruction */
bool selftest_native_has(const struct isahp_instruction *in);

#endif /* CORE_SELFTEST_NATIVE_H */
