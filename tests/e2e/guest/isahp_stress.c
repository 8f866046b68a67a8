// SPDX-License-Identifier: MIT
/*
 * isahp_stress - everything that processes may do to /dev/isahp, all at once
 *
 *	isahp_stress [--processes N] [--seconds S] [--seed N]
 *
 * N processes (default 8) of two threads each open, register, read, poll,
 * acknowledge, veto, map, fork, pass files on, close and die at random, for S
 * seconds (default 10). What calls return is not judged, but for what may never
 * be: a state page whose fields contradict each other. Meant to be run while
 * records come in, and judged by the kernel's log and by the counts afterwards.
 *
 * Prints `seed=N`, and at the end `stress calls=N wrong=N`. Exit status 1 if
 * something was wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <isahp/uapi.h>

#define FILES 6

static struct shared {
	unsigned long calls, wrong;
} *shared;

struct worker {
	unsigned int random;
	int fd[FILES];
	const struct isahp_state_page *page;
};

static unsigned int pick(struct worker *w, unsigned int n)
{
	return (unsigned int)rand_r(&w->random) % n;
}

static void check_page(const struct isahp_state_page *page)
{
	struct isahp_state_page c;
	__u32 count;
	int i;

	if (!page)
		return;
	do {
		count = __atomic_load_n(&page->seqcount, __ATOMIC_ACQUIRE);
		memcpy(&c, page, sizeof(c));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (count & 1 ||
		 count != __atomic_load_n(&page->seqcount, __ATOMIC_RELAXED));
	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		if (c.leaving.word[i] & ~c.present.word[i] ||
		    c.usable.word[i] & ~c.present.word[i] ||
		    c.usable.word[i] & c.leaving.word[i])
			__atomic_add_fetch(&shared->wrong, 1, __ATOMIC_RELAXED);
}

static void do_register(struct worker *w, int fd)
{
	struct isahp_register r = { .size = sizeof(r) };

	/* Small numbers: the features that tests take away are among them. */
	r.interest.word[0] = (__u64)pick(w, 1 << 16) << 24 | pick(w, 1 << 16);
	ioctl(fd, ISAHP_IOC_REGISTER, &r);
}

static void do_read_and_answer(struct worker *w, int fd)
{
	struct isahp_event e;
	struct isahp_ack a = { .size = sizeof(a) };

	if (read(fd, &e, sizeof(e)) != sizeof(e))
		return;
	a.verdict = pick(w, 16) ? ISAHP_ACK : ISAHP_NAK;
	a.sequence = e.sequence;
	memcpy(a.epoch, e.epoch, sizeof(a.epoch));
	ioctl(fd, ISAHP_IOC_ACK, &a);
	if (a.verdict == ISAHP_NAK && pick(w, 4)) {
		a.verdict = ISAHP_ACK;
		ioctl(fd, ISAHP_IOC_ACK, &a);
	}
}

static void do_open(struct worker *w, int slot)
{
	if (w->fd[slot] >= 0)
		close(w->fd[slot]);
	w->fd[slot] = open(ISAHP_DEVICE_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void do_map(struct worker *w, int fd)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return;
	if (w->page)
		munmap((void *)(unsigned long)w->page, 4096);
	w->page = p;
}

/* A child that uses what it inherited, and ends in one of several ways. */
static void do_fork(struct worker *w)
{
	pid_t pid = fork();
	int i;

	if (pid) {
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return;
	}
	for (i = 0; i < FILES; i++) {
		do_read_and_answer(w, w->fd[i]);
		do_register(w, w->fd[i]);
	}
	if (pick(w, 2))
		do_open(w, 0);
	do_register(w, w->fd[0]);
	if (pick(w, 2))
		raise(SIGKILL);
	_exit(0);
}

static void one_call(struct worker *w)
{
	int slot = pick(w, FILES), fd = w->fd[slot];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct isahp_info info = { .size = sizeof(info) };

	switch (pick(w, 24)) {
	case 0 ... 3:
		do_open(w, slot);
		break;
	case 4 ... 7:
		do_register(w, fd);
		break;
	case 8 ... 17:
		do_read_and_answer(w, fd);
		break;
	case 18:
		ioctl(fd, ISAHP_IOC_UNREGISTER);
		break;
	case 19:
		do_map(w, fd);
		break;
	case 20:
		poll(&p, 1, 1);
		break;
	case 21:
		ioctl(fd, ISAHP_IOC_INFO, &info);
		break;
	case 22:
		if (!pick(w, 8))
			do_fork(w);
		break;
	default:
		check_page(w->page);
	}
	__atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
}

static void worker_init(struct worker *w, unsigned int seed)
{
	int i;

	w->random = seed;
	w->page = NULL;
	for (i = 0; i < FILES; i++)
		w->fd[i] = -1;
}

static void *thread(void *arg)
{
	struct worker w;

	worker_init(&w, *(unsigned int *)arg * 7);
	for (;;)
		one_call(&w);
	return NULL;
}

static void process(unsigned int seed)
{
	struct worker w;
	pthread_t t;
	int i;

	worker_init(&w, seed);
	pthread_create(&t, NULL, thread, &seed);
	for (i = 0; i < 2000; i++)
		one_call(&w);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int seed = (unsigned int)time(NULL) ^ (unsigned int)getpid();
	int processes = 8, seconds = 10, running = 0, i;
	time_t end;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--processes"))
			processes = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--seed"))
			seed = (unsigned int)strtoul(argv[i + 1], NULL, 0);
		else
			break;
	}
	if (i < argc) {
		fprintf(stderr, "Usage: isahp_stress [--processes N] [--seconds S] [--seed N]\n");
		return 2;
	}
	printf("seed=%u\n", seed);
	fflush(stdout);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	end = time(NULL) + seconds;
	while (time(NULL) < end || running) {
		if (running < processes && time(NULL) < end) {
			if (!fork())
				process(++seed);
			seed++;
			running++;
		} else if (wait(NULL) > 0) {
			running--;
		}
	}
	printf("stress calls=%lu wrong=%lu\n", shared->calls, shared->wrong);
	return shared->wrong ? 1 : 0;
}
