// SPDX-License-Identifier: MIT
/*
 * isahp_crowd - thousands of registrations that behave, and some that sleep
 *
 *	isahp_crowd [--processes P] [--files F] [--interest N] [--others O]
 *		    [--others-interest N] [--cgroup FOLDER] [--floor ROUNDS]
 *
 * P processes (default 1) with F files each (default 1) register an interest in
 * feature number N, read each event and acknowledge what asks for it. O others
 * (default 0) register an interest in another feature and sleep in poll().
 *
 * --cgroup: in which the processes run; the memory that it is charged for slabs
 * is looked at before and after. --floor: first wake the same processes by as
 * many eventfds, and wait until each was read, so many times.
 *
 * Lines:
 *	floor ns=N ...			(one for each round)
 *	memory files=N opened=N registered=N	bytes that each adds
 *	ready registered=N others=N pid=N
 * and, each time it gets SIGUSR1,
 *	crowd events=N missed=N acks=N stale=N errors=N newest_min=N newest_max=N
 *	      others_woken=N others_events=N
 * where newest is the highest sequence that each has read, and others_woken how
 * often the others were scheduled in since `ready` (by the kernel's count).
 * SIGTERM ends all of them. Exit status 0; 1: something could not be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <isahp/uapi.h>

#define FILES_MAX 200	/* file descriptors in one message: SCM_MAX_FD is 253 */

/* Of one process, in shared memory; the process alone writes it. */
struct stats {
	unsigned long events, missed, acks, stale, errors;
	unsigned long newest[FILES_MAX];
};

/* What all have done, stage by stage. */
static struct shared {
	unsigned int stage;	/* processes wait until this allows the next */
	unsigned int done;	/* how many have finished the present one */
	unsigned int floor_read;
} *shared;
static struct stats *stats;

static int processes = 1, files = 1, others, interest = 32, others_interest = 7;
static int floor_rounds, floor_over = -1;
static const char *cgroup;
static int *floor_fd;		/* the parent's: one for each registration */

static void die(const char *what)
{
	fprintf(stderr, "isahp_crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void nap(void)
{
	/* A thousand wait so at once: they must not be all that is done. */
	struct timespec t = { 0, 40000000 };

	nanosleep(&t, NULL);
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void finish_stage(unsigned int next)
{
	__atomic_add_fetch(&shared->done, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&shared->stage, __ATOMIC_ACQUIRE) < next)
		nap();
}

/* The parent: until so many have finished what they are at. */
static void wait_stage(int count)
{
	while (__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE) < (unsigned int)count) {
		if (waitpid(-1, NULL, WNOHANG) > 0)
			die("a process has ended");
		nap();
	}
}

/* The parent, when all have finished the stage before: the next one. */
static void run_stage(unsigned int stage)
{
	__atomic_store_n(&shared->done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->stage, stage, __ATOMIC_RELEASE);
	wait_stage(processes);
}

static int reg(int fd, int feature)
{
	struct isahp_register r = { .size = sizeof(r) };

	r.interest.word[feature / 64] = 1ULL << (feature % 64);
	return ioctl(fd, ISAHP_IOC_REGISTER, &r);
}

/* --- one that follows ---------------------------------------------------- */

static void on_event(struct stats *s, int index, int fd)
{
	struct isahp_ack a = { .size = sizeof(a), .verdict = ISAHP_ACK };
	struct isahp_event e;

	if (read(fd, &e, sizeof(e)) != sizeof(e)) {
		s->errors += errno != EAGAIN;
		return;
	}
	s->events++;
	s->missed += e.missed;
	s->newest[index] = e.sequence;
	if (e.phase != ISAHP_PHASE_LEAVING)
		return;
	a.sequence = e.sequence;
	memcpy(a.epoch, e.epoch, sizeof(a.epoch));
	if (!ioctl(fd, ISAHP_IOC_ACK, &a))
		s->acks++;
	else if (errno == ESTALE)
		s->stale++;
	else
		s->errors++;
}

static void on_floor(int fd)
{
	unsigned int all = (unsigned int)(processes * files);
	eventfd_t count;

	if (eventfd_read(fd, &count))
		die("eventfd");
	if (__atomic_add_fetch(&shared->floor_read, 1, __ATOMIC_ACQ_REL) == all)
		eventfd_write(floor_over, 1);
}

static void watch(int epoll, int fd, unsigned int tag)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = tag };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e))
		die("epoll_ctl");
}

static void send_fds(int socket, const int *fd)
{
	char control[CMSG_SPACE(sizeof(int) * FILES_MAX)] = { 0 };
	char c = 0;
	struct iovec byte = { .iov_base = &c, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)files) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)files);
	memcpy(CMSG_DATA(h), fd, sizeof(int) * (size_t)files);
	if (sendmsg(socket, &m, 0) != 1)
		die("sendmsg");
}

static void receive_fds(int socket, int *fd)
{
	char control[CMSG_SPACE(sizeof(int) * FILES_MAX)], c;
	struct iovec byte = { .iov_base = &c, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };

	if (recvmsg(socket, &m, 0) != 1 || m.msg_flags & MSG_CTRUNC)
		die("recvmsg");
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int) * (size_t)files);
}

static void follow(struct stats *s, int socket)
{
	int fd[FILES_MAX], floor[FILES_MAX], i, n, epoll = epoll_create1(0);
	struct epoll_event e[16];

	if (floor_rounds) {
		for (i = 0; i < files; i++) {
			floor[i] = eventfd(0, EFD_NONBLOCK);
			watch(epoll, floor[i], (unsigned int)(FILES_MAX + i));
		}
		send_fds(socket, floor);
		close(socket);
	}
	finish_stage(1);
	/* What any open file costs is no part of what a registration costs. */
	for (i = 0; i < files; i++)
		fd[i] = open("/dev/null", O_RDWR);
	finish_stage(2);
	for (i = 0; i < files; i++) {
		n = open(ISAHP_DEVICE_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (n < 0 || dup2(n, fd[i]) < 0 || close(n))
			die(ISAHP_DEVICE_PATH);
	}
	finish_stage(3);
	for (i = 0; i < files; i++)
		if (reg(fd[i], interest))
			die("register");
	finish_stage(4);
	for (i = 0; i < files; i++) {
		on_event(s, i, fd[i]);
		watch(epoll, fd[i], (unsigned int)i);
	}
	__atomic_add_fetch(&shared->done, 1, __ATOMIC_RELEASE);
	for (;;) {
		n = epoll_wait(epoll, e, 16, -1);
		while (n-- > 0) {
			i = (int)e[n].data.u32;
			if (i >= FILES_MAX)
				on_floor(floor[i - FILES_MAX]);
			else
				on_event(s, i, fd[i]);
		}
	}
}

/* --- one that sleeps ------------------------------------------------------ */

static void sleeper(struct stats *s)
{
	int fd = open(ISAHP_DEVICE_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 || reg(fd, others_interest))
		die("register");
	on_event(s, 0, fd);
	s->events = 0;
	__atomic_add_fetch(&shared->done, 1, __ATOMIC_RELEASE);
	for (;;) {
		poll(&p, 1, -1);
		on_event(s, 0, fd);
	}
}

/* --- the parent ----------------------------------------------------------- */

/* How often a process gave up its CPU to wait; and whether it waits. */
static unsigned long switches(pid_t pid, bool *ret_asleep)
{
	char path[64], line[128], state = 0;
	unsigned long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "State: %c", &state);
		sscanf(line, "voluntary_ctxt_switches: %lu", &n);
	}
	fclose(f);
	*ret_asleep = state == 'S';
	return n;
}

static unsigned long all_switches(const pid_t *pid, int count)
{
	unsigned long sum = 0;
	bool asleep;
	int i;

	for (i = 0; i < count; i++) {
		sum += switches(pid[i], &asleep);
		while (!asleep) {
			nap();
			sum -= switches(pid[i], &asleep);
			sum += switches(pid[i], &asleep);
		}
	}
	return sum;
}

static unsigned long slab_bytes(void)
{
	char path[256], line[128];
	unsigned long n = 0;
	FILE *f;
	int i;

	if (!cgroup)
		return 0;
	/* What was closed is freed a little later. */
	for (i = 0; i < 10; i++)
		nap();
	snprintf(path, sizeof(path), "%s/memory.stat", cgroup);
	f = fopen(path, "re");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "slab_unreclaimable %lu", &n);
	fclose(f);
	return n;
}

static void enter_cgroup(void)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	f = fopen(path, "we");
	if (!f || fprintf(f, "0\n") < 0 || fclose(f))
		die(path);
}

static void run_floor(void)
{
	int all = processes * files, round, i;
	eventfd_t over;
	long long start;

	for (round = 0; round < floor_rounds; round++) {
		shared->floor_read = 0;
		start = now_ns();
		for (i = 0; i < all; i++)
			eventfd_write(floor_fd[i], 1);
		if (eventfd_read(floor_over, &over))
			die("eventfd");
		printf("floor ns=%lld\n", now_ns() - start);
	}
	fflush(stdout);
}

static void report(unsigned long woken)
{
	unsigned long newest_min = ~0UL, newest_max = 0, others_events = 0;
	struct stats sum = { 0 };
	int p, i;

	for (p = 0; p < processes; p++) {
		sum.events += stats[p].events;
		sum.missed += stats[p].missed;
		sum.acks += stats[p].acks;
		sum.stale += stats[p].stale;
		sum.errors += stats[p].errors;
		for (i = 0; i < files; i++) {
			unsigned long n = stats[p].newest[i];

			newest_min = n < newest_min ? n : newest_min;
			newest_max = n > newest_max ? n : newest_max;
		}
	}
	for (; p < processes + others; p++)
		others_events += stats[p].events;
	printf("crowd events=%lu missed=%lu acks=%lu stale=%lu errors=%lu newest_min=%lu newest_max=%lu others_woken=%lu others_events=%lu\n",
	       sum.events, sum.missed, sum.acks, sum.stale, sum.errors,
	       newest_min, newest_max, woken, others_events);
	fflush(stdout);
}

static pid_t start(int number, int socket)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (number < processes)
		follow(&stats[number], socket);
	else
		sleeper(&stats[number]);
	exit(0);
}

static void start_all(pid_t *other)
{
	int *from = calloc((size_t)processes, sizeof(*from));
	int i, pair[2] = { -1, -1 };

	if (!from)
		die("memory");
	for (i = 0; i < processes; i++) {
		if (floor_rounds && socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			die("socketpair");
		start(i, pair[1]);
		from[i] = pair[0];
		if (floor_rounds)
			close(pair[1]);
	}
	for (i = 0; i < others; i++)
		other[i] = start(processes + i, -1);
	for (i = 0; floor_rounds && i < processes; i++) {
		receive_fds(from[i], floor_fd + i * files);
		close(from[i]);
	}
	wait_stage(processes + others);
	free(from);
}

static void stages(void)
{
	unsigned long bytes[4] = { 0 };
	double all = processes * files;
	int i;

	for (i = 1; i <= 3; i++) {
		bytes[i - 1] = slab_bytes();
		run_stage((unsigned int)i);
	}
	bytes[3] = slab_bytes();
	if (cgroup)
		printf("memory files=%.0f opened=%.0f registered=%.0f\n",
		       ((double)bytes[1] - (double)bytes[0]) / all,
		       ((double)bytes[2] - (double)bytes[1]) / all,
		       ((double)bytes[3] - (double)bytes[2]) / all);
}

static bool options(int argc, char **argv)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--processes"))
			processes = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--files"))
			files = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--interest"))
			interest = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--others"))
			others = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--others-interest"))
			others_interest = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--cgroup"))
			cgroup = argv[i + 1];
		else if (!strcmp(argv[i], "--floor"))
			floor_rounds = atoi(argv[i + 1]);
		else
			break;
	}
	return i == argc && processes > 0 && files > 0 && files <= FILES_MAX &&
	       others >= 0 && interest >= 0 && interest < ISAHP_FEATURE_COUNT &&
	       others_interest >= 0 && others_interest < ISAHP_FEATURE_COUNT;
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 65536, 65536 };
	unsigned long before;
	sigset_t set;
	pid_t *other;
	int number;

	if (!options(argc, argv)) {
		fprintf(stderr, "Usage: isahp_crowd [--processes P] [--files F] [--interest N] [--others O] [--others-interest N] [--cgroup FOLDER] [--floor ROUNDS]\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	if (cgroup)
		enter_cgroup();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	shared = share(sizeof(*shared));
	stats = share(sizeof(*stats) * (size_t)(processes + others));
	other = calloc((size_t)others + 1, sizeof(*other));
	floor_fd = calloc((size_t)(processes * files), sizeof(*floor_fd));
	floor_over = eventfd(0, EFD_CLOEXEC);
	if (!other || !floor_fd || floor_over < 0)
		die("memory");
	start_all(other);
	stages();
	run_stage(4);
	run_floor();
	before = all_switches(other, others);
	printf("ready registered=%d others=%d pid=%d\n", processes * files, others,
	       getpid());
	fflush(stdout);
	for (;;) {
		if (sigwait(&set, &number))
			die("sigwait");
		if (number == SIGTERM)
			break;
		report(all_switches(other, others) - before);
	}
	/* The end of this one is the end of all: PR_SET_PDEATHSIG. */
	return 0;
}
