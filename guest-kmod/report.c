// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <isa-core/features.h>
#include "attachment.h"
#include "device.h"
#include "entry.h"
#include "figures.h"
#include "pinned.h"
#include "policy.h"
#include "raise.h"
#include "registrant.h"
#include "report.h"
#include "trapped.h"
#include "users.h"

/* All names of the table with separators: about 900 bytes. */
#define NAMES_SIZE 1280

static void names(char *buf, size_t size, const struct isahp_features *set,
		  char separator)
{
	size_t used = 0;
	int i;

	buf[0] = '\0';
	for (i = 0; i < ISAHP_FEATURE_COUNT && used + 1 < size; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (!f || !isahp_features_has(set, i))
			continue;
		if (used)
			buf[used++] = separator;
		used += scnprintf(buf + used, size - used, "%s", f->flag);
	}
}

static const char *record_name(u32 type)
{
	switch (type) {
	case ISAHP_RECORD_ANNOUNCE:
		return "announce";
	case ISAHP_RECORD_PREPARE:
		return "prepare";
	case ISAHP_RECORD_COMMIT:
		return "commit";
	case ISAHP_RECORD_ABORT:
		return "abort";
	case 0:
		return "moved";
	default:
		return "none";
	}
}

static const char *phase_name(u32 phase)
{
	switch (phase) {
	case ISAHP_PHASE_DETACHED:
		return "detached";
	case ISAHP_PHASE_STEADY:
		return "steady";
	case ISAHP_PHASE_LEAVING:
		return "leaving";
	case ISAHP_PHASE_QUIESCED:
		return "quiesced";
	default:
		return "unknown";
	}
}

/* --- log and uevents ----------------------------------------------------- */

static void send_uevent(const struct isahp_event *state, const char *leaving)
{
	char event[32], sequence[40];
	char *envp[] = { event, sequence, NULL, NULL };

	snprintf(event, sizeof(event), "ISAHP_EVENT=%s", record_name(state->type));
	snprintf(sequence, sizeof(sequence), "ISAHP_SEQUENCE=%llu", state->sequence);
	envp[2] = kasprintf(GFP_KERNEL, "ISAHP_LEAVING=%s", leaving);
	if (!envp[2])
		return;
	kobject_uevent_env(isahp_device_kobject(), KOBJ_CHANGE, envp);
	kfree(envp[2]);
}

void isahp_report_event(const struct isahp_event *state)
{
	char *leaving = kmalloc(NAMES_SIZE, GFP_KERNEL);

	/* The state page has it all: a missing line is no reason to fail. */
	if (!leaving)
		return;
	names(leaving, NAMES_SIZE, &state->leaving, ',');
	pr_info_ratelimited("%s, sequence %llu%s%s\n", record_name(state->type),
			    state->sequence, *leaving ? ", leaving " : "", leaving);
	send_uevent(state, leaving);
	kfree(leaving);
}

void isahp_report_pinned(const struct isahp_features *gone)
{
	char *text = kmalloc(NAMES_SIZE, GFP_KERNEL);

	if (!text)
		return;
	names(text, NAMES_SIZE, gone, ',');
	pr_warn_ratelimited("refusing to lose what this kernel was booted on: %s\n",
			    text);
	isahp_users_describe(gone, text, NAMES_SIZE);
	if (*text)
		pr_warn_ratelimited("in use by %s\n", text);
	kfree(text);
}

void isahp_report_moved(u32 signs, const struct isahp_features *lost,
			char *ret_text, size_t size)
{
	char *text = kmalloc(NAMES_SIZE, GFP_KERNEL);

	if (text)
		names(text, NAMES_SIZE, lost, ',');
	snprintf(ret_text, size, "moved unannounced, seen by%s%s%s%s; lost %s",
		 signs & ISAHP_MOVED_FEATURES ? " features" : "",
		 signs & ISAHP_MOVED_VENDOR ? " vendor" : "",
		 signs & ISAHP_MOVED_CPU ? " cpu" : "",
		 signs & ISAHP_MOVED_GENERATION ? " generation" : "",
		 text && *text ? text : "nothing");
	pr_warn_ratelimited("this guest has %s\n", ret_text);
	kfree(text);
}

void isahp_report_refused(enum isahp_nak_reason reason,
			  const struct isahp_roll *roll)
{
	const char *what = reason == ISAHP_NAK_VETO ? "vetoed" : "has not answered";
	unsigned int i;

	for (i = 0; i < roll->listed; i++)
		if (roll->laggard[i].reason == reason)
			pr_warn_ratelimited("process %u (%.16s) %s\n",
					    roll->laggard[i].pid,
					    roll->laggard[i].comm, what);
}

/* --- sysfs --------------------------------------------------------------- */

static ssize_t emit_names(char *buf, const struct isahp_features *set)
{
	names(buf, PAGE_SIZE - 1, set, ' ');
	return strlen(strcat(buf, "\n"));
}

#define STATE_SHOW(name, expression)                                           \
	static ssize_t name##_show(struct device *dev,                         \
				   struct device_attribute *attr, char *buf)   \
	{                                                                      \
		struct isahp_event state;                                      \
									       \
		isahp_registrants_state(&state);                               \
		return expression;                                             \
	}                                                                      \
	static DEVICE_ATTR_RO(name)

STATE_SHOW(phase, sysfs_emit(buf, "%s\n", phase_name(state.phase)));
STATE_SHOW(epoch, sysfs_emit(buf, "%*phN\n", ISAHP_EPOCH_SIZE, state.epoch));
STATE_SHOW(sequence, sysfs_emit(buf, "%llu\n", state.sequence));
STATE_SHOW(event, sysfs_emit(buf, "%llu\n", state.event));
STATE_SHOW(present, emit_names(buf, &state.present));
STATE_SHOW(leaving, emit_names(buf, &state.leaving));
STATE_SHOW(usable, emit_names(buf, &state.usable));
STATE_SHOW(host_silent,
	   sysfs_emit(buf, "%d\n", !!(state.flags & ISAHP_STATE_F_HOST_SILENT)));
STATE_SHOW(refused,
	   sysfs_emit(buf, "%d\n", !!(state.flags & ISAHP_STATE_F_REFUSED)));

STATE_SHOW(unplanned,
	   sysfs_emit(buf, "%d\n", !!(state.flags & ISAHP_STATE_F_UNPLANNED)));

#define ROLL_SHOW(name)                                                        \
	static ssize_t name##_show(struct device *dev,                         \
				   struct device_attribute *attr, char *buf)   \
	{                                                                      \
		struct isahp_roll roll;                                        \
									       \
		isahp_registrants_count(&roll);                                \
		return sysfs_emit(buf, "%u\n", roll.name);                     \
	}                                                                      \
	static DEVICE_ATTR_RO(name)

ROLL_SHOW(registrants);
ROLL_SHOW(pending);
ROLL_SHOW(untracked);

static ssize_t laggards_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	struct isahp_roll roll;
	ssize_t len = 0;
	unsigned int i;

	isahp_registrants_count_in(&roll, task_active_pid_ns(current));
	for (i = 0; i < roll.listed; i++)
		len += sysfs_emit_at(buf, len, "%u %.16s %s\n",
				     roll.laggard[i].pid, roll.laggard[i].comm,
				     roll.laggard[i].reason == ISAHP_NAK_VETO ?
					     "vetoed" : "pending");
	return len;
}

/* Names of other users' processes: for root alone. */
static DEVICE_ATTR_ADMIN_RO(laggards);

static ssize_t transport_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%s\n", isahp_attachment_transport());
}
static DEVICE_ATTR_RO(transport);

static ssize_t entry_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", isahp_entry_describe());
}
static DEVICE_ATTR_RO(entry);

static ssize_t pinned_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct isahp_features pinned = isahp_pinned();

	return emit_names(buf, &pinned);
}
static DEVICE_ATTR_RO(pinned);

static ssize_t users_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct isahp_features all = isahp_features_known();

	isahp_users_describe(&all, buf, PAGE_SIZE - 1);
	return strlen(strcat(buf, "\n"));
}

/* Which ciphers somebody uses is not everybody's business. */
static DEVICE_ATTR_ADMIN_RO(users);

static struct attribute *isahp_attrs[] = {
	&dev_attr_phase.attr,
	&dev_attr_epoch.attr,
	&dev_attr_sequence.attr,
	&dev_attr_event.attr,
	&dev_attr_present.attr,
	&dev_attr_leaving.attr,
	&dev_attr_usable.attr,
	&dev_attr_host_silent.attr,
	&dev_attr_refused.attr,
	&dev_attr_registrants.attr,
	&dev_attr_pending.attr,
	&dev_attr_untracked.attr,
	&dev_attr_laggards.attr,
	&dev_attr_transport.attr,
	&dev_attr_entry.attr,
	&dev_attr_pinned.attr,
	&dev_attr_users.attr,
	&dev_attr_unplanned.attr,
	NULL
};

static const struct attribute_group isahp_group = {
	.attrs = isahp_attrs,
};

/* --- sysfs: undefined/ --------------------------------------------------- */

static ssize_t processes_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return isahp_trapped_list(buf);
}

/* A private copy of what was written, to be taken apart. */
static ssize_t with_line(const char *buf, size_t count, int (*function)(char *line))
{
	char *line = kmemdup_nul(buf, count, GFP_KERNEL);
	int err = line ? function(line) : -ENOMEM;

	kfree(line);
	return err ? err : count;
}

static ssize_t processes_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	return with_line(buf, count, isahp_trapped_set_policy_of);
}
static DEVICE_ATTR_ADMIN_RW(processes);

static ssize_t cgroups_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return isahp_policy_list_cgroups(buf);
}

static ssize_t cgroups_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	return with_line(buf, count, isahp_policy_set_cgroup);
}
static DEVICE_ATTR_ADMIN_RW(cgroups);

static ssize_t features_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return isahp_trapped_list_features(buf);
}
static DEVICE_ATTR_RO(features);

static ssize_t signals_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", isahp_raise_describe());
}
static DEVICE_ATTR_RO(signals);

static struct attribute *undefined_attrs[] = {
	&dev_attr_processes.attr,
	&dev_attr_cgroups.attr,
	&dev_attr_features.attr,
	&dev_attr_signals.attr,
	NULL
};

static const struct attribute_group undefined_group = {
	.name = "undefined",
	.attrs = undefined_attrs,
};

const struct attribute_group *isahp_report_groups[] = {
	&isahp_group,
	&isahp_figures_group,
	&undefined_group,
	NULL
};
