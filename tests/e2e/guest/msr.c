// SPDX-License-Identifier: MIT
/*
 * msr - read or write a model-specific register of a CPU
 *
 *	msr CPU NUMBER [VALUE]
 *
 * NUMBER and VALUE as strtoull() reads them. Prints what the register holds, in
 * hexadecimal. The kernel's module msr has to be loaded. Exit status 1 where the
 * CPU or the register is not there.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	uint64_t value;
	char path[64];
	off_t number;
	int fd;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "Usage: msr CPU NUMBER [VALUE]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", atoi(argv[1]));
	number = strtoll(argv[2], NULL, 0);
	fd = open(path, argc == 4 ? O_RDWR : O_RDONLY);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	if (argc == 4) {
		value = strtoull(argv[3], NULL, 0);
		if (pwrite(fd, &value, sizeof(value), number) != sizeof(value)) {
			perror("msr: write");
			return 1;
		}
	}
	if (pread(fd, &value, sizeof(value), number) != sizeof(value)) {
		perror("msr: read");
		return 1;
	}
	printf("%#llx\n", (unsigned long long)value);
	return 0;
}
