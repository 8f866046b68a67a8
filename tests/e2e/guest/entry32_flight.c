// SPDX-License-Identifier: MIT
/*
 * entry32_flight - threads in flight while the 32-bit entry changes
 *
 *	entry32_flight [--plant nops|argument|register]
 *
 * Brings a process each by ptrace to every place in __kernel_vsyscall where one
 * may be (each instruction, asleep, restarting, stopped, in a handler ...; see
 * entry32_cases.c), prints "ready form=FORM cases=N", waits for SIGUSR1 while
 * the entry changes, lets them go on, and checks result, registers and all six
 * arguments of each. Prints a line for each:
 *
 *	case=NAME form=FORM->FORM result=ok|wrong [what]
 *
 * and "flight cases=N wrong=N". --plant makes it fail on purpose, at the second
 * instruction of the entry: the sixth argument on the stack is changed, or edx
 * behind the call, or a thread that would meet UD2 there finds NOPs, as if the
 * entry had been written over with them.
 *
 * Exit status 1 if one was wrong, 77 if the entry is not known.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "entry32.h"
#include "entry32_flight.h"

#define FLIGHTS_MAX 256
#define HUNG_S 60

static struct flight flights[FLIGHTS_MAX];
int flight_places, flight_offsets[PLACES_MAX];
static const char *under_way = "none";

/* --- where threads pass ---------------------------------------------------- */

int flight_place_of(int offset)
{
	int i;

	for (i = 0; i < flight_places; i++)
		if (flight_offsets[i] == offset)
			return i + 1;
	return 0;
}

void flight_survey(void)
{
	const struct entry32_call call = { .nr = SYS_getpid };
	struct traced t;

	traced_start(&t, &call);
	flight_places = 0;
	for (;;) {
		traced_step(&t, 1);
		if (t.complaint[0] || flight_places == PLACES_MAX ||
		    traced_regs(&t).eip == (long)entry32_at_return)
			break;
		flight_offsets[flight_places++] = traced_regs(&t).eip - entry32_site;
	}
	traced_end(&t);
}

static void hung(int number)
{
	(void)number;
	/* Not async-signal-safe, and the end anyway. */
	printf("case=%s result=hung\n", under_way);
	fflush(stdout);
	_exit(1);
}

/* --- making it wrong -------------------------------------------------------- */

static void plant_before(struct flight *f, const char *plant)
{
	struct traced *t = &f->thread;
	struct user_regs_struct now;

	if (t->running || t->complaint[0])
		return;
	now = traced_regs(t);
	if ((unsigned long)now.eip != entry32_site + ENTRY32_MIDDLE)
		return;
	if (!strcmp(plant, "argument"))
		traced_poke(t, now.esp, traced_peek(t, now.esp) + 1);
	/* Two bytes: the upper half of the site's word. */
	if (!strcmp(plant, "nops"))
		traced_poke(t, entry32_site,
			    (traced_peek(t, entry32_site) & 0xffff) | 0x90900000);
}

static void plant_after(struct flight *f, const char *plant)
{
	struct traced *t = &f->thread;
	struct user_regs_struct now;

	if (strcmp(plant, "register") || t->complaint[0] ||
	    !f->place || flight_offsets[f->place - 1] != ENTRY32_MIDDLE)
		return;
	now = traced_regs(t);
	now.edx ^= 1;
	traced_set_regs(t, &now);
}

/* --- all of them ------------------------------------------------------------ */

static int bring_all(void)
{
	int n;

	flight_survey();
	for (n = 0; n < FLIGHTS_MAX && flight_start(&flights[n], n); n++) {
		under_way = flights[n].name;
		flights[n].bring(&flights[n]);
	}
	return n;
}

static bool land(struct flight *f, const char *plant)
{
	under_way = f->name;
	plant_before(f, plant);
	if (!f->thread.complaint[0])
		f->go(f);
	plant_after(f, plant);
	if (!f->thread.complaint[0])
		f->check(f);
	if (f->has_child)
		traced_end(&f->child);
	traced_end(&f->thread);
	return !f->thread.complaint[0];
}

static void await_change(sigset_t *change)
{
	int number;

	alarm(0);
	sigwait(change, &number);
	alarm(HUNG_S);
}

int main(int argc, char **argv)
{
	const char *plant = "", *was;
	sigset_t change, old;
	int cases, wrong = 0, n;

	if (argc == 3 && !strcmp(argv[1], "--plant")) {
		plant = argv[2];
	} else if (argc != 1) {
		fprintf(stderr, "Usage: entry32_flight [--plant nops|argument|register]\n");
		return 2;
	}
	entry32_find("entry32_flight");
	signal(SIGALRM, hung);
	alarm(HUNG_S);
	was = entry32_form();
	cases = bring_all();
	/* Not blocked in the children, which wait for the same signal. */
	sigemptyset(&change);
	sigaddset(&change, SIGUSR1);
	sigprocmask(SIG_BLOCK, &change, &old);
	printf("ready form=%s cases=%d\n", was, cases);
	fflush(stdout);
	await_change(&change);
	for (n = 0; n < cases; n++) {
		bool ok = land(&flights[n], plant);

		wrong += !ok;
		printf("case=%s form=%s->%s result=%s%s%s\n", flights[n].name, was,
		       entry32_form(), ok ? "ok" : "wrong", ok ? "" : " ",
		       flights[n].thread.complaint);
	}
	printf("flight cases=%d wrong=%d\n", cases, wrong);
	return wrong ? 1 : 0;
}
