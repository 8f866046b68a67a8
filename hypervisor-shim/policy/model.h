/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU models that QEMU and libvirt name.
 *
 * model.def holds what QEMU itself says of them; tools/cpu_models.py writes it.
 */
#ifndef ISAHP_SHIM_MODEL_H
#define ISAHP_SHIM_MODEL_H

#include <isahp/features.h>
#include <stddef.h>

#include "flag.h"
#include "profile.h"

/*
 * X(SYMBOL, leaf, subleaf, register): the words of CPUID that are nothing but
 * feature bits, as far as applications and kernels go by them.
 */
#define ISAHP_WORD_TABLE(X) \
X(1C, 1, 0, ECX) \
X(1D, 1, 0, EDX) \
X(6C, 6, 0, ECX) \
X(7B, 7, 0, EBX) \
X(7C, 7, 0, ECX) \
X(7D, 7, 0, EDX) \
X(7_1A, 7, 1, EAX) \
X(7_1D, 7, 1, EDX) \
X(D_1A, 0xd, 1, EAX) \
X(19B, 0x19, 0, EBX) \
X(1E_1A, 0x1e, 1, EAX) \
X(E1C, 0x80000001, 0, ECX) \
X(E1D, 0x80000001, 0, EDX) \
X(E7D, 0x80000007, 0, EDX) \
X(E8B, 0x80000008, 0, EBX) \
X(E21A, 0x80000021, 0, EAX)

/** enum isahp_word - ISAHP_WORD_<SYMBOL>: one row of the table above */
#define ISAHP_WORD_ENUM(sym, ...) ISAHP_WORD_##sym,
enum isahp_word {
	ISAHP_WORD_TABLE(ISAHP_WORD_ENUM)
	ISAHP_WORD_COUNT,
};
#undef ISAHP_WORD_ENUM

/**
 * struct isahp_word_place - where a word is
 * @leaf: EAX and
 * @subleaf: ECX on entry.
 * @reg: enum isahp_cpuid_register.
 */
struct isahp_word_place {
	__u32 leaf;
	__u32 subleaf;
	__u8 reg;
};

/** isahp_word_place - where a word is; @word is below ISAHP_WORD_COUNT */
struct isahp_word_place isahp_word_place(enum isahp_word word);

/**
 * isahp_word_find - the inverse
 *
 * Return: enum isahp_word, or -ENOENT.
 */
int isahp_word_find(__u32 leaf, __u32 subleaf, unsigned int reg);

/**
 * isahp_words_features - the features of the table that words show
 * @words: ISAHP_WORD_COUNT of them.
 *
 * Return: as they show it: not closed.
 */
struct isahp_features isahp_words_features(const __u32 *words);

/**
 * isahp_words_add - show features in words
 * @words: ISAHP_WORD_COUNT of them; bits are added.
 * @set: what to show.
 */
void isahp_words_add(__u32 *words, const struct isahp_features *set);

/**
 * isahp_words_of - a host's words
 * @host: its profile.
 * @ret_words: ISAHP_WORD_COUNT of them; bits that were not told are 0.
 * @ret_known: the bits that were told, or lie in leaves that it does not have.
 */
void isahp_words_of(const struct isahp_profile *host, __u32 *ret_words, __u32 *ret_known);

/**
 * isahp_word_flag - what a bit is called, whether the table of features has it or not
 * @word: below ISAHP_WORD_COUNT.
 * @bit: 0 to 31.
 * @speaker: by whom.
 *
 * Return: the name, or NULL.
 */
const char *isahp_word_flag(enum isahp_word word, unsigned int bit,
			    enum isahp_flag_speaker speaker);

/**
 * struct isahp_model - a CPU that QEMU names
 * @name: QEMU's name, with the version: these never change their meaning.
 * @libvirt: libvirt's name, "" where it has none.
 * @since: the first QEMU asked that knew it.
 * @title: for people.
 * @vendor: enum isahp_vendor.
 * @signature: family, model, stepping.
 * @words: its feature words, as QEMU defines it: what a host lacks, it lacks.
 */
struct isahp_model {
	const char *name;
	const char *libvirt;
	const char *since;
	const char *title;
	__u32 vendor;
	struct isahp_signature signature;
	__u32 words[ISAHP_WORD_COUNT];
};

/**
 * isahp_model_at - the models one after the other
 * @index: from 0.
 *
 * Return: a model, or NULL behind the last.
 */
const struct isahp_model *isahp_model_at(size_t index);

/**
 * isahp_model_find - a model by its name
 * @name: QEMU's or libvirt's, in any case of letters; without a version it means
 *	-v1, as it does to QEMU's machine types.
 *
 * Return: the model, or NULL.
 */
const struct isahp_model *isahp_model_find(const char *name);

/** isahp_model_features - the features of the table that a model shows */
struct isahp_features isahp_model_features(const struct isahp_model *model);

/**
 * isahp_model_profile - a host of that model: for pools that are only planned
 * @model: the model.
 * @ret_profile: called by the model's name; to be freed. Of CPUID it has what
 *	the model tells: leaves 0, 1, 8000_0000h and the feature words.
 *
 * Return: 0 or -ENOMEM.
 */
int isahp_model_profile(const struct isahp_model *model,
			struct isahp_profile *ret_profile);

#endif /* ISAHP_SHIM_MODEL_H */
