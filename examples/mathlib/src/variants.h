/* SPDX-License-Identifier: MIT */
/*
 * What the ISA files have in common: the section that each ISA's code goes to.
 */
#ifndef ML_VARIANTS_H
#define ML_VARIANTS_H

#include <stddef.h>

#define ML_INLINE static inline __attribute__((always_inline))

/*
 * A name that is a C identifier makes the linker provide __start_ and __stop_
 * symbols. always_inline functions go where their caller is.
 */
#define ML_CODE(isa) __attribute__((section("isa_" #isa)))

#endif /* ML_VARIANTS_H */
