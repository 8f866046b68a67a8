// SPDX-License-Identifier: MIT
/*
 * Which cache lines a thread's calls write, by looking at each instruction that
 * they execute: the thread steps through them one by one, and before each the
 * handler of the trap decodes what it is about to store to.
 *
 * Two threads that live at the same time do so; lines that both wrote are what
 * they would pull out of each other's caches. A counter that both count on shows
 * that such a line is found.
 */
#define _GNU_SOURCE
#include <Zydis/Zydis.h>
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <isahp/isahp.h>
#include "library.h"

#define LINE 64
#define LINES_MAX 256
#define CALLS 3

/**
 * struct written - what one thread wrote
 * @line: their numbers, each once.
 * @count: of them.
 * @bad: an instruction was not understood, or there are too many lines.
 */
struct written {
	uintptr_t line[LINES_MAX];
	size_t count;
	bool bad;
};

static __thread struct written *recording;

static ZydisDecoder decoder;
static unsigned int counter;

static void record(struct written *w, uintptr_t address, size_t bytes)
{
	uintptr_t line, last = (address + bytes - 1) / LINE;
	size_t i;

	for (line = address / LINE; line <= last; line++) {
		for (i = 0; i < w->count && w->line[i] != line; i++)
			;
		if (i < w->count)
			continue;
		if (w->count == LINES_MAX)
			w->bad = true;
		else
			w->line[w->count++] = line;
	}
}

static uintptr_t register_of(const greg_t *r, ZydisRegister name)
{
	static const int order[] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8,	 REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};

	if (name < ZYDIS_REGISTER_RAX || name > ZYDIS_REGISTER_R15)
		return 0;
	return (uintptr_t)r[order[name - ZYDIS_REGISTER_RAX]];
}

static uintptr_t segment_of(ZydisRegister name)
{
	uintptr_t base = 0;

	/* The x86-64 ABI has the thread pointer at %fs:0. */
	if (name == ZYDIS_REGISTER_FS)
		__asm__("mov %%fs:0, %0" : "=r"(base));
	return base;
}

static void operand(struct written *w, const greg_t *r,
		    const ZydisDecodedInstruction *i, const ZydisDecodedOperand *o)
{
	uintptr_t address;

	if (o->type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    !(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
		return;
	address = segment_of(o->mem.segment) + register_of(r, o->mem.base) +
		  register_of(r, o->mem.index) * o->mem.scale +
		  (uintptr_t)o->mem.disp.value;
	if (o->mem.base == ZYDIS_REGISTER_RIP)
		address += (uintptr_t)r[REG_RIP] + i->length;
	/* Pushes and calls store below the pointer that they find. */
	if (o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
	    o->mem.base == ZYDIS_REGISTER_RSP)
		address -= o->size / 8;
	record(w, address, o->size / 8);
}

static void on_step(int number, siginfo_t *info, void *context)
{
	const greg_t *r = ((const ucontext_t *)context)->uc_mcontext.gregs;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct written *w = recording;
	ZydisDecodedInstruction i;
	int n;

	(void)number;
	(void)info;
	if (!w)
		return;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, (const void *)r[REG_RIP],
						 ZYDIS_MAX_INSTRUCTION_LENGTH, &i,
						 operands))) {
		w->bad = true;
		return;
	}
	for (n = 0; n < i.operand_count; n++)
		operand(w, r, &i, &operands[n]);
}

/* The trap flag, without touching the red zone. */
static inline void step(bool on)
{
	unsigned long long flags = __builtin_ia32_readeflags_u64();

	__builtin_ia32_writeeflags_u64(on ? flags | 0x100 : flags & ~0x100ULL);
}

static BY(by_count)
{
	while (calls--) {
		__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
		work(turns);
	}
}

enum { POINTER, OPERATION, COUNT, WAYS };

static struct written written[2][WAYS];
static pthread_barrier_t together;

static void *thread(void *arg)
{
	static const by way[WAYS] = { by_pointer, by_operation, by_count };
	struct written *w = arg;
	int i;

	for (i = 0; i < WAYS; i++) {
		way[i](1, 1); /* the first call registers the thread */
		recording = &w[i];
		step(true);
		way[i](CALLS, 1);
		step(false);
		recording = NULL;
	}
	pthread_barrier_wait(&together);
	return NULL;
}

static double both(int way)
{
	const struct written *a = &written[0][way], *b = &written[1][way];
	size_t i, j;
	double n = 0;

	for (i = 0; i < a->count; i++)
		for (j = 0; j < b->count; j++)
			n += a->line[i] == b->line[j];
	return n;
}

static void add(struct bench *b)
{
	struct bench_row row = {
		.name = "cache lines that two callers both write",
		.value = both(OPERATION),
		.unit = "lines",
		.peer = "one counter",
		.at_most = true,
		.peer_value = both(COUNT),
		.samples = CALLS,
	};
	int i;

	for (i = 0; i < WAYS; i++)
		if (written[0][i].bad || written[1][i].bad || !written[0][i].count)
			return;
	if (row.peer_value != 1)
		return;
	row.ratio = row.value / row.peer_value;
	bench_add(b, row);
	bench_add(b, (struct bench_row){
		.name = "cache lines that one caller writes", .unit = "lines",
		.value = (double)written[0][OPERATION].count,
		.peer = "function pointer",
		.ratio = (double)written[0][OPERATION].count /
			 (double)written[0][POINTER].count,
		.peer_value = (double)written[0][POINTER].count });
}

void bench_written(struct bench *b)
{
	struct sigaction action = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	size_t rows = b->rows;
	pthread_t threads[2];
	int i;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	sigaction(SIGTRAP, &action, NULL);
	pthread_barrier_init(&together, NULL, 2);
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, thread, written[i]))
			return;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	signal(SIGTRAP, SIG_DFL);
	add(b);
	if (b->rows == rows)
		fprintf(stderr, "bench_library: could not follow what calls write\n");
}
