// SPDX-License-Identifier: MIT
/* What holds of every answer: random hosts, random guests. */
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/policy/rules.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy_env.h"
#include "policy_fixture.h"

static void random_case(struct fixture *f)
{
	struct isahp_features *l, host = policy_random(3, 4);
	char text[2048];

	isahp_names_format(&host, text, sizeof(text));
	*f = fixture_of("none", "none", policy_host("b", random() % 2 ? POLICY_INTEL : POLICY_AMD,
						 6, random() % 256,
						 *text ? text : "none"));
	l = f->vm.list;
	l[ISAHP_VM_BASELINE] = policy_random(1, 4);
	l[ISAHP_VM_SHOWN] = l[ISAHP_VM_BASELINE];
	l[ISAHP_VM_ANNOUNCED] = policy_random(2, 4);
	l[ISAHP_VM_ANNOUNCED] = isahp_features_or(&l[ISAHP_VM_ANNOUNCED],
						  &l[ISAHP_VM_BASELINE]);
	l[ISAHP_VM_ANNOUNCED] = isahp_features_supported(&l[ISAHP_VM_ANNOUNCED]);
	l[ISAHP_VM_PINNED] = policy_random(1, 4);
	f->vm.masked = random() % 2;
	f->vm.registered = random() % 4;
	f->vm.xcr0 = 3 | (random() & 0x2e4);
	if (f->vm.registered && random() % 2)
		f->vm.layout = isahp_layout_tcg(f->vm.xcr0);
}

/*
 * What isahpd refuses, by the same words: each refusal about a feature or a
 * component is in the rules' own sentence, and there are as many.
 */
Test(admission_law, says_what_the_rules_say)
{
	unsigned int seed = (unsigned int)time(NULL), round, refused = 0, arrived = 0;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 3000; round++) {
		struct isahp_features leaving, more, usable;
		struct isahp_target target = { 0 };
		struct isahp_rules rules = { 0 };
		struct fixture f;
		size_t i, mine = 0;

		random_case(&f);
		fixture_check(&f);
		/* As isahpd would fill them in, of a host with nothing off. */
		usable = isahp_profile_features(&f.host);
		if (isahp_profile_vendor(&f.host) == ISAHP_VENDOR_INTEL)
			isahp_features_add(&usable, ISAHP_FEATURE_3DNOWPREFETCH);
		target.present = target.shown = usable;
		target.layout = isahp_layout_tcg(f.host.xcr0);
		for (i = 2; i < 63; i++) {
			const struct isahp_cpuid_leaf *d =
				isahp_profile_leaf(&f.host, 0xd, i);

			target.layout.component[i].size = d ? d->value[ISAHP_EAX] : 0;
			target.layout.component[i].offset = d ? d->value[ISAHP_EBX] : 0;
		}
		target.layout.known = isahp_profile_leaf(&f.host, 0xd, 0);
		rules.present = f.vm.list[ISAHP_VM_ANNOUNCED];
		rules.envelope = f.vm.list[ISAHP_VM_ENVELOPE];
		rules.baseline = f.vm.list[ISAHP_VM_BASELINE];
		rules.pinned = f.vm.list[ISAHP_VM_PINNED];
		rules.xcr0 = f.vm.xcr0;
		rules.layout = f.vm.layout;
		rules.registered = f.vm.registered;
		for (i = 0; i < f.a.refusals.count; i++)
			mine += f.a.refusals.array[i].kind <= ISAHP_OBJECTION_IMAGE;
		if (!isahp_rules_move(&rules, &target, &leaving, &f.err)) {
			if (mine)
				fixture_show(&f);
			cr_assert_eq(mine, 0, "seed %u round %u", seed, round);
			cr_assert(isahp_features_equal(&leaving, &f.a.leaving),
				  "seed %u", seed);
		} else {
			cr_assert(mine, "seed %u round %u: %s", seed, round, f.err.text);
			refused++;
		}
		for (i = 0; i < f.a.refusals.count; i++) {
			const struct isahp_admission_item *item = &f.a.refusals.array[i];
			char words[320];

			if (item->kind > ISAHP_OBJECTION_IMAGE)
				continue;
			snprintf(words, sizeof(words), "%s (%s)", item->what, item->why);
			cr_assert(strstr(f.err.text, words) ||
				  strlen(f.err.text) > ISAHP_ERROR_TEXT_SIZE - 8,
				  "seed %u: %s: %s", seed, words, f.err.text);
		}
		/* What can be announced there the rules let be announced. */
		rules.present = isahp_features_andnot(&rules.present, &f.a.leaving);
		rules.gated = f.vm.masked ?
			      isahp_rules_gated(&f.vm.list[ISAHP_VM_SHOWN]) :
			      isahp_features_none();
		cr_assert_eq(isahp_rules_add(&rules, &f.a.arriving, &more, &f.err), 0,
			     "seed %u: %s", seed, f.err.text);
		arrived += !isahp_features_empty(&f.a.arriving);
		fixture_end(&f);
	}
	cr_assert(refused > 100 && refused < round, "seed %u: %u refused", seed, refused);
	cr_assert(arrived > 100, "seed %u: %u arrived", seed, arrived);
}

/* Hosts and guests of dice: an answer, never a crash. */
Test(admission_law, any_profile_gets_an_answer)
{
	unsigned int seed = (unsigned int)time(NULL), round, i;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 500; round++) {
		struct fixture f;
		json_t *json;

		random_case(&f);
		for (i = 0; i < 60; i++) {
			isahp_profile_set(&f.vm.cpuid, random() % 2 << 31 | random() % 40,
					  random() % 3, random() % 4, random(), random());
			isahp_profile_set(&f.host, random() % 2 << 31 | random() % 40,
					  random() % 3, random() % 4, random(), random());
		}
		for (i = 0; i < 10; i++)
			isahp_profile_msr_set(&f.vm.cpuid, random() % 2 ? 0x10a : random(),
					      random(), random());
		fixture_check(&f);
		json = isahp_admission_to_json(&f.a);
		cr_assert(json, "seed %u", seed);
		json_decref(json);
		free(isahp_admission_to_text(&f.a));
		fixture_end(&f);
	}
}
