/* SPDX-License-Identifier: MIT */
/* What was shown of each row of forms.def, as a table and as data. */
#ifndef CORE_TALLY_H
#define CORE_TALLY_H

#include "core_kinds.h"

/** enum row_state - what became of a row */
enum row_state {
	ROW_NOT_ASKED,
	ROW_SHOWN,
	ROW_ABSENT,	/* from the CPU, and held against plain C */
	ROW_RECORDED,	/* from the CPU, and held against what another one did */
	ROW_UNKNOWN,	/* from the CPU, and not shown at all */
	ROW_FAILED,
	ROW_STATES
};

#define TALLY_LENGTHS 3	/* 16, 32, 64 bytes */

/**
 * struct tally_row - of a row
 * @state: enum row_state.
 * @outcome: cases, by enum outcome.
 * @form: of these that were executed, with memory and by length.
 * @immediate: bits of the values that were executed, of the immediate bytes.
 */
struct tally_row {
	enum row_state state;
	unsigned long outcome[OUTCOMES];
	unsigned long form[2][TALLY_LENGTHS];
	__u64 immediate[2][4];
};

/**
 * struct tally - of all
 * @next: row that nobody has taken.
 * @kinds: by enum kind.
 * @row: by number, as many as there are.
 */
struct tally {
	unsigned int next;
	unsigned long kinds[KIND_COUNT];
	struct tally_row row[];
};

/** tally_new - which processes share, of zeroes */
struct tally *tally_new(void);

/** tally_form - where a case is counted in tally_row.form */
unsigned long *tally_form(struct tally_row *t, const struct isahp_instruction *in);

/** tally_has_form - whether a row has such a form */
bool tally_has_form(unsigned int row, bool memory, unsigned int length);

/** tally_count - a case that was compared */
void tally_count(struct tally *t, unsigned int row, const struct test_case *c,
		 const struct compared *r);

/** tally_immediate - a value that was not executed yet; -1: all were */
int tally_immediate(const struct tally_row *t, unsigned int row, unsigned int n);

/** tally_missing - of a row: no form below @states, no immediate; NULL: nothing */
const char *tally_missing(const struct tally_row *t, unsigned int row,
			  unsigned long states);

/** tally_rows - how many are in a state */
unsigned int tally_rows(const struct tally *t, enum row_state state);

/** tally_print - the table, by feature; and the kinds */
void tally_print(const struct tally *t);

/** tally_write - as JSON; false: errno */
bool tally_write(const struct tally *t, const char *file);

#endif /* CORE_TALLY_H */
