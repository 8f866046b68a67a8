/* SPDX-License-Identifier: MIT */
/* What the headers of mathlib have in common. */
#ifndef MATHLIB_API_H
#define MATHLIB_API_H

#include <stddef.h>
#include <stdint.h>
#include <isahp/isahp.h>

#ifndef ML_API
#define ML_API __attribute__((visibility("default")))
#endif

#endif /* MATHLIB_API_H */
