// SPDX-License-Identifier: MIT
/*
 * What the emulator does, against the CPU that the tests run on: every row of
 * forms.def, with operands at random, in 64-bit and in 32-bit code. Registers,
 * flags but for undefined ones, vectors, opmasks, MXCSR, memory, and what an
 * exception tells are the same afterwards. What a run would choose for the
 * instruction does the same as well.
 *
 * Of each row there are cases enough for each form (registers or memory, by
 * length) and each value of an immediate byte; and of all rows together some of
 * each kind in core_kinds.h.
 *
 * ISAHP_CASES multiplies how many cases there are at least of each row;
 * ISAHP_STATES=N goes on until each form has N that were executed. ISAHP_SEED
 * repeats a run, ISAHP_ROW=MNEMONIC takes these rows alone, which see what they
 * would see among all; ISAHP_REPORT=FILE writes what was shown as JSON.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <isa-core/cpuid.h>
#include <isa-core/exec_float.h>
#include <isa-core/features.h>
#include <isa-core/selftest.h>

#include "core_random.h"
#include "core_reference.h"
#include "core_tally.h"

#define CASES 120
#define STATES 20	/* executed of each form */

/* --- what the CPU can be asked -------------------------------------------- */

static bool is_vector(const struct isahp_form *form)
{
	for (int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		unsigned int class = isahp_form_kinds[form->operand[i]].class;

		if (class == ISAHP_OPERAND_VECTOR || class == ISAHP_OPERAND_OPMASK)
			return true;
	}
	return form->operation == ISAHP_OP_VZEROALL ||
	       form->operation == ISAHP_OP_VZEROUPPER;
}

/* The result itself is undefined: SDM vol. 2B, "SHLD", "SHRD". */
static bool is_open(const struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	const struct isahp_form *form = isahp_instruction_form(in);
	unsigned int count = form->operand[2] == ISAHP_KIND_CL ?
				     c->regs.gpr[ISAHP_REGISTER_RCX] :
				     (__u64)in->immediate;

	return (form->operation == ISAHP_OP_SHLD || form->operation == ISAHP_OP_SHRD) &&
	       in->operand_size == 2 && (count & 31) > 16;
}

/* A feature that this CPU is said to lack, for the control. */
static int hidden = -1;

static bool cpu_has(const struct isahp_form *form, unsigned int vector_size)
{
	struct isahp_features need = isahp_form_features(form, vector_size);
	static struct isahp_features has;

	if (isahp_features_empty(&has))
		has = isahp_cpuid_features();
	if (hidden >= 0 && isahp_features_has(&need, hidden))
		return false;
	return isahp_features_subset(&need, &has);
}

/* --- rows ----------------------------------------------------------------- */

static struct tally *tally;
static unsigned long states = STATES;

/* The row whose cases are drawn, for what is not wanted any more. */
static struct tally_row *filling;

static bool is_wanted(const struct encoded *code)
{
	return *tally_form(filling, &code->in) < states ||
	       tally_immediate(filling, code->in.form, 0) >= 0 ||
	       tally_immediate(filling, code->in.form, 1) >= 0;
}

static void prepare(struct test_case *c, unsigned int row)
{
	const struct isahp_form *form = &isahp_forms[row];

	memset(c, 0, sizeof(*c));
	if (form->operation == ISAHP_OP_LDMXCSR || form->operation == ISAHP_OP_STMXCSR)
		c->simd = (struct isahp_simd){ .bytes = 16, .mxcsr = 0x1f80 };
	if (is_vector(form))
		c->simd = (struct isahp_simd){ .bytes = native_vector_bytes(),
					       .mxcsr = 0x1f80 };
	case_seed(row);
}

/* Those not seen yet, in every other case. */
static void choose_immediates(struct test_case *c, const struct tally_row *t,
			      unsigned int row, unsigned long n)
{
	for (unsigned int i = 0; i < 2; i++)
		c->immediate[i] = n & 1 ? tally_immediate(t, row, i) : -1;
}

/* False: they differ, or too little is done, as compare_difference says. */
static bool run_row(unsigned int row, unsigned long cases)
{
	struct tally_row *t = &tally->row[row];
	unsigned long bound = 4 * cases + 200 * (states + 256);
	struct test_case c;
	struct compared r;

	prepare(&c, row);
	filling = t;
	for (unsigned long i = 0; i < cases || tally_missing(t, row, states); i++) {
		if (i == bound) {
			snprintf(compare_difference, sizeof(compare_difference), "%s: %s",
				 encode_name(row), tally_missing(t, row, states));
			return false;
		}
		c.wants = i < cases ? NULL : is_wanted;
		choose_immediates(&c, t, row, i);
		if (!case_draw(&c, row, i % 3 ? ISAHP_CODE_64 : ISAHP_CODE_32) ||
		    is_open(&c))
			continue;
		if (!compare_case(&c, &r))
			return false;
		tally_count(tally, row, &c, &r);
	}
	return true;
}

/* --- rows that this CPU lacks ----------------------------------------------- */

/* A bug, for the control. */
static bool reference_planted;

static bool equals_reference(const struct test_case *c, unsigned long *done)
{
	struct isahp_registers regs = c->regs;
	struct isahp_simd simd = c->simd, expected;
	struct isahp_emulation e = {
		.mode = c->code.mode,
		.turns = 1,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &case_ops,
		.env = (void *)c,
	};
	enum isahp_emulated r;

	regs.simd = &simd;
	r = isahp_emulate_instruction(&e, &c->code.in);
	/* Upper bits that stay, in one case of a few. */
	if (reference_planted && r == ISAHP_EMULATE_DONE && !case_below(4))
		simd.v[c->code.in.reg].q[7]++;
	if (r != ISAHP_EMULATE_DONE)
		return !memcmp(&simd, &c->simd, sizeof(simd)) &&
		       !memcmp(regs.gpr, c->regs.gpr, sizeof(regs.gpr));
	++*done;
	if (!reference_case(c, &expected) ||
	    memcmp(simd.v, expected.v, sizeof(simd.v)) ||
	    memcmp(simd.k, expected.k, sizeof(simd.k)))
		return false;
	return regs.rip == c->regs.rip + c->code.count &&
	       !memcmp(regs.gpr, c->regs.gpr, sizeof(regs.gpr));
}

static bool run_reference(unsigned int row, unsigned long cases)
{
	struct tally_row *t = &tally->row[row];
	unsigned long bound = 20 * cases + 200 * states;
	struct test_case c;

	prepare(&c, row);
	c.simd.bytes = 64;
	for (unsigned long i = 0; i < 20 * cases ||
	     (i < bound && tally_missing(t, row, states)); i++) {
		unsigned long done = 0;

		if (!case_draw(&c, row, i % 3 ? ISAHP_CODE_64 : ISAHP_CODE_32))
			continue;
		if (!equals_reference(&c, &done)) {
			snprintf(compare_difference, sizeof(compare_difference),
				 "%s: not as in plain C", encode_name(row));
			return false;
		}
		t->outcome[done ? OUTCOME_DONE : OUTCOME_FAULT]++;
		*tally_form(t, &c.code.in) += done;
	}
	if (tally_missing(t, row, states))
		snprintf(compare_difference, sizeof(compare_difference), "%s: %s",
			 encode_name(row), tally_missing(t, row, states));
	return !tally_missing(t, row, states);
}

/* Another CPU has: unit/core_selftest. */
static bool is_recorded(unsigned int operation)
{
	static struct isahp_selftest t;

	for (unsigned int i = 0; i < isahp_selftest_count; i++)
		if (isahp_selftest_begin(&isahp_selftest_vectors[i], &t) &&
		    isahp_instruction_operation(&t.in) == operation)
			return true;
	return false;
}

/* --- all rows --------------------------------------------------------------- */

static enum row_state show_row(unsigned int row, unsigned long cases)
{
	const struct isahp_form *form = &isahp_forms[row];

	if (!isahp_emulate_executes(form->operation)) {
		snprintf(compare_difference, sizeof(compare_difference),
			 "%s: nobody executes it", encode_name(row));
		return ROW_FAILED;
	}
	if (cpu_has(form, 16) && cpu_has(form, 64))
		return run_row(row, cases) ? ROW_SHOWN : ROW_FAILED;
	if (!reference_has(row))
		return is_recorded(form->operation) ? ROW_RECORDED : ROW_UNKNOWN;
	return run_reference(row, cases) ? ROW_ABSENT : ROW_FAILED;
}

/* Once a minute: of a run of an hour one wants to know how far it is. */
static void say_progress(unsigned int row)
{
	static struct timespec last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (!last.tv_sec)
		last = now;
	if (now.tv_sec < last.tv_sec + 60)
		return;
	last = now;
	fprintf(stderr, "row %u of %u\n", row, isahp_form_count);
}

/* A process of several: takes rows until there are no more. */
static void show_rows(void)
{
	const char *only = getenv("ISAHP_ROW");
	unsigned long cases = random_cases(CASES);
	unsigned int row;

	while ((row = __atomic_fetch_add(&tally->next, 1, __ATOMIC_RELAXED)) <
	       isahp_form_count) {
		if (only && strcmp(only, encode_name(row)))
			continue;
		say_progress(row);
		tally->row[row].state = ROW_FAILED;
		tally->row[row].state = show_row(row, cases);
		if (tally->row[row].state == ROW_FAILED) {
			printf("row %u: %s\n", row, compare_difference);
			case_restore();
		} else if (tally->row[row].state == ROW_UNKNOWN) {
			printf("row %u: %s: this CPU lacks it, and nothing else is known\n",
			       row, encode_name(row));
		}
		fflush(stdout);
	}
}

/* On the nth CPU of those allowed; modify_ldt() interrupts no other, then. */
static void pin(const cpu_set_t *allowed, int n)
{
	cpu_set_t one;
	int cpu = -1;

	do
		n -= CPU_ISSET(++cpu, allowed);
	while (n >= 0);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void show_all(void)
{
	int status, processes, failed = 0;
	cpu_set_t allowed;
	bool known;

	/* More CPUs than the set has room for, and nobody is told any. */
	known = !sched_getaffinity(0, sizeof(allowed), &allowed);
	processes = known ? CPU_COUNT(&allowed) : (int)sysconf(_SC_NPROCESSORS_ONLN);
	fflush(stdout);
	for (int i = 0; i < processes; i++) {
		pid_t pid = fork();

		cr_assert_geq(pid, 0);
		if (pid)
			continue;
		if (known)
			pin(&allowed, i);
		show_rows();
		_exit(0);
	}
	while (wait(&status) > 0)
		failed |= status;
	for (unsigned int i = 0; failed && i < isahp_form_count; i++)
		if (tally->row[i].state == ROW_FAILED)
			printf("row %u: %s: differs, or ended a process\n", i,
			       encode_name(i));
	cr_assert_eq(failed, 0, "a process ended with status %x", failed);
}

static void check_kinds(void)
{
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		cr_expect(tally->kinds[i], "no case: %s", kinds_text(i));
}

Test(execute, equals_the_cpu, .timeout = 360000)
{
	const char *only = getenv("ISAHP_ROW"), *report = getenv("ISAHP_REPORT");
	const char *text = getenv("ISAHP_STATES");

	if (text)
		states = strtoul(text, NULL, 0);
	case_prepare();
	tally = tally_new();
	cr_assert(tally);
	show_all();
	tally_print(tally);
	cr_assert(!report || tally_write(tally, report), "%s: %s", report,
		  strerror(errno));
	cr_expect_eq(tally_rows(tally, ROW_FAILED), 0, "%u rows differ",
		     tally_rows(tally, ROW_FAILED));
	cr_expect_eq(tally_rows(tally, ROW_UNKNOWN), 0);
	if (only)
		return;
	cr_expect_eq(tally_rows(tally, ROW_NOT_ASKED), 0);
	check_kinds();
}

/* --- the controls --------------------------------------------------------- */

static unsigned int row_of(unsigned int operation)
{
	unsigned int row = 0;

	while (isahp_forms[row].operation != operation)
		row++;
	return row;
}

static void begin(void)
{
	case_prepare();
	tally = tally_new();
	cr_assert(tally);
}

static void plant(void (*spoil)(struct isahp_registers *),
		  void (*spoil_run)(struct isahp_registers *))
{
	compare_plant = spoil;
	compare_plant_run = spoil_run;
	case_restore();
}

/* AF of one case in eight, of an instruction that defines it. */
static void spoil(struct isahp_registers *emulated)
{
	if (!(emulated->gpr[0] & 7))
		emulated->rflags ^= ISAHP_FLAG_AF;
}

Test(execute, finds_a_planted_bug)
{
	unsigned int row = row_of(ISAHP_OP_SBB);

	begin();
	cr_assert(run_row(row, CASES), "%s", compare_difference);
	plant(spoil, NULL);
	cr_assert(!run_row(row, CASES));
	cr_assert(strstr(compare_difference, "SBB") && strstr(compare_difference, "flags"),
		  "%s", compare_difference);
	plant(NULL, spoil);
	cr_assert(!run_row(row, CASES));
	cr_assert(strstr(compare_difference, "SBB") &&
		  strstr(compare_difference, "run: flags"), "%s", compare_difference);
}

/* A vector is off by one where a result was rounded towards zero. */
static void spoil_float(struct isahp_registers *emulated)
{
	const struct isahp_simd *simd = emulated->simd;

	if (simd->mxcsr >> ISAHP_MXCSR_RC_SHIFT == ISAHP_ROUND_ZERO &&
	    simd->mxcsr & ISAHP_FP_PE)
		emulated->simd->v[5].q[0]++;
}

/* A flag that only an exception brings, which is not masked. */
static void spoil_flag(struct isahp_registers *emulated)
{
	__u32 mxcsr = emulated->simd->mxcsr;

	if (mxcsr & ISAHP_FP_DE && ~mxcsr >> ISAHP_MXCSR_MASK_SHIFT & ISAHP_FP_DE)
		emulated->simd->mxcsr &= ~ISAHP_FP_DE;
}

Test(execute, finds_planted_bugs_in_floating_point)
{
	unsigned int row = row_of(ISAHP_OP_MULPD);

	begin();
	cr_assert(run_row(row, 20 * CASES), "%s", compare_difference);
	plant(spoil_float, NULL);
	cr_assert(!run_row(row, 20 * CASES));
	cr_assert(strstr(compare_difference, "vector 5"), "%s", compare_difference);
	plant(spoil_flag, NULL);
	cr_assert(!run_row(row, 20 * CASES));
	cr_assert(strstr(compare_difference, "mxcsr"), "%s", compare_difference);
}

/* A CPU that lacks what this one has: who else knows what it does? */
Test(execute, wants_to_know_of_what_the_cpu_lacks)
{
	begin();
	hidden = ISAHP_FEATURE_SHA_NI;
	cr_assert_eq(show_row(row_of(ISAHP_OP_SHA256RNDS2), CASES), ROW_RECORDED);
	hidden = ISAHP_FEATURE_AVX512F;
	cr_assert_eq(show_row(row_of(ISAHP_OP_VRCP14PS), CASES), ROW_UNKNOWN);
	hidden = -1;
	cr_assert_eq(show_row(row_of(ISAHP_OP_SHA256RNDS2), CASES), ROW_SHOWN);
}

/* What is not executed is missed: a length, a value of the immediate byte. */
Test(execute, misses_forms_and_immediates)
{
	unsigned int row = row_of(ISAHP_OP_VPTERNLOGD);
	struct tally_row *t;

	begin();
	t = &tally->row[row];
	cr_assert(tally_missing(t, row, 1));
	cr_assert(run_row(row, CASES), "%s", compare_difference);
	cr_assert(!tally_missing(t, row, states));
	t->immediate[0][3] &= ~(1ULL << 63);
	cr_assert_str_eq(tally_missing(t, row, states), "immediate ff was not executed");
	t->immediate[0][3] |= 1ULL << 63;
	t->form[1][2] = states - 1;
	cr_assert(strstr(tally_missing(t, row, states), "memory, 512 bits"));
}

/* The plain C of what this CPU lacks notices a bug, too. */
Test(execute, finds_a_planted_bug_without_the_cpu)
{
	unsigned int row = row_of(ISAHP_OP_VPDPWSSD);

	begin();
	while (!reference_has(row))
		row++;
	hidden = ISAHP_FEATURE_AVX_VNNI;
	cr_assert_eq(show_row(row, CASES), ROW_ABSENT, "%s", compare_difference);
	tally = tally_new();
	cr_assert(tally);
	reference_planted = true;
	cr_assert_eq(show_row(row, CASES), ROW_FAILED);
	cr_assert(strstr(compare_difference, "plain C"), "%s", compare_difference);
}
