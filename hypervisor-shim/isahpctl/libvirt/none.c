// SPDX-License-Identifier: GPL-2.0-or-later
#include "isahpctl/connect.h"

void ctl_libvirt_ask(const struct isahp_remote *remote, int fd)
{
	(void)remote, (void)fd;
}

const char *ctl_libvirt_missing(void)
{
	return "this isahpctl was built without libvirt: install libvirt-dev and build it again, or let `virsh -c URI capabilities` write a file and read that (--from)";
}
