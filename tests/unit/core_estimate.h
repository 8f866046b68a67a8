/* SPDX-License-Identifier: MIT */
#ifndef CORE_ESTIMATE_H
#define CORE_ESTIMATE_H

#include <stdbool.h>

/**
 * estimate_is - whether CPUs give different results
 * @operation: enum isahp_form_operation. Those of RCPPS and its like are anything
 *	within a bound, which unit/core_float holds them to.
 */
bool estimate_is(unsigned int operation);

#endif /* CORE_ESTIMATE_H */
