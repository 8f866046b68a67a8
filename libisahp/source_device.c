// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "source.h"

static int control(int fd, unsigned long request, const void *arg)
{
	int rc;

	do
		rc = ioctl(fd, request, arg);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

static int device_interest(struct isahp_source_link *link,
			   const struct isahp_features *interest)
{
	struct isahp_register r = { .size = sizeof(r), .interest = *interest };

	return control(link->fd, ISAHP_IOC_REGISTER, &r);
}

static int device_open(struct isahp_source_link *link, const char *path,
		       const struct isahp_features *interest)
{
	int rc;

	link->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (link->fd < 0)
		return -errno;
	rc = device_interest(link, interest);
	if (!rc)
		rc = isahp_source_map(link, link->fd);
	if (rc) {
		close(link->fd);
		link->fd = -1;
	}
	return rc;
}

static int device_receive(struct isahp_source_link *link)
{
	struct isahp_event event;
	ssize_t n;

	for (;;) {
		memset(&event, 0, sizeof(event));
		n = read(link->fd, &event, sizeof(event));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n < (ssize_t)ISAHP_EVENT_SIZE_MIN ||
		    event.size < ISAHP_EVENT_SIZE_MIN)
			return -EPROTO;
		link->newest = event;
	}
}

static int device_acknowledge(struct isahp_source_link *link,
			      const struct isahp_ack *ack)
{
	return control(link->fd, ISAHP_IOC_ACK, ack);
}

static int device_unregister(struct isahp_source_link *link)
{
	return control(link->fd, ISAHP_IOC_UNREGISTER, NULL);
}

const struct isahp_source_ops isahp_source_device = {
	.kind = ISAHP_SOURCE_DEVICE,
	.open = device_open,
	.receive = device_receive,
	.interest = device_interest,
	.acknowledge = device_acknowledge,
	.unregister = device_unregister,
};
