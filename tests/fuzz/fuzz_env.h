/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets of the shim share: a daemon's innards that live from
 * one input to the next, and a caller that does not care.
 */
#ifndef FUZZ_ENV_H
#define FUZZ_ENV_H

#include <hypervisor-shim/control.h>
#include <hypervisor-shim/vm.h>
#include <isa-core/features.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uv_loop_t fuzz_loop;
static struct isahp_host fuzz_host;

static inline void fuzz_cleanup(void)
{
	if (chdir("/") || rmdir(fuzz_host.runtime_dir))
		fprintf(stderr, "%s is left behind\n", fuzz_host.runtime_dir);
}

static inline void fuzz_init(void)
{
	if (fuzz_host.loop)
		return;
	strcpy(fuzz_host.runtime_dir, "/tmp/isahp-fuzz-XXXXXX");
	/* Inputs name relative paths: here they do no harm. */
	if (!mkdtemp(fuzz_host.runtime_dir) || chdir(fuzz_host.runtime_dir))
		abort();
	atexit(fuzz_cleanup);
	uv_loop_init(&fuzz_loop);
	fuzz_host.loop = &fuzz_loop;
	isahp_log_level_set(ISAHP_LOG_NOTHING);
}

/* End all that an input has begun; a handle that stays is a bug. */
static inline void fuzz_settle(void)
{
	while (fuzz_host.vms)
		isahp_vm_remove(fuzz_host.vms);
	if (uv_run(&fuzz_loop, UV_RUN_DEFAULT))
		abort();
}

struct fuzz_call {
	struct isahp_call call;
	int finished;
};

static inline void fuzz_progress(struct isahp_call *call, json_t *event)
{
	(void)call;
	json_decref(event);
}

static inline void fuzz_finish(struct isahp_call *call, json_t *data,
			       const struct isahp_error *err)
{
	struct fuzz_call *c = (struct fuzz_call *)call;

	/* Exactly once, and a failure says what it is. */
	if (c->finished++ || (err && (!err->class || !*err->text)))
		abort();
	json_decref(data);
}

static inline void fuzz_call_init(struct fuzz_call *call)
{
	memset(call, 0, sizeof(*call));
	call->call.progress = fuzz_progress;
	call->call.finish = fuzz_finish;
}

#endif /* FUZZ_ENV_H */
