// SPDX-License-Identifier: MIT
/*
 * loop_cost ROUNDS - what loops cost on a CPU that has lost what they are made of
 *
 * A line says what a loop comes to, one for each round how many microseconds it
 * took by each way in turn: the module running ahead; the module finishing one
 * instruction with each trap; libisahp's handler of SIGILL, the module's policy for
 * this process being to signal; and the module running ahead once more.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <isa-core/bench/loop.h>
#include <isahp/emulation.h>
#include <isahp/uapi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define KNOB "/sys/module/isahp/parameters/ahead_native"

enum way {
	AHEAD,
	ALONE,
	LIBRARY,
	AGAIN,
	WAYS
};

static int device;

static char knob[32];	/* as it was */

static bool write_knob(const char *text)
{
	int fd = open(KNOB, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

static bool read_knob(void)
{
	int fd = open(KNOB, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && read(fd, knob, sizeof(knob) - 1) > 0;

	close(fd);
	return ok;
}

static bool choose(enum way way)
{
	struct isahp_undefined arg = {
		.size = sizeof(arg),
		.policy = way == LIBRARY ? ISAHP_UNDEFINED_SIGNAL :
					   ISAHP_UNDEFINED_EMULATE,
	};

	return !ioctl(device, ISAHP_IOC_UNDEFINED, &arg) &&
	       write_knob(way == ALONE ? "0" : knob);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint64_t run(const struct loop *l)
{
	if (l->out)
		memset(l->out, 0, l->out_size);
	return loop_result(l, l->function(l->in, l->out, l->count));
}

/* Short enough that most rounds are not interrupted. */
static struct loop shorten(const struct loop *l)
{
	struct loop s = *l;

	s.count /= 16;
	s.out_size /= 16;
	return s;
}

static bool take_turns(const struct loop *l, uint64_t wanted)
{
	double us[WAYS];
	int way;

	for (way = 0; way < WAYS; way++) {
		if (!choose((enum way)way))
			return false;
		us[way] = now_us();
		if (run(l) != wanted)
			return false;
		us[way] = now_us() - us[way];
	}
	printf("%s: ahead=%.1f alone=%.1f library=%.1f again=%.1f\n", l->name, us[AHEAD],
	       us[ALONE], us[LIBRARY], us[AGAIN]);
	return !fflush(stdout);
}

/* All ways come to the same, which is said first. libc's own loop is chosen by the
 * CPU at hand. */
static int measure(unsigned long rounds)
{
	uint64_t wanted;
	unsigned long i;
	unsigned int n;
	struct loop l;

	for (n = 0; n < LOOPS; n++) {
		l = shorten(loop_get(n));
		if (l.of_libc)
			continue;
		wanted = run(&l);
		printf("%s: result=%016llx\n", l.name, (unsigned long long)wanted);
		for (i = 0; i < rounds; i++)
			if (!take_turns(&l, wanted))
				return 4;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	device = open(ISAHP_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (device < 0 || !read_knob() || isahp_emulation_install(NULL))
		return 3;
	return measure(strtoul(argv[1], NULL, 10));
}
