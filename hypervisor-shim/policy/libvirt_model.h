/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's named CPU models, as far as bits go.
 */
#ifndef ISAHP_SHIM_LIBVIRT_MODEL_H
#define ISAHP_SHIM_LIBVIRT_MODEL_H

#include "profile.h"

/**
 * struct isahp_libvirt_model - one model
 * @name: as libvirt has it.
 * @vendor: "Intel", "AMD", "Hygon", or "" where the model does not mind.
 * @base: another model that has about the same, "" where there is none.
 * @features: what it has more ("+NAME") and less ("-NAME") than @base.
 */
struct isahp_libvirt_model {
	const char *name;
	const char *vendor;
	const char *base;
	const char *features;
};

/** isahp_libvirt_model_at - all of them, each behind its base; NULL at the end */
const struct isahp_libvirt_model *isahp_libvirt_model_at(size_t number);

/** isahp_libvirt_model_find - by name; NULL: not known */
const struct isahp_libvirt_model *isahp_libvirt_model_find(const char *name);

/**
 * isahp_libvirt_model_set - say that a profile has what a model has
 *
 * Return: as isahp_profile_set().
 */
int isahp_libvirt_model_set(struct isahp_profile *profile,
			    const struct isahp_libvirt_model *model);

#endif /* ISAHP_SHIM_LIBVIRT_MODEL_H */
