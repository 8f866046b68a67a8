// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "entry32.h"
#include "entry32_flight.h"

/* Free in a static 32-bit program. */
#define MAP_AT 0x50000000ul
#define MAP_SIZE 8192ul
#define MAP_PAGE 11
#define SLEEP_S 1000

/* Arguments in memory; each process has its copy, but of the futex. */
static struct pollfd pollfd;
static struct timespec interval = { .tv_sec = SLEEP_S }, left;
static char byte;
static unsigned long child_stack[64];
static int *futex_word;

/* --- bringing -------------------------------------------------------------- */

static void bring_to_place(struct flight *f)
{
	traced_step(&f->thread, f->place);
}

static void bring_asleep(struct flight *f)
{
	traced_let(&f->thread, PTRACE_CONT, 0);
	traced_await_sleep(&f->thread, f->thread.call.nr);
}

static void expect_stop(struct traced *t, int got, int want)
{
	if (got != want)
		traced_complain(t, "stopped by %d, not %d", got, want);
}

static void bring_stopped(struct flight *f)
{
	struct traced *t = &f->thread;

	bring_asleep(f);
	kill(t->pid, SIGSTOP);
	expect_stop(t, traced_wait(t), SIGSTOP);
	/* This stop was the signal's delivery; the next is the group's. */
	expect_stop(t, traced_continue(t, PTRACE_CONT, SIGSTOP), SIGSTOP);
}

static void bring_asleep_into_handler(struct flight *f)
{
	struct traced *t = &f->thread;

	bring_asleep(f);
	kill(t->pid, f->number);
	expect_stop(t, traced_wait(t), f->number);
	traced_run_to(t, f->number, entry32_at_handler);
}

static void bring_into_handler(struct flight *f)
{
	bring_to_place(f);
	traced_run_to(&f->thread, f->number, entry32_at_handler);
}

/* Upon a fork event: the child stands at its birth. */
static void take_child(struct flight *f, int number)
{
	unsigned long pid = 0;

	if (number != SIGTRAP || !(f->thread.status >> 16) ||
	    ptrace(PTRACE_GETEVENTMSG, f->thread.pid, 0, &pid)) {
		traced_complain(&f->thread, "no child: signal %d", number);
		return;
	}
	traced_adopt(&f->child, &f->thread, pid);
	f->has_child = true;
}

static void bring_forked_in_handler(struct flight *f)
{
	bring_to_place(f);
	take_child(f, traced_continue(&f->thread, PTRACE_CONT, f->number));
	traced_run_to(&f->thread, 0, entry32_at_handler);
	if (f->has_child)
		traced_run_to(&f->child, 0, entry32_at_handler);
}

static void bring_forked(struct flight *f)
{
	take_child(f, traced_continue(&f->thread, PTRACE_CONT, 0));
	f->result = f->child.pid;
	/* clone() with a stack: it has been laid out as by the pushes. */
	if (f->thread.call.nr == SYS_clone)
		f->child.before.esp = (long)(child_stack + 4);
}

static void bring_to_syscall_stop(struct flight *f)
{
	int n;

	for (n = 0; n < f->place; n++)
		expect_stop(&f->thread, traced_continue(&f->thread, PTRACE_SYSCALL, 0),
			    SIGTRAP | 0x80);
}

/* A breakpoint anywhere in a page gives the process a copy of its own. */
static void make_private(struct traced *t)
{
	unsigned long at = entry32_site & ~4095ul;

	traced_poke(t, at, traced_peek(t, at));
}

static void bring_private(struct flight *f)
{
	make_private(&f->thread);
	bring_to_place(f);
}

static void bring_to_breakpoint(struct flight *f)
{
	struct traced *t = &f->thread;
	unsigned long at = entry32_site + flight_offsets[f->place - 1];

	traced_poke_byte(t, at, 0xcc);
	expect_stop(t, traced_continue(t, PTRACE_CONT, 0), SIGTRAP);
	if (traced_regs(t).eip != (long)at + 1)
		traced_complain(t, "breakpoint at %#lx", traced_regs(t).eip);
	/* Its own bytes, not those that others have by now. */
	traced_poke_byte(t, at, *(unsigned char *)at);
}

/* --- going on -------------------------------------------------------------- */

static void go(struct flight *f)
{
	traced_finish(&f->thread);
	if (f->has_child)
		traced_finish(&f->child);
}

static void go_alone(struct flight *f)
{
	traced_finish_alone(&f->thread);
}

/* A vfork()'s parent sleeps until its child is gone. */
static void go_child_first(struct flight *f)
{
	if (f->has_child) {
		traced_let(&f->thread, PTRACE_CONT, 0);
		traced_finish(&f->child);
		traced_check(&f->child, 0);
		if (f->child.complaint[0])
			traced_complain(&f->thread, "child: %.140s",
					f->child.complaint);
		traced_end(&f->child);
		f->has_child = false;
	}
	traced_finish(&f->thread);
}

static void go_traced(struct flight *f)
{
	struct traced *t = &f->thread;
	struct user_regs_struct now;
	long got[7];

	expect_stop(t, traced_continue(t, PTRACE_SYSCALL, 0), SIGTRAP | 0x80);
	now = traced_regs(t);
	memcpy(got, (long[]){ now.orig_eax, now.ebx, now.ecx, now.edx, now.esi,
			      now.edi, now.ebp }, sizeof(got));
	if (memcmp(got, &t->call, sizeof(got)))
		traced_complain(t, "arrived: %ld(%lx %lx %lx %lx %lx %lx)", got[0],
				got[1], got[2], got[3], got[4], got[5], got[6]);
	traced_finish(t);
}

static void go_stepping(struct flight *f)
{
	struct traced *t = &f->thread;
	int n;

	for (n = 0; n < PLACES_MAX && !t->complaint[0] &&
		    traced_regs(t).eip != (long)entry32_at_return; n++)
		traced_step(t, 1);
	traced_finish(t);
}

static void go_from_breakpoint(struct flight *f)
{
	struct user_regs_struct now = traced_regs(&f->thread);

	now.eip--;
	traced_set_regs(&f->thread, &now);
	traced_finish(&f->thread);
}

/* What it waits for comes. */
static void wake(struct flight *f)
{
	switch (f->thread.call.nr) {
	case SYS_futex:
		syscall(SYS_futex, futex_word, FUTEX_WAKE, 1);
		break;
	case SYS_nanosleep:
		kill(f->thread.pid, ENTRY32_HANDLE);
		break;
	default:
		if (write(f->pipe[1], "x", 1) != 1)
			traced_complain(&f->thread, "pipe");
	}
}

static void finish_woken(struct flight *f)
{
	struct traced *t = &f->thread;

	wake(f);
	if (t->call.nr == SYS_nanosleep)
		traced_run_to(t, 0, entry32_at_handler);
	traced_finish(t);
}

static void go_woken(struct flight *f)
{
	traced_await_sleep(&f->thread, f->thread.call.nr);
	finish_woken(f);
}

/* Those that keep a restart block come back as restart_syscall, 0. */
static void go_restarting(struct flight *f)
{
	long nr = f->thread.call.nr;

	if (nr == SYS_poll || nr == SYS_nanosleep)
		nr = SYS_restart_syscall;
	traced_await_sleep(&f->thread, nr);
	finish_woken(f);
}

static void go_continued(struct flight *f)
{
	struct traced *t = &f->thread;

	kill(t->pid, SIGCONT);
	expect_stop(t, traced_continue(t, PTRACE_CONT, 0), SIGCONT);
	traced_let(t, PTRACE_CONT, SIGCONT);
	go_restarting(f);
}

static void go_from_handler_restarting(struct flight *f)
{
	traced_let(&f->thread, PTRACE_CONT, 0);
	go_restarting(f);
}

/* --- what must be true then ------------------------------------------------ */

static void check_one(struct traced *t, unsigned long result)
{
	char path[64], line[256], want[128];
	bool found = false;
	FILE *maps;

	traced_check(t, result);
	if (t->complaint[0] || t->call.nr != SYS_mmap2)
		return;
	/* All six arguments, as the kernel has understood them. */
	snprintf(want, sizeof(want), "%lx-%lx rw-s %08x ", MAP_AT,
		 MAP_AT + MAP_SIZE, MAP_PAGE * 4096);
	snprintf(path, sizeof(path), "/proc/%d/maps", t->pid);
	maps = fopen(path, "r");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = !strncmp(line, want, strlen(want)) &&
			strstr(line, "memfd:numbered");
	if (maps)
		fclose(maps);
	if (!found)
		traced_complain(t, "no mapping %s", want);
}

static void check(struct flight *f)
{
	check_one(&f->thread, f->result);
	if (!f->has_child)
		return;
	check_one(&f->child, f->thread.call.nr == SYS_mmap2 ? f->result : 0);
	if (f->child.complaint[0])
		traced_complain(&f->thread, "child: %.140s", f->child.complaint);
}

static void check_nanosleep(struct flight *f)
{
	long s = traced_peek(&f->thread, (unsigned long)&left.tv_sec);

	check(f);
	if (s < 1 || s > SLEEP_S)
		traced_complain(&f->thread, "%ld s left of %d", s, SLEEP_S);
}

/* --- the cases ------------------------------------------------------------- */

static struct entry32_call call_of(long nr, int fd)
{
	static int numbered;
	const long stack = (long)child_stack;
	const struct entry32_call calls[] = {
		{ SYS_mmap2, { MAP_AT, MAP_SIZE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED_NOREPLACE, numbered,
			       MAP_PAGE } },
		{ SYS_read, { fd, (long)&byte, 1, 0x414, 0x515, 0x616 } },
		{ SYS_poll, { (long)&pollfd, 1, 3600000, 0x414, 0x515, 0x616 } },
		{ SYS_futex, { (long)futex_word, FUTEX_WAIT, 0, 0, 0x515, 0x616 } },
		{ SYS_nanosleep, { (long)&interval, (long)&left, 0x313, 0x414,
				   0x515, 0x616 } },
		{ SYS_fork, { 0x111, 0x212, 0x313, 0x414, 0x515, 0x616 } },
		{ SYS_vfork, { 0x111, 0x212, 0x313, 0x414, 0x515, 0x616 } },
		{ SYS_clone, { CLONE_VM | SIGCHLD, stack, 0, 0, 0, 0x616 } },
	};
	unsigned int i;

	if (!numbered) {
		numbered = entry32_numbered(16);
		return call_of(nr, fd);
	}
	for (i = 0; calls[i].nr != nr; i++)
		;
	return calls[i];
}

/* Places of a table's row: each one, one by its distance from the site, or a
 * plain number. */
#define EACH_PLACE 100
#define AT(offset) (200 + (offset))

#define MIDDLE AT(ENTRY32_MIDDLE)

static const struct row {
	const char *name;
	long nr;
	int place, number;
	void (*bring)(struct flight *f);
	void (*go)(struct flight *f);
} rows[] = {
	{ "runs-on", SYS_mmap2, EACH_PLACE, 0, bring_to_place, go },
	{ "read-back", SYS_mmap2, EACH_PLACE, 0, bring_to_place, go_traced },
	{ "steps-on", SYS_mmap2, EACH_PLACE, 0, bring_to_place, go_stepping },
	{ "untraced", SYS_mmap2, EACH_PLACE, 0, bring_to_place, go_alone },
	{ "syscall-entry", SYS_mmap2, 1, 0, bring_to_syscall_stop, go },
	{ "syscall-exit", SYS_mmap2, 2, 0, bring_to_syscall_stop, go },
	{ "asleep-read", SYS_read, 0, 0, bring_asleep, go_woken },
	{ "asleep-poll", SYS_poll, 0, 0, bring_asleep, go_woken },
	{ "asleep-futex", SYS_futex, 0, 0, bring_asleep, go_woken },
	{ "asleep-nanosleep", SYS_nanosleep, 0, 0, bring_asleep, go_woken },
	{ "stopped-read", SYS_read, 0, 0, bring_stopped, go_continued },
	{ "stopped-poll", SYS_poll, 0, 0, bring_stopped, go_continued },
	{ "stopped-futex", SYS_futex, 0, 0, bring_stopped, go_continued },
	{ "stopped-nanosleep", SYS_nanosleep, 0, 0, bring_stopped, go_continued },
	{ "sa-restart", SYS_read, 0, ENTRY32_HANDLE, bring_asleep_into_handler,
	  go_from_handler_restarting },
	{ "eintr", SYS_read, 0, ENTRY32_HANDLE_OLD, bring_asleep_into_handler, go },
	{ "eintr-poll", SYS_poll, 0, ENTRY32_HANDLE, bring_asleep_into_handler, go },
	{ "handler", SYS_mmap2, EACH_PLACE, ENTRY32_HANDLE, bring_into_handler, go },
	{ "handler-old", SYS_mmap2, EACH_PLACE, ENTRY32_HANDLE_OLD,
	  bring_into_handler, go },
	{ "handler-untraced", SYS_mmap2, EACH_PLACE, ENTRY32_HANDLE,
	  bring_into_handler, go_alone },
	/* SIGRTMIN is no constant: given below. */
	{ "ucontext", SYS_mmap2, EACH_PLACE, 1000, bring_into_handler, go },
	{ "ucontext-untraced", SYS_mmap2, EACH_PLACE, 1000, bring_into_handler,
	  go_alone },
	{ "siglongjmp", SYS_mmap2, MIDDLE, 1001, bring_into_handler, go },
	{ "fork-in-handler", SYS_mmap2, MIDDLE, 1002, bring_forked_in_handler, go },
	{ "fork", SYS_fork, 0, 0, bring_forked, go },
	{ "vfork", SYS_vfork, 0, 0, bring_forked, go_child_first },
	{ "clone-stack", SYS_clone, 0, 0, bring_forked, go },
	{ "private", SYS_mmap2, EACH_PLACE, 0, bring_private, go },
	{ "private-read-back", SYS_mmap2, EACH_PLACE, 0, bring_private, go_traced },
	{ "private-steps-on", SYS_mmap2, EACH_PLACE, 0, bring_private, go_stepping },
	{ "breakpoint", SYS_mmap2, AT(0), 0, bring_to_breakpoint,
	  go_from_breakpoint },
	{ "breakpoint", SYS_mmap2, MIDDLE, 0, bring_to_breakpoint,
	  go_from_breakpoint },
};

#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

/* The n-th row once its places are counted out; its place in *ret_place. */
static const struct row *find_row(int n, int *ret_place)
{
	int i, places;

	for (i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		places = 1;
		*ret_place = row->place;
		if (row->place == EACH_PLACE) {
			places = flight_places;
			/* Behind the call's end there is nothing to read back. */
			if (row->go == go_traced)
				places = flight_place_of(ENTRY32_LANDING) - 1;
			*ret_place = n + 1;
		} else if (row->place >= AT(0)) {
			*ret_place = flight_place_of(row->place - AT(0));
			/* INT 0x80's form has no such place. */
			places = *ret_place ? 1 : 0;
		}
		if (n < places)
			return row;
		n -= places;
	}
	return NULL;
}

static void share_futex(void)
{
	if (!futex_word)
		futex_word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static unsigned long result_of(const struct row *row)
{
	switch (row->nr) {
	case SYS_mmap2:
		return MAP_AT;
	case SYS_futex:
		return 0;
	case SYS_nanosleep:
		return -EINTR;
	default:
		return row->bring == bring_asleep_into_handler && row->go == go ?
		       -EINTR : 1;
	}
}

bool flight_start(struct flight *f, int n)
{
	const struct row *row;
	struct entry32_call call;
	int place;

	row = find_row(n, &place);
	if (!row)
		return false;
	memset(f, 0, sizeof(*f));
	share_futex();
	if (pipe2(f->pipe, O_CLOEXEC)) {
		perror("pipe");
		exit(2);
	}
	pollfd = (struct pollfd){ .fd = f->pipe[0], .events = POLLIN };
	call = call_of(row->nr, f->pipe[0]);
	/* As a child that was born in the middle of the entry finds it. */
	memcpy(child_stack, (unsigned long[]){ call.args[5], call.args[2],
	       call.args[1], (unsigned long)entry32_at_return }, 16);
	f->place = place;
	f->number = row->number < 1000 ? row->number :
					 SIGRTMIN + row->number - 1000;
	f->result = result_of(row);
	f->bring = row->bring;
	f->go = row->go;
	f->check = row->nr == SYS_nanosleep ? check_nanosleep : check;
	snprintf(f->name, sizeof(f->name), "%s", row->name);
	if (row->place >= EACH_PLACE)
		snprintf(f->name, sizeof(f->name), "%s@site%+d", row->name,
			 flight_offsets[place - 1]);
	traced_start(&f->thread, &call);
	return true;
}
