// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <cpuid.h>
#include <isa-core/features.h>
#include "signal_bytes.h"
#include "signal_frame.h"

/*
 * Linux, arch/x86/include/uapi/asm/sigcontext.h: what the kernel says about a
 * frame's vector state, in bytes that FXSAVE leaves to software, and behind it.
 */
#define SW_BYTES 464
#define MAGIC1 0x46505853
#define MAGIC2 0x46505845
#define FXSAVE_SIZE 512
#define XSTATE_BV 512
#define LEGACY_AND_HEADER 576

struct sw_bytes {
	uint32_t magic1;
	uint32_t extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size;
};

#define FLAG_RF (1ULL << 16)

/* By the number that instructions use. */
static const unsigned char greg[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

/* --- where vector registers are ------------------------------------------- */

static bool has_component(uint64_t xfeatures, unsigned int component)
{
	return xfeatures >> component & 1;
}

/*
 * The frame does not say where AVX-512's components are; the CPU does, by an
 * instruction that hypervisors intercept. After a restored checkpoint it is
 * another CPU: what is remembered is for frames of that size, with these
 * components, which differs where the places do. In one word, so that threads may
 * write it at once: 12 bits of the components, 16 of the size, 12 for each place.
 */
static uint64_t remembered;

static uint64_t ask_components(uint64_t key)
{
	unsigned int i, eax, ebx, ecx, edx;
	uint64_t found = key;

	for (i = ISAHP_XSAVE_OPMASK; i <= ISAHP_XSAVE_HI16_ZMM; i++) {
		__cpuid_count(0xd, i, eax, ebx, ecx, edx);
		if (ebx > 0xfff)
			return 0;
		found |= (uint64_t)ebx << (28 + 12 * (i - ISAHP_XSAVE_OPMASK));
	}
	if (key >> 28)
		return 0;
	__atomic_store_n(&remembered, found, __ATOMIC_RELAXED);
	return found;
}

static bool find_components(struct isahp_xsave_layout *layout, uint64_t xfeatures)
{
	uint64_t key = (xfeatures & 0xfff) | (uint64_t)layout->size << 12, found;
	unsigned int i;

	found = __atomic_load_n(&remembered, __ATOMIC_RELAXED);
	if ((found & 0xfffffff) != key)
		found = ask_components(key);
	for (i = ISAHP_XSAVE_OPMASK; i <= ISAHP_XSAVE_HI16_ZMM; i++)
		layout->offset[i] =
			found >> (28 + 12 * (i - ISAHP_XSAVE_OPMASK)) & 0xfff;
	return found;
}

static uint64_t in_use(const struct isahp_signal_frame *frame)
{
	const char *image = (const char *)frame->context->uc_mcontext.fpregs;
	uint64_t bits;

	memcpy(&bits, image + XSTATE_BV, sizeof(bits));
	return bits;
}

static unsigned int find_room(struct isahp_signal_frame *frame)
{
	const char *image = (const char *)frame->context->uc_mcontext.fpregs;
	struct sw_bytes sw;
	uint32_t magic2;

	memset(&frame->layout, 0, sizeof(frame->layout));
	frame->end = (uintptr_t)(frame->context + 1) + sizeof(siginfo_t);
	if (!image)
		return 0;
	frame->end = (uintptr_t)image + FXSAVE_SIZE;
	memcpy(&sw, image + SW_BYTES, sizeof(sw));
	if (sw.magic1 != MAGIC1 || sw.xstate_size < LEGACY_AND_HEADER ||
	    sw.extended_size < sw.xstate_size ||
	    sw.extended_size - sw.xstate_size < sizeof(magic2))
		return 16;
	memcpy(&magic2, image + sw.xstate_size, sizeof(magic2));
	if (magic2 != MAGIC2)
		return 16;
	frame->layout.size = sw.xstate_size;
	frame->end = (uintptr_t)image + sw.extended_size;
	if (!has_component(sw.xfeatures, ISAHP_XSAVE_AVX))
		return 16;
	/* At the same place on all CPUs, as debuggers know as well. */
	frame->layout.offset[ISAHP_XSAVE_AVX] = LEGACY_AND_HEADER;
	frame->xfeatures = sw.xfeatures;
	return (sw.xfeatures & ISAHP_XFEATURE_AVX512) == ISAHP_XFEATURE_AVX512 ? 64 : 32;
}

void isahp_signal_frame_open(struct isahp_signal_frame *frame, ucontext_t *context)
{
	const greg_t *g = context->uc_mcontext.gregs;
	unsigned int i;

	frame->context = context;
	for (i = 0; i < 16; i++)
		frame->regs.gpr[i] = (uint64_t)g[greg[i]];
	frame->regs.rip = (uint64_t)g[REG_RIP];
	frame->regs.rflags = (uint64_t)g[REG_EFL];
	frame->regs.simd = NULL;
	frame->room = find_room(frame);
}

/*
 * Linux, arch/x86/include/asm/sigframe.h: the address that the handler returns to,
 * the context, siginfo_t, and aligned behind these the vector state.
 */
struct isahp_range isahp_signal_frame_range(const struct isahp_signal_frame *frame)
{
	return (struct isahp_range){
		(uintptr_t)frame->context - sizeof(uint64_t), frame->end,
	};
}

/* --- vector registers ----------------------------------------------------- */

static bool load(struct isahp_signal_frame *frame, unsigned int bytes)
{
	const char *image = (const char *)frame->context->uc_mcontext.fpregs;
	struct isahp_xsave_layout alone = { .size = LEGACY_AND_HEADER };
	unsigned char whole[LEGACY_AND_HEADER];
	uint64_t sse = 3;

	if (bytes == 64 && !find_components(&frame->layout, frame->xfeatures))
		return false;
	frame->simd.bytes = (unsigned char)bytes;
	frame->regs.simd = &frame->simd;
	if (frame->layout.size)
		return isahp_xsave_load(image, &frame->layout, &frame->simd);
	memset(whole, 0, sizeof(whole));
	memcpy(whole, image, FXSAVE_SIZE);
	memcpy(whole + XSTATE_BV, &sse, sizeof(sse));
	return isahp_xsave_load(whole, &alone, &frame->simd);
}

static void store(struct isahp_signal_frame *frame)
{
	char *image = (char *)frame->context->uc_mcontext.fpregs;
	struct isahp_xsave_layout alone = { .size = LEGACY_AND_HEADER };
	unsigned char whole[LEGACY_AND_HEADER];

	if (frame->layout.size) {
		(void)isahp_xsave_store(image, &frame->layout, &frame->simd);
		return;
	}
	memset(whole, 0, sizeof(whole));
	memcpy(whole, image, FXSAVE_SIZE);
	(void)isahp_xsave_store(whole, &alone, &frame->simd);
	memcpy(image, whole, FXSAVE_SIZE);
}

/* Bytes of vector registers that an instruction knows of, apart from clearing
 * what is above them. */
static unsigned int width(const struct isahp_instruction *in,
			  const struct isahp_features *needs)
{
	bool vectors = isahp_features_has(needs, ISAHP_FEATURE_AVX);
	struct isahp_operand op;
	unsigned int i;

	if (in->opmask || in->vector_size == 64)
		return 64;
	for (i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		op = isahp_instruction_operand(in, i);
		if (op.class == ISAHP_OPERAND_OPMASK ||
		    (op.class == ISAHP_OPERAND_VECTOR && op.number >= 16))
			return 64;
		vectors |= op.class == ISAHP_OPERAND_VECTOR;
	}
	if (!vectors)
		return 0;
	return in->flags & ISAHP_INSTRUCTION_VEX ? 32 : 16;
}

bool isahp_signal_frame_load(struct isahp_signal_frame *frame,
			     const struct isahp_instruction *in,
			     const struct isahp_features *needs)
{
	unsigned int bytes = width(in, needs);

	if (bytes > frame->room)
		return false;
	if (!bytes)
		return true;
	/*
	 * Upper parts that are not in use are zero already, and stay it. Of others
	 * what follows the instruction may clear them, though it does not.
	 */
	if (frame->room == 64 && has_component(in_use(frame), ISAHP_XSAVE_ZMM_HI256))
		bytes = 64;
	else if (bytes < 32 && frame->room >= 32 &&
		 has_component(in_use(frame), ISAHP_XSAVE_AVX))
		bytes = 32;
	if (frame->regs.simd) {
		if (frame->simd.bytes >= bytes)
			return true;
		store(frame);
	}
	return load(frame, bytes);
}

void isahp_signal_frame_store(struct isahp_signal_frame *frame)
{
	greg_t *g = frame->context->uc_mcontext.gregs;
	unsigned int i;

	for (i = 0; i < 16; i++)
		g[greg[i]] = (greg_t)frame->regs.gpr[i];
	g[REG_RIP] = (greg_t)frame->regs.rip;
	/* RF, set in the image of a fault, is clear once an instruction is through. */
	g[REG_EFL] = (greg_t)(frame->regs.rflags & ~FLAG_RF);
	if (frame->regs.simd)
		store(frame);
}
