// SPDX-License-Identifier: GPL-2.0-or-later
#include "libvirt_model.h"

#include <errno.h>
#include <string.h>

#include "flag.h"

static const struct isahp_libvirt_model models[] = {
#define LIBVIRT_MODEL(name, vendor, base, features) { name, vendor, base, features },
#include "libvirt_models.def"
#undef LIBVIRT_MODEL
};

#define MODELS (sizeof(models) / sizeof(models[0]))

const struct isahp_libvirt_model *isahp_libvirt_model_at(size_t number)
{
	return number < MODELS ? &models[number] : NULL;
}

const struct isahp_libvirt_model *isahp_libvirt_model_find(const char *name)
{
	size_t i;

	for (i = 0; i < MODELS; i++)
		if (!strcmp(models[i].name, name))
			return &models[i];
	return NULL;
}

/* A name without a bit is paravirtual or Hyper-V's: the tables are of one source. */
static int add_words(struct isahp_profile *profile, const char *words, char sign,
		     const struct isahp_profile *without)
{
	const struct isahp_flag *flag;
	size_t len, hint = 0;
	int rc = 0;

	for (; *words && !rc; words += len, words += strspn(words, " ")) {
		len = strcspn(words, " ");
		if (words[0] != sign)
			continue;
		flag = isahp_flag_find(ISAHP_FLAG_LIBVIRT, words + 1, len - 1, &hint);
		if (flag && !(without && isahp_flag_get(without, flag)))
			rc = isahp_flag_set(profile, flag, true);
	}
	return rc;
}

/*
 * From the model down to its bases: what one takes away, those below it can not
 * bring. A base stands above what is made of it, so that this ends.
 */
int isahp_libvirt_model_set(struct isahp_profile *profile,
			    const struct isahp_libvirt_model *model)
{
	struct isahp_profile gone = { 0 };
	int rc = 0;

	while (model && !rc) {
		rc = add_words(profile, model->features, '+', &gone);
		if (!rc)
			rc = add_words(&gone, model->features, '-', NULL);
		model = *model->base ? isahp_libvirt_model_find(model->base) : NULL;
	}
	isahp_profile_free(&gone);
	return rc;
}
