// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

#include "core_tally.h"

struct tally *tally_new(void)
{
	size_t size = sizeof(struct tally) + isahp_form_count * sizeof(struct tally_row);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* --- forms ------------------------------------------------------------------ */

static bool allows(unsigned int row, unsigned int field, unsigned int value)
{
	return !(isahp_forms[row].rejected >> (field + value) & 1);
}

/* Registers, memory, or neither: then it is as if of registers. */
static bool has_modrm(unsigned int row)
{
	for (unsigned int i = 0; i < ISAHP_FORM_OPERANDS; i++)
		if (isahp_form_kinds[isahp_forms[row].operand[i]].place == ISAHP_PLACE_RM)
			return true;
	return false;
}

bool tally_has_form(unsigned int row, bool memory, unsigned int length)
{
	bool is_long = encode_space(row) >= ISAHP_SPACE_VEX_0F;
	unsigned int lengths = encode_space(row) >= ISAHP_SPACE_EVEX_0F ? 3 : 2;

	if (memory ? !has_modrm(row) || !allows(row, ISAHP_WHERE_REGISTER, 0) :
		     has_modrm(row) && !allows(row, ISAHP_WHERE_REGISTER, 1))
		return false;
	/* An encoding that ignores the length has one form. */
	if (!is_long || !(isahp_forms[row].flags & ISAHP_FORM_LENGTH))
		return !length;
	return length < lengths && allows(row, ISAHP_WHERE_L, length);
}

unsigned long *tally_form(struct tally_row *t, const struct isahp_instruction *in)
{
	bool memory = has_modrm(in->form) && in->rm == ISAHP_REGISTER_NONE;
	bool is_long = isahp_forms[in->form].flags & ISAHP_FORM_LENGTH &&
		       encode_space(in->form) >= ISAHP_SPACE_VEX_0F;
	unsigned int length = in->vector_size == 64 ? 2 : in->vector_size == 32;

	return &t->form[memory][is_long ? length : 0];
}

/* --- counting --------------------------------------------------------------- */

static bool has_seen(const struct tally_row *t, unsigned int n, unsigned int value)
{
	return t->immediate[n][value / 64] >> value % 64 & 1;
}

static void see(struct tally_row *t, const struct isahp_instruction *in)
{
	unsigned int n = encode_immediates(in->form);
	__u8 value[2] = { in->immediate, (__u64)in->immediate >> 32 };

	for (unsigned int i = 0; i < n; i++)
		t->immediate[i][value[i] / 64] |= 1ULL << value[i] % 64;
}

void tally_count(struct tally *t, unsigned int row, const struct test_case *c,
		 const struct compared *r)
{
	unsigned long kinds[KIND_COUNT] = { 0 };

	kinds_of(c, r, kinds);
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		if (kinds[i])
			__atomic_add_fetch(&t->kinds[i], 1, __ATOMIC_RELAXED);
	t->row[row].outcome[r->outcome]++;
	if (r->outcome == OUTCOME_DONE)
		++*tally_form(&t->row[row], &c->code.in);
	/* AAM by zero. */
	if (r->outcome == OUTCOME_DONE || (r->outcome == OUTCOME_FAULT &&
					   r->trap.vector == ISAHP_VECTOR_DE))
		see(&t->row[row], &c->code.in);
}

int tally_immediate(const struct tally_row *t, unsigned int row, unsigned int n)
{
	for (unsigned int i = 0; n < encode_immediates(row) && i < 256; i++)
		if (!has_seen(t, n, i))
			return i;
	return -1;
}

const char *tally_missing(const struct tally_row *t, unsigned int row,
			  unsigned long states)
{
	static char text[80];

	for (unsigned int memory = 0; memory < 2; memory++)
		for (unsigned int length = 0; length < TALLY_LENGTHS; length++) {
			if (!tally_has_form(row, memory, length) ||
			    t->form[memory][length] >= states)
				continue;
			snprintf(text, sizeof(text), "%s, %d bits: %lu cases of %lu",
				 memory ? "memory" : "registers", 128 << length,
				 t->form[memory][length], states);
			return text;
		}
	for (unsigned int n = 0; n < 2; n++) {
		if (tally_immediate(t, row, n) < 0)
			continue;
		snprintf(text, sizeof(text), "immediate %02x was not executed",
			 tally_immediate(t, row, n));
		return text;
	}
	return NULL;
}

unsigned int tally_rows(const struct tally *t, enum row_state state)
{
	unsigned int rows = 0;

	for (unsigned int i = 0; i < isahp_form_count; i++)
		rows += t->row[i].state == state;
	return rows;
}

/* --- the table --------------------------------------------------------------- */

static const char *const features[] = {
#define FEATURE(name, ...) #name,
	ISAHP_FORM_FEATURES(FEATURE)
#undef FEATURE
};

struct sum {
	unsigned int rows[ROW_STATES];
	unsigned int all, forms, immediates;
	unsigned long outcome[OUTCOMES], fewest;
};

static void add_forms(struct sum *s, const struct tally_row *r, unsigned int row)
{
	for (unsigned int i = 0; i < 2 * TALLY_LENGTHS; i++) {
		if (!tally_has_form(row, i / TALLY_LENGTHS, i % TALLY_LENGTHS))
			continue;
		if (!s->forms++ || r->form[i / TALLY_LENGTHS][i % TALLY_LENGTHS] < s->fewest)
			s->fewest = r->form[i / TALLY_LENGTHS][i % TALLY_LENGTHS];
	}
}

static void add_row(struct sum *s, const struct tally_row *r, unsigned int row)
{
	s->rows[r->state]++;
	s->all++;
	for (unsigned int i = 0; i < OUTCOMES; i++)
		s->outcome[i] += r->outcome[i];
	s->immediates += encode_immediates(row) && tally_immediate(r, row, 0) < 0;
	add_forms(s, r, row);
}

static void print_absent(unsigned int rows, const char *how)
{
	if (rows)
		printf("  this CPU lacks %u%s", rows, how);
}

static void print_sum(const char *name, const struct sum *s)
{
	printf("%-20s %5u %6u %6u %11lu %10lu %8lu %9lu", name, s->rows[ROW_SHOWN],
	       s->forms, s->immediates, s->outcome[OUTCOME_DONE],
	       s->outcome[OUTCOME_FAULT], s->outcome[OUTCOME_LEFT], s->fewest);
	print_absent(s->rows[ROW_ABSENT], ": in plain C");
	print_absent(s->rows[ROW_RECORDED], ": by the self-test");
	print_absent(s->rows[ROW_UNKNOWN], ", and are NOT SHOWN");
	if (s->rows[ROW_FAILED])
		printf("  %u rows FAILED", s->rows[ROW_FAILED]);
	printf("\n");
}

static void print_kinds(const struct tally *t)
{
	printf("\n%-48s %11s\n", "cases with", "");
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		printf("%-48s %11lu\n", kinds_text(i), t->kinds[i]);
}

void tally_print(const struct tally *t)
{
	struct sum whole = { .all = 0 };

	printf("\n%-20s %5s %6s %6s %11s %10s %8s %9s\n", "feature", "rows", "forms",
	       "imm8", "executed", "exceptions", "left", "fewest");
	for (unsigned int f = 0; f < ISAHP_FORM_FEATURE_COUNT; f++) {
		struct sum s = { .all = 0 };

		for (unsigned int row = 0; row < isahp_form_count; row++) {
			if (isahp_forms[row].feature != f || !t->row[row].state)
				continue;
			add_row(&s, &t->row[row], row);
			add_row(&whole, &t->row[row], row);
		}
		if (s.all)
			print_sum(features[f], &s);
	}
	print_sum("all", &whole);
	print_kinds(t);
}

/* --- data -------------------------------------------------------------------- */

static void write_row(FILE *f, const struct tally_row *r, unsigned int row)
{
	static const char *const states[] = {
		"not asked", "shown", "plain C", "self-test", "not shown", "failed",
	};

	fprintf(f, "  {\"row\": %u, \"mnemonic\": \"%s\", \"feature\": \"%s\", "
		"\"state\": \"%s\", \"executed\": %lu, \"exceptions\": %lu, \"left\": %lu, "
		"\"forms\": [", row, encode_name(row), features[isahp_forms[row].feature],
		states[r->state], r->outcome[OUTCOME_DONE], r->outcome[OUTCOME_FAULT],
		r->outcome[OUTCOME_LEFT]);
	for (unsigned int i = 0, n = 0; i < 2 * TALLY_LENGTHS; i++)
		if (tally_has_form(row, i / TALLY_LENGTHS, i % TALLY_LENGTHS))
			fprintf(f, "%s{\"memory\": %s, \"bits\": %d, \"executed\": %lu}",
				n++ ? ", " : "", i < TALLY_LENGTHS ? "false" : "true",
				128 << i % TALLY_LENGTHS,
				r->form[i / TALLY_LENGTHS][i % TALLY_LENGTHS]);
	fprintf(f, "]}");
}

bool tally_write(const struct tally *t, const char *file)
{
	FILE *f = fopen(file, "w");
	const char *separator = "\n";

	if (!f)
		return false;
	fprintf(f, "{\"rows\": [");
	for (unsigned int row = 0; row < isahp_form_count; row++) {
		if (!t->row[row].state)
			continue;
		fputs(separator, f);
		write_row(f, &t->row[row], row);
		separator = ",\n";
	}
	fprintf(f, "],\n\"kinds\": {");
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		fprintf(f, "%s\n  \"%s\": %lu", i ? "," : "", kinds_text(i), t->kinds[i]);
	fprintf(f, "}}\n");
	return !fclose(f);
}
