// SPDX-License-Identifier: GPL-2.0-or-later
#include "loopback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <isa-core/features.h>
#include <isa-core/state_page.h>

#include "policy/names.h"
#include "policy/text.h"
#include "sock.h"

/* --- the state page -------------------------------------------------------- */

static int page_create(struct isahp_loopback *lo)
{
	int rc;

	lo->page_fd = memfd_create("isahp-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (lo->page_fd < 0)
		return -errno;
	if (ftruncate(lo->page_fd, ISAHP_PAGE_SIZE))
		goto err_fd;
	lo->page = mmap(NULL, ISAHP_PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED, lo->page_fd, 0);
	if (lo->page == MAP_FAILED)
		goto err_fd;
	isahp_state_page_init(lo->page);
	/* After our own mapping exists: it is the last writable one. */
	if (fcntl(lo->page_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK |
						    F_SEAL_GROW | F_SEAL_SEAL))
		goto err_map;
	return 0;

err_map:
	rc = -errno;
	munmap(lo->page, ISAHP_PAGE_SIZE);
	close(lo->page_fd);
	return rc;
err_fd:
	rc = -errno;
	close(lo->page_fd);
	return rc;
}

static void page_write(struct isahp_loopback *lo)
{
	struct isahp_event now = isahp_loopback_event(lo);

	isahp_state_page_write(lo->page, &now);
}

struct isahp_event isahp_loopback_event(const struct isahp_loopback *lo)
{
	return isahp_state_event(&lo->state, lo->flags, lo->deadline_ns,
				 lo->event_number);
}

static void state_changed(struct isahp_loopback *lo)
{
	lo->event_number++;
	page_write(lo);
}

/* --- answering the host ---------------------------------------------------- */

static void answer_fill(struct isahp_loopback *lo, struct isahp_answer *answer)
{
	struct isahp_registrant *r;

	memset(answer, 0, sizeof(*answer));
	answer->concerned = lo->concerned;
	answer->elapsed_ns = uv_hrtime() - lo->first_seen_ns;
	for (r = lo->registrants; r; r = r->next) {
		struct isahp_laggard *l = &answer->laggard[answer->listed];

		answer->registrants += r->registered;
		answer->untracked += r->untracked;
		if (!r->pending)
			continue;
		answer->laggards++;
		if (answer->listed == ISAHP_LAGGARDS_LISTED)
			continue;
		l->pid = r->pid;
		l->reason = r->vetoed ? ISAHP_NAK_VETO : ISAHP_NAK_DEADLINE;
		isahp_text_sanitize(l->comm, sizeof(l->comm), r->comm,
				    sizeof(r->comm));
		answer->listed++;
	}
}

static void answer_send(struct isahp_loopback *lo, __u32 reason)
{
	struct isahp_answer answer;

	answer_fill(lo, &answer);
	answer.verdict = reason ? ISAHP_NAK : ISAHP_ACK;
	answer.reason = reason;
	isahp_vm_answered(lo->vm, &answer);
}

void isahp_loopback_reconsider(struct isahp_loopback *lo)
{
	struct isahp_registrant *r;
	bool pending = false, vetoed = false;

	if (!lo->vm || lo->state.phase != ISAHP_PHASE_LEAVING)
		return;
	for (r = lo->registrants; r; r = r->next) {
		pending |= r->pending;
		vetoed |= r->vetoed;
	}
	if (vetoed && !lo->veto_told) {
		lo->veto_told = true;
		answer_send(lo, ISAHP_NAK_VETO);
	}
	if (pending)
		return;
	uv_timer_stop(&lo->deadline);
	isahp_state_quiesced(&lo->state);
	lo->flags &= ~ISAHP_STATE_F_REFUSED;
	state_changed(lo);
	answer_send(lo, ISAHP_NAK_NONE);
}

static void deadline_passed(uv_timer_t *timer)
{
	struct isahp_loopback *lo = timer->data;

	if (lo->state.phase != ISAHP_PHASE_LEAVING)
		return;
	lo->flags |= ISAHP_STATE_F_REFUSED;
	state_changed(lo);
	answer_send(lo, ISAHP_NAK_DEADLINE);
}

/* --- records --------------------------------------------------------------- */

bool isahp_loopback_concerns(const struct isahp_loopback *lo,
			     const struct isahp_features *interest)
{
	return lo->state.phase == ISAHP_PHASE_LEAVING &&
	       isahp_features_meet(interest, &lo->state.record.leaving);
}

static struct isahp_features difference(const struct isahp_record *a,
					const struct isahp_record *b)
{
	struct isahp_features diff;
	int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		diff.word[i] = (a->present.word[i] ^ b->present.word[i]) |
			       (a->leaving.word[i] ^ b->leaving.word[i]);
	return diff;
}

/* Ask whom it concerns, wake whom the change reaches, leave all others alone. */
static void registrants_tell(struct isahp_loopback *lo,
			     const struct isahp_features *changed)
{
	struct isahp_registrant *r, *next;

	lo->concerned = 0;
	lo->veto_told = false;
	for (r = lo->registrants; r; r = r->next) {
		r->vetoed = false;
		r->pending = (r->registered || r->lingering) &&
			     isahp_loopback_concerns(lo, &r->interest);
		lo->concerned += r->pending;
	}
	/* Telling may drop a client, and that may settle the matter. */
	for (r = lo->registrants; r; r = next) {
		next = r->next;
		if (r->registered && (isahp_features_empty(&r->interest) ||
				      isahp_features_meet(&r->interest, changed)))
			isahp_registrant_tell(r);
	}
}

static void deadline_set(struct isahp_loopback *lo)
{
	__u64 ns = lo->state.record.deadline_ns;

	uv_timer_stop(&lo->deadline);
	lo->deadline_ns = 0;
	if (lo->state.phase != ISAHP_PHASE_LEAVING)
		return;
	lo->deadline_ns = lo->first_seen_ns + ns;
	uv_update_time(lo->vm->host->loop);
	uv_timer_start(&lo->deadline, deadline_passed, ns / 1000000, 0);
}

static void loopback_publish(struct isahp_vm *vm)
{
	struct isahp_loopback *lo = vm->transport;
	struct isahp_record before = lo->state.record;
	struct isahp_features changed;
	const char *why = "stale";
	enum isahp_outcome outcome;

	outcome = isahp_state_apply(&lo->state, &vm->record, &why);
	if (outcome != ISAHP_OUTCOME_CHANGED &&
	    outcome != ISAHP_OUTCOME_NEW_EPOCH) {
		isahp_log(ISAHP_LOG_ERROR, "vm %s: own record refused: %s",
			  vm->config.name, why);
		return;
	}
	lo->first_seen_ns = uv_hrtime();
	lo->flags = vm->config.masked ? ISAHP_STATE_F_MASKED : 0;
	deadline_set(lo);
	state_changed(lo);
	changed = difference(&before, &lo->state.record);
	registrants_tell(lo, &changed);
	if (lo->state.phase == ISAHP_PHASE_LEAVING)
		isahp_loopback_reconsider(lo);
	else
		answer_send(lo, ISAHP_NAK_NONE);
}

static void loopback_describe(struct isahp_vm *vm, json_t *show)
{
	struct isahp_loopback *lo = vm->transport;
	struct isahp_registrant *r;
	json_t *array = json_array();

	for (r = lo->registrants; r; r = r->next)
		if (r->registered || r->untracked || r->lingering)
			json_array_append_new(
				array,
				json_pack("{s:I, s:s, s:b, s:b, s:b, s:o}", "pid",
					  (json_int_t)r->pid, "comm", r->comm,
					  "pending", r->pending, "vetoed",
					  r->vetoed, "untracked", r->untracked,
					  "interest",
					  isahp_names_to_json(&r->interest)));
	json_object_set_new(show, "registrants", array);
}

/* --- life ------------------------------------------------------------------ */

void isahp_loopback_put(struct isahp_loopback *lo)
{
	if (--lo->closing)
		return;
	munmap(lo->page, ISAHP_PAGE_SIZE);
	close(lo->page_fd);
	free(lo);
}

static void handle_closed(uv_handle_t *handle)
{
	isahp_loopback_put(handle->data);
}

static void connection_ready(uv_poll_t *poll, int status, int events)
{
	struct isahp_loopback *lo = poll->data;
	int fd;

	(void)events;
	if (status)
		return;
	/* Credentials come with each packet: the flag is the listener's. */
	fd = accept4(lo->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (lo->count >= ISAHP_LOOPBACK_REGISTRANTS_MAX) {
		if (isahp_log_allowed(&lo->limit))
			isahp_log(ISAHP_LOG_WARNING,
				  "vm %s: too many registrants, one turned away",
				  lo->vm->config.name);
		close(fd);
		return;
	}
	isahp_registrant_accept(lo, fd);
}

static int loopback_start(struct isahp_vm *vm, struct isahp_error *err)
{
	struct isahp_loopback *lo = calloc(1, sizeof(*lo));
	int rc = -ENOMEM;

	if (!lo)
		goto err_alloc;
	lo->vm = vm;
	rc = page_create(lo);
	if (rc)
		goto err_page;
	if (!*vm->config.socket)
		isahp_sock_path(vm->config.socket, sizeof(vm->config.socket),
				vm->host->runtime_dir, "", "loopback");
	lo->listen_fd = isahp_sock_listen(vm->config.socket, SOCK_SEQPACKET, err);
	if (lo->listen_fd < 0) {
		rc = lo->listen_fd;
		goto err_listen;
	}
	setsockopt(lo->listen_fd, SOL_SOCKET, SO_PASSCRED, &(int){ 1 },
		   sizeof(int));
	lo->closing = 2;
	uv_poll_init(vm->host->loop, &lo->listen_poll, lo->listen_fd);
	uv_timer_init(vm->host->loop, &lo->deadline);
	lo->listen_poll.data = lo;
	lo->deadline.data = lo;
	uv_poll_start(&lo->listen_poll, UV_READABLE, connection_ready);
	isahp_state_init(&lo->state, &vm->profile, vm->vendor, ~0ULL);
	vm->transport = lo;
	/* Its "kernel" is always there, and has nothing to lose. */
	isahp_vm_connected(vm);
	vm->guest.registered = true;
	vm->guest.version = ISAHP_ABI_VERSION;
	vm->guest.boot_vendor = vm->vendor;
	vm->guest.xcr0 = ~0ULL;
	return 0;

err_listen:
	munmap(lo->page, ISAHP_PAGE_SIZE);
	close(lo->page_fd);
	free(lo);
	return rc;
err_page:
	free(lo);
err_alloc:
	return isahp_error_set(err, ISAHP_ERROR_FAILED, rc,
			       "cannot make the state page: %s", strerror(-rc));
}

static void loopback_stop(struct isahp_vm *vm)
{
	struct isahp_loopback *lo = vm->transport;
	struct isahp_registrant *r, *next;

	lo->vm = NULL;
	for (r = lo->registrants; r; r = next) {
		next = r->next;
		isahp_registrant_drop(r);
	}
	uv_poll_stop(&lo->listen_poll);
	uv_close((uv_handle_t *)&lo->listen_poll, handle_closed);
	uv_close((uv_handle_t *)&lo->deadline, handle_closed);
	close(lo->listen_fd);
	unlink(vm->config.socket);
}

const struct isahp_transport_ops isahp_loopback_ops = {
	.kind = "loopback",
	.no_state = true,
	.start = loopback_start,
	.stop = loopback_stop,
	.publish = loopback_publish,
	.describe = loopback_describe,
};
