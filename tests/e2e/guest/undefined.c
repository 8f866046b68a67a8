// SPDX-License-Identifier: MIT
/*
 * undefined: a program as they are, built for POPCNT and MOVBE, which knows
 * nothing of isahp unless it is told to.
 *
 *	undefined run            rounds of all forms until SIGTERM, a line each
 *	undefined forms N        N rounds
 *	undefined memory         operands in memory that is not simply there
 *	undefined held           a page fault that nobody resolves
 *	undefined foreign        instructions that nobody has
 *	undefined step           single-stepping
 *	undefined stress T N     T threads, N rounds each
 *	undefined policy P       P by ISAHP_IOC_UNDEFINED, then one MOVBE
 *	undefined one            one MOVBE
 *	undefined listen FLAGS   register, one MOVBE, and what the event says;
 *	                         FLAGS: the interest's first word
 *	undefined probed N       N times through an instruction that may be probed
 *	undefined offset         where that is in this file
 *	undefined cost N         nanoseconds of one, of N
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <isahp/uapi.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "undefined.h"

static _Noreturn void run(void)
{
	for (unsigned long round = 1;; round++) {
		printf("round=%lu wrong=%lu\n", round, forms_run(20));
		fflush(stdout);
		usleep(5000);
	}
}

static int one(void)
{
	uint32_t v = 0x11223344;

	v = load32(&v);
	printf("one: %08x\n", v);
	return v != 0x44332211;
}

static int policy(unsigned int number)
{
	struct isahp_undefined arg = { .size = sizeof(arg), .policy = number };
	int fd = open(ISAHP_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, ISAHP_IOC_UNDEFINED, &arg)) {
		printf("policy: %s\n", strerror(errno));
		return 2;
	}
	close(fd);
	return one();
}

static int listen_for(unsigned long interest)
{
	struct isahp_register reg = { .size = sizeof(reg) };
	int fd = open(ISAHP_DEVICE_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct isahp_event e;

	reg.interest.word[0] = interest;
	if (fd < 0 || ioctl(fd, ISAHP_IOC_REGISTER, &reg) ||
	    read(fd, &e, sizeof(e)) != sizeof(e))
		return 2;
	printf("listen: flags %x, ready %d\n", e.flags & ISAHP_STATE_F_UNDEFINED,
	       poll(&p, 1, 0));
	for (int i = 0; i < 3; i++) {
		uint32_t v = 1;

		load32(&v);
		if (poll(&p, 1, 0) != 1) {
			printf("listen: nothing\n");
			continue;
		}
		if (read(fd, &e, sizeof(e)) != sizeof(e))
			return 2;
		printf("listen: flags %x\n", e.flags & ISAHP_STATE_F_UNDEFINED);
	}
	return 0;
}

static int probed_many(unsigned long n)
{
	unsigned long wrong = 0;

	for (uint32_t i = 0; i < n; i++) {
		probed_data = i * 0x9e3779b9u;
		wrong += probed() != __builtin_bswap32(i * 0x9e3779b9u);
	}
	printf("probed: wrong=%lu\n", wrong);
	return wrong != 0;
}

static int offset(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to, at, here = (unsigned long)probed_at;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &from, &to, &at) == 3 &&
		    here >= from && here < to) {
			printf("0x%lx\n", here - from + at);
			return 0;
		}
	return 1;
}

static int cost(unsigned long n)
{
	struct timespec from, to;
	uint32_t v = 1;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned long i = 0; i < n; i++)
		load32(&v);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("cost: %lld ns\n", ((to.tv_sec - from.tv_sec) * 1000000000LL +
				   to.tv_nsec - from.tv_nsec) / (long long)n);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;

	if (!strcmp(what, "run"))
		run();
	if (!strcmp(what, "one"))
		return one();
	if (!strcmp(what, "policy"))
		return policy((unsigned int)n);
	if (!strcmp(what, "listen"))
		return listen_for(n);
	if (!strcmp(what, "probed"))
		return probed_many(n);
	if (!strcmp(what, "offset"))
		return offset();
	if (!strcmp(what, "cost"))
		return cost(n);
	if (!strcmp(what, "step"))
		return step_main();
	if (!strcmp(what, "stress") && argc > 3)
		return stress_main((unsigned int)n, strtoul(argv[3], NULL, 0));
	if (!strcmp(what, "forms")) {
		printf("forms: wrong=%lu\n", n = forms_run(n));
		return n != 0;
	}
	catch_init();
	if (!strcmp(what, "memory"))
		return memory_main();
	if (!strcmp(what, "held"))
		return held_main();
	if (!strcmp(what, "foreign"))
		return foreign_main();
	fprintf(stderr, "usage: see undefined.c\n");
	return 64;
}
