// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "entry32.h"

unsigned long entry32_start, entry32_site, entry32_image;

void entry32_find(const char *program)
{
	static const unsigned char pushes[] = { 0x51, 0x52, 0x55 };
	static const unsigned char landing[] = { 0xcd, 0x80, 0x5d, 0x5a, 0x59, 0xc3 };
	const unsigned char *p;
	int i;

	entry32_image = getauxval(AT_SYSINFO_EHDR);
	entry32_start = getauxval(AT_SYSINFO);
	p = (const void *)entry32_start;
	/* Up to a NOP of 3 to 5 bytes before the pushes: ENDBR's place. */
	for (i = 0; p && i < 8 && !entry32_site; i++)
		if (!memcmp(p + i, pushes, sizeof(pushes)) &&
		    !memcmp(p + i + 7, landing, sizeof(landing)))
			entry32_site = entry32_start + i + 3;
	if (entry32_site)
		return;
	fprintf(stderr, "%s: this kernel has no 32-bit entry that is known\n",
		program);
	exit(77);
}

const char *entry32_form(void)
{
	const volatile unsigned char *p = (void *)entry32_site;

	switch (p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]) {
	case (int)0x89e50f34:
		return "sysenter";
	case (int)0x89cd0f05:
		return "syscall";
	case (int)0xeb020f0b:
		return "int80";
	default:
		return "unknown";
	}
}

int entry32_numbered(int pages)
{
	int fd = memfd_create("numbered", MFD_CLOEXEC);
	char page[4096];
	int i;

	for (i = 0; i < pages; i++) {
		memset(page, i, sizeof(page));
		if (write(fd, page, sizeof(page)) != sizeof(page)) {
			perror("memfd");
			exit(1);
		}
	}
	return fd;
}
