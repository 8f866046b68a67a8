// SPDX-License-Identifier: MIT
/*
 * One input is what a guest does to its page: a series of requests, each with
 * a header of its own making or a correct one, and scribbles over both pages.
 */
#include "fuzz_env.h"

#include <hypervisor-shim/hypercall.h>
#include <isa-core/slot.h>

static struct isahp_channel channel;

static int fuzz_start(struct isahp_vm *vm, struct isahp_error *err)
{
	(void)err;
	vm->transport = &channel;
	return 0;
}

static void fuzz_stop(struct isahp_vm *vm)
{
	(void)vm;
}

static void fuzz_publish(struct isahp_vm *vm)
{
	isahp_channel_write_record(&channel, &vm->record);
}

static void fuzz_rewrite(struct isahp_vm *vm)
{
	isahp_channel_rewrite(&channel, &vm->record,
			      vm->have_reply ? &vm->reply : NULL);
}

static const struct isahp_transport_ops fuzz_ops = {
	.kind = "fuzz",
	.start = fuzz_start,
	.stop = fuzz_stop,
	.publish = fuzz_publish,
	.rewrite = fuzz_rewrite,
};

static struct isahp_vm *vm_make(void)
{
	struct isahp_vm_config config = {
		.name = "g",
		.ops = &fuzz_ops,
		.have_present = true,
		.have_vendor = true,
		.vendor = ISAHP_VENDOR_INTEL,
	};
	struct isahp_error err;
	struct isahp_vm *vm;

	isahp_features_add(&config.present, ISAHP_FEATURE_AVX2);
	if (isahp_vm_add(&fuzz_host, &config, &vm, &err))
		abort();
	isahp_vm_connected(vm);
	return vm;
}

static size_t take(const uint8_t **data, size_t *size, void *to, size_t want)
{
	size_t n = *size < want ? *size : want;

	memset(to, 0, want);
	memcpy(to, *data, n);
	*data += n;
	*size -= n;
	return n;
}

/* A request with a good checksum; some are helped past the first checks. */
static void request_write(struct isahp_vm *vm, const uint8_t **data,
			  size_t *size, uint8_t how)
{
	struct isahp_guest_page *page = (void *)channel.guest;
	struct isahp_request request = { 0 };
	struct isahp_acknowledge_args *ack = (void *)request.args;
	struct isahp_register_args *reg = (void *)request.args;
	uint8_t len;

	take(data, size, &len, 1);
	take(data, size, request.args, len * 4 % ISAHP_ARGS_SIZE);
	request.token = how & 0x80 ? vm->reply.token : vm->reply.token + 1;
	request.number = how & 7;
	request.size = how & 0x40 ? len * 64 : ISAHP_ARGS_SIZE;
	if (how & 0x20 && request.number == ISAHP_HC_REGISTER) {
		reg->version_min = 1;
		reg->xcr0 |= 1;
	}
	if (how & 0x20 && request.number == ISAHP_HC_ACKNOWLEDGE) {
		memcpy(ack->epoch, vm->record.epoch, sizeof(ack->epoch));
		ack->sequence = vm->record.sequence;
	}
	isahp_slot_write(&page->request_slot, &page->request, &request,
			 sizeof(request));
}

static void check(struct isahp_vm *vm)
{
	const struct isahp_vm_guest *guest = &vm->guest;
	struct isahp_features known = isahp_features_known();
	struct isahp_reply reply;
	const char *c;

	if (vm->have_reply &&
	    (isahp_slot_read(&channel.host->reply_slot, &channel.host->reply,
			     sizeof(reply), &reply, sizeof(reply), 16) ||
	     reply.size > ISAHP_RESULT_SIZE || (int)reply.status > 0))
		abort();
	if (!isahp_features_subset(&guest->pinned, &known) ||
	    vm->answer.listed > ISAHP_LAGGARDS_LISTED)
		abort();
	for (c = guest->release; *c; c++)
		if (*c < ' ' || *c > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isahp_hypercall_seen seen = { 0 };
	struct isahp_vm *vm;
	uint8_t how;

	fuzz_init();
	if (!channel.host && isahp_channel_create(&channel))
		abort();
	memset(channel.host, 0, ISAHP_SHM_SIZE);
	vm = vm_make();
	while (size) {
		take(&data, &size, &how, 1);
		if ((how & 7) == 7)
			take(&data, &size, (void *)channel.guest, 96);
		else
			request_write(vm, &data, &size, how);
		isahp_hypercall_look(vm, &channel, &seen, how & 0x10);
		check(vm);
		if (how & 8)
			isahp_vm_reassert(vm);
	}
	if (!isahp_channel_intact(&channel, &vm->record))
		abort();
	fuzz_settle();
	return 0;
}
