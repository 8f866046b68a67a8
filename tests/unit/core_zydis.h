/* SPDX-License-Identifier: MIT */
/*
 * The decoder against Zydis, another one by other people.
 */
#ifndef TEST_CORE_ZYDIS_H
#define TEST_CORE_ZYDIS_H

#include <isa-core/instruction.h>

/**
 * enum zydis_verdict - how the two see the same bytes
 * @ZYDIS_NOTHING: neither sees an instruction, or none that is claimed.
 * @ZYDIS_AGREES: both see the same one.
 * @ZYDIS_DIFFERS: they do not agree.
 */
enum zydis_verdict {
	ZYDIS_NOTHING,
	ZYDIS_AGREES,
	ZYDIS_DIFFERS,
};

/** zydis_init - once, before anything else */
void zydis_init(void);

/**
 * zydis_compare - decode with both
 * @bytes: ISAHP_INSTRUCTION_MAX of them.
 * @mode: enum isahp_code_mode.
 *
 * Known differences, in which hardware is on our side, count as agreement; the
 * source names them.
 */
enum zydis_verdict zydis_compare(const __u8 *bytes, enum isahp_code_mode mode);

/** zydis_difference - what the last ZYDIS_DIFFERS was about */
const char *zydis_difference(void);

/** zydis_form_seen - how often the two agreed on a form */
unsigned long zydis_form_seen(unsigned int form);

/** zydis_form_name - mnemonic and operands of a row */
const char *zydis_form_name(unsigned int form);

#endif /* TEST_CORE_ZYDIS_H */
