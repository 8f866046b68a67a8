/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the way of a change or a move: the kinds, and how each is said.
 *
 * rules.c refuses with them, admission.c lists them, envelope.c explains with
 * them: the same case has the same words everywhere.
 */
#ifndef ISAHP_SHIM_OBJECTION_H
#define ISAHP_SHIM_OBJECTION_H

#include <stddef.h>

/* X(SYMBOL, word in JSON, phrase; "" where each case has its own) */
#define ISAHP_OBJECTION_TABLE(X) \
X(SILENT, "silent", \
  "silent: without it its instructions do not trap but compute something else") \
X(STATE_UNTOLD, "state-untold", \
  "owns XSAVE state, and the guest has not said what it enabled") \
X(STATE_ENABLED, "state-enabled", "owns XSAVE state that the guest has enabled") \
X(STATE_OFF, "state-off", "owns XSAVE state that the guest has not enabled") \
X(BASELINE, "baseline", \
  "in the VM's baseline: programs that know nothing of isahp rest on it") \
X(PINNED, "pinned", "pinned: the guest's kernel is built on it") \
X(OUTSIDE, "outside", "outside the VM's envelope: its host lacks it") \
X(GATED, "gated", \
  "hidden in the guest's CPUID, and refused by hypervisors where it is") \
X(IMAGE, "xsave-image", "") \
X(UNTOLD, "untold", "the host's profile does not tell whether it is there") \
X(UNKNOWN, "unknown", \
  "a feature that this version of isahp does not know, so nobody can say whether the host has it") \
X(CPUID, "cpuid", "the VM's CPUID shows it, and the host lacks it") \
X(ADDRESS, "address-bits", "") \
X(ERRATUM, "erratum", "") \
X(ENTRY, "entry", "") \
X(HYPERCALL, "hypercall", "")

/** enum isahp_objection_kind - ISAHP_OBJECTION_<SYMBOL> */
#define ISAHP_OBJECTION_ENUM(sym, ...) ISAHP_OBJECTION_##sym,
enum isahp_objection_kind {
	ISAHP_OBJECTION_TABLE(ISAHP_OBJECTION_ENUM)
	ISAHP_OBJECTION_COUNT,
};
#undef ISAHP_OBJECTION_ENUM

#define ISAHP_OBJECTION_WHY_SIZE 192

/**
 * struct isahp_objection - one thing that is in the way
 * @kind: which.
 * @feature: its number, or -1.
 * @component: of XSAVE, or -1.
 * @why: the reason, as a phrase without an end.
 */
struct isahp_objection {
	enum isahp_objection_kind kind;
	int feature;
	int component;
	char why[ISAHP_OBJECTION_WHY_SIZE];
};

/**
 * isahp_objection_fn - takes what is in the way, one by one
 * @objection: valid during the call.
 * @context: the caller's.
 */
typedef void (*isahp_objection_fn)(const struct isahp_objection *objection,
				   void *context);

/** isahp_objection_of - one about a feature, with the kind's own phrase */
struct isahp_objection isahp_objection_of(enum isahp_objection_kind kind,
					  unsigned int feature);

/** isahp_objection_word - the kind as JSON has it */
const char *isahp_objection_word(enum isahp_objection_kind kind);

/** isahp_objection_phrase - what the kind means, "" where each case has its own */
const char *isahp_objection_phrase(enum isahp_objection_kind kind);

/** isahp_objection_name - what it is about: "avx2", "PKRU state" */
void isahp_objection_name(const struct isahp_objection *objection, char *name,
			  size_t size);

#endif /* ISAHP_SHIM_OBJECTION_H */
