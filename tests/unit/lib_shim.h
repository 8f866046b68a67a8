/* SPDX-License-Identifier: MIT */
/*
 * The other end of the loopback, driven by a test: a SOCK_SEQPACKET server with
 * a sealed state page, as <isahp/uapi.h> has it. Nothing of the library is
 * replaced; the test only decides what is announced, and when.
 */
#ifndef LIB_SHIM_H
#define LIB_SHIM_H

#include <pthread.h>
#include <stdbool.h>
#include <isahp/uapi.h>

#define LIB_SHIM_CLIENTS 16
#define LIB_SHIM_ANSWERS 65536

struct lib_shim_answer {
	__u64 sequence;
	__u32 verdict;
	int status; /* what the shim made of it */
	int pid;
};

struct lib_shim {
	char directory[64];
	char path[96];
	int listen_fd;
	int wake_fd;
	int page_fd;
	struct isahp_state_page *page;
	pthread_t thread;
	pthread_mutex_t lock;	/* protects what follows */
	pthread_cond_t changed;
	struct isahp_event event;
	int client[LIB_SHIM_CLIENTS];
	int pid[LIB_SHIM_CLIENTS];
	bool registered[LIB_SHIM_CLIENTS];
	struct isahp_features interest;
	unsigned int registrations;
	unsigned int unregistrations;
	unsigned int answers;
	struct lib_shim_answer answer[LIB_SHIM_ANSWERS];
	bool mute; /* change the page, send nothing */
	bool stop;
};

/* Listens on a path of its own when it returns. */
void lib_shim_start(struct lib_shim *s, const struct isahp_features *present);
void lib_shim_stop(struct lib_shim *s);

/* Returns the record's sequence. */
__u64 lib_shim_announce(struct lib_shim *s, const struct isahp_features *present);
__u64 lib_shim_commit(struct lib_shim *s, const struct isahp_features *present);
__u64 lib_shim_abort(struct lib_shim *s, const struct isahp_features *present);
__u64 lib_shim_prepare(struct lib_shim *s, const struct isahp_features *leaving,
		       unsigned int deadline_ms);

/* Was this record answered so, and the answer accepted? Waits up to the time. */
bool lib_shim_answered(struct lib_shim *s, __u64 sequence, __u32 verdict,
		       unsigned int timeout_ms);
/* Answers of any kind to this record until now, accepted or not. */
unsigned int lib_shim_answers(struct lib_shim *s, __u64 sequence);
bool lib_shim_wait_registrations(struct lib_shim *s, unsigned int at_least);
struct isahp_features lib_shim_interest(struct lib_shim *s);

#endif /* LIB_SHIM_H */
