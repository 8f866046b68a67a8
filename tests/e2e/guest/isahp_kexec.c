// SPDX-License-Identifier: MIT
/*
 * isahp_kexec KERNEL INITRD CMDLINE - start another kernel from this one
 *
 * As kexec(8) does: load, then reboot into it, with the shutdown of devices but
 * without that of programs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/reboot.h>

int main(int argc, char **argv)
{
	int kernel, initrd;

	if (argc != 4) {
		fprintf(stderr, "Usage: isahp_kexec KERNEL INITRD CMDLINE\n");
		return 2;
	}
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0 ||
	    syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1,
		    argv[3], 0UL)) {
		perror("isahp_kexec");
		return 1;
	}
	puts("loaded");
	fflush(stdout);
	/* Until the line is out of the guest. */
	sleep(1);
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("isahp_kexec: reboot");
	return 1;
}
