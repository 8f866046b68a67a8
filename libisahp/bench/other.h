/* SPDX-License-Identifier: MIT */
/* A shared object with a function by ifunc and one by isahp; and its callers. */
#ifndef ISAHP_BENCH_OTHER_H
#define ISAHP_BENCH_OTHER_H

#include <isahp/isahp.h>

#pragma GCC visibility push(default)

/** other_ifunc - bound by the loader, as glibc's and target_clones' are */
void other_ifunc(unsigned long turns);

/** other_operation - an operation of the same */
ISAHP_OPERATION_DECLARE(other, void, (unsigned long turns), (turns))

/* The same loops: in this program, and in a shared object that binds lazily. */
void now_by_ifunc(unsigned int calls, unsigned long turns);
void now_by_ifunc_again(unsigned int calls, unsigned long turns);
void now_by_other_again(unsigned int calls, unsigned long turns);
void now_by_other(unsigned int calls, unsigned long turns);
void lazy_by_ifunc(unsigned int calls, unsigned long turns);
void lazy_by_ifunc_again(unsigned int calls, unsigned long turns);
void lazy_by_other_again(unsigned int calls, unsigned long turns);
void lazy_by_other(unsigned int calls, unsigned long turns);

#pragma GCC visibility pop

#endif /* ISAHP_BENCH_OTHER_H */
