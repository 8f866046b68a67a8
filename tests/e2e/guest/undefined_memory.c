// SPDX-License-Identifier: MIT
/*
 * Operands in memory that is not simply there. Says what each access gives, or
 * the signal with all that a handler sees of it. The same on a CPU that has
 * the instruction, to the letter.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "undefined.h"

#define PAGE 4096
#define BASE ((char *)0x20000000)

enum kind {
	LOAD16, LOAD32, STACK32, STORE16, STORE32, COUNT32,
#ifdef __x86_64__
	LOAD64, STORE64,
#endif
	KINDS
};

static const char *const names[KINDS] = {
	"load16", "load32", "stack32", "store16", "store32", "count32",
#ifdef __x86_64__
	"load64", "store64",
#endif
};

static const char *const at[KINDS] = {
	load16_at, load32_at, load_stack32_at, store16_at, store32_at, count32_at,
#ifdef __x86_64__
	load64_at, store64_at,
#endif
};

struct access {
	enum kind kind;
	void *p;
	uint64_t value;
};

static void do_access(void *data)
{
	struct access *a = data;

	switch (a->kind) {
	case LOAD16:
		a->value = load16(a->p);
		break;
	case LOAD32:
		a->value = load32(a->p);
		break;
	case STACK32:
		a->value = load_stack32(a->p);
		break;
	case STORE16:
		store16(a->p, 0x1122);
		break;
	case STORE32:
		store32(a->p, 0x11223344);
		break;
	case COUNT32:
		a->value = count32(a->p);
		break;
#ifdef __x86_64__
	case LOAD64:
		a->value = load64(a->p);
		break;
	case STORE64:
		store64(a->p, 0x1122334455667788ULL);
		break;
#endif
	default:
		break;
	}
}

static bool is_store(enum kind kind)
{
#ifdef __x86_64__
	if (kind == STORE64)
		return true;
#endif
	return kind == STORE16 || kind == STORE32;
}

static void try_one(const char *what, enum kind kind, void *p)
{
	struct access a = { .kind = kind, .p = p };
	struct caught c;

	if (catch_signal(do_access, &a, &c))
		printf("%s %s: signal %d code %d addr %lx trap %lu error %lu ip %ld\n",
		       what, names[kind], c.signal, c.code,
		       (unsigned long)c.addr, c.trap, c.error,
		       (long)(c.ip - (uintptr_t)at[kind]));
	else
		printf("%s %s: %llx\n", what, names[kind],
		       (unsigned long long)a.value);
}

/* Three fresh pages, the outer ones inaccessible. */
static char *fresh(int prot)
{
	munmap(BASE, 3 * PAGE);
	mmap(BASE, 3 * PAGE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mprotect(BASE + PAGE, PAGE, prot);
	return BASE + PAGE;
}

/* What two pages hold around their border, and where it begins. */
static void show_border(const char *p)
{
	mprotect((void *)(p - PAGE), 2 * PAGE, PROT_READ);
	for (int i = -8; i < 8; i++)
		printf("%02x%s", (unsigned char)p[i], i == 7 ? "\n" : " ");
}

static void borders(enum kind kind)
{
	char *page = fresh(PROT_READ | PROT_WRITE);

	/* Out of the page in front, into the page behind: neither may be touched. */
	memset(page, 0xee, 8);
	memset(page + PAGE - 8, 0xee, 8);
	try_one("first page none", kind, page - 1);
	try_one("second page none", kind, page + PAGE - 1);
	if (is_store(kind)) {
		show_border(page);
		show_border(page + PAGE);
	}
	page = fresh(PROT_READ | PROT_WRITE);
	mprotect(page + PAGE, PAGE, PROT_READ | PROT_WRITE);
	try_one("both fresh", kind, page + PAGE - 1);
	mprotect(page + PAGE, PAGE, PROT_READ);
	try_one("second page read-only", kind, page + PAGE - 1);
	if (is_store(kind))
		show_border(page + PAGE);
}

static void protections(enum kind kind)
{
	char *page;

	page = fresh(PROT_READ | PROT_WRITE);
	try_one("fresh", kind, page + 8);
	page = fresh(PROT_READ | PROT_WRITE);
	(void)*(volatile char *)page;
	try_one("zero page", kind, page + 8);
	if (is_store(kind))
		printf("= %08x\n", *(uint32_t *)(page + 8));
	page = fresh(PROT_READ);
	try_one("read-only fresh", kind, page + 8);
	(void)*(volatile char *)page;
	try_one("read-only there", kind, page + 8);
	try_one("none", kind, page - 100);
	munmap(page, PAGE);
	try_one("unmapped", kind, page + 100);
	try_one("null", kind, NULL);
	try_one("top", kind, (void *)(uintptr_t)-1);
#ifdef __x86_64__
	try_one("kernel", kind, (void *)0xffffffff81000000);
	try_one("not canonical", kind, (void *)0x1234567800000000);
	try_one("edge", kind, (void *)0x00007fffffffffff);
#endif
}

/* A page of a shared parent is copied before it is written to. */
static void copy_on_write(void)
{
	char *page = fresh(PROT_READ | PROT_WRITE);
	pid_t child;
	int status = 0;

	memset(page, 0x5a, PAGE);
	fflush(stdout);
	child = fork();
	if (!child) {
		store32(page, 0x11223344);
		_exit(*(uint32_t *)page == 0x44332211 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	printf("copy on write: child %d, parent %08x\n", status,
	       *(uint32_t *)page);
}

static void file(void)
{
	int fd = open("/tmp/undefined.data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	if (fd < 0 || ftruncate(fd, PAGE))
		return;
	munmap(BASE, 3 * PAGE);
	p = mmap(BASE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, 0);
	try_one("file", STORE32, p);
	try_one("beyond the file", LOAD32, p + PAGE);
	try_one("beyond the file", STORE32, p + PAGE + 4);
	try_one("partly beyond", STORE32, p + PAGE - 2);
	try_one("partly beyond", LOAD32, p + PAGE - 2);
	show_border(p + PAGE - 8);
	close(fd);
	unlink("/tmp/undefined.data");
}

struct monitor {
	int fd;
	unsigned int events;
	unsigned long address;
	unsigned long flags;
};

static void *serve(void *data)
{
	static char content[PAGE] __attribute__((aligned(PAGE)));
	struct monitor *m = data;
	struct uffd_msg msg;
	struct uffdio_copy copy;

	memset(content, 0x77, PAGE);
	if (read(m->fd, &msg, sizeof(msg)) != sizeof(msg))
		return NULL;
	m->events++;
	m->address = (unsigned long)msg.arg.pagefault.address;
	m->flags = (unsigned long)msg.arg.pagefault.flags;
	copy = (struct uffdio_copy){
		.dst = m->address & -PAGE,
		.src = (unsigned long)content,
		.len = PAGE,
	};
	ioctl(m->fd, UFFDIO_COPY, &copy);
	return NULL;
}

/* A userfaultfd for one page; -1: there is none to be had. */
static int watched(const char *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		return -1;
	return fd;
}

static void *load_there(void *page)
{
	load32(page);
	return NULL;
}

int held_main(void)
{
	char *page = fresh(PROT_READ | PROT_WRITE);
	int fd = watched(page);
	struct uffd_msg msg;
	pthread_t thread;

	if (fd < 0 || pthread_create(&thread, NULL, load_there, page) ||
	    read(fd, &msg, sizeof(msg)) != sizeof(msg))
		return 2;
	printf("held\n");
	fflush(stdout);
	pause();
	return 0;
}

static void userfault(enum kind kind)
{
	struct monitor m = { .events = 0 };
	char *page = fresh(PROT_READ | PROT_WRITE);
	pthread_t thread;

	m.fd = watched(page);
	if (m.fd < 0) {
		printf("userfault: not to be had\n");
		return;
	}
	pthread_create(&thread, NULL, serve, &m);
	try_one("userfault", kind, page + 16);
	pthread_join(thread, NULL);
	printf("userfault: %u event at %lx, flags %lx\n", m.events, m.address, m.flags);
	close(m.fd);
}

int memory_main(void)
{
	setvbuf(stdout, NULL, _IOFBF, 65536);
	for (int kind = 0; kind < KINDS; kind++) {
		protections(kind);
		borders(kind);
	}
	copy_on_write();
	file();
	userfault(LOAD32);
	userfault(STORE32);
	fflush(stdout);
	return 0;
}

static void call(void *data)
{
	((void (*)(void))(uintptr_t)data)();
}

int foreign_main(void)
{
	struct caught c;

	for (int i = 0; i < 8; i++) {
		const char *p = foreign_begin + 16 * i;

		if (catch_signal(call, (void *)(uintptr_t)p, &c))
			printf("foreign %d: signal %d code %d addr %ld trap %lu error %lu ip %ld\n",
			       i, c.signal, c.code, (long)(c.addr - (uintptr_t)p),
			       c.trap, c.error, (long)(c.ip - (uintptr_t)p));
		else
			printf("foreign %d: executed\n", i);
	}
	return 0;
}
