// SPDX-License-Identifier: MIT
/*
 * isahp_probe - a client of /dev/isahp that does as it is told
 *
 *	isahp_probe register FLAGS [OPTION ...]
 *		Register interest in FLAGS (Linux flag names with commas between
 *		them, or "none"), print each event as a line and answer it.
 *	    --ack-ms N		answer N ms after the event (default 0)
 *	    --never		never answer
 *	    --veto		answer NAK
 *	    --veto-then-ack-ms N  answer NAK, and ACK N ms later
 *	    --on-prepare exit	instead of answering: exit,
 *	    --on-prepare kill	  or die by SIGKILL,
 *	    --on-prepare stop	  or stop by SIGSTOP (and answer when continued),
 *	    --on-prepare close	  or close the file and run on (untracked),
 *	    --on-prepare unregister  or unregister and run on,
 *	    --on-prepare fork	fork first: the child must be told ESTALE, then
 *				registers a file of its own and never answers;
 *				the parent answers once the child has registered,
 *	    --on-prepare exec	run this program anew (`state`) instead
 *	    --count N		exit after N events
 *	isahp_probe watch	the same as `register none`
 *	isahp_probe state	print the mapped state page as one line
 *	isahp_probe map		map the state page, close the file, and wait
 *	isahp_probe info	print the counts as one line
 *	isahp_probe selftest	check what must work and what must be refused
 *
 * Lines are `word key=value ...`, flushed at once:
 *	ready pid=N
 *	event type=prepare sequence=N event=N missed=N phase=leaving flags=0
 *	      vendor=N deadline_ms=N present=... leaving=avx2,bmi2 usable=...
 *	ack sequence=N result=0		(result: 0 or the name of the errno)
 * Exit status: 0; 1: something was not as it must be; 2: usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <isahp/uapi.h>

#define ROW(n, sym, flag_, ...) [n] = flag_,
static const char *const names[ISAHP_FEATURE_COUNT] = { ISAHP_FEATURE_TABLE(ROW) };
#undef ROW

static void say(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void die(const char *what)
{
	fprintf(stderr, "isahp_probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int device(void)
{
	int fd = open(ISAHP_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(ISAHP_DEVICE_PATH);
	return fd;
}

static const char *result_name(int r)
{
	return r ? strerrorname_np(errno) : "0";
}

static bool has(const struct isahp_features *set, int n)
{
	return set->word[n / 64] >> (n % 64) & 1;
}

static const char *list(const struct isahp_features *set, char *buf, size_t size)
{
	size_t used = 0;
	int i;

	buf[0] = '\0';
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (names[i] && has(set, i) && used < size)
			used += snprintf(buf + used, size - used, "%s%s",
					 used ? "," : "", names[i]);
	return buf;
}

static struct isahp_features parse(const char *text)
{
	struct isahp_features set = { { 0 } };
	char *copy = strdup(text), *save = NULL, *word;
	int i;

	if (!copy)
		die("strdup");
	for (word = strtok_r(copy, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (!strcmp(word, "none"))
			continue;
		for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
			if (names[i] && !strcmp(names[i], word))
				break;
		if (i == ISAHP_FEATURE_COUNT) {
			fprintf(stderr, "isahp_probe: no feature is called %s\n",
				word);
			exit(2);
		}
		set.word[i / 64] |= 1ULL << (i % 64);
	}
	free(copy);
	return set;
}

static const char *const types[] = { "none", "announce", "prepare", "commit",
				     "abort" };
static const char *const phases[] = { "detached", "steady", "leaving",
				      "quiesced" };

static const char *word(const char *const *table, size_t n, unsigned int i)
{
	return i < n ? table[i] : "unknown";
}

#define WORD(table, i) word(table, sizeof(table) / sizeof((table)[0]), i)

static long long until_ms(__u64 deadline_ns)
{
	struct timespec now;

	if (!deadline_ns)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((long long)deadline_ns - now.tv_sec * 1000000000LL - now.tv_nsec) /
	       1000000;
}

static void print_event(const struct isahp_event *e)
{
	char p[1280], l[1280], u[1280];

	say("event type=%s sequence=%llu event=%llu missed=%u phase=%s flags=%u vendor=%u deadline_ms=%lld present=%s leaving=%s usable=%s",
	    WORD(types, e->type), e->sequence, e->event, e->missed,
	    WORD(phases, e->phase), e->flags, e->vendor, until_ms(e->deadline_ns),
	    list(&e->present, p, sizeof(p)), list(&e->leaving, l, sizeof(l)),
	    list(&e->usable, u, sizeof(u)));
}

static int reg(int fd, const struct isahp_features *interest)
{
	struct isahp_register r = { .size = sizeof(r), .interest = *interest };

	return ioctl(fd, ISAHP_IOC_REGISTER, &r);
}

static int ack(int fd, const struct isahp_event *e, unsigned int verdict)
{
	struct isahp_ack a = { .size = sizeof(a), .verdict = verdict,
			       .sequence = e->sequence };

	memcpy(a.epoch, e->epoch, sizeof(a.epoch));
	return ioctl(fd, ISAHP_IOC_ACK, &a);
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* --- register ------------------------------------------------------------ */

struct behaviour {
	struct isahp_features interest;
	const char *on_prepare;
	long ack_ms;
	long then_ack_ms;
	bool never, veto, then_ack;
	long count;
};

static void child_of_fork(int fd, const struct isahp_event *e,
			  const struct behaviour *b, int done)
{
	struct isahp_event other;
	int own, r;

	r = ack(fd, e, ISAHP_ACK);
	say("child ack result=%s", result_name(r));
	r = read(fd, &other, sizeof(other)) < 0 ? -1 : 0;
	say("child read result=%s", result_name(r));
	r = reg(fd, &b->interest);
	say("child register-on-parent's result=%s", result_name(r));
	own = device();
	r = reg(own, &b->interest);
	say("child register result=%s pid=%d", result_name(r), getpid());
	close(done);
	for (;;)
		pause();
}

static void fork_and_wait(int fd, const struct isahp_event *e,
			  const struct behaviour *b)
{
	int p[2];
	char c;

	if (pipe2(p, O_CLOEXEC))
		die("pipe");
	if (!fork())
		child_of_fork(fd, e, b, p[1]);
	close(p[1]);
	if (read(p[0], &c, 1))
		die("a child's pipe");
	close(p[0]);
}

static void do_on_prepare(int fd, const struct isahp_event *e,
			  const struct behaviour *b)
{
	const char *what = b->on_prepare;
	int r;

	say("doing %s", what);
	if (!strcmp(what, "exit"))
		exit(0);
	if (!strcmp(what, "kill"))
		raise(SIGKILL);
	if (!strcmp(what, "stop"))
		raise(SIGSTOP);
	if (!strcmp(what, "close")) {
		close(fd);
		for (;;)
			pause();
	}
	if (!strcmp(what, "unregister")) {
		r = ioctl(fd, ISAHP_IOC_UNREGISTER);
		say("unregister result=%s", result_name(r));
		for (;;)
			pause();
	}
	if (!strcmp(what, "exec")) {
		execl("/proc/self/exe", "isahp_probe", "state", NULL);
		die("exec");
	}
	if (!strcmp(what, "fork"))
		fork_and_wait(fd, e, b);
}

static void answer_once(int fd, const struct isahp_event *e, unsigned int verdict)
{
	int r = ack(fd, e, verdict);

	say("%s sequence=%llu result=%s", verdict == ISAHP_ACK ? "ack" : "nak",
	    e->sequence, result_name(r));
}

static void answer(int fd, const struct isahp_event *e, const struct behaviour *b)
{
	if (e->type == ISAHP_RECORD_PREPARE && b->on_prepare)
		do_on_prepare(fd, e, b);
	if (b->never)
		return;
	sleep_ms(b->ack_ms);
	answer_once(fd, e, b->veto ? ISAHP_NAK : ISAHP_ACK);
	if (b->veto && b->then_ack && e->type == ISAHP_RECORD_PREPARE) {
		sleep_ms(b->then_ack_ms);
		answer_once(fd, e, ISAHP_ACK);
	}
}

static int run(const struct behaviour *b)
{
	struct isahp_event e;
	int fd = device();
	long n;

	if (reg(fd, &b->interest))
		die("register");
	say("ready pid=%d", getpid());
	for (n = 0; !b->count || n < b->count; n++) {
		memset(&e, 0, sizeof(e));
		if (read(fd, &e, sizeof(e)) != sizeof(e))
			die("read");
		print_event(&e);
		if (e.phase == ISAHP_PHASE_LEAVING)
			answer(fd, &e, b);
	}
	return 0;
}

static int cmd_register(char **argv, struct behaviour b)
{
	for (; *argv; argv++) {
		bool value = argv[1];

		if (!strcmp(*argv, "--never"))
			b.never = true;
		else if (!strcmp(*argv, "--veto"))
			b.veto = true;
		else if (!strcmp(*argv, "--ack-ms") && value)
			b.ack_ms = atol(*++argv);
		else if (!strcmp(*argv, "--count") && value)
			b.count = atol(*++argv);
		else if (!strcmp(*argv, "--on-prepare") && value)
			b.on_prepare = *++argv;
		else if (!strcmp(*argv, "--veto-then-ack-ms") && value) {
			b.veto = b.then_ack = true;
			b.then_ack_ms = atol(*++argv);
		} else {
			fprintf(stderr, "isahp_probe: %s?\n", *argv);
			return 2;
		}
	}
	return run(&b);
}

/* --- state and info ------------------------------------------------------ */

static const struct isahp_state_page *map(int fd)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static struct isahp_state_page snapshot(const struct isahp_state_page *page)
{
	struct isahp_state_page copy;
	__u32 count;

	do {
		count = __atomic_load_n(&page->seqcount, __ATOMIC_ACQUIRE);
		memcpy(&copy, page, sizeof(copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (count & 1 ||
		 count != __atomic_load_n(&page->seqcount, __ATOMIC_RELAXED));
	return copy;
}

static int cmd_state(void)
{
	struct isahp_state_page s = snapshot(map(device()));
	char p[1280], l[1280], u[1280];

	say("state sequence=%llu event=%llu phase=%s flags=%u vendor=%u deadline_ms=%lld present=%s leaving=%s usable=%s",
	    s.sequence, s.event, WORD(phases, s.phase), s.flags, s.vendor,
	    until_ms(s.deadline_ns), list(&s.present, p, sizeof(p)),
	    list(&s.leaving, l, sizeof(l)), list(&s.usable, u, sizeof(u)));
	return s.magic == ISAHP_STATE_MAGIC ? 0 : 1;
}

static int cmd_map(void)
{
	int fd = device();

	map(fd);
	close(fd);
	say("mapped");
	pause();
	return 0;
}

static int cmd_info(void)
{
	struct isahp_info i = { .size = sizeof(i) };

	if (ioctl(device(), ISAHP_IOC_INFO, &i))
		die("info");
	say("info version=%u registrants=%u untracked=%u pending=%u", i.version,
	    i.registrants, i.untracked, i.pending);
	return 0;
}

/* --- selftest ------------------------------------------------------------ */

static int wrong;

/* `r` is what a call returned, `want` 0 or the errno that it must fail with. */
static void expect(const char *what, long r, int want)
{
	int got = r < 0 ? errno : 0;

	say("%s %s: %s", got == want ? "ok" : "WRONG", what,
	    got ? strerrorname_np(got) : "0");
	wrong += got != want;
}

static void expect_map(const char *what, int fd, size_t size, int prot,
		       int flags, off_t offset, int want)
{
	void *p = mmap(NULL, size, prot, flags, fd, offset);

	expect(what, p == MAP_FAILED ? -1 : 0, want);
	if (p != MAP_FAILED)
		munmap(p, size);
}

static void test_maps(int fd)
{
	void *p;

	expect_map("mmap for reading", fd, 4096, PROT_READ, MAP_SHARED, 0, 0);
	expect_map("mmap for writing", fd, 4096, PROT_READ | PROT_WRITE,
		   MAP_SHARED, 0, EPERM);
	expect_map("private mmap for writing", fd, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE, 0, EPERM);
	expect_map("mmap to execute", fd, 4096, PROT_READ | PROT_EXEC,
		   MAP_SHARED, 0, EPERM);
	expect_map("mmap of two pages", fd, 8192, PROT_READ, MAP_SHARED, 0,
		   EINVAL);
	expect_map("mmap of the second page", fd, 4096, PROT_READ, MAP_SHARED,
		   4096, EINVAL);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	expect("mprotect for writing", mprotect(p, 4096, PROT_READ | PROT_WRITE),
	       EACCES);
	expect("mprotect to execute", mprotect(p, 4096, PROT_READ | PROT_EXEC),
	       EACCES);
}

struct larger {
	struct isahp_register reg;
	__u64 future;
};

static void test_register(int fd)
{
	struct larger r = { .reg = { .size = sizeof(r) } };

	r.future = 1;
	expect("register with unknown fields set", ioctl(fd, ISAHP_IOC_REGISTER, &r),
	       E2BIG);
	r.future = 0;
	expect("register with unknown fields zero",
	       ioctl(fd, _IOW(ISAHP_IOC_TYPE, 1, struct larger), &r), 0);
	expect("unregister", ioctl(fd, ISAHP_IOC_UNREGISTER), 0);
	r.reg.size = 8;
	expect("register too short", ioctl(fd, ISAHP_IOC_REGISTER, &r), EINVAL);
	r.reg.size = 1 << 20;
	expect("register too long", ioctl(fd, ISAHP_IOC_REGISTER, &r), EINVAL);
	r.reg.size = sizeof(r.reg);
	r.reg.flags = 1;
	expect("register with flags", ioctl(fd, ISAHP_IOC_REGISTER, &r), EINVAL);
	expect("register from nowhere", ioctl(fd, ISAHP_IOC_REGISTER, (void *)8),
	       EFAULT);
}

static void test_unregistered(int fd)
{
	struct isahp_event e = { 0 };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	expect("read before registering", read(fd, &e, sizeof(e)), ENOTCONN);
	expect("read into too little", read(fd, &e, 16), EINVAL);
	expect("ack before registering", ack(fd, &e, ISAHP_ACK), ENOTCONN);
	expect("unregister before registering", ioctl(fd, ISAHP_IOC_UNREGISTER),
	       ENOTCONN);
	expect("unknown ioctl", ioctl(fd, _IO(ISAHP_IOC_TYPE, 99)), ENOTTY);
	expect("ioctl of something else", ioctl(fd, _IO('x', 1)), ENOTTY);
	errno = EIO;
	expect("poll before registering is an error",
	       poll(&p, 1, 0) == 1 && p.revents & POLLERR ? 0 : -1, 0);
}

/* Not mapped in any process; volatile, or the compiler complains of it. */
static void *volatile nowhere = (void *)8;

static void test_registered(int fd, struct isahp_event *e)
{
	struct isahp_features none = { { 0 } };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct isahp_event bad;

	expect("register", reg(fd, &none), 0);
	errno = EIO;
	expect("poll says readable",
	       poll(&p, 1, 0) == 1 && p.revents & POLLIN ? 0 : -1, 0);
	expect("read to nowhere", read(fd, nowhere, sizeof(*e)), EFAULT);
	expect("read the present state", read(fd, e, sizeof(*e)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	expect("read again", read(fd, &bad, sizeof(bad)), EAGAIN);
	errno = EIO;
	expect("poll says nothing", poll(&p, 1, 0) ? -1 : 0, 0);
	expect("ack of what asked nothing", ack(fd, e, ISAHP_ACK), 0);
	expect("ack with a verdict of 7", ack(fd, e, 7), EINVAL);
	bad = *e;
	bad.sequence += 1000;
	expect("ack of another sequence", ack(fd, &bad, ISAHP_ACK), ESTALE);
	bad = *e;
	bad.epoch[3] ^= 1;
	expect("ack of another epoch", ack(fd, &bad, ISAHP_ACK), ESTALE);
	expect("register again", reg(fd, &none), 0);
}

static void collect(const char *what, pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	errno = ECHILD;
	expect(what, status ? -1 : 0, 0);
}

static void test_fork(int fd, const struct isahp_event *e)
{
	struct isahp_features none = { { 0 } };
	struct isahp_event other;
	pid_t pid = fork();

	if (pid) {
		collect("a child", pid);
		return;
	}
	expect("child: read", read(fd, &other, sizeof(other)), ESTALE);
	expect("child: ack", ack(fd, e, ISAHP_ACK), ESTALE);
	expect("child: unregister", ioctl(fd, ISAHP_IOC_UNREGISTER), ESTALE);
	expect("child: register on the parent's file", reg(fd, &none), EBUSY);
	expect("child: register on its own", reg(device(), &none), 0);
	_exit(wrong ? 1 : 0);
}

/* A file outlives the mm that registered it, and may be taken over then. */
static void test_inherited(void)
{
	struct isahp_features none = { { 0 } };
	struct isahp_event e;
	int fd = device();
	pid_t pid = fork();

	if (!pid)
		_exit(reg(fd, &none) ? 1 : 0);
	collect("a child that registers the parent's file", pid);
	expect("read of a dead one's registration", read(fd, &e, sizeof(e)),
	       ESTALE);
	expect("taking it over", reg(fd, &none), 0);
	expect("read then", read(fd, &e, sizeof(e)), 0);
	expect("unregister then", ioctl(fd, ISAHP_IOC_UNREGISTER), 0);
	close(fd);
}

/* As a user without privileges, with more files than the quota allows. */
static void test_quota(void)
{
	struct rlimit files = { 4096, 4096 };
	struct isahp_features none = { { 0 } };
	pid_t pid = fork();
	int n, fd, r;

	if (pid) {
		collect("a user without privileges", pid);
		return;
	}
	if (setrlimit(RLIMIT_NOFILE, &files) || setgid(12345) || setuid(12345))
		_exit(1);
	for (n = 0; n < 2000; n++) {
		fd = device();
		r = reg(fd, &none);
		if (r)
			break;
	}
	say("%d registrations", n);
	expect("one too many", r, EMFILE);
	_exit(wrong || n < 16 ? 1 : 0);
}

static int cmd_selftest(void)
{
	struct isahp_event e;
	int fd = device();

	test_maps(fd);
	test_unregistered(fd);
	test_register(fd);
	test_registered(fd, &e);
	test_fork(fd, &e);
	test_inherited();
	test_quota();
	say("selftest wrong=%d", wrong);
	return wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";
	struct behaviour b = { .count = 0 };

	if (!strcmp(cmd, "register") && argc > 2) {
		b.interest = parse(argv[2]);
		return cmd_register(argv + 3, b);
	}
	if (!strcmp(cmd, "watch"))
		return cmd_register(argv + 2, b);
	if (!strcmp(cmd, "state"))
		return cmd_state();
	if (!strcmp(cmd, "map"))
		return cmd_map();
	if (!strcmp(cmd, "info"))
		return cmd_info();
	if (!strcmp(cmd, "selftest"))
		return cmd_selftest();
	fprintf(stderr, "Usage: isahp_probe register FLAGS [OPTION ...] | watch | state | map | info | selftest\n");
	return 2;
}
