// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "core_float_native.h"

#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

#define STRIDE 32	/* of the 256 instances of a form that has an immediate */

/* --- the instructions ---------------------------------------------------- */

#define CODE_PLAIN(symbol, text) \
	"	.balign 16\n" symbol ":\n	" text "\n	ret\n"
#define CODE_IMM(symbol, text) \
	"	.balign 32\n" symbol ":\n" \
	"	.set imm, 0\n" \
	"	.rept 256\n	.balign 32\n	" text "\n	ret\n" \
	"	.set imm, imm + 1\n	.endr\n"

#define FORM(op, tag, bytes, kind, feature, imm, source, result, text) \
	CODE_##imm("native_" #op "_" #tag, text)
__asm__("	.pushsection .text\n"
#include "core_float_forms.def"
	"	.popsection\n");
#undef FORM

#define FORM(op, tag, bytes, kind, feature, imm, source, result, text) \
	extern const unsigned char native_##op##_##tag[];
#include "core_float_forms.def"
#undef FORM

enum {
#define LANES(name, function, element, sources, immediate, result) \
	ELEMENT_##function = element,
#include <isa-core/lanes_float.def>
	FORM_PLAIN = 0,
	FORM_IMM = 1,
	NATIVE_AVX512FVL = NATIVE_AVX512VL,
	/* VL is never without DQ on what there is. */
	NATIVE_AVX512DQVL = NATIVE_AVX512DQ,
};

const struct native_form native_forms[] = {
#define FORM(op, tag, bytes, kind, feature, imm, source, result, text) \
	{ #op, text, isahp_lanes_##op, ELEMENT_##op, bytes, NATIVE_##kind, \
	  NATIVE_##feature, FORM_##imm, #source[0], #result[0], \
	  native_##op##_##tag },
#include "core_float_forms.def"
#undef FORM
};

const unsigned int native_forms_count = sizeof(native_forms) / sizeof(native_forms[0]);

/* --- around them --------------------------------------------------------- */

/*
 * native_call_512(state, code), and for CPUs without it native_call_256: the
 * same with half registers and no masks. What an instruction that raised #XM left
 * is looked at too: on_signal() goes on at the RET behind it.
 */
#define CALL(name, move, r, masks_in, masks_out) \
	"	.globl " name "\n" \
	name ":\n" \
	"	push %rbx\n" \
	"	mov %rdi, %rbx\n" \
	"	" move " 0(%rbx), %" r "0\n" \
	"	" move " 64(%rbx), %" r "1\n" \
	"	" move " 128(%rbx), %" r "2\n" \
	masks_in \
	"	mov 200(%rbx), %rax\n" \
	"	ldmxcsr 216(%rbx)\n" \
	"	call *%rsi\n" \
	"	stmxcsr 216(%rbx)\n" \
	"	ldmxcsr 220(%rbx)\n" \
	"	pushfq\n" \
	"	popq 208(%rbx)\n" \
	"	mov %rax, 200(%rbx)\n" \
	"	" move " %" r "0, 0(%rbx)\n" \
	masks_out \
	"	vzeroupper\n" \
	"	emms\n" \
	"	pop %rbx\n" \
	"	ret\n"

__asm__("	.pushsection .text\n"
	CALL("native_call_512", "vmovdqu64", "zmm",
	     "	kmovw 192(%rbx), %k1\n	kxorw %k0, %k0, %k0\n",
	     "	kmovw %k0, 192(%rbx)\n")
	CALL("native_call_256", "vmovdqu", "ymm", "", "")
	"	.popsection\n");

void native_call_512(struct native_state *state, const unsigned char *code);
void native_call_256(struct native_state *state, const unsigned char *code);

_Static_assert(offsetof(struct native_state, mask) == 192, "as the code has it");
_Static_assert(offsetof(struct native_state, value) == 200, "as the code has it");
_Static_assert(offsetof(struct native_state, rflags) == 208, "as the code has it");
_Static_assert(offsetof(struct native_state, mxcsr) == 216, "as the code has it");

static bool features[NATIVE_FEATURES];
static volatile int raised;
static volatile __u32 raised_mxcsr;

/*
 * A RET is behind each form. Were its byte within, as an immediate say, it would
 * be one as well.
 */
static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	const unsigned char *ip = (void *)u->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	raised = info->si_code;
	raised_mxcsr = u->uc_mcontext.fpregs->mxcsr;
	u->uc_mcontext.fpregs->mxcsr |= 0x1f80;
	while (*ip != 0xc3)
		ip++;
	u->uc_mcontext.gregs[REG_RIP] = (greg_t)ip;
}

void native_init(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};

	__builtin_cpu_init();
	features[NATIVE_AVX] = __builtin_cpu_supports("avx");
	features[NATIVE_FMA] = __builtin_cpu_supports("fma");
	features[NATIVE_F16C] = __builtin_cpu_supports("f16c");
	features[NATIVE_AVX512F] = __builtin_cpu_supports("avx512f");
	features[NATIVE_AVX512VL] = __builtin_cpu_supports("avx512vl");
	features[NATIVE_AVX512DQ] = __builtin_cpu_supports("avx512dq");
	features[NATIVE_AVX512_BF16] = __builtin_cpu_supports("avx512bf16");
	sigaction(SIGFPE, &sa, NULL);
}

bool native_has(unsigned int feature)
{
	return features[feature];
}

int native_run(const struct native_form *form, unsigned int imm,
	       struct native_state *state)
{
	const unsigned char *code = form->code + (form->immediate ? imm * STRIDE : 0);

	raised = 0;
	state->usual_mxcsr = 0x1f80;
	if (features[NATIVE_AVX512F])
		native_call_512(state, code);
	else
		native_call_256(state, code);
	if (raised)
		state->mxcsr = raised_mxcsr;
	return raised;
}
