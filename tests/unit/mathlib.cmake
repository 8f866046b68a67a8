# SPDX-License-Identifier: MIT
# mathlib
isahp_unit_test(mathlib_variants LIBS mathlib_check m
  SOURCES mathlib_variants.c mathlib_operands.c)
