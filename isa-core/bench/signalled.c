// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A loop as a CPU without its features meets it where nobody runs ahead: the first
 * two bytes of each lost instruction are UD2 in a copy of the code, and a handler
 * of SIGILL carries out the one that stands there in the original, or has another
 * one do it, who may go on from there. The signals
 * are real; who virtualises this machine may intercept #UD, and then the way is
 * longer than on bare metal.
 */
#define _GNU_SOURCE
#include "signalled.h"

#include <isa-core/features.h>
#include <isa-core/xsave_image.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

/* Linux, arch/x86/include/uapi/asm/sigcontext.h: in a frame's FXSAVE image. */
#define SW_BYTES 464
#define MAGIC1 0x46505853
#define AVX_OFFSET 576

static struct signalled *current;
static struct sigaction before;

/* --- the handler ------------------------------------------------------------- */

/* By the number that instructions use. */
static const unsigned char greg[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static bool has_vectors(const struct isahp_instruction *in)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FORM_OPERANDS; i++)
		if (isahp_instruction_operand(in, i).class == ISAHP_OPERAND_VECTOR)
			return true;
	return false;
}

static bool load_vectors(const void *image, struct isahp_xsave_layout *layout,
			 struct isahp_simd *simd)
{
	__u32 sw[5];

	memcpy(sw, (const char *)image + SW_BYTES, sizeof(sw));
	if (sw[0] != MAGIC1)
		return false;
	memset(layout, 0, sizeof(*layout));
	layout->size = sw[4];
	layout->offset[ISAHP_XSAVE_AVX] = AVX_OFFSET;
	simd->bytes = 32;
	return isahp_xsave_load(image, layout, simd);
}

/* What stands at @at in the original, on the registers of the frame. */
static bool carry_out(const struct signalled *s, size_t at, ucontext_t *uc)
{
	struct isahp_emulation e = {
		.mode = ISAHP_CODE_64,
		.address_bits = 57,
		.untag_mask = ~0ULL,
		.ops = &ahead_ops,
	};
	greg_t *g = uc->uc_mcontext.gregs;
	struct isahp_xsave_layout layout;
	struct isahp_registers regs;
	struct isahp_simd simd;
	unsigned int i;

	if (isahp_instruction_decode(s->original + at, s->size - at, ISAHP_CODE_64,
				     &e.instruction) != ISAHP_DECODED)
		return false;
	for (i = 0; i < 16; i++)
		regs.gpr[i] = (__u64)g[greg[i]];
	regs.rip = (__u64)g[REG_RIP];
	regs.rflags = (__u64)g[REG_EFL];
	regs.simd = has_vectors(&e.instruction) ? &simd : NULL;
	if (regs.simd && !load_vectors(uc->uc_mcontext.fpregs, &layout, &simd))
		return false;
	e.regs = &regs;
	if (isahp_emulate_instruction(&e, &e.instruction) != ISAHP_EMULATE_DONE)
		return false;
	for (i = 0; i < 16; i++)
		g[greg[i]] = (greg_t)regs.gpr[i];
	g[REG_RIP] = (greg_t)regs.rip;
	g[REG_EFL] = (greg_t)regs.rflags;
	return !regs.simd ||
	       isahp_xsave_store(uc->uc_mcontext.fpregs, &layout, &simd);
}

static void on_sigill(int sig, siginfo_t *info, void *context)
{
	struct signalled *s = current;
	size_t at = (size_t)((__u8 *)info->si_addr - s->copy);
	bool done = false;

	if (at < s->size && s->finish) {
		memcpy(s->copy, s->original, s->size);
		done = s->finish(info, context);
		memcpy(s->copy, s->planted, s->size);
	} else if (at < s->size) {
		done = carry_out(s, at, context);
	}
	s->traps += done;
	if (!done)
		sigaction(sig, &before, NULL);	/* and once more */
}

/* --- the copy ---------------------------------------------------------------- */

struct span {
	__u64 from;
	__u64 to;
	bool can_move;
};

static void measure(void *data, __u64 rip, const struct isahp_instruction *in)
{
	struct span *s = data;

	if (rip < s->from)
		s->from = rip;
	if (rip + in->length > s->to)
		s->to = rip + in->length;
	if (in->base == ISAHP_REGISTER_RIP)
		s->can_move = false;
}

static void plant(void *data, __u64 rip, const struct isahp_instruction *in)
{
	static const __u8 ud2[] = { 0x0f, 0x0b };
	struct signalled *s = data;

	if (ahead_is_lost(in))
		memcpy(s->copy + (rip - (uintptr_t)s->original), ud2, sizeof(ud2));
}

static bool find_code(struct signalled *s, struct ahead *ahead)
{
	struct span span = { .from = ~0ULL, .can_move = true };

	if (!ahead_walk(ahead, measure, &span) || !span.can_move ||
	    span.to - span.from > SIGNALLED_MAX)
		return false;
	s->original = (const __u8 *)(uintptr_t)span.from;
	s->size = span.to - span.from;
	return true;
}

static bool copy_code(struct signalled *s, struct ahead *ahead)
{
	uintptr_t entry;

	s->copy = mmap(NULL, s->size, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->copy == MAP_FAILED)
		return false;
	memcpy(s->copy, s->original, s->size);
	ahead_walk(ahead, plant, s);
	memcpy(s->planted, s->copy, s->size);
	entry = (uintptr_t)s->copy + (uintptr_t)s->loop->function -
		(uintptr_t)s->original;
	memcpy(&s->function, &entry, sizeof(entry));
	return true;
}

bool signalled_start(struct signalled *s, struct ahead *ahead, signalled_finish *finish)
{
	struct sigaction sa = {
		.sa_sigaction = on_sigill,
		.sa_flags = SA_SIGINFO,
	};

	memset(s, 0, sizeof(*s));
	s->loop = ahead->loop;
	s->finish = finish;
	if (!find_code(s, ahead) || !copy_code(s, ahead) ||
	    sigaction(SIGILL, &sa, &before)) {
		fprintf(stderr, "bench_emulator: %s: no copy can be made\n",
			s->loop->name);
		return false;
	}
	current = s;
	return true;
}

double signalled_run(struct signalled *s, __u64 *ret_result)
{
	double begin = loop_cpu_ns(), ns;
	volatile __u64 returned;

	returned = s->function(s->loop->in, s->loop->out, s->loop->count);
	ns = loop_cpu_ns() - begin;
	*ret_result = loop_result(s->loop, returned);
	return ns;
}

void signalled_end(struct signalled *s)
{
	sigaction(SIGILL, &before, NULL);
	munmap(s->copy, s->size);
	current = NULL;
}
