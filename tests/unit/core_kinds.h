/* SPDX-License-Identifier: MIT */
/* What cases there have to be, whatever the instruction is. */
#ifndef CORE_KINDS_H
#define CORE_KINDS_H

#include "core_compare.h"

/* X(name, what it is) */
#define KINDS(X) \
X(CODE_32, "32-bit code") \
X(GS_BASE, "64-bit code, GS with a base") \
X(ADDRESS_32, "64-bit code, 32-bit addresses") \
X(ADDRESS_16, "32-bit code, 16-bit addresses") \
X(SEGMENT_BASE, "32-bit code, a segment with a base") \
X(SEGMENT_WRAPS, "32-bit code, a segment around 4 GiB") \
X(SEGMENT_LIMIT, "#GP of a segment's limit") \
X(STACK_LIMIT, "#SS of a segment's limit") \
X(SEGMENT_READ_ONLY, "#GP of a segment that can not be written") \
X(SEGMENT_NULL, "#GP of a null selector") \
X(SEGMENT_DOWN, "a segment that expands down, left to the CPU") \
X(NOT_CANONICAL, "#GP of an address that is not canonical") \
X(NOT_CANONICAL_STACK, "#SS of one") \
X(PAGE_END, "an operand that ends where memory ends") \
X(PAGE_CROSSED, "an operand on two pages") \
X(PAGE_AWAY, "page fault, nothing is there") \
X(PAGE_READ_ONLY, "page fault, can not be written") \
X(MASKED_AWAY, "done, what is masked out is not there") \
X(MASKED_READ_ONLY, "done, what is masked out can not be written") \
X(MASKED_FAULT, "page fault under an opmask") \
X(UNALIGNED, "#GP of 16 bytes that are not aligned") \
X(ALIGNMENT, "#AC") \
X(DIVIDE, "#DE") \
X(LOCKED, "LOCK") \
X(REPEATED, "REP, REPE, REPNE") \
X(HIGH_BYTE, "AH to BH") \
X(SAME_TWO, "a register is two operands") \
X(SAME_ALL, "a register is all of three operands") \
X(SAME_ADDRESS, "a register is an operand and of the address") \
X(OPMASK, "an opmask that merges") \
X(ZEROING, "an opmask that zeroes") \
X(OPMASK_EMPTY, "an opmask of zeroes") \
X(BROADCAST, "broadcast from memory") \
X(NEAREST, "MXCSR: round to nearest") \
X(DOWN, "MXCSR: round down") \
X(UP, "MXCSR: round up") \
X(ZERO, "MXCSR: round to zero") \
X(DAZ, "MXCSR: DAZ") \
X(FTZ, "MXCSR: FTZ") \
X(EVEX_NEAREST, "EVEX: round to nearest") \
X(EVEX_DOWN, "EVEX: round down") \
X(EVEX_UP, "EVEX: round up") \
X(EVEX_ZERO, "EVEX: round to zero") \
X(SAE, "EVEX: SAE without rounding") \
X(ZEROS, "operand: zero of floating point") \
X(DENORMAL, "operand: denormal") \
X(INFINITE, "operand: infinity") \
X(QUIET, "operand: quiet NaN") \
X(SIGNALLING, "operand: signalling NaN") \
X(FLAG_I, "flag IE, masked") \
X(FLAG_D, "flag DE, masked") \
X(FLAG_Z, "flag ZE, masked") \
X(FLAG_O, "flag OE, masked") \
X(FLAG_U, "flag UE, masked") \
X(FLAG_P, "flag PE, masked") \
X(XM_I, "#XM by IE") \
X(XM_D, "#XM by DE") \
X(XM_Z, "#XM by ZE") \
X(XM_O, "#XM by OE") \
X(XM_U, "#XM by UE") \
X(XM_P, "#XM by PE")

enum kind {
#define KIND(name, text) KIND_##name,
	KINDS(KIND)
#undef KIND
	KIND_COUNT
};

/** kinds_of - of which a case is: kinds[n] is added 1 */
void kinds_of(const struct test_case *c, const struct compared *r,
	      unsigned long kinds[KIND_COUNT]);

/** kinds_text - what one is */
const char *kinds_text(enum kind kind);

#endif /* CORE_KINDS_H */
