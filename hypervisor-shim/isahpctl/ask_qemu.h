/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHPCTL_ASK_QEMU_H
#define ISAHPCTL_ASK_QEMU_H

#include "policy/error.h"
#include "policy/profile.h"

/**
 * ctl_ask_qemu - what a QEMU would give a guest, asked over QMP
 * @path: of its socket.
 * @name: what the host is called; NULL: as this one is.
 * @timeout_s: for all of it.
 * @ret: to be freed.
 * @err: begins with the socket.
 *
 * Its model "host" where it has KVM, else "max": all that it emulates. No machine
 * has to run; a QEMU that runs one is not disturbed.
 *
 * Return: 0, or the exit code.
 */
int ctl_ask_qemu(const char *path, const char *name, unsigned int timeout_s,
		 struct isahp_profile *ret, struct isahp_error *err);

#endif /* ISAHPCTL_ASK_QEMU_H */
