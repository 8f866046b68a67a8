// SPDX-License-Identifier: MIT
/* The same as C++. */
#define ISAHP_PLAIN
#include "lib_plain.c"
