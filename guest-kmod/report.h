/* SPDX-License-Identifier: GPL-2.0-only */
/* What an administrator sees: sysfs attributes, uevents and log lines. */
#ifndef ISAHP_KMOD_REPORT_H
#define ISAHP_KMOD_REPORT_H

#include <linux/sysfs.h>
#include <isahp/uapi.h>

struct isahp_roll;

extern const struct attribute_group *isahp_report_groups[];

/**
 * isahp_report_event - a record came into force: uevent and log line
 * @state: as published.
 *
 * Context: sleeps.
 */
void isahp_report_event(const struct isahp_event *state);

/**
 * isahp_report_pinned - the host wants to take what this kernel needs
 * @gone: the features, by name in the log.
 */
void isahp_report_pinned(const struct isahp_features *gone);

/**
 * isahp_report_moved - this guest has moved and was not told
 * @signs: ISAHP_MOVED_*.
 * @lost: features that went with it.
 * @ret_text: receives what the host is to log, cut to fit
 * @size: bytes.
 */
void isahp_report_moved(u32 signs, const struct isahp_features *lost,
			char *ret_text, size_t size);

/**
 * isahp_report_refused - the host is told NAK because of processes
 * @reason: ISAHP_NAK_DEADLINE or ISAHP_NAK_VETO.
 * @roll: which.
 */
void isahp_report_refused(enum isahp_nak_reason reason,
			  const struct isahp_roll *roll);

#endif /* ISAHP_KMOD_REPORT_H */
