// SPDX-License-Identifier: MIT
/*
 * bpf_user - an eBPF program that shifts by variable counts, or does not
 *
 *	bpf_user shifts|plain SEED [--hold]
 *	bpf_user across|classic [--hold]
 *	bpf_user churn SEED
 *
 * Loads a random program of SEED, and prints "shifts N compiled C wrong W": N of
 * BMI2's shifts in C bytes of machine code, by the kernel's own dump of it, and
 * how many of its results were not those that C computes. `plain` shifts by
 * constants; `across` has one shift, which lies across two pages: exit code 75 if
 * the kernel has not placed it so. `classic` is a classic filter of a socket, which
 * no list of programs has: C and N are unknown, and 0. With --hold, keeps it until
 * it is killed, and runs it and prints once more at each SIGUSR1. `churn` loads,
 * runs and drops programs until SIGTERM, and prints "programs N with P wrong W"
 * then: P had such shifts.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#define STEPS 48
#define RUNS 16
#define INSNS_MAX 4096
#define PAGE 4096
#define CODE_MAX 8192
#define PAUSE_MAX_MS 300

#define INSN(c, d, s, o, i)                                                    \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s),       \
			    .off = (o), .imm = (int32_t)(i) })

/* R1 holds the context, until it is overwritten; R10 is the frame. */
#define REGISTERS 10

struct program {
	struct bpf_insn insns[INSNS_MAX];
	unsigned int count;
	uint32_t result;
};

struct outcome {
	uint64_t begin;	/* of its code */
	uint64_t at;	/* the first shift, */
	size_t idle;	/* and from the begin on, what does nothing */
	unsigned int shifts;
	unsigned int compiled;
	unsigned int wrong;
};

static uint64_t state;

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t shifted(int op, bool wide, uint64_t value, uint64_t by)
{
	if (wide) {
		by &= 63;
		return op == BPF_LSH ? value << by :
		       op == BPF_RSH ? value >> by :
				       (uint64_t)((int64_t)value >> by);
	}
	by &= 31;
	return op == BPF_LSH ? (uint32_t)value << by :
	       op == BPF_RSH ? (uint32_t)value >> by :
			       (uint32_t)((int32_t)value >> by);
}

static void emit(struct program *p, struct bpf_insn insn)
{
	if (p->count == INSNS_MAX)
		abort();
	p->insns[p->count++] = insn;
}

/* Registers of random contents, shifted by one another, all folded into R0. */
static void make(struct program *p, bool variable)
{
	static const int ops[] = { BPF_LSH, BPF_RSH, BPF_ARSH };
	uint64_t r[REGISTERS];
	int i;

	p->count = 0;
	for (i = 0; i < REGISTERS; i++) {
		r[i] = next();
		emit(p, INSN(BPF_LD | BPF_DW | BPF_IMM, i, 0, 0, r[i]));
		emit(p, INSN(0, 0, 0, 0, r[i] >> 32));
	}
	for (i = 0; i < STEPS; i++) {
		int op = ops[next() % 3], to = next() % REGISTERS;
		int from = next() % REGISTERS;
		bool wide = next() & 1;
		int class = wide ? BPF_ALU64 : BPF_ALU;
		uint64_t by = variable ? r[from] : next() % 31 + 1;

		emit(p, INSN(class | op | (variable ? BPF_X : BPF_K), to,
			     variable ? from : 0, 0, variable ? 0 : by));
		r[to] = shifted(op, wide, r[to], by);
		from = next() % REGISTERS;
		emit(p, INSN(BPF_ALU64 | BPF_ADD | BPF_X, to, from, 0, 0));
		r[to] += r[from];
	}
	for (i = 1; i < REGISTERS; i++) {
		emit(p, INSN(BPF_ALU64 | BPF_XOR | BPF_X, 0, i, 0, 0));
		r[0] ^= r[i];
	}
	p->result = (uint32_t)r[0];
	emit(p, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

/**
 * struct across - where the one shift of a program is to lie
 * @two: instructions of two bytes that do nothing,
 * @three: and of three.
 * @at: how many of @two come before it; -1: five bytes of them in its place.
 */
struct across {
	unsigned int two;
	unsigned int three;
	int at;
};

static void make_across(struct program *p, const struct across *a)
{
	const struct bpf_insn two = INSN(BPF_ALU | BPF_MOV | BPF_X, 0, 0, 0, 0);
	const struct bpf_insn three = INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 0, 0, 0);
	unsigned int i;

	p->count = 0;
	p->result = a->at < 0 ? 1 : 1 << 3;
	emit(p, INSN(BPF_ALU | BPF_MOV | BPF_K, 0, 0, 0, 1));
	emit(p, INSN(BPF_ALU | BPF_MOV | BPF_K, 2, 0, 0, 3));
	for (i = 0; i < a->two; i++) {
		if ((int)i == a->at)
			emit(p, INSN(BPF_ALU64 | BPF_LSH | BPF_X, 0, 2, 0, 0));
		emit(p, two);
	}
	if (a->at < 0) {
		emit(p, two);
		emit(p, three);
	}
	for (i = 0; i < a->three; i++)
		emit(p, three);
	emit(p, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

static int bpf(int command, union bpf_attr *attr, size_t size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

static int load(const struct program *p)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)p->insns,
		.insn_cnt = p->count,
		.license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* SDM vol. 2: VEX.LZ.{F3,66,F2}.0F38 F7 /r of registers. */
static unsigned int count_shifts(const uint8_t *code, size_t size,
				 size_t *ret_first)
{
	unsigned int n = 0;
	size_t i;

	*ret_first = size;
	for (i = 0; i + 5 <= size; i++) {
		if (code[i] == 0xc4 && (code[i + 1] & 0x1f) == 2 &&
		    (code[i + 2] & 7) >= 1 && (code[i + 2] & 7) <= 3 &&
		    code[i + 3] == 0xf7 && code[i + 4] >= 0xc0 && !n++)
			*ret_first = i;
	}
	return n;
}

static int dump(int fd, struct outcome *o)
{
	static uint8_t code[CODE_MAX];
	static const uint8_t idle[] = { 0x89, 0xc0, 0x89, 0xc0, 0x89, 0xc0 };
	uint64_t begin = 0;
	uint8_t *found;
	size_t first;
	struct bpf_prog_info info = {
		.jited_prog_len = sizeof(code),
		.jited_prog_insns = (uintptr_t)code,
		.nr_jited_ksyms = 1,
		.jited_ksyms = (uintptr_t)&begin,
	};
	union bpf_attr attr = {
		.info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof(info),
			  .info = (uintptr_t)&info },
	};

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return -1;
	o->compiled = info.jited_prog_len;
	if (o->compiled > sizeof(code))
		return -1;
	o->shifts = count_shifts(code, o->compiled, &first);
	o->begin = begin;
	o->at = begin + first;
	found = memmem(code, o->compiled, idle, sizeof(idle));
	o->idle = found ? (size_t)(found - code) : 0;
	return 0;
}

static int run(int fd, const struct program *p, struct outcome *o)
{
	uint8_t packet[64] = { 0 };
	int i;

	for (i = 0; i < RUNS; i++) {
		union bpf_attr attr = {
			.test = { .prog_fd = (uint32_t)fd,
				  .data_size_in = sizeof(packet),
				  .data_in = (uintptr_t)packet },
		};

		if (bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr)))
			return -1;
		o->wrong += attr.test.retval != p->result;
	}
	return 0;
}

static int load_made(struct program *p, const struct across *a, struct outcome *o)
{
	int fd;

	make_across(p, a);
	fd = load(p);
	return fd < 0 || dump(fd, o) ? -1 : fd;
}

/*
 * The kernel places a program in chunks of 64 bytes, behind a header of 8, at one
 * of four places if it leaves 16 bytes of them, at more else. So one of that size
 * without a shift is loaded first, and kept: the other comes next, at one of four.
 */
static int load_across(struct program *p)
{
	struct across a = { .two = PAGE / 2, .at = -1 };
	struct outcome o;
	size_t begin;
	int fd;

	if (load_made(p, &a, &o) < 0)
		return -1;
	a.three = o.compiled & 1;
	a.two += (-(o.compiled + 3 * a.three + 24) & 63) / 2;
	if (load_made(p, &a, &o) < 0)
		return -1;
	begin = (o.begin & ~63ULL) + 8 + o.compiled + 24 + o.idle;
	a.at = (int)((PAGE - 1 - begin % PAGE) / 2);
	fd = load_made(p, &a, &o);
	if (fd < 0)
		return -1;
	/* Of the four bytes that tell it, one at least on each page. */
	if (o.shifts == 1 && o.at % PAGE > PAGE - 4)
		return fd;
	exit(EX_TEMPFAIL);
}

/* A filter's result is how much of a message arrives: 1 << 2 bytes of 10. */
static int run_classic(int *pair, struct outcome *o)
{
	char message[10] = "123456789";
	int i;

	for (i = 0; i < RUNS; i++) {
		if (write(pair[0], message, sizeof(message)) < 0)
			return -1;
		o->wrong += read(pair[1], message, sizeof(message)) != 4;
	}
	return 0;
}

static int load_classic(int *pair)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LDX | BPF_IMM, 2),
		BPF_STMT(BPF_LD | BPF_IMM, 1),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return -1;
	return setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

static int keep(int fd, int *pair, const struct program *p, bool hold)
{
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	do {
		struct outcome o = { 0 };

		if (fd < 0 ? run_classic(pair, &o) : run(fd, p, &o) || dump(fd, &o)) {
			perror("bpf_user: run");
			return 1;
		}
		printf("shifts %u compiled %u wrong %u\n", o.shifts, o.compiled,
		       o.wrong);
		fflush(stdout);
	} while (hold && !sigwait(&set, &got));
	return 0;
}

static int churn(void)
{
	struct timespec now = { 0, 0 };
	unsigned int programs = 0, with = 0, wrong = 0;
	static struct program p;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	while (sigtimedwait(&set, NULL, &now) != SIGTERM) {
		struct outcome o = { 0 };

		make(&p, true);
		fd = load(&p);
		if (fd < 0 || run(fd, &p, &o) || dump(fd, &o)) {
			perror("bpf_user: churn");
			return 1;
		}
		close(fd);
		if (!programs++)
			puts("started");
		fflush(stdout);
		with += o.shifts > 0;
		/* Now and then there is none: it is freed a little later. */
		usleep(next() % (PAUSE_MAX_MS * 1000));
		wrong += o.wrong;
	}
	printf("programs %u with %u wrong %u\n", programs, with, wrong);
	return 0;
}

int main(int argc, char **argv)
{
	bool hold = argc > 2 && !strcmp(argv[argc - 1], "--hold");
	int fd = -1, pair[2] = { -1, -1 };
	static struct program p;
	sigset_t set;

	if (argc < 2) {
		fprintf(stderr, "Usage: bpf_user shifts|plain|across|classic|churn [SEED] [--hold]\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (!strcmp(argv[1], "churn"))
		sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (argc > 2)
		state = strtoull(argv[2], NULL, 0);
	if (!strcmp(argv[1], "churn"))
		return churn();
	if (!strcmp(argv[1], "classic")) {
		if (load_classic(pair)) {
			perror("bpf_user: classic");
			return 1;
		}
		return keep(-1, pair, NULL, hold);
	}
	if (!strcmp(argv[1], "across")) {
		fd = load_across(&p);
	} else {
		make(&p, !strcmp(argv[1], "shifts"));
		fd = load(&p);
	}
	if (fd < 0) {
		perror("bpf_user: load");
		return 1;
	}
	return keep(fd, NULL, &p, hold);
}
