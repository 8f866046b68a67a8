/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How programs enter the kernel, by vendor and mode.
 *
 * SYSCALL and SYSENTER are not the same on Intel and AMD. This is the one table
 * of it: B. Serebrin, "Cross-vendor migration: What do you mean my ISA isn't
 * compatible?", Xen Summit 2009, table 1 (which says EAX[11] where CPUID has
 * EDX[11]; both bits are in EDX: SDM vol. 2A, CPUID; APM vol. 3, E.3.2, E.4.2).
 */
#ifndef ISAHP_SHIM_ENTRY_H
#define ISAHP_SHIM_ENTRY_H

#include <isahp/abi.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "profile.h"

/** enum isahp_entry_mode - what code the program runs, and under which kernel */
enum isahp_entry_mode {
	ISAHP_ENTRY_64,		/* 64-bit code */
	ISAHP_ENTRY_COMPAT,	/* 32-bit code under a 64-bit kernel */
	ISAHP_ENTRY_LEGACY,	/* 32-bit code under a 32-bit kernel */
	ISAHP_ENTRY_MODES,
};

/** enum isahp_entry_form - the instructions by which a program enters */
enum isahp_entry_form {
	ISAHP_ENTRY_SYSCALL,	/* with SYSRET */
	ISAHP_ENTRY_SYSENTER,	/* with SYSEXIT */
	ISAHP_ENTRY_INT80,	/* with IRET: works everywhere, and is slow */
	ISAHP_ENTRY_FORMS,
};

/**
 * struct isahp_entry_cell - one instruction of one vendor in one mode
 * @works: it enters the kernel; otherwise it raises #UD.
 * @shown: its CPUID bit, read in that mode.
 */
struct isahp_entry_cell {
	bool works;
	bool shown;
};

/**
 * isahp_entry_cell - look up the table
 * @vendor: enum isahp_vendor; Hygon's CPUs are AMD's, Zhaoxin's as Intel's.
 * @form: ISAHP_ENTRY_SYSCALL or _SYSENTER.
 * @mode: which.
 *
 * Return: the cell, or NULL for what the table does not have.
 */
const struct isahp_entry_cell *isahp_entry_cell(__u32 vendor,
						enum isahp_entry_form form,
						enum isahp_entry_mode mode);

/**
 * isahp_entry_best - the fastest entry that works on all of some vendors
 * @vendors: enum isahp_vendor each; one that is unknown has no fast entry.
 * @count: of @vendors.
 * @mode: which.
 *
 * Return: ISAHP_ENTRY_INT80 where no fast instruction works on all; in 64-bit
 * code that is no way in that Linux' programs use.
 */
enum isahp_entry_form isahp_entry_best(const __u32 *vendors, size_t count,
				       enum isahp_entry_mode mode);

/** isahp_entry_form_name - syscall, sysenter, int80: as the guest's sysfs has it */
const char *isahp_entry_form_name(enum isahp_entry_form form);

/**
 * isahp_entry_check - does what a profile shows agree with the table
 * @profile: a host's.
 * @mode: of the program that took it.
 * @err: says which bit does not and what that means.
 *
 * An Intel CPU shows SYSCALL to 64-bit code alone: a profile taken by a 32-bit
 * program lacks it.
 *
 * Return: 0, also where the bits or the vendor were not told; -EINVAL.
 */
int isahp_entry_check(const struct isahp_profile *profile,
		      enum isahp_entry_mode mode, struct isahp_error *err);

/** enum isahp_entry_guest - what a guest can do about its 32-bit entry */
enum isahp_entry_guest {
	ISAHP_ENTRY_UNTOLD,	/* nobody has said */
	ISAHP_ENTRY_UNNEEDED,	/* its kernel runs no 32-bit programs, but follows */
	ISAHP_ENTRY_FOLLOWS,	/* its kernel changes the entry when it moves */
	ISAHP_ENTRY_FIXED,	/* as chosen at boot, for ever */
	ISAHP_ENTRY_GUESTS,
};

/** isahp_entry_guest_name - untold, unneeded, follows, fixed */
const char *isahp_entry_guest_name(enum isahp_entry_guest guest);

/**
 * isahp_entry_guest_find - the inverse
 *
 * Return: enum isahp_entry_guest, or -ENOENT.
 */
int isahp_entry_guest_find(const char *name);

/*
 * What the guest's module does about 32-bit code, in this order; the first
 * before the guest stops on the old host, the others after it runs on the new.
 * X(bit, SYMBOL, word, phrase)
 */
#define ISAHP_ARRIVAL_TABLE(X) \
X(0, INT80, "int80-before", "enter by INT 0x80 before the move") \
X(1, CSTAR, "cstar", \
  "have MSR_CSTAR lead to the kernel: it is 0 on a kernel booted on Intel, and any program could jump there") \
X(2, SYSENTER_OFF, "sysenter-off", \
  "keep MSR_IA32_SYSENTER_CS 0: SYSENTER does nothing here, and AMD keeps half of where it leads to") \
X(3, SYSENTER_ON, "sysenter-on", \
  "write SYSENTER's ESP and EIP again, CS last: AMD kept 32 bits of them") \
X(4, SS, "ss", \
  "repair SS at each context switch: SYSRET on AMD leaves it, and a kernel booted on Intel does not expect that") \
X(5, FAST, "fast", "then enter by the fast instruction of this vendor")

/** enum isahp_arrival_act - ISAHP_ARRIVAL_<SYMBOL>, bits */
#define ISAHP_ARRIVAL_ENUM(bit, sym, ...) ISAHP_ARRIVAL_##sym = 1 << (bit),
enum isahp_arrival_act {
	ISAHP_ARRIVAL_TABLE(ISAHP_ARRIVAL_ENUM)
};
#undef ISAHP_ARRIVAL_ENUM

/**
 * struct isahp_arrival - what a move means for 32-bit programs
 * @possible: they run on; otherwise each dies at its next system call.
 * @acts: ISAHP_ARRIVAL_*.
 * @form: by which they enter afterwards.
 */
struct isahp_arrival {
	bool possible;
	unsigned int acts;
	enum isahp_entry_form form;
};

/**
 * isahp_arrival_plan - what the guest has to do about its 32-bit entry
 * @boot: enum isahp_vendor that its kernel was booted on,
 * @from: that it runs on,
 * @to: that it goes to.
 * @guest: what it can do.
 */
struct isahp_arrival isahp_arrival_plan(__u32 boot, __u32 from, __u32 to,
					enum isahp_entry_guest guest);

/** isahp_arrival_word - one act as JSON has it; NULL behind the last */
const char *isahp_arrival_word(unsigned int bit);

/** isahp_arrival_to_json - a set of acts, as an array of their words */
json_t *isahp_arrival_to_json(unsigned int set);

/** isahp_arrival_phrase - one act as people read it */
const char *isahp_arrival_phrase(unsigned int bit);

#endif /* ISAHP_SHIM_ENTRY_H */
