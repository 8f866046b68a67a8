/* SPDX-License-Identifier: MIT */
#include "fatal.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <mathlib/mathlib.h>

static bool fatal_json;
static int fatal_taken;

/* Not <string.h>'s: those may be what is not there. */
static char *put(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_hex(char *to, uintptr_t value)
{
	int shift = (int)sizeof(value) * 8 - 4;

	to = put(to, "0x");
	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	return to;
}

/* At most 100 bytes. */
static char *describe(char *to, uintptr_t address, const char *variant)
{
	if (fatal_json) {
		to = put(to, "{\"sigill\":{\"address\":\"");
		to = put_hex(to, address);
		to = put(to, "\",\"variant\":");
		to = put(to, variant ? "\"" : "null");
		to = put(to, variant ? variant : "");
		return put(to, variant ? "\"}}\n" : "}}\n");
	}
	to = put(to, "SIGILL at ");
	to = put_hex(to, address);
	to = put(to, variant ? " in mathlib's own " : " outside mathlib's code");
	to = put(to, variant ? variant : "");
	return put(to, variant ? " code\n" : "\n");
}

static void on_sigill(int number, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;
	struct sigaction action = { .sa_handler = SIG_DFL };
	char line[128], *end;
	ssize_t written;

	(void)context;
	/*
	 * Several threads may get here at once. The first one speaks, and none
	 * may end the process before it has.
	 */
	if (__atomic_exchange_n(&fatal_taken, 1, __ATOMIC_RELAXED)) {
		for (;;)
			pause();
	}
	/* Sent by a process: there is no faulting instruction. */
	if (info->si_code <= 0)
		address = 0;
	end = describe(line, address, ml_code_variant(address));
	written = write(STDOUT_FILENO, line, (size_t)(end - line));
	(void)written;
	sigaction(number, &action, NULL);
	/* Blocked until the handler returns, then fatal. */
	raise(number);
}

void fatal_install(bool json)
{
	struct sigaction action = {
		.sa_sigaction = on_sigill,
		.sa_flags = SA_SIGINFO,
	};

	fatal_json = json;
	sigemptyset(&action.sa_mask);
	sigaction(SIGILL, &action, NULL);
}
