// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <isa-core/env.h>
#include <isa-core/features.h>
#include "host.h"
#include "pinned.h"

/* How often an answer is repeated that a mute host does not confirm. */
#define OWED_AGAIN_NS (5ULL * NSEC_PER_SEC)

void isahp_host_init(struct isahp_host *host)
{
	isahp_channel_init(&host->channel);
}

void isahp_host_reset(struct isahp_host *host, struct isahp_transport *transport)
{
	host->channel.transport = transport;
	host->registered = false;
	host->register_err = 0;
	host->incompatible = 0;
}

static void complain_of_version(struct isahp_host *host, u16 min, u16 max)
{
	u64 both = BIT_ULL(32) | (u32)max << 16 | min;

	if (host->incompatible == both)
		return;
	host->incompatible = both;
	pr_err_ratelimited("the host speaks protocol %u to %u, this module %u to %u: install %s; staying detached\n",
			   min, max, ISAHP_ABI_VERSION_MIN, ISAHP_ABI_VERSION,
			   min > ISAHP_ABI_VERSION ?
				   "a newer isahp module in this guest" :
				   "a newer isahpd on the host");
}

static bool version_agreed(struct isahp_host *host, u16 min, u16 max)
{
	if (min <= ISAHP_ABI_VERSION && max >= ISAHP_ABI_VERSION_MIN)
		return true;
	complain_of_version(host, min, max);
	return false;
}

/* Tried again as long as it takes, complained of once. */
static void complain_of_refusal(struct isahp_host *host, int err)
{
	if (err != host->register_err)
		pr_warn_ratelimited("the host does not register this guest (%d): see the log of isahpd\n",
				    err);
	host->register_err = err;
}

/* Whoever hears of a new epoch first, a reply or a record, comes here. */
static void arm(struct isahp_host *host, const u8 *epoch)
{
	struct isahp_transport *transport = host->channel.transport;

	if (!memcmp(host->armed_epoch, epoch, sizeof(host->armed_epoch)))
		return;
	transport->ops->rearm(transport);
	memcpy(host->armed_epoch, epoch, sizeof(host->armed_epoch));
}

static void register_guest(struct isahp_host *host)
{
	struct isahp_register_args args = { 0 };
	struct isahp_register_result result;
	int err;

	isahp_pinned_describe(&args);
	if (host->moved)
		args.flags |= ISAHP_REGISTER_F_MOVED;
	host->told_pinned = args.pinned;
	host->introduced = true;
	err = isahp_channel_call(&host->channel, ISAHP_HC_REGISTER, &args,
				 sizeof(args), &result, sizeof(result));
	if (err == -EPROTONOSUPPORT) {
		complain_of_version(host, result.version_min, result.version);
		return;
	}
	/* Interrupted: the next look tries again. */
	if (err && err != -EINTR)
		complain_of_refusal(host, err);
	if (err)
		return;
	host->registered = true;
	host->moved = false;
	host->register_err = 0;
	host->incompatible = 0;
	memcpy(host->epoch, result.epoch, sizeof(host->epoch));
	arm(host, host->epoch);
	pr_info_ratelimited("registered with the host, protocol %u\n",
			    result.version);
}

bool isahp_host_there(struct isahp_host *host)
{
	u16 min, max;

	if (isahp_channel_present(&host->channel, &min, &max) ||
	    !version_agreed(host, min, max))
		return false;
	if (!host->registered) {
		ISAHP_STORE_RELEASE(&host->channel.transport->guest_page->magic,
				    ISAHP_GUEST_MAGIC);
		register_guest(host);
	}
	return host->registered;
}

void isahp_host_follow(struct isahp_host *host, const u8 *epoch)
{
	if (!memcmp(host->epoch, epoch, sizeof(host->epoch)))
		return;
	arm(host, epoch);
	/* Not by this one, until it has said so: else the next look tries again. */
	host->registered = false;
	register_guest(host);
}

void isahp_host_forget(struct isahp_host *host)
{
	isahp_channel_forget(&host->channel);
	host->registered = false;
	host->moved = true;
	host->owed = false;
}

void isahp_host_tell_pinned(struct isahp_host *host)
{
	u64 now_ns = ktime_get_ns();
	struct isahp_features now;

	if (!host->registered || now_ns - host->pinned_ns < ISAHP_POLL_IDLE_NS / 2)
		return;
	host->pinned_ns = now_ns;
	now = isahp_pinned();
	if (!isahp_features_equal(&now, &host->told_pinned))
		register_guest(host);
}

bool isahp_host_ahead(const struct isahp_host *host, const u8 *epoch)
{
	return host->registered && memcmp(host->epoch, epoch, sizeof(host->epoch));
}

int isahp_host_report(struct isahp_host *host, u32 kind, u64 value,
		      const char *text)
{
	struct isahp_report_args args = {
		.kind = kind,
		.value = value,
	};
	int err;

	strscpy(args.text, text, sizeof(args.text));
	err = isahp_channel_call(&host->channel, ISAHP_HC_REPORT, &args,
				 sizeof(args), NULL, 0);
	if (err == -EPROTO)
		/* Another host: the next look registers there. */
		host->registered = false;
	return err == -EPROTO || err == -EINTR ? -EAGAIN : err;
}

void isahp_host_answer(struct isahp_host *host,
		       const struct isahp_acknowledge_args *answer)
{
	host->answer = *answer;
	isahp_host_answer_again(host);
	isahp_host_send_owed(host);
}

void isahp_host_answer_again(struct isahp_host *host)
{
	host->owed = true;
	host->owed_from_ns = 0;
}

void isahp_host_forget_answer(struct isahp_host *host)
{
	host->owed = false;
}

static int send_answer(struct isahp_host *host)
{
	return isahp_channel_call(&host->channel, ISAHP_HC_ACKNOWLEDGE,
				  &host->answer, sizeof(host->answer), NULL, 0);
}

void isahp_host_send_owed(struct isahp_host *host)
{
	int err;

	if (!host->owed || ktime_get_ns() < host->owed_from_ns)
		return;
	err = send_answer(host);
	if (err == -EPROTO) {
		/* It does not know this guest: a new one, or one that forgot. */
		host->registered = false;
		register_guest(host);
		if (host->registered)
			err = send_answer(host);
	}
	switch (err) {
	case -EINTR:
		/* Stays owed, and is sent next time, unless the move voids it. */
		return;
	case -ETIMEDOUT:
		/* Stays owed. A host that comes back says so by itself. */
		host->owed_from_ns = ktime_get_ns() + OWED_AGAIN_NS;
		return;
	case -EPROTO:
		/* Stays owed as well: the next look registers first. */
		host->registered = false;
		return;
	case 0:
	case -ESTALE:	/* another record is on its way */
		break;
	default:
		pr_warn_ratelimited("the host refused the answer to sequence %llu (%d)\n",
				    host->answer.sequence, err);
	}
	host->owed = false;
}

void isahp_host_leave(struct isahp_host *host)
{
	struct isahp_unregister_args goodbye = { 0 };

	if (host->introduced)
		isahp_channel_call(&host->channel, ISAHP_HC_UNREGISTER, &goodbye,
				   sizeof(goodbye), NULL, 0);
	host->introduced = false;
	ISAHP_STORE_RELEASE(&host->channel.transport->guest_page->magic, 0);
}
