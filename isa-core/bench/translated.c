// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The same loops of the same binary under qemu-user, which translates them into
 * code of the CPU: what emulation costs where it may take its time to prepare.
 */
#define _GNU_SOURCE
#include "translated.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
	double ns;
	__u64 result;
	__u64 code;
};

static __u64 code_of(const struct loop *loop)
{
	__u64 words[8], hash = 0;
	size_t i;

	memcpy(words, (const void *)loop->function, sizeof(words));
	for (i = 0; i < 8; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
	return hash;
}

/* --- the one that asks ------------------------------------------------------ */

static bool spawn(struct translated *t, int in, int out)
{
	char name[] = "qemu-x86_64", option[] = "-cpu", cpu[] = "max";
	char self[] = "/proc/self/exe", child[] = TRANSLATED_OPTION, path[256];
	char *argv[] = { name, option, cpu, path, child, NULL };
	posix_spawn_file_actions_t actions;
	ssize_t length = readlink(self, path, sizeof(path) - 1);
	int rc;

	if (length < 0)
		return false;
	path[length] = 0;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	rc = posix_spawnp(&t->pid, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		fprintf(stderr, "bench_emulator: %s (Debian: qemu-user): %s\n", name,
			strerror(rc));
	return !rc;
}

bool translated_start(struct translated *t)
{
	int ask[2], answer[2];
	bool ok;

	if (pipe2(ask, O_CLOEXEC))
		return false;
	if (pipe2(answer, O_CLOEXEC)) {
		close(ask[0]);
		close(ask[1]);
		return false;
	}
	t->ask = ask[1];
	t->answer = answer[0];
	ok = spawn(t, ask[0], answer[1]);
	close(ask[0]);
	close(answer[1]);
	if (!ok) {
		close(t->ask);
		close(t->answer);
	}
	return ok;
}

static bool ask_for(struct translated *t, unsigned int n, struct answer *ret)
{
	__u8 loop = (__u8)n;

	return write(t->ask, &loop, 1) == 1 &&
	       read(t->answer, ret, sizeof(*ret)) == sizeof(*ret);
}

bool translated_can(struct translated *t, unsigned int n)
{
	struct answer a;

	if (ask_for(t, n, &a) && a.code == code_of(loop_get(n)))
		return true;
	fprintf(stderr, "bench_emulator: %s: not the same code under %s\n",
		loop_get(n)->name, TRANSLATED_BY);
	return false;
}

double translated_run(struct translated *t, unsigned int n, __u64 *ret_result)
{
	struct answer a;

	if (!ask_for(t, n, &a))
		return -1;
	*ret_result = a.result;
	return a.ns;
}

void translated_end(struct translated *t)
{
	close(t->ask);
	close(t->answer);
	waitpid(t->pid, NULL, 0);
}

/* --- the one that answers --------------------------------------------------- */

int translated_serve(void)
{
	struct answer a;
	__u8 loop;

	while (read(STDIN_FILENO, &loop, 1) == 1 && loop < LOOPS) {
		memset(&a, 0, sizeof(a));
		a.ns = loop_execute(loop_get(loop), &a.result);
		a.code = code_of(loop_get(loop));
		if (write(STDOUT_FILENO, &a, sizeof(a)) != sizeof(a))
			return 1;
	}
	return 0;
}
