// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry.h"

#include <errno.h>
#include <string.h>

#include "names.h"

#define BIT_11 (1u << 11)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum make { MAKE_AMD, MAKE_INTEL, MAKES };

/* {works, shown} in 64-bit, compatibility and legacy code. */
static const struct isahp_entry_cell table[MAKES][2][ISAHP_ENTRY_MODES] = {
	[MAKE_AMD] = {
		[ISAHP_ENTRY_SYSCALL] = { { 1, 1 }, { 1, 1 }, { 1, 1 } },
		[ISAHP_ENTRY_SYSENTER] = { { 0, 1 }, { 0, 1 }, { 1, 1 } },
	},
	[MAKE_INTEL] = {
		[ISAHP_ENTRY_SYSCALL] = { { 1, 1 }, { 0, 0 }, { 0, 0 } },
		[ISAHP_ENTRY_SYSENTER] = { { 1, 1 }, { 1, 1 }, { 1, 1 } },
	},
};

static int make_of(__u32 vendor)
{
	switch (vendor) {
	case ISAHP_VENDOR_AMD:
	case ISAHP_VENDOR_HYGON:
		return MAKE_AMD;
	case ISAHP_VENDOR_INTEL:
	case ISAHP_VENDOR_ZHAOXIN:
		return MAKE_INTEL;
	default:
		return -1;
	}
}

const struct isahp_entry_cell *isahp_entry_cell(__u32 vendor,
						enum isahp_entry_form form,
						enum isahp_entry_mode mode)
{
	int make = make_of(vendor);

	if (make < 0 || (size_t)form > ISAHP_ENTRY_SYSENTER ||
	    (size_t)mode >= ISAHP_ENTRY_MODES)
		return NULL;
	return &table[make][form][mode];
}

enum isahp_entry_form isahp_entry_best(const __u32 *vendors, size_t count,
				       enum isahp_entry_mode mode)
{
	enum isahp_entry_form form;
	size_t i;

	/* SYSENTER works in Intel's 64-bit code too, but loses RIP and RSP there. */
	for (form = 0; count && form <= ISAHP_ENTRY_SYSENTER; form++) {
		for (i = 0; i < count; i++) {
			const struct isahp_entry_cell *cell =
				isahp_entry_cell(vendors[i], form, mode);

			if (!cell || !cell->works)
				break;
		}
		if (i == count)
			return form;
	}
	return ISAHP_ENTRY_INT80;
}

const char *isahp_entry_form_name(enum isahp_entry_form form)
{
	static const char *const names[] = {
		[ISAHP_ENTRY_SYSCALL] = "syscall",
		[ISAHP_ENTRY_SYSENTER] = "sysenter",
		[ISAHP_ENTRY_INT80] = "int80",
	};

	return (size_t)form < COUNT(names) ? names[form] : "unknown";
}

static const char *mode_name(enum isahp_entry_mode mode)
{
	static const char *const names[] = {
		[ISAHP_ENTRY_64] = "64-bit code",
		[ISAHP_ENTRY_COMPAT] = "32-bit code under a 64-bit kernel",
		[ISAHP_ENTRY_LEGACY] = "32-bit code under a 32-bit kernel",
	};

	return (size_t)mode < COUNT(names) ? names[mode] : "unknown";
}

static int check_bit(const struct isahp_profile *profile, __u32 leaf,
		     enum isahp_entry_form form, enum isahp_entry_mode mode,
		     struct isahp_error *err)
{
	const struct isahp_cpuid_leaf *told = isahp_profile_leaf(profile, leaf, 0);
	__u32 vendor = isahp_profile_vendor(profile);
	const struct isahp_entry_cell *cell = isahp_entry_cell(vendor, form, mode);
	bool shown;

	if (!told || !cell || !(told->known[ISAHP_EDX] & BIT_11))
		return 0;
	shown = told->value[ISAHP_EDX] & BIT_11;
	if (shown == cell->shown)
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "host %s: CPUID 0x%x EDX[11] (%s) is %d, and an %s CPU has %d in %s: %s",
			       profile->name, leaf, isahp_entry_form_name(form),
			       shown, isahp_vendor_name(vendor), cell->shown,
			       mode_name(mode),
			       mode == ISAHP_ENTRY_64 && form == ISAHP_ENTRY_SYSCALL ?
			       "take the profile with a 64-bit program" :
			       "look whether it is of this host, or masked");
}

int isahp_entry_check(const struct isahp_profile *profile,
		      enum isahp_entry_mode mode, struct isahp_error *err)
{
	int rc = check_bit(profile, 0x80000001, ISAHP_ENTRY_SYSCALL, mode, err);

	return rc ? rc : check_bit(profile, 1, ISAHP_ENTRY_SYSENTER, mode, err);
}

static const char *const guests[] = {
	[ISAHP_ENTRY_UNTOLD] = "untold",
	[ISAHP_ENTRY_UNNEEDED] = "unneeded",
	[ISAHP_ENTRY_FOLLOWS] = "follows",
	[ISAHP_ENTRY_FIXED] = "fixed",
};

const char *isahp_entry_guest_name(enum isahp_entry_guest guest)
{
	return guests[(size_t)guest < COUNT(guests) ? guest : ISAHP_ENTRY_UNTOLD];
}

int isahp_entry_guest_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(guests); i++)
		if (!strcmp(guests[i], name))
			return (int)i;
	return -ENOENT;
}

static enum isahp_entry_form best_of(__u32 vendor)
{
	return isahp_entry_best(&vendor, 1, ISAHP_ENTRY_COMPAT);
}

/* As guest-kmod/entry.c does it, under its policy `auto`. */
static unsigned int acts_of(enum isahp_entry_form boot, enum isahp_entry_form from,
			    enum isahp_entry_form to)
{
	unsigned int acts = 0;

	if (from != to && from != ISAHP_ENTRY_INT80)
		acts |= ISAHP_ARRIVAL_INT80;
	if (to == ISAHP_ENTRY_SYSENTER) {
		if (from != to)
			acts |= ISAHP_ARRIVAL_SYSENTER_ON;
	} else {
		/* An unknown vendor may execute either. */
		acts |= ISAHP_ARRIVAL_SYSENTER_OFF;
		if (boot != ISAHP_ENTRY_SYSCALL)
			acts |= ISAHP_ARRIVAL_CSTAR | ISAHP_ARRIVAL_SS;
	}
	if (from != to && to != ISAHP_ENTRY_INT80)
		acts |= ISAHP_ARRIVAL_FAST;
	return acts;
}

struct isahp_arrival isahp_arrival_plan(__u32 boot, __u32 from, __u32 to,
					enum isahp_entry_guest guest)
{
	struct isahp_arrival arrival = { .possible = true };
	enum isahp_entry_form here = best_of(from), there = best_of(to);

	arrival.form = there;
	/* The kernel's own entry of boot, on CPUs like those: nothing to do. */
	if (here == there && best_of(boot) == there && there != ISAHP_ENTRY_INT80)
		return arrival;
	switch (guest) {
	case ISAHP_ENTRY_UNNEEDED:
		/* SYSENTER is never armed there; all else is for hostile programs. */
		arrival.form = ISAHP_ENTRY_INT80;
		arrival.acts = acts_of(best_of(boot), here, there) &
			       (ISAHP_ARRIVAL_CSTAR | ISAHP_ARRIVAL_SS);
		arrival.acts |= ISAHP_ARRIVAL_SYSENTER_OFF;
		return arrival;
	case ISAHP_ENTRY_FOLLOWS:
		arrival.acts = acts_of(best_of(boot), here, there);
		return arrival;
	default:
		/* Home again, the boot's own entry works. */
		arrival.form = best_of(boot);
		arrival.possible = arrival.form == there &&
				   there != ISAHP_ENTRY_INT80;
		return arrival;
	}
}

static const struct {
	const char *word;
	const char *phrase;
} acts[] = {
#define ROW(bit, sym, word, phrase) [bit] = { word, phrase },
	ISAHP_ARRIVAL_TABLE(ROW)
#undef ROW
};

const char *isahp_arrival_word(unsigned int bit)
{
	return bit < COUNT(acts) ? acts[bit].word : NULL;
}

const char *isahp_arrival_phrase(unsigned int bit)
{
	return bit < COUNT(acts) ? acts[bit].phrase : NULL;
}

json_t *isahp_arrival_to_json(unsigned int set)
{
	json_t *array = json_array();
	unsigned int bit;

	for (bit = 0; isahp_arrival_word(bit); bit++)
		if (set >> bit & 1)
			json_array_append_new(array,
					      json_string(isahp_arrival_word(bit)));
	return array;
}
