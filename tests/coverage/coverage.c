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

#define MNEMONICS 400	/* of an object, or of a tier */
#define TOTALS 64

struct share {
	unsigned long all, decoded, executed;
};

struct total {
	char tier[8];
	char object[32];
	unsigned int mnemonics;
	struct {
		char name[32];
		struct cover cover;
	} mnemonic[MNEMONICS];
	struct share forms, instructions;
	unsigned long left;
};

static void add(struct share *to, struct cover c, unsigned long count)
{
	to->all += count;
	to->decoded += c.decoded ? count : 0;
	to->executed += c.executed ? count : 0;
}

/* A mnemonic is covered when all of its forms are. */
static bool add_mnemonic(struct total *t, const char *name, struct cover c)
{
	unsigned int i = 0;

	while (i < t->mnemonics && strcmp(t->mnemonic[i].name, name))
		i++;
	if (i == MNEMONICS)
		return false;
	if (i == t->mnemonics) {
		strcpy(t->mnemonic[i].name, name);
		t->mnemonic[i].cover = c;
		t->mnemonics++;
	}
	t->mnemonic[i].cover.decoded &= c.decoded;
	t->mnemonic[i].cover.executed &= c.executed;
	return true;
}

static struct share mnemonics_of(const struct total *t)
{
	struct share s = { 0, 0, 0 };
	unsigned int i;

	for (i = 0; i < t->mnemonics; i++)
		add(&s, t->mnemonic[i].cover, 1);
	return s;
}

static struct total totals[TOTALS];
static size_t total_count;

static struct total *total_of(const char *tier, const char *object)
{
	size_t i;

	for (i = 0; i < total_count; i++)
		if (!strcmp(totals[i].tier, tier) && !strcmp(totals[i].object, object))
			return &totals[i];
	if (total_count == TOTALS)
		return NULL;
	strcpy(totals[total_count].tier, tier);
	strcpy(totals[total_count].object, object);
	return &totals[total_count++];
}

/* Of an object, and of its tier. */
#define WHOLE "all"

static bool count_form(const struct line *l, bool memory, unsigned long count)
{
	const char *const objects[] = { l->object, WHOLE };
	struct cover c;
	size_t i;

	if (!count)
		return true;
	c = cover_of(l, memory);
	if (!c.executed)
		printf("%s %s: %s (%s, %u bits, %s) is not %s\n", l->tier, l->object,
		       l->mnemonic, l->encoding, l->vector_bits,
		       memory ? "memory" : "registers",
		       c.decoded ? "carried out" : "decoded");
	for (i = 0; i < 2; i++) {
		struct total *t = total_of(l->tier, objects[i]);

		if (!t || !add_mnemonic(t, l->mnemonic, c))
			return false;
		add(&t->forms, c, 1);
		add(&t->instructions, c, count);
	}
	return true;
}

static bool count_left(const struct line *l)
{
	struct total *object = total_of(l->tier, l->object);
	struct total *tier = total_of(l->tier, WHOLE);

	if (!object || !tier)
		return false;
	object->left += l->count;
	tier->left += l->count;
	return true;
}

static bool read_all(FILE *f, const char *tier)
{
	char text[256];
	struct line l;

	while (fgets(text, sizeof(text), f)) {
		if (*text == '#')
			continue;
		if (!read_line(text, &l) || l.with_memory > l.count)
			return false;
		if (tier && strcmp(tier, l.tier))
			continue;
		if (is_left_to_the_cpu(&l) ? !count_left(&l) :
		    !count_form(&l, true, l.with_memory) ||
		    !count_form(&l, false, l.count - l.with_memory))
			return false;
	}
	return true;
}

/* --- the table -------------------------------------------------------------------- */

/* T5 has what Xeon Phi alone could execute, and is shown only. */
static bool is_goal(const struct total *t)
{
	return strcmp(t->tier, "T5") != 0;
}

static bool is_whole(const struct total *t)
{
	return t->forms.executed == t->forms.all;
}

static void print_share(const struct share *s)
{
	double of = s->all ? (double)s->all : 1;

	printf("  %9lu %8.2f %8.2f", s->all, 100 * (double)s->decoded / of,
	       100 * (double)s->executed / of);
}

static void print_total(const struct total *t)
{
	struct share mnemonics = mnemonics_of(t);

	printf("%-4s %-18s", t->tier, t->object);
	print_share(&mnemonics);
	print_share(&t->forms);
	print_share(&t->instructions);
	printf(" %8lu  %s\n", t->left, is_whole(t) ? "" :
	       is_goal(t) ? "MISSING" : "no goal");
}

/* A tier behind its objects. */
static void print_tier(const char *tier)
{
	size_t i;

	for (i = 0; i < total_count; i++)
		if (!strcmp(totals[i].tier, tier) && strcmp(totals[i].object, WHOLE))
			print_total(&totals[i]);
	print_total(total_of(tier, WHOLE));
	printf("\n");
}

static void print_table(void)
{
	size_t i;

	printf("\n%-23s  %-27s  %-27s  %-27s\n", "", "mnemonics", "forms",
	       "instructions");
	printf("%-4s %-18s", "tier", "object");
	for (i = 0; i < 3; i++)
		printf("  %9s %8s %8s", "all", "decod. %", "exec. %");
	printf(" %8s\n", "left");
	for (i = 0; i < total_count; i++)
		if (!strcmp(totals[i].object, WHOLE))
			print_tier(totals[i].tier);
}

/* --- the command ------------------------------------------------------------------ */

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: emulator_coverage [--tier T1] FILE\n"
		"\n"
		"How much of FILE, instructions.csv, the emulator decodes and carries out, in\n"
		"percent; what it does not is listed. Exit status 1 if there is any in tiers\n"
		"T1 to T4. `left` is what no host takes away, and the emulator leaves to the\n"
		"CPU.\n"
		"\n"
		"  --tier T1   this tier only\n");
	return status;
}

static int report(const char *file, const char *tier)
{
	FILE *f = fopen(file, "r");
	bool good = f && read_all(f, tier), whole = true, goal = false;
	size_t i;

	if (!good)
		fprintf(stderr, "emulator_coverage: %s: %s\n", file,
			f ? "not as it should be" : strerror(errno));
	if (f)
		fclose(f);
	if (!good)
		return 2;
	print_table();
	for (i = 0; i < total_count; i++) {
		goal |= is_goal(&totals[i]);
		whole &= !is_goal(&totals[i]) || is_whole(&totals[i]);
	}
	/* Nothing of nothing shows nothing. */
	return whole && (goal || tier) && total_count ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *file = NULL, *tier = NULL;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(0);
		if (!strcmp(argv[i], "--tier") && i + 1 < argc)
			tier = argv[++i];
		else if (*argv[i] != '-' && !file)
			file = argv[i];
		else
			return usage(2);
	}
	return file ? report(file, tier) : usage(2);
}
