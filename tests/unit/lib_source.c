// SPDX-License-Identifier: MIT
/* A loopback whose other end answers nonsense: an error, never a crash. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <isahp/isahp.h>
#include <isahp/uapi.h>

/* What the other end does with the first REGISTER, and then. */
struct rogue {
	int status;
	size_t size;		/* of the RESULT packet; 0: close instead */
	int page_fd;		/* passed along; -1: none */
	const void *then;	/* sent afterwards, @then_size bytes */
	size_t then_size;
	bool wait;		/* until the client is gone */
	char path[64];
	int listen_fd;
	pthread_t thread;
};

static void answer(const struct rogue *r, int fd)
{
	struct isahp_message m = { .type = ISAHP_MSG_RESULT, .status = r->status };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { &m, r->size };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (r->page_fd >= 0) {
		h.msg_control = &control;
		h.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &r->page_fd, sizeof(int));
	}
	(void)!sendmsg(fd, &h, MSG_NOSIGNAL);
}

static void *rogue_thread(void *arg)
{
	struct rogue *r = arg;
	char packet[1024];
	int fd = accept(r->listen_fd, NULL, NULL);

	(void)!recv(fd, packet, sizeof(packet), 0);
	if (r->size)
		answer(r, fd);
	if (r->then_size)
		(void)!send(fd, r->then, r->then_size, MSG_NOSIGNAL);
	while (r->wait && recv(fd, packet, sizeof(packet), 0) > 0)
		;
	close(fd);
	return NULL;
}

static void rogue_start(struct rogue *r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char directory[] = "/tmp/rogue.XXXXXX";

	cr_assert_not_null(mkdtemp(directory));
	snprintf(r->path, sizeof(r->path), "%s/sock", directory);
	strcpy(address.sun_path, r->path);
	r->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	cr_assert_eq(bind(r->listen_fd, (struct sockaddr *)&address,
			  sizeof(address)), 0);
	cr_assert_eq(listen(r->listen_fd, 1), 0);
	cr_assert_eq(pthread_create(&r->thread, NULL, rogue_thread, r), 0);
}

static void rogue_end(struct rogue *r)
{
	pthread_join(r->thread, NULL);
	close(r->listen_fd);
	unlink(r->path);
	*strrchr(r->path, '/') = 0;
	rmdir(r->path);
	if (r->page_fd >= 0)
		close(r->page_fd);
}

static int start_at(struct rogue *r)
{
	struct isahp_options o = { .size = sizeof(o),
				   .flags = ISAHP_START_NO_THREAD };

	rogue_start(r);
	o.loopback = r->path;
	return isahp_start(&o);
}

static int refused(struct rogue *r)
{
	int rc = start_at(r);

	rogue_end(r);
	return rc;
}

static int page_with(const struct isahp_state_page *page, size_t size, int seals)
{
	int fd = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, (off_t)size), 0);
	cr_assert_eq(write(fd, page, sizeof(*page)), sizeof(*page));
	if (seals)
		cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static const struct isahp_state_page good = {
	.magic = ISAHP_STATE_MAGIC,
	.version = ISAHP_UAPI_VERSION,
	.size = sizeof(good),
};

#define RESULT_SIZE ISAHP_MESSAGE_HEADER

TestSuite(source, .timeout = 60);

Test(source, refusal_is_passed_on)
{
	struct rogue r = { .status = -EMFILE, .size = RESULT_SIZE, .page_fd = -1 };

	cr_expect_eq(refused(&r), -EMFILE);
}

Test(source, success_of_no_known_kind_is_refused)
{
	struct rogue r = { .status = 7, .size = RESULT_SIZE, .page_fd = -1 };

	cr_expect_eq(refused(&r), -EPROTO);
}

Test(source, result_without_a_page_is_refused)
{
	struct rogue r = { .size = RESULT_SIZE, .page_fd = -1 };

	cr_expect_eq(refused(&r), -EPROTO);
}

Test(source, short_packet_is_refused)
{
	struct rogue r = { .size = 3, .page_fd = -1 };

	cr_expect_eq(refused(&r), -EPROTO);
}

Test(source, hanging_up_is_an_error)
{
	struct rogue r = { .page_fd = -1 };

	cr_expect_eq(refused(&r), -ECONNRESET);
}

Test(source, page_that_may_shrink_is_refused)
{
	struct rogue r = { .size = RESULT_SIZE };

	r.page_fd = page_with(&good, ISAHP_PAGE_SIZE, 0);
	cr_expect_eq(refused(&r), -EPROTO);
}

Test(source, page_that_is_too_small_is_refused)
{
	struct rogue r = { .size = RESULT_SIZE };

	r.page_fd = page_with(&good, sizeof(good), F_SEAL_SHRINK);
	cr_expect_eq(refused(&r), -EPROTO);
}

Test(source, page_of_another_kind_is_refused)
{
	struct isahp_state_page page = good;
	struct rogue r = { .size = RESULT_SIZE };

	page.magic++;
	r.page_fd = page_with(&page, ISAHP_PAGE_SIZE, F_SEAL_SHRINK);
	cr_expect_eq(refused(&r), -EPROTO);
}

Test(source, file_instead_of_a_page_is_refused)
{
	struct rogue r = { .size = RESULT_SIZE };

	r.page_fd = open("/dev/zero", O_RDONLY);
	cr_expect_eq(refused(&r), -EPROTO);
}

Test(source, page_that_is_always_being_written_is_not_waited_for)
{
	struct isahp_state_page page = good;
	struct rogue r = { .size = RESULT_SIZE };

	page.seqcount = 1;
	r.page_fd = page_with(&page, ISAHP_PAGE_SIZE, F_SEAL_SHRINK);
	cr_expect_eq(refused(&r), -ETIMEDOUT);
}

Test(source, shim_that_says_nothing_is_not_waited_for)
{
	struct rogue r = { .page_fd = -1, .wait = true };

	cr_expect_eq(refused(&r), -ETIMEDOUT);
}

static void lost_after(const void *packet, size_t size, int error)
{
	struct rogue r = { .size = RESULT_SIZE, .then = packet,
			   .then_size = size, .wait = size };
	struct isahp_status s = { .size = sizeof(s) };

	r.page_fd = page_with(&good, ISAHP_PAGE_SIZE, F_SEAL_SHRINK);
	cr_assert_eq(start_at(&r), 0);
	cr_expect_eq(isahp_dispatch(20000), error);
	cr_assert_eq(isahp_status(&s), 0);
	cr_expect_eq(s.error, error);
	cr_expect_eq(isahp_dispatch(0), -ENODEV);
	cr_expect_eq(isahp_stop(), 0);
	rogue_end(&r);
}

Test(source, nonsense_later_ends_following)
{
	static const struct isahp_message m = { .type = 99 };

	lost_after(&m, sizeof(m), -EPROTO);
}

Test(source, an_event_that_is_cut_short_ends_following)
{
	static const struct isahp_message m = {
		.type = ISAHP_MSG_EVENT, .event.size = ISAHP_EVENT_SIZE_MIN,
	};

	lost_after(&m, sizeof(m) - 8, -EPROTO);
}

Test(source, an_answer_to_nothing_ends_following)
{
	static const struct isahp_message m = { .type = ISAHP_MSG_RESULT };

	lost_after(&m, RESULT_SIZE, -EPROTO);
}

Test(source, hanging_up_later_ends_following)
{
	lost_after(NULL, 0, -ECONNRESET);
}

Test(source, path_beyond_a_socket_s_is_an_error)
{
	struct isahp_options o = { .size = sizeof(o) };
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	o.loopback = path;
	cr_expect_eq(isahp_start(&o), -ENAMETOOLONG);
}
