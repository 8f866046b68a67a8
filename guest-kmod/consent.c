// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include "consent.h"
#include "participant.h"
#include "pinned.h"
#include "report.h"
#include "users.h"

/* What kernel code may not begin to use. */
static struct isahp_features away;
static char vetoed_by[ISAHP_COMM_SIZE];

/*
 * Away is what leaves, what CPUID does not show, and what left and has not come
 * back since. A record that never had a feature takes nothing from the kernel:
 * what a shim announces is less than what there is.
 */
static void hold_users(const struct isahp_state *state)
{
	const struct isahp_record *r = &state->record;
	struct isahp_features leaving = isahp_features_dependents(&r->leaving);
	struct isahp_features visible = isahp_cpuid_features();
	struct isahp_features all = isahp_features_known();
	struct isahp_features hidden = isahp_features_andnot(&all, &visible);

	away = isahp_features_andnot(&away, &r->present);
	away = isahp_features_or(&away, &leaving);
	away = isahp_features_or(&away, &hidden);
	isahp_users_hold(&away);
}

bool isahp_consent_pinned(const struct isahp_state *state)
{
	const struct isahp_record *r = &state->record;
	struct isahp_features gone = isahp_features_dependents(&r->leaving);
	struct isahp_features pinned;

	gone = isahp_features_and(&gone, &r->present);
	if (isahp_features_empty(&gone))
		return false;
	/* Nobody can begin to use it any more: now look who had begun. */
	isahp_users_forget();
	pinned = isahp_pinned();
	gone = isahp_features_and(&gone, &pinned);
	if (isahp_features_empty(&gone))
		return false;
	isahp_report_pinned(&gone);
	return true;
}

enum isahp_nak_reason isahp_consent_prepare(const struct isahp_state *state,
					    int entry_err)
{
	hold_users(state);
	if (state->phase == ISAHP_PHASE_LEAVING && isahp_consent_pinned(state))
		return ISAHP_NAK_PINNED;
	if (entry_err) {
		pr_warn_ratelimited("the 32-bit system call entry cannot follow a change of vendor (%d)\n",
				    entry_err);
		return ISAHP_NAK_VDSO;
	}
	return ISAHP_NAK_NONE;
}

enum isahp_nak_reason isahp_consent_participants(enum isahp_kernel_event event,
						 const struct isahp_event *state)
{
	return isahp_participants_tell(event, state, vetoed_by) ? ISAHP_NAK_VETO :
								  ISAHP_NAK_NONE;
}

/* Pid 0 is the kernel. The list may be full: the last process falls out of it. */
void isahp_consent_list_veto(struct isahp_acknowledge_args *answer)
{
	struct isahp_laggard *l = answer->laggard;

	answer->laggards++;
	answer->listed = min_t(u32, answer->listed + 1, ARRAY_SIZE(answer->laggard));
	memmove(l + 1, l, sizeof(answer->laggard) - sizeof(*l));
	l->pid = 0;
	l->reason = ISAHP_NAK_VETO;
	memcpy(l->comm, vetoed_by, sizeof(l->comm));
}
