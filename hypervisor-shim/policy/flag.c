// SPDX-License-Identifier: GPL-2.0-or-later
#include "flag.h"

#include <string.h>

static const struct isahp_flag flags[] = {
#define CPUID_FLAG(leaf, subleaf, reg, bit, ...)	\
	{ false, leaf, subleaf, ISAHP_##reg, bit, { __VA_ARGS__ } },
#define MSR_FLAG(number, bit, ...)			\
	{ true, number, 0, 0, bit, { __VA_ARGS__ } },
#include "flags.def"
#undef CPUID_FLAG
#undef MSR_FLAG
};

#define FLAGS (sizeof(flags) / sizeof(flags[0]))

const struct isahp_flag *isahp_flag_at(size_t number)
{
	return number < FLAGS ? &flags[number] : NULL;
}

static bool same(const char *known, const char *name, size_t len, bool dashes)
{
	size_t i;

	if (!*known)
		return false;
	for (i = 0; i < len && known[i]; i++)
		if (known[i] != name[i] &&
		    !(dashes && known[i] == '-' && name[i] == '_'))
			return false;
	return i == len && !known[i];
}

const struct isahp_flag *isahp_flag_find(enum isahp_flag_speaker speaker,
					 const char *name, size_t len, size_t *hint)
{
	size_t i, at;

	for (i = 0; i < FLAGS; i++) {
		at = (*hint + i) % FLAGS;
		if (same(flags[at].name[speaker], name, len, speaker == ISAHP_FLAG_QEMU)) {
			*hint = at + 1;
			return &flags[at];
		}
	}
	return NULL;
}

const char *isahp_flag_name(const struct isahp_place *place)
{
	bool msr = place->reg == ISAHP_REGISTER_MSR;
	size_t i;
	int who;

	for (i = 0; i < FLAGS; i++) {
		const struct isahp_flag *f = &flags[i];

		if (f->msr != msr || f->leaf != place->leaf || f->bit != place->shift ||
		    (!msr && (f->subleaf != place->subleaf || f->reg != place->reg)))
			continue;
		for (who = ISAHP_FLAG_LINUX; who <= ISAHP_FLAG_LIBVIRT; who++)
			if (*f->name[who])
				return f->name[who];
	}
	return NULL;
}

int isahp_flag_set(struct isahp_profile *profile, const struct isahp_flag *flag,
		   bool present)
{
	if (flag->msr)
		return isahp_profile_msr_set(profile, flag->leaf, 1ULL << flag->bit,
					     present ? ~0ULL : 0);
	return isahp_profile_set(profile, flag->leaf, flag->subleaf, flag->reg,
				 1U << flag->bit, present ? ~0U : 0);
}

void isahp_flag_forget(struct isahp_profile *profile, const struct isahp_flag *flag)
{
	struct isahp_cpuid_leaf *l;
	struct isahp_msr *m;

	if (flag->msr) {
		m = (struct isahp_msr *)isahp_profile_msr(profile, flag->leaf);
		if (m) {
			m->value &= ~(1ULL << flag->bit);
			m->known &= ~(1ULL << flag->bit);
		}
		return;
	}
	l = (struct isahp_cpuid_leaf *)isahp_profile_leaf(profile, flag->leaf,
							  flag->subleaf);
	if (l) {
		l->value[flag->reg] &= ~(1U << flag->bit);
		l->known[flag->reg] &= ~(1U << flag->bit);
	}
}

bool isahp_flag_get(const struct isahp_profile *profile, const struct isahp_flag *flag)
{
	const struct isahp_cpuid_leaf *l;
	const struct isahp_msr *m;

	if (flag->msr) {
		m = isahp_profile_msr(profile, flag->leaf);
		return m && m->value >> flag->bit & 1;
	}
	l = isahp_profile_leaf(profile, flag->leaf, flag->subleaf);
	return l && l->value[flag->reg] >> flag->bit & 1;
}
