// SPDX-License-Identifier: MIT
/*
 * isahp_fuzz - /dev/isahp under arguments that nobody means
 *
 *	isahp_fuzz [--calls N] [--seed N] [--processes P]
 *
 * P processes (default 2) make N calls in all (default 200000): ioctls with
 * random numbers, sizes, contents and pointers (unmapped, half mapped,
 * read-only, misaligned, of the kernel), reads, polls, mmaps and munmaps of all
 * kinds, while a second thread of each changes, unmaps and maps the arguments
 * under them. What a call returns is judged by what it may return at all: an
 * errno that is documented, no event that contradicts itself, no byte written
 * behind what was asked for.
 *
 * Prints `seed=N`, and at the end `fuzz calls=N succeeded=N wrong=N`. Exit
 * status 1 if something was wrong.
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
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <isahp/uapi.h>

#define PAGE 4096
#define FILES 8

static struct shared {
	unsigned long calls, succeeded, wrong;
} *shared;

struct fuzz {
	unsigned int random;
	int fd[FILES];
	/* Three pages: writable, coming and going, absent. */
	unsigned char *area;
};

static unsigned int pick(struct fuzz *f, unsigned int n)
{
	return (unsigned int)rand_r(&f->random) % n;
}

static unsigned long pick_long(struct fuzz *f)
{
	unsigned long n = (unsigned long)rand_r(&f->random) << 33 ^
			  (unsigned long)rand_r(&f->random) << 11 ^
			  (unsigned long)rand_r(&f->random);

	return n >> pick(f, 64);
}

static void wrong(const char *what, long value)
{
	printf("WRONG %s: %ld\n", what, value);
	fflush(stdout);
	__atomic_add_fetch(&shared->wrong, 1, __ATOMIC_RELAXED);
}

/* Somewhere in, across the end of, or outside of what is mapped. */
static void *pointer(struct fuzz *f)
{
	switch (pick(f, 8)) {
	case 0:
		return (void *)(pick_long(f));
	case 1:
		return (void *)(0xffff800000000000UL | pick_long(f));
	case 2:
		return f->area + PAGE - pick(f, 64);
	case 3:
		return f->area + 2 * PAGE - pick(f, 256);
	case 4:
		return f->area + 2 * PAGE + pick(f, PAGE);
	default:
		return f->area + pick(f, PAGE - 512) / 8 * 8;
	}
}

/* Fill a structure so that most of it is right. */
static void *argument(struct fuzz *f)
{
	static const unsigned int sizes[] = { 0, 4, 8, 24, 32, 40, 41, 48, 64, 4096,
					      4097, 0x80000000, ~0u };
	unsigned char *p = pointer(f);
	unsigned int i, size;

	/* Only where it can be written: the changer takes only page 1 away. */
	if (p < f->area || p + 512 > f->area + PAGE)
		return p;
	size = pick(f, 4) ? 24 + 8 * pick(f, 3) :
			    sizes[pick(f, sizeof(sizes) / sizeof(*sizes))];
	memset(p, 0, 512);
	memcpy(p, &size, sizeof(size));
	for (i = 4; i < 64; i++)
		if (!pick(f, 8))
			p[i] = (unsigned char)pick(f, 256);
	return p;
}

static void check_errno(const char *what, long r, const int *allowed, int count)
{
	int i;

	__atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
	if (r >= 0) {
		__atomic_add_fetch(&shared->succeeded, 1, __ATOMIC_RELAXED);
		return;
	}
	for (i = 0; i < count; i++)
		if (errno == allowed[i])
			return;
	wrong(what, errno);
}

#define CHECK(what, r, ...)                                                    \
	do {                                                                   \
		static const int allowed[] = { __VA_ARGS__ };                  \
		check_errno(what, r, allowed, sizeof(allowed) / sizeof(int));  \
	} while (0)

static void do_ioctl(struct fuzz *f, int fd)
{
	static const unsigned long known[] = {
		ISAHP_IOC_REGISTER, ISAHP_IOC_ACK, ISAHP_IOC_UNREGISTER,
		ISAHP_IOC_INFO,
	};
	unsigned long cmd = known[pick(f, 4)];

	switch (pick(f, 8)) {
	case 0:
		/* Not those that the VFS takes for itself (FIOCLEX ...). */
		cmd = 0xb500UL | pick_long(f) << 16 | pick(f, 256);
		break;
	case 1:
		cmd = _IOC(pick(f, 4), ISAHP_IOC_TYPE, pick(f, 6), pick(f, 1 << 14));
		break;
	}
	CHECK("ioctl", ioctl(fd, cmd, argument(f)), EINVAL, EFAULT, E2BIG, ENOTTY,
	      ENOTCONN, ESTALE, EBUSY, EMFILE, ENOMEM, EINTR, EBADF);
}

/* The file's only reader and a good buffer: what came has to make sense. */
static void check_event(const struct isahp_event *e, long n)
{
	int i;

	if (n != sizeof(*e) || e->size != sizeof(*e) ||
	    e->phase > ISAHP_PHASE_QUIESCED)
		wrong("event", n);
	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		if (e->leaving.word[i] & ~e->present.word[i] ||
		    e->usable.word[i] & ~e->present.word[i])
			wrong("features of an event", i);
}

static void do_read(struct fuzz *f, int fd)
{
	unsigned char own[sizeof(struct isahp_event) + 64];
	struct iovec v[3] = { { pointer(f), pick(f, 300) },
			      { pointer(f), pick(f, 300) }, { own, 16 } };
	size_t size = pick(f, 4) ? sizeof(struct isahp_event) : pick_long(f);
	unsigned int i;
	long n;

	switch (pick(f, 4)) {
	case 0:
		CHECK("read", read(fd, pointer(f), size), EINVAL, EFAULT, EAGAIN,
		      ENOTCONN, ESTALE, EINTR, EBADF);
		return;
	case 1:
		CHECK("readv", readv(fd, v, (int)pick(f, 4)), EINVAL, EFAULT,
		      EAGAIN, ENOTCONN, ESTALE, EINTR, EBADF);
		return;
	}
	memset(own, 0xa5, sizeof(own));
	n = read(fd, own, sizeof(own));
	if (n > 0)
		check_event((void *)own, n);
	for (i = n > 0 ? (unsigned int)n : 0; i < sizeof(own); i++)
		if (own[i] != 0xa5)
			wrong("a byte behind what was read", i);
	CHECK("read", n, EAGAIN, ENOTCONN, ESTALE, EINTR, EBADF);
}

static void do_write(struct fuzz *f, int fd)
{
	CHECK("write", write(fd, pointer(f), pick(f, 300)), EINVAL, EBADF);
	CHECK("lseek", lseek(fd, (off_t)pick_long(f), (int)pick(f, 4)), ESPIPE,
	      EINVAL, EBADF);
	CHECK("pread", pread(fd, pointer(f), 160, (off_t)pick_long(f)), ESPIPE,
	      EINVAL, EBADF);
}

static void do_mmap(struct fuzz *f, int fd)
{
	static const int kinds[] = { MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE,
				     MAP_SHARED | MAP_POPULATE,
				     MAP_PRIVATE | MAP_POPULATE };
	size_t size = pick(f, 2) ? PAGE : (size_t)pick(f, 4 * PAGE);
	off_t offset = pick(f, 2) ? 0 : (off_t)pick_long(f);
	int prot = (int)pick(f, 8);
	unsigned char *p = mmap(NULL, size, prot, kinds[pick(f, 5)], fd, offset);

	CHECK("mmap", p == MAP_FAILED ? -1 : 0, EINVAL, EPERM, EACCES, ENOMEM,
	      EOVERFLOW, EAGAIN, ENODEV, EBADF, ENXIO, EOPNOTSUPP);
	if (p == MAP_FAILED)
		return;
	if (prot & (PROT_WRITE | PROT_EXEC))
		wrong("a mapping with protection", prot);
	if (!mprotect(p, PAGE, PROT_READ | PROT_WRITE))
		wrong("a page made writable", 0);
	madvise(p, PAGE, (int)pick(f, 26));
	munmap(p, size);
}

static void do_open(struct fuzz *f, int slot)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_WRONLY, O_PATH };

	if (f->fd[slot] >= 0)
		close(f->fd[slot]);
	f->fd[slot] = open(ISAHP_DEVICE_PATH, flags[pick(f, 8) ? 0 : pick(f, 4)] |
			   O_NONBLOCK | O_CLOEXEC);
}

static void one_call(struct fuzz *f)
{
	int slot = (int)pick(f, FILES), fd = f->fd[slot];
	struct pollfd p = { .fd = fd, .events = (short)pick_long(f) };

	switch (pick(f, 16)) {
	case 0:
		do_open(f, slot);
		break;
	case 1 ... 8:
		do_ioctl(f, fd);
		break;
	case 9 ... 11:
		do_read(f, fd);
		break;
	case 12:
		do_write(f, fd);
		break;
	case 13:
		do_mmap(f, fd);
		break;
	case 14:
		poll(&p, 1, 0);
		fcntl(fd, F_SETFL, O_NONBLOCK | (pick(f, 2) ? O_ASYNC : 0));
		break;
	default:
		if (fd >= 0 && pick(f, 4) == 0) {
			int other = dup(fd);

			close(fd);
			f->fd[slot] = other;
		}
	}
}

/* Changes the first page, and takes the second away and brings it back. */
static void *changer(void *arg)
{
	struct fuzz f = *(struct fuzz *)arg;
	unsigned char *second = f.area + PAGE;

	f.random ^= 0x5a5a;
	for (;;) {
		__atomic_store_n(f.area + pick(&f, PAGE),
				 (unsigned char)pick(&f, 256), __ATOMIC_RELAXED);
		if (pick(&f, 16))
			continue;
		mmap(second, PAGE, pick(&f, 2) ? PROT_READ : PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (pick(&f, 2))
			mprotect(second, PAGE, PROT_NONE);
	}
	return NULL;
}

static void process(unsigned int seed, unsigned long calls)
{
	struct fuzz f = { .random = seed };
	pthread_t thread;
	int i;

	f.area = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (f.area == MAP_FAILED || munmap(f.area + 2 * PAGE, PAGE))
		_exit(1);
	for (i = 0; i < FILES; i++)
		f.fd[i] = -1;
	signal(SIGIO, SIG_IGN);
	if (pthread_create(&thread, NULL, changer, &f))
		_exit(1);
	while (__atomic_load_n(&shared->calls, __ATOMIC_RELAXED) < calls)
		one_call(&f);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int seed = (unsigned int)time(NULL) ^ (unsigned int)getpid();
	unsigned long calls = 200000;
	int processes = 2, i, status;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--calls"))
			calls = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			seed = (unsigned int)strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--processes"))
			processes = atoi(argv[i + 1]);
		else
			break;
	}
	if (i < argc) {
		fprintf(stderr, "Usage: isahp_fuzz [--calls N] [--seed N] [--processes P]\n");
		return 2;
	}
	printf("seed=%u\n", seed);
	fflush(stdout);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	for (i = 0; i < processes; i++)
		if (!fork())
			process(seed + (unsigned int)i * 7919, calls);
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			wrong("a process's end", status);
	printf("fuzz calls=%lu succeeded=%lu wrong=%lu\n", shared->calls,
	       shared->succeeded, shared->wrong);
	return shared->wrong ? 1 : 0;
}
