// SPDX-License-Identifier: MIT
/* One input is one line on the control socket, with a loopback VM in place. */
#include "fuzz_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char add[] =
		"{\"command\":\"vm-add\",\"arguments\":{\"name\":\"a\","
		"\"kind\":\"loopback\",\"present\":\"x86-64-v3\"}}";
	struct fuzz_call first, call;

	fuzz_init();
	fuzz_call_init(&first);
	isahp_control_handle(&fuzz_host, add, sizeof(add) - 1, &first.call);
	if (!first.finished || !fuzz_host.vms)
		abort();
	fuzz_call_init(&call);
	isahp_control_handle(&fuzz_host, (const char *)data, size, &call.call);
	uv_run(&fuzz_loop, UV_RUN_NOWAIT);
	if (!call.finished && call.call.cancel)
		call.call.cancel(&call.call);
	fuzz_settle();
	if (!call.finished)
		abort();
	return 0;
}
