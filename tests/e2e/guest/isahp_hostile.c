// SPDX-License-Identifier: MIT
/*
 * isahp_hostile - what a user must not be able to do with /dev/isahp
 *
 *	isahp_hostile page	write to the read-only mapping in every way
 *	isahp_hostile files	use files that were passed on, dup'ed, inherited
 *	isahp_hostile pids	in a PID namespace of its own: register FLAG 32
 *				(AVX2), show who lags as seen from in there at
 *				each removal, never answer
 *	isahp_hostile hog	take all memory that registrations can take
 *	isahp_hostile eat	register, and take all memory there is when a
 *				removal comes, instead of answering
 *
 * `page` and `files` print `ok WHAT` or `WRONG WHAT`, and exit with 1 if
 * anything was wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/userfaultfd.h>
#include <isahp/uapi.h>

#define PAGE 4096
#define AVX2 32

static int wrong;

static void expect(const char *what, bool ok)
{
	printf("%s %s: %s\n", ok ? "ok" : "WRONG", what, strerrorname_np(errno));
	fflush(stdout);
	wrong += !ok;
}

static void die(const char *what)
{
	fprintf(stderr, "isahp_hostile: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int device(int flags)
{
	int fd = open(ISAHP_DEVICE_PATH, O_RDWR | O_NONBLOCK | flags);

	if (fd < 0)
		die(ISAHP_DEVICE_PATH);
	return fd;
}

static int reg(int fd)
{
	struct isahp_register r = { .size = sizeof(r) };

	r.interest.word[AVX2 / 64] = 1ULL << (AVX2 % 64);
	return ioctl(fd, ISAHP_IOC_REGISTER, &r);
}

static int get(int fd)
{
	struct isahp_event e;

	return read(fd, &e, sizeof(e)) < 0 ? errno : 0;
}

static struct isahp_info info(int fd)
{
	struct isahp_info i = { .size = sizeof(i) };

	if (ioctl(fd, ISAHP_IOC_INFO, &i))
		die("info");
	return i;
}

/* --- page ------------------------------------------------------------------ */

static unsigned char before[PAGE];

/*
 * Whether the page is as it was. Its own reader: what is written in vain must
 * not be found in a private copy either. Nothing is announced meanwhile.
 */
static bool unchanged(const void *page)
{
	void *other = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, device(0), 0);

	return !memcmp(before, page, PAGE) && other != MAP_FAILED &&
	       !memcmp(before, other, PAGE);
}

static void by_mem(void *page, const char *path, const char *what)
{
	int fd = open(path, O_RDWR);
	long n;

	if (fd < 0)
		die(path);
	errno = 0;
	n = pwrite(fd, "x", 1, (off_t)(unsigned long)page);
	expect(what, n < 0 && unchanged(page));
	close(fd);
}

static void by_vm_writev(void *page, pid_t pid)
{
	char byte = 120;
	struct iovec local = { &byte, 1 }, remote = { page, 1 };

	expect("process_vm_writev", process_vm_writev(pid, &local, 1, &remote, 1,
						      0) < 0 && unchanged(page));
}

static void by_debugger(void *page)
{
	char path[64];
	pid_t pid = fork();
	int status;
	long word;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(memcmp(before, page, PAGE) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, page, 0);
	expect("control: a debugger can read it", !errno && word);
	expect("POKEDATA", ptrace(PTRACE_POKEDATA, pid, page, 0x5a5aL) < 0 &&
	       unchanged(page));
	expect("POKETEXT", ptrace(PTRACE_POKETEXT, pid, page, 0x5a5aL) < 0 &&
	       unchanged(page));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	by_mem(page, path, "the mem file of a traced child");
	by_vm_writev(page, pid);
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	expect("what the child saw", WIFEXITED(status) && !WEXITSTATUS(status));
}

static void by_kernel_writes(void *page)
{
	int zero = open("/dev/zero", O_RDONLY), p[2];

	expect("read() into it", read(zero, page, 16) < 0 && unchanged(page));
	expect("getrandom() into it",
	       syscall(SYS_getrandom, page, 16, 0) < 0 && unchanged(page));
	if (pipe(p) || write(p[1], "xxxx", 4) != 4)
		die("pipe");
	expect("a pipe's read() into it", read(p[0], page, 4) < 0 &&
	       unchanged(page));
	expect("a futex operation on it",
	       syscall(SYS_futex, page, 5 /* FUTEX_WAKE_OP */, 1, 1, page,
		       0x1000001) < 0 && unchanged(page));
	close(zero);
}

static void by_userfaultfd(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register r = {
		.range = { (unsigned long)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		die("userfaultfd");
	expect("userfaultfd", ioctl(fd, UFFDIO_REGISTER, &r) < 0 &&
	       unchanged(page));
	close(fd);
}

static void by_mapping(void *page, int fd)
{
	void *p, *fixed;

	expect("mprotect(WRITE)", mprotect(page, PAGE, PROT_READ | PROT_WRITE) < 0);
	expect("mprotect(EXEC)", mprotect(page, PAGE, PROT_READ | PROT_EXEC) < 0);
	expect("madvise(POPULATE_WRITE)", madvise(page, PAGE, 23) < 0 &&
	       unchanged(page));
	expect("madvise(REMOVE)", madvise(page, PAGE, MADV_REMOVE) < 0 &&
	       unchanged(page));
	p = mremap(page, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	expect("mremap to two pages", p == MAP_FAILED);
	expect("remap_file_pages",
	       (syscall(SYS_remap_file_pages, page, PAGE, 0, 1, 0) < 0 ||
		mprotect(page, PAGE, PROT_READ | PROT_WRITE) < 0) &&
	       unchanged(page));
	fixed = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p = mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, fixed);
	expect("control: it can be moved", p == fixed && unchanged(p));
	expect("and is not writable there",
	       mprotect(p, PAGE, PROT_READ | PROT_WRITE) < 0 && unchanged(p));
	expect("through a file opened for reading",
	       mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    open(ISAHP_DEVICE_PATH, O_RDONLY), 0) == MAP_FAILED);
	expect("as a private copy",
	       mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) ==
	       MAP_FAILED);
	/* An old binary's personality: what is readable is executable. */
	syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	expect("READ_IMPLIES_EXEC", p == MAP_FAILED && errno == EPERM);
	syscall(SYS_personality, 0);
}

static int cmd_page(void)
{
	int fd = device(0), i;
	unsigned char *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	struct isahp_state_page *s = (void *)page;

	if (page == MAP_FAILED)
		die("mmap");
	memcpy(before, page, PAGE);
	expect("control: it is the page", s->magic == ISAHP_STATE_MAGIC);
	for (i = sizeof(*s); i < PAGE && !page[i]; i++)
		;
	expect("nothing of the kernel's lies behind it", i == PAGE);
	by_mem(page, "/proc/self/mem", "/proc/self/mem");
	by_vm_writev(page, getpid());
	by_debugger(page);
	by_kernel_writes(page);
	by_userfaultfd(page);
	by_mapping(page, fd);
	return wrong ? 1 : 0;
}

/* --- files ----------------------------------------------------------------- */

static void send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, c = 0;
	struct iovec byte = { &c, 1 };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	if (sendmsg(socket, &m, 0) != 1)
		die("sendmsg");
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], c;
	struct iovec byte = { &c, 1 };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(socket, &m, 0) != 1)
		die("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static void token(int socket)
{
	if (write(socket, "x", 1) != 1)
		_exit(1);
}

static void await(int socket)
{
	char c;

	if (read(socket, &c, 1) != 1)
		exit(1);
}

/* The owner of a passed file: keeps its mm, closes its end, then ends. */
static void owner(int socket)
{
	int fd = device(O_CLOEXEC);

	if (reg(fd))
		_exit(1);
	send_fd(socket, fd);
	await(socket);
	close(fd);
	token(socket);
	await(socket);
	_exit(0);
}

static void test_passed(void)
{
	int pair[2], fd, own = device(O_CLOEXEC);
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair");
	pid = fork();
	if (!pid) {
		close(own);
		owner(pair[1]);
	}
	fd = receive_fd(pair[0]);
	expect("passed: read", get(fd) == ESTALE);
	expect("passed: unregister", ioctl(fd, ISAHP_IOC_UNREGISTER) < 0 &&
	       errno == ESTALE);
	expect("passed: register", reg(fd) < 0 && errno == EBUSY);
	token(pair[0]);
	await(pair[0]);
	expect("the owner closed its own: still registered",
	       info(own).registrants == 1 && !info(own).untracked);
	close(fd);
	expect("the receiver closed it too: the owner is untracked",
	       !info(own).registrants && info(own).untracked == 1);
	token(pair[0]);
	waitpid(pid, NULL, 0);
	close(own);
}

static void test_outlived(void)
{
	int pair[2], fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair");
	pid = fork();
	if (!pid)
		owner(pair[1]);
	fd = receive_fd(pair[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect("the owner has died: read", get(fd) == ESTALE);
	expect("its file can be taken over", !reg(fd) && !get(fd));
	expect("and left", !ioctl(fd, ISAHP_IOC_UNREGISTER));
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static void test_dup(void)
{
	int fd = device(O_CLOEXEC), two = dup(fd);

	expect("dup: register through one", !reg(fd));
	expect("dup: read through the other", !get(two));
	expect("dup: nothing is left for the first", get(fd) == EAGAIN);
	close(fd);
	expect("dup: the other stays registered", info(two).registrants == 1 &&
	       !info(two).untracked && get(two) == EAGAIN);
	expect("dup: unregister", !ioctl(two, ISAHP_IOC_UNREGISTER));
	close(two);
}

/* A child that shares the mm is the same registrant. */
static void test_vfork(void)
{
	int fd = device(O_CLOEXEC);
	volatile int got = -1;
	pid_t pid;

	if (reg(fd))
		die("register");
	pid = vfork();
	if (!pid) {
		got = get(fd);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	expect("vfork: the child may read", got == 0);
	expect("vfork: and its end is not the mm's", info(fd).registrants == 1 &&
	       get(fd) == EAGAIN);
	expect("vfork: unregister", !ioctl(fd, ISAHP_IOC_UNREGISTER));
	close(fd);
}

/* What isahp.h's O_CLOEXEC spares: a new program with an old one's file. */
static void test_exec(void)
{
	int fd = device(0), status;
	char number[16];
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	pid = fork();
	if (!pid) {
		if (reg(fd))
			_exit(1);
		execl("/proc/self/exe", "isahp_hostile", "after-exec", number, NULL);
		_exit(2);
	}
	waitpid(pid, &status, 0);
	errno = 0;
	expect("exec with the file open", WIFEXITED(status) &&
	       !WEXITSTATUS(status));
	expect("nothing is left of it", !info(fd).registrants &&
	       !info(fd).untracked);
	close(fd);
}

static int cmd_after_exec(int fd)
{
	expect("exec: the old program's registration", get(fd) == ESTALE);
	expect("exec: is over", !info(fd).registrants && !info(fd).untracked);
	expect("exec: the file can be taken over", !reg(fd) && !get(fd));
	return wrong ? 1 : 0;
}

static int cmd_files(void)
{
	test_passed();
	test_outlived();
	test_dup();
	test_vfork();
	test_exec();
	return wrong ? 1 : 0;
}

/* --- pids ------------------------------------------------------------------ */

static void show_laggards(void)
{
	char buf[1024];
	int fd = open("/sys/class/misc/isahp/laggards", O_RDONLY);
	long n = read(fd, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	printf("inside pid=%d laggards=%s", getpid(), n > 0 ? buf : "\n");
	fflush(stdout);
	close(fd);
}

static void inside(void)
{
	int fd = device(O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct isahp_event e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (reg(fd))
		die("register");
	printf("ready inside=%d\n", getpid());
	fflush(stdout);
	for (;;) {
		poll(&p, 1, -1);
		if (read(fd, &e, sizeof(e)) == sizeof(e) &&
		    e.phase == ISAHP_PHASE_LEAVING)
			show_laggards();
	}
}

static int cmd_pids(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		die("unshare");
	pid = fork();
	if (!pid)
		inside();
	printf("outer pid=%d\n", pid);
	fflush(stdout);
	waitpid(pid, NULL, 0);
	return 0;
}

/* --- hog ------------------------------------------------------------------- */

static int cmd_hog(void)
{
	struct rlimit files = { 60000, 60000 };
	unsigned long n = 0, refused = 0;
	int fd;

	if (setrlimit(RLIMIT_NOFILE, &files) || setgid(12345) || setuid(12345))
		die("becoming nobody");
	for (;;) {
		fd = open(ISAHP_DEVICE_PATH, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			break;
		refused += reg(fd) && errno == EMFILE;
		if (!(++n % 1000)) {
			printf("hog files=%lu refused=%lu\n", n, refused);
			fflush(stdout);
		}
	}
	printf("hog files=%lu refused=%lu end=%s\n", n, refused,
	       strerrorname_np(errno));
	return 0;
}

/* --- eat ------------------------------------------------------------------- */

static int cmd_eat(void)
{
	int fd = device(O_CLOEXEC), first = open("/proc/self/oom_score_adj", O_WRONLY);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct isahp_event e = { 0 };
	unsigned char *chunk;

	if (first < 0 || write(first, "1000", 4) != 4 || reg(fd))
		die("register");
	puts("ready");
	fflush(stdout);
	while (e.phase != ISAHP_PHASE_LEAVING) {
		poll(&p, 1, -1);
		if (read(fd, &e, sizeof(e)) < 0)
			e.phase = 0;
	}
	for (;;) {
		chunk = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (chunk != MAP_FAILED)
			memset(chunk, 1, 1 << 20);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";

	if (!strcmp(cmd, "page"))
		return cmd_page();
	if (!strcmp(cmd, "files"))
		return cmd_files();
	if (!strcmp(cmd, "after-exec") && argc > 2)
		return cmd_after_exec(atoi(argv[2]));
	if (!strcmp(cmd, "pids"))
		return cmd_pids();
	if (!strcmp(cmd, "hog"))
		return cmd_hog();
	if (!strcmp(cmd, "eat"))
		return cmd_eat();
	fprintf(stderr, "Usage: isahp_hostile page | files | pids | hog | eat\n");
	return 2;
}
