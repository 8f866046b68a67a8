// SPDX-License-Identifier: MIT
/*
 * Stragglers that do not get a CPU, and what is done about them:
 *
 *	crowd	32 threads on one CPU are out much sooner than by themselves
 *	mutex	a newcomer that waits holds what the straggler wants: no deadlock
 *	nested	who is inside something does not wait
 *	handler	nor does a signal handler
 *	raise	a straggler is raised, what it makes is not, and nor is it later
 *
 * The library is built again with controls, for which --expect-violation wants
 * each to go wrong.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <isa-core/features.h>
#include <isahp/isahp.h>
#include "libisahp/park.h"
#include "libisahp/push.h"
#include "libisahp/raise.h"
#include "libisahp/swap.h"

#define HOGS 3
#define CROWD 32
#define SAMPLES 3
#define LIMIT_S 20

static bool expect_violation;
static uint32_t over, inside, release_it;

static uint32_t get(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void set(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/* Threads are wherever they are: no tidying up. */
static void end(bool violation, const char *what)
{
	printf("%s%s\n", what, violation ? ": VIOLATION" : "");
	fflush(stdout);
	_exit(violation == expect_violation ? 0 : 1);
}

static void too_long(int signal)
{
	static const char text[] = "takes for ever: VIOLATION\n";

	(void)signal;
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(expect_violation ? 0 : 1);
}

/* --- what is called -------------------------------------------------------------- */

static void work(void)
{
	unsigned int n = 20000;

	while (n--)
		__asm__ volatile("");
}

static void work_plain(void)
{
	work();
}

ISAHP_OPERATION_DECLARE(removable, void, (void), ())
ISAHP_OPERATION_DEFINE(removable,
	ISAHP_VARIANT("sse3", work, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", work_plain, 9, ISAHP_SET_NONE));

ISAHP_OPERATION_DECLARE(other, void, (void), ())
ISAHP_OPERATION_DEFINE(other, ISAHP_VARIANT("plain", work_plain, 9, ISAHP_SET_NONE));

/* --- threads --------------------------------------------------------------------- */

static void pin(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	sched_getaffinity(0, sizeof(all), &all);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void make(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, arg)) {
		perror("pthread_create");
		_exit(1);
	}
	pthread_detach(thread);
}

/* Takes CPU time, and never calls anything. */
static void *hog(void *arg)
{
	pin();
	while (!get(&over))
		work();
	return arg;
}

static void hogs(void)
{
	int i;

	for (i = 0; i < HOGS; i++)
		make(hog, NULL);
}

/* Inside the removable variant, computing, until it is released. */
static void *straggler(void *arg)
{
	struct isahp_region region;

	pin();
	isahp_enter(&removable_operation, &region);
	set(&inside, 1);
	while (!get(&release_it))
		work();
	isahp_leave(&region);
	return arg;
}

static void await(const uint32_t *what)
{
	while (!get(what))
		usleep(1000);
}

/* --- a removal -------------------------------------------------------------------- */

static void put_on(bool with)
{
	struct isahp_features usable = isahp_features_none();

	if (with)
		isahp_features_add(&usable, ISAHP_FEATURE_SSE3);
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = usable;
	isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

static uint64_t out_ns;

/* Until it is over; @between is called between two looks, and may end it. */
static bool removal(void (*between)(void))
{
	struct isahp_features none = isahp_features_none();
	struct isahp_drain drain;
	unsigned int round = 0;
	int rc;

	put_on(false);
	(void)isahp_drain_begin(&drain, &none);
	while ((rc = isahp_drain_poll(&drain))) {
		struct timespec t = isahp_timespec(isahp_backoff_ns(round++));

		nanosleep(&t, NULL);
		if (between)
			between();
	}
	/* What would be answered now; only then do the others go on. */
	out_ns = isahp_now_ns();
	isahp_drain_end(&drain);
	return !rc;
}

/* --- crowd ------------------------------------------------------------------------ */

static uint32_t calls[CROWD];

static void *caller(void *arg)
{
	uint32_t *mine = arg;

	pin();
	while (!get(&over)) {
		removable();
		set(mine, *mine + 1);
	}
	return NULL;
}

static uint64_t sample(uint32_t how)
{
	uint32_t before[CROWD];
	uint64_t begin_ns;
	int i;

	isahp_library.push = how;
	for (i = 0; i < CROWD; i++)
		before[i] = get(&calls[i]);
	put_on(true);
	for (i = 0; i < CROWD; i++)
		while (get(&calls[i]) - before[i] < 2)
			usleep(1000);
	begin_ns = isahp_now_ns();
	removal(NULL);
	return out_ns - begin_ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_ms(uint32_t how)
{
	uint64_t ns[SAMPLES];
	int i;

	for (i = 0; i < SAMPLES; i++)
		ns[i] = sample(how);
	qsort(ns, SAMPLES, sizeof(ns[0]), compare);
	return (double)ns[SAMPLES / 2] / 1e6;
}

static void crowd(void)
{
	double none, park, raise;
	int i;

	alarm(6 * LIMIT_S);
	for (i = 0; i < CROWD; i++)
		make(caller, &calls[i]);
	none = median_ms(ISAHP_PUSH_NONE);
	park = median_ms(expect_violation ? ISAHP_PUSH_NONE : ISAHP_PUSH_PARK);
	raise = median_ms(expect_violation ? ISAHP_PUSH_NONE : ISAHP_PUSH_RAISE);
	printf("by itself %.2f ms, parking %.2f ms, and raising %.2f ms\n", none,
	       park, raise);
	end(park > none / 4 || raise > none / 4, "crowd");
}

/* --- mutex ------------------------------------------------------------------------ */

static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static uint32_t held;

static void *holder(void *arg)
{
	pthread_mutex_lock(&wanted);
	set(&held, 1);
	while (!isahp_park_waits())
		other();
	pthread_mutex_unlock(&wanted);
	return arg;
}

static void *wants_it(void *arg)
{
	struct isahp_region region;

	pin();
	isahp_enter(&removable_operation, &region);
	set(&inside, 1);
	while (pthread_mutex_trylock(&wanted))
		work();
	isahp_leave(&region);
	return arg;
}

static void mutex(void)
{
	hogs();
	make(holder, NULL);
	await(&held);
	put_on(true);
	make(wants_it, NULL);
	await(&inside);
	end(!removal(NULL), "mutex");
}

/* --- nested, handler --------------------------------------------------------------- */

static uint32_t called;	/* while newcomers were to wait */

static void call(void)
{
	bool parking = isahp_parking();

	removable();
	if (parking)
		set(&called, called + 1);
}

static void release_in_time(void)
{
	if (isahp_push_count() >= 5 && get(&called) >= 5)
		set(&release_it, 1);
}

static void *nests(void *arg)
{
	struct isahp_region region;

	while (!get(&over)) {
		isahp_enter(&other_operation, &region);
		set(arg, 1);
		while (!get(&release_it))
			call();
		isahp_leave(&region);
	}
	return NULL;
}

static void handler(int signal)
{
	(void)signal;
	while (!get(&release_it))
		call();
}

static void *handles(void *arg)
{
	other();
	set(arg, 1);
	raise(SIGUSR1);
	return NULL;
}

static void no_wait(void *(*body)(void *), const char *what)
{
	static uint32_t ready;

	hogs();
	put_on(true);
	make(body, &ready);
	await(&ready);
	make(straggler, NULL);
	await(&inside);
	end(!removal(release_in_time) || isahp_park_waits(), what);
}

/* --- raise ------------------------------------------------------------------------- */

/* proc(5): negative for who runs before all that are not real-time. */
static int priority(const char *path)
{
	char text[512] = "", *at;
	FILE *f = fopen(path, "r");
	int field, value = 0;

	if (!f || !fgets(text, sizeof(text), f) || !(at = strrchr(text, ')')))
		_exit(1);
	fclose(f);
	for (field = 2; field < 18; field++)
		at = strchr(at + 1, ' ');
	if (sscanf(at, "%d", &value) != 1)
		_exit(1);
	return value;
}

static uint32_t raised, leaked, down;

static void *made(void *arg)
{
	*(int *)arg = priority("/proc/thread-self/stat");
	return NULL;
}

static void look_at_children(void)
{
	const char *gp = getenv("ISAHP_GP");
	pthread_t thread;
	int value, status;
	pid_t pid;

	if (sched_getscheduler(0) != SCHED_OTHER)
		set(&leaked, 1);
	pthread_create(&thread, NULL, made, &value);
	pthread_join(thread, NULL);
	if (value < 0)
		set(&leaked, 2);
	if (gp && !strcmp(gp, "urcu"))
		return; /* may not fork inside a region */
	pid = fork();
	if (!pid)
		_exit(priority("/proc/self/stat") < 0);
	waitpid(pid, &status, 0);
	if (status)
		set(&leaked, 3);
}

static void *is_raised(void *arg)
{
	struct isahp_region region;

	pin();
	isahp_enter(&removable_operation, &region);
	set(&inside, 1);
	while (priority("/proc/thread-self/stat") >= 0)
		;
	set(&raised, 1);
	look_at_children();
	isahp_leave(&region);
	while (priority("/proc/thread-self/stat") < 0)
		;
	set(&down, 1);
	return arg;
}

static bool may_raise(void)
{
	struct sched_param p = { .sched_priority = 1 };
	bool may = !sched_setscheduler(0, SCHED_FIFO, &p);

	p.sched_priority = 0;
	return may && !sched_setscheduler(0, SCHED_OTHER, &p);
}

static void raise_it(void)
{
	bool out;

	if (!may_raise())
		_exit(77);
	hogs();
	put_on(true);
	make(is_raised, NULL);
	await(&inside);
	out = removal(NULL);
	await(&down);
	printf("%llu loans, leaked %u\n", (unsigned long long)isahp_raise_loans(),
	       leaked);
	end(!out || !raised || leaked, "raise");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	expect_violation = argc > 2 && !strcmp(argv[2], "--expect-violation");
	signal(SIGALRM, too_long);
	signal(SIGUSR1, handler);
	alarm(expect_violation ? LIMIT_S / 2 : LIMIT_S * 2);
	if (!strcmp(what, "crowd"))
		crowd();
	else if (!strcmp(what, "mutex"))
		mutex();
	else if (!strcmp(what, "nested"))
		no_wait(nests, what);
	else if (!strcmp(what, "handler"))
		no_wait(handles, what);
	else if (!strcmp(what, "raise"))
		raise_it();
	return 2;
}
