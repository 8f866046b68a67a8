/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_SOCK_H
#define ISAHP_SHIM_SOCK_H

#include <stddef.h>
#include <sys/types.h>

#include "policy/error.h"

/**
 * isahp_sock_path - DIR/PREFIXNAME.sock
 * @path: receives it; empty when it does not fit.
 * @size: of @path.
 * @dir: runtime directory.
 * @prefix: "vm-" or "".
 * @name: the rest.
 */
void isahp_sock_path(char *path, size_t size, const char *dir,
		     const char *prefix, const char *name);

/**
 * isahp_sock_listen - a listening Unix socket, for this user only
 * @path: where. A socket that nobody listens on any more is replaced; one in
 *	use, or anything else that lies there, is not.
 * @type: SOCK_STREAM or SOCK_SEQPACKET.
 * @err: names @path and the reason.
 *
 * Return: non-blocking file descriptor, or a negative errno.
 */
int isahp_sock_listen(const char *path, int type, struct isahp_error *err);

/**
 * isahp_sock_send - send bytes, and file descriptors with them, without waiting
 * @fd: Unix socket.
 * @data: bytes,
 * @size: how many.
 * @pass_fd: descriptor to pass along, or -1.
 *
 * Return: 0; -EAGAIN: nothing was sent; another negative errno.
 */
int isahp_sock_send(int fd, const void *data, size_t size, int pass_fd);

#endif /* ISAHP_SHIM_SOCK_H */
