// SPDX-License-Identifier: MIT
/*
 * How much of what libraries are made of the emulator can decode, and how much
 * of that it carries out: by tier and object, mnemonics and forms. A form here is
 * a mnemonic in one encoding and vector length, of registers or with memory.
 *
 * What instructions.csv has of x87 and of the system's instructions is not the
 * emulator's: no host takes it away, and where it is met the CPU goes on by
 * itself. It is counted apart.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/emulate.h>

/* --- the table, with its names ---------------------------------------------- */

struct name {
	const char *space;	/* of an OPCODE: its rows follow */
	const char *mnemonic;
};

static struct name names[] = {
#define OPCODE(space, byte) { #space, NULL },
#define PLAIN(space, byte) { #space, NULL },
#define FORM(mnemonic, ...) { NULL, #mnemonic },
#include <isa-core/forms.def>
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* --- one line of instructions.csv -------------------------------------------- */

struct line {
	char tier[8];
	char object[32];
	char set[32];
	char mnemonic[32];
	char encoding[8];
	unsigned int vector_bits;
	unsigned long count;
	unsigned long with_memory;
};

static bool read_line(const char *text, struct line *ret)
{
	return sscanf(text, "%7[^,],%31[^,],%31[^,],%31[^,],%7[^,],%u,%lu,%lu",
		      ret->tier, ret->object, ret->set, ret->mnemonic, ret->encoding,
		      &ret->vector_bits, &ret->count, &ret->with_memory) == 8;
}

static bool is_left_to_the_cpu(const struct line *l)
{
	static const char *const mnemonics[] = { "cpuid", "ud2", "xgetbv" };
	size_t i;

	if (!strcmp(l->set, "X87"))
		return true;
	for (i = 0; i < sizeof(mnemonics) / sizeof(mnemonics[0]); i++)
		if (!strcmp(l->mnemonic, mnemonics[i]))
			return true;
	return false;
}

/* --- what covers it ------------------------------------------------------------ */

static bool same_mnemonic(const char *ours, const char *theirs)
{
	for (; *ours && *theirs; ours++, theirs++)
		if (tolower((unsigned char)*ours) != *theirs)
			return false;
	return *ours == *theirs;
}

static bool allows(const struct isahp_form *form, unsigned int field,
		   unsigned int value)
{
	return !(form->rejected & 1u << (field + value));
}

static bool has_length(const struct isahp_form *form, const char *space,
		       unsigned int bits)
{
	if (*space == 'L')
		return bits <= 128;
	if (*space == 'V' && bits > 256)
		return false;
	return bits == 128 ? allows(form, ISAHP_WHERE_L, 0) :
	       bits == 256 ? allows(form, ISAHP_WHERE_L, 1) :
			     allows(form, ISAHP_WHERE_L, 2);
}

struct cover {
	bool decoded;
	bool executed;
};

/* Of registers alone, or with memory. */
static struct cover cover_of(const struct line *l, bool memory)
{
	struct cover c = { false, false };
	const char *space = NULL;
	unsigned int row = 0;
	size_t i;

	for (i = 0; i < NAMES; i++) {
		const struct isahp_form *form = &isahp_forms[row];

		if (names[i].space) {
			space = names[i].space;
			continue;
		}
		row++;
		if (strncmp(space, l->encoding, strlen(l->encoding)) ||
		    !same_mnemonic(names[i].mnemonic, l->mnemonic) ||
		    !has_length(form, space, l->vector_bits) ||
		    !allows(form, ISAHP_WHERE_64, 1) ||
		    !allows(form, ISAHP_WHERE_REGISTER, !memory))
			continue;
		c.decoded = true;
		c.executed |= isahp_emulate_executes(form->operation);
	}
	return c;
}

/* --- counting ------------------------------------------------------------------ */

struct total {
	char tier[8];
	char object[32];
	unsigned long forms, decoded, executed;
	unsigned long instructions, instructions_decoded, instructions_executed;
	unsigned long left;
};

static bool say_missing;

static void count_form(struct total *t, const struct line *l, bool memory,
		       unsigned long count)
{
	struct cover c;

	if (!count)
		return;
	c = cover_of(l, memory);
	t->forms++;
	t->decoded += c.decoded;
	t->executed += c.executed;
	t->instructions += count;
	t->instructions_decoded += c.decoded ? count : 0;
	t->instructions_executed += c.executed ? count : 0;
	if (!c.decoded || (say_missing && !c.executed))
		printf("%s %s: %s (%s, %u bits, %s) is not %s\n", t->tier, t->object,
		       l->mnemonic, l->encoding, l->vector_bits,
		       memory ? "memory" : "registers",
		       c.decoded ? "carried out" : "decoded");
}

static double percent(unsigned long part, unsigned long of)
{
	return of ? 100.0 * (double)part / (double)of : 100;
}

static void print_total(const struct total *t)
{
	printf("%-4s %-18s %7lu %8.2f %8.2f %10lu %8.2f %8.2f %9lu\n", t->tier,
	       t->object, t->forms, percent(t->decoded, t->forms),
	       percent(t->executed, t->forms), t->instructions,
	       percent(t->instructions_decoded, t->instructions),
	       percent(t->instructions_executed, t->instructions), t->left);
}

#define TOTALS 64

static struct total totals[TOTALS];
static size_t total_count;

static struct total *total_of(const struct line *l)
{
	struct total *t = &totals[total_count - 1];

	if (total_count && !strcmp(t->tier, l->tier) && !strcmp(t->object, l->object))
		return t;
	if (total_count == TOTALS)
		return NULL;
	t = &totals[total_count++];
	strcpy(t->tier, l->tier);
	strcpy(t->object, l->object);
	return t;
}

static bool read_all(FILE *f, const char *tier)
{
	char text[256];
	struct line l;

	while (fgets(text, sizeof(text), f)) {
		struct total *t;

		if (*text == '#')
			continue;
		if (!read_line(text, &l))
			return false;
		if (tier && strcmp(tier, l.tier))
			continue;
		t = total_of(&l);
		if (!t)
			return false;
		if (is_left_to_the_cpu(&l)) {
			t->left += l.count;
			continue;
		}
		count_form(t, &l, true, l.with_memory);
		count_form(t, &l, false, l.count - l.with_memory);
	}
	return true;
}

/* --- the command ------------------------------------------------------------------ */

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: emulator_coverage [--executed] [--missing] [--tier T1] FILE\n"
		"\n"
		"Which forms in FILE, instructions.csv, the emulator decodes and carries\n"
		"out, in percent. Exit status 1 if one of tiers T1 to T4 is not decoded.\n"
		"\n"
		"  --executed  exit status 1 if one is not carried out, either\n"
		"  --missing   list what is decoded and not carried out\n"
		"  --tier T1   this tier only\n");
	return status;
}

/* T5 has what Xeon Phi alone could execute, and is shown only. */
static bool is_goal(const struct total *t)
{
	return strcmp(t->tier, "T5") != 0;
}

static bool is_whole(bool executed)
{
	bool whole = total_count;
	size_t i;

	for (i = 0; i < total_count; i++)
		whole &= !is_goal(&totals[i]) ||
			 (totals[i].decoded == totals[i].forms &&
			  (!executed || totals[i].executed == totals[i].forms));
	return whole;
}

static int report(const char *file, const char *tier, bool executed)
{
	FILE *f = fopen(file, "r");
	size_t i;

	if (!f || !read_all(f, tier)) {
		fprintf(stderr, "emulator_coverage: %s: %s\n", file,
			f ? "not as it should be" : strerror(errno));
		if (f)
			fclose(f);
		return 2;
	}
	fclose(f);
	printf("%-4s %-18s %7s %8s %8s %10s %8s %8s %9s\n", "tier", "object", "forms",
	       "decoded", "executed", "in code", "decoded", "executed", "left");
	for (i = 0; i < total_count; i++)
		print_total(&totals[i]);
	return is_whole(executed) ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *file = NULL, *tier = NULL;
	bool executed = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(0);
		if (!strcmp(argv[i], "--executed"))
			executed = true;
		else if (!strcmp(argv[i], "--missing"))
			say_missing = true;
		else if (!strcmp(argv[i], "--tier") && i + 1 < argc)
			tier = argv[++i];
		else if (*argv[i] != '-' && !file)
			file = argv[i];
		else
			return usage(2);
	}
	return file ? report(file, tier, executed) : usage(2);
}
