// SPDX-License-Identifier: MIT
/*
 * Code that nobody can move, on a CPU that has lost what it was compiled for:
 * isahp_emulation_install() finishes its instructions, isahp_emulation_status()
 * tells how many, isahp_emulation_remove() ends it. With an argument the program
 * has a handler of SIGILL of its own, and asks isahp_emulation_signal() in it.
 *
 *	qemu-x86_64 -cpu qemu64 emulation	# a CPU without POPCNT
 */
#include <isahp/emulation.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* Stands for a library that came compiled with -mpopcnt. */
__attribute__((target("popcnt"))) static unsigned int ones(size_t n, const unsigned *x)
{
	unsigned int sum = 0;

	while (n--)
		sum += (unsigned int)__builtin_popcount(*x++);
	return sum;
}

static void on_sigill(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	if (!isahp_emulation_signal(info, context))
		abort();
}

int main(int argc, char **argv)
{
	static const unsigned x[] = { 1, 3, 7, 15, 31, 63, 127, 255 };
	struct isahp_emulation_status status = { .size = sizeof(status) };
	struct sigaction own = { .sa_sigaction = on_sigill, .sa_flags = SA_SIGINFO };
	int is_own = argc > 1;

	(void)argv;
	/* SIGILL is blocked in it: no handler that needs it is to interrupt it. */
	sigfillset(&own.sa_mask);
	if (is_own ? sigaction(SIGILL, &own, NULL) : isahp_emulation_install(NULL))
		return 1;
	printf("%u ones\n", ones(8, x));
	if (isahp_emulation_status(&status))
		return 1;
	printf("%llu instructions in %llu signals\n",
	       (unsigned long long)status.instructions,
	       (unsigned long long)status.traps);
	return is_own ? 0 : -isahp_emulation_remove();
}
