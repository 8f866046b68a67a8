// SPDX-License-Identifier: MIT
/*
 * The removable variant's code is on a page of its own, and the page is taken
 * away between the acknowledgement of its removal and its return. A thread that
 * is still inside, or that enters, crashes the test.
 *
 * --without-waiting takes the page away without an acknowledgement, in a child:
 * it has to crash, or the test proves nothing.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isahp/isahp.h>
#include "lib_shim.h"

#define READERS 4
#define PAGE 4096

/* void f(unsigned int n): count down to nought. */
static const unsigned char code[] = {
	0x89, 0xf8, /*    mov %edi,%eax */
	0xff, 0xc8, /* 1: dec %eax */
	0x75, 0xfc, /*    jnz 1b */
	0xc3,	    /*    ret */
};

static void count_plain(unsigned int n)
{
	while (n--)
		__asm__ volatile("");
}

static struct isahp_variant variants[2];
static struct isahp_operation operation =
	ISAHP_OPERATION_INIT("count", variants, 2, 0);
static void *page;
static struct lib_shim shim;
static uint32_t over;
static uint64_t calls;

static bool make_page(void)
{
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (page == MAP_FAILED)
		return false;
	memcpy(page, code, sizeof(code));
	variants[0] = (struct isahp_variant)ISAHP_VARIANT("page", (uintptr_t)page, 1,
							  ISAHP_SET(SSE3));
	variants[1] = (struct isahp_variant)ISAHP_VARIANT("plain", count_plain, 9,
							  ISAHP_SET_NONE);
	return !mprotect(page, PAGE, PROT_READ | PROT_EXEC) &&
	       !isahp_operation_register(&operation);
}

static void *reader(void *arg)
{
	unsigned int n = (unsigned int)(uintptr_t)arg;
	uint64_t done = 0;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		struct isahp_region r;
		void (*fn)(unsigned int) =
			(void (*)(unsigned int))isahp_enter(&operation, &r);

		n = n * 1103515245 + 12345;
		fn(1 + n % 20000);
		isahp_leave(&r);
		done++;
	}
	__atomic_add_fetch(&calls, done, __ATOMIC_RELAXED);
	return NULL;
}

static bool take_away_once(bool wait, const struct isahp_features *all)
{
	struct isahp_features sse3 = isahp_features_none();
	__u64 n;

	isahp_features_add(&sse3, ISAHP_FEATURE_SSE3);
	n = lib_shim_prepare(&shim, &sse3, 30000);
	if (wait && !lib_shim_answered(&shim, n, ISAHP_ACK, 30000))
		return false;
	if (mprotect(page, PAGE, PROT_NONE))
		return false;
	usleep(100);
	if (mprotect(page, PAGE, PROT_READ | PROT_EXEC))
		return false;
	lib_shim_abort(&shim, all);
	usleep(200);
	return true;
}

static int run(bool wait)
{
	struct isahp_features all = isahp_cpuid_features();
	struct isahp_options o = { .size = sizeof(o) };
	pthread_t thread[READERS];
	time_t end = time(NULL) + 3;
	unsigned long n = 0;
	uintptr_t i;

	all = isahp_features_enabled(&all, isahp_cpuid_xcr0());
	lib_shim_start(&shim, &all);
	o.loopback = shim.path;
	if (!make_page() || isahp_start(&o))
		return 1;
	for (i = 0; i < READERS; i++)
		pthread_create(&thread[i], NULL, reader, (void *)(i + 1));
	while (time(NULL) < end && take_away_once(wait, &all))
		n++;
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	isahp_stop();
	lib_shim_stop(&shim);
	printf("%llu calls, the page was taken away %lu times\n",
	       (unsigned long long)calls, n);
	return time(NULL) >= end && n ? 0 : 1;
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc == 1)
		return run(true);
	if (argc != 2 || strcmp(argv[1], "--without-waiting"))
		return 2;
	pid = fork();
	if (!pid)
		_exit(run(false));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	printf("without waiting: %s\n", WIFSIGNALED(status) ? "crashed" : "lived");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? 0 : 1;
}
