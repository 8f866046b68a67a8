// SPDX-License-Identifier: GPL-2.0-or-later
#include "sock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void isahp_sock_path(char *path, size_t size, const char *dir,
		     const char *prefix, const char *name)
{
	int n = snprintf(path, size, "%s/%s%s.sock", dir, prefix, name);

	if (n < 0 || (size_t)n >= size)
		path[0] = '\0';
}

/* Remove what a daemon that died has left; keep what is somebody's. */
static int clear_stale(const struct sockaddr_un *addr, int type)
{
	struct stat st;
	int fd, rc;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? errno : 0;
	close(fd);
	if (rc != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(addr->sun_path) ? -errno : 0;
}

static int bind_private(int fd, const struct sockaddr_un *addr)
{
	mode_t mask = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(mask);
	return rc;
}

int isahp_sock_listen(const char *path, int type, struct isahp_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = -1, rc = -ENAMETOOLONG;

	if (!*path || strlen(path) >= sizeof(addr.sun_path))
		goto err_listen;
	strcpy(addr.sun_path, path);
	rc = clear_stale(&addr, type);
	if (rc)
		goto err_listen;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = fd < 0 ? -errno : bind_private(fd, &addr);
	if (!rc && listen(fd, 128))
		rc = -errno;
	if (rc)
		goto err_listen;
	return fd;

err_listen:
	if (fd >= 0)
		close(fd);
	return isahp_error_set(err, ISAHP_ERROR_FAILED, rc,
			       "cannot listen on '%s': %s", path, strerror(-rc));
}

int isahp_sock_send(int fd, const void *data, size_t size, int pass_fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (pass_fd >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &pass_fd, sizeof(int));
	}
	do {
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	return (size_t)n == size ? 0 : -EMSGSIZE;
}
