/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the shim share: a daemon's innards in this process, a
 * caller that remembers what it was told, and a guest that speaks abi.h.
 */
#ifndef SHIM_ENV_H
#define SHIM_ENV_H

#include <hypervisor-shim/channel.h>
#include <hypervisor-shim/control.h>
#include <hypervisor-shim/job.h>
#include <hypervisor-shim/vm.h>
#include <isa-core/features.h>
#include <isa-core/slot.h>

/* Generous: nothing is decided by it but that something never happened. */
#define SHIM_PATIENCE_MS 30000

struct shim_env {
	uv_loop_t loop;
	struct isahp_host host;
};

struct shim_call {
	struct isahp_call call;
	bool finished;
	struct isahp_error err;	/* class NONE on success */
	json_t *data;
	unsigned int progress;
};

void shim_env_init(struct shim_env *env);
void shim_env_fini(struct shim_env *env);

/* Run the loop until @done says so, or abort the test. */
void shim_pump(struct shim_env *env, bool (*done)(void *arg), void *arg);
/* Run the loop for some milliseconds: to see that something does not happen. */
void shim_linger(struct shim_env *env, unsigned int ms);

/* Carry out a control request and wait until it is finished. */
void shim_request(struct shim_env *env, struct shim_call *call,
		  const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same without waiting. */
void shim_request_begin(struct shim_env *env, struct shim_call *call,
			const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void shim_call_wait(struct shim_env *env, struct shim_call *call);
void shim_call_fini(struct shim_call *call);

struct isahp_vm *shim_vm(struct shim_env *env, const char *name);
struct isahp_features shim_set(const char *list);

/* --- a guest behind an ivshmem device -------------------------------------- */

struct shim_guest {
	struct shim_env *env;
	int fd;
	int memory_fd;
	int irq_fd[ISAHP_VECTORS];
	int doorbell_fd[ISAHP_VECTORS];
	struct isahp_host_page *host;
	struct isahp_guest_page *page;
	__u64 token;
};

/* Connect as QEMU does, checking each message of the handshake. */
void shim_guest_connect(struct shim_guest *guest, struct shim_env *env,
			const char *path);
void shim_guest_disconnect(struct shim_guest *guest);
/* Read the record slot; -1 when it is not settled. */
int shim_guest_record(struct shim_guest *guest, struct isahp_record *ret);
/* Write a request, without ringing. */
void shim_guest_write(struct shim_guest *guest, __u32 number, const void *args,
		      __u32 size);
void shim_guest_ring(struct shim_guest *guest);
/* Write a request, ring, wait for the reply; return its status. */
int shim_guest_call(struct shim_guest *guest, __u32 number, const void *args,
		    __u32 size, struct isahp_reply *ret_reply);
/* REGISTER as a decent guest. */
int shim_guest_register(struct shim_guest *guest, const char *pinned, __u64 xcr0);
/* ACKNOWLEDGE the record in force. */
int shim_guest_answer(struct shim_guest *guest, __u32 verdict, __u32 reason);
/* Wait until the record slot holds this type. */
void shim_guest_await(struct shim_guest *guest, __u32 type,
		      struct isahp_record *ret);

#endif /* SHIM_ENV_H */
