// SPDX-License-Identifier: MIT
/*
 * One input is a series of packets from a few clients, records in between, and
 * clients that go away.
 */
#include "fuzz_env.h"

#include <hypervisor-shim/job.h>
#include <hypervisor-shim/loopback.h>
#include <sys/socket.h>

#define CLIENTS 4

static struct isahp_vm *vm_make(void)
{
	struct isahp_vm_config config = {
		.name = "lo",
		.ops = &isahp_loopback_ops,
		.have_present = true,
		.socket = "lo.sock",
	};
	struct isahp_error err;
	struct isahp_vm *vm;

	isahp_features_add(&config.present, ISAHP_FEATURE_AVX2);
	if (isahp_vm_add(&fuzz_host, &config, &vm, &err))
		abort();
	return vm;
}

static struct isahp_registrant *client_at(struct isahp_loopback *lo,
					  unsigned int index)
{
	struct isahp_registrant *r = lo->registrants;

	while (r && index--)
		r = r->next;
	return r;
}

static void record_change(struct isahp_vm *vm, uint8_t how)
{
	struct isahp_features leaving = isahp_features_none();

	isahp_features_add(&leaving, ISAHP_FEATURE_AVX2);
	if (how & 1)
		isahp_vm_prepare(vm, &leaving, vm->record.vendor, 1000);
	else
		isahp_vm_abort(vm);
}

static void packet(struct isahp_loopback *lo, uint8_t how, const uint8_t *data,
		   size_t size)
{
	struct isahp_registrant *r = client_at(lo, how >> 3 & 3);
	struct isahp_message msg = { 0 };

	if (!r || r->fd < 0)
		return;
	memcpy(&msg, data, size < sizeof(msg) ? size : sizeof(msg));
	/* Help some of them to be about the record in force. */
	if (how & 0x40 && msg.type == ISAHP_MSG_ACK) {
		memcpy(msg.ack.epoch, lo->state.record.epoch,
		       sizeof(msg.ack.epoch));
		msg.ack.sequence = lo->state.record.sequence;
	}
	isahp_registrant_packet(r, &msg, size < sizeof(msg) ? size : sizeof(msg),
				how & 0x80 ? getppid() : getpid());
}

/* The page's reader must find what the state says. */
static void check(struct isahp_loopback *lo)
{
	if (lo->page->seqcount & 1 ||
	    lo->page->sequence != lo->state.record.sequence ||
	    lo->page->phase != lo->state.phase ||
	    lo->count > ISAHP_LOOPBACK_REGISTRANTS_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[CLIENTS][2], i;
	struct isahp_vm *vm;
	struct isahp_loopback *lo;

	fuzz_init();
	vm = vm_make();
	lo = vm->transport;
	for (i = 0; i < CLIENTS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair[i]))
			abort();
		isahp_registrant_accept(lo, pair[i][0]);
	}
	while (size >= 2) {
		uint8_t how = data[0];
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		if ((how & 7) == 7)
			record_change(vm, how >> 3);
		else if ((how & 7) == 6)
			shutdown(pair[how >> 3 & 3][1], SHUT_RDWR);
		else
			packet(lo, how, data + 2, len);
		uv_run(&fuzz_loop, UV_RUN_NOWAIT);
		check(lo);
		data += 2 + len;
		size -= 2 + len;
	}
	for (i = 0; i < CLIENTS; i++)
		close(pair[i][1]);
	fuzz_settle();
	return 0;
}
