// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "exec.h"
#include "features.h"

static const isahp_exec_fn functions[ISAHP_OP_COUNT] = {
#define EXEC(operation, function, undefined) \
	[ISAHP_OP_##operation] = isahp_do_##function,
#define EXEC_ALSO(...) EXEC(__VA_ARGS__)
#include "exec.def"
};

static const __u16 undefined_flags[ISAHP_OP_COUNT] = {
#define EXEC(operation, function, undefined) [ISAHP_OP_##operation] = undefined,
#define EXEC_ALSO(...) EXEC(__VA_ARGS__)
#include "exec.def"
};

/* --- what can be carried out ---------------------------------------------- */

isahp_exec_fn isahp_exec_function(const struct isahp_instruction *in)
{
	return functions[isahp_instruction_operation(in)];
}

bool isahp_emulate_executes(unsigned int operation)
{
	return functions[operation];
}

bool isahp_emulate_needs_simd(const struct isahp_form *form)
{
	unsigned int i, class;

	for (i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		class = isahp_form_kinds[form->operand[i]].class;
		if (class == ISAHP_OPERAND_VECTOR || class == ISAHP_OPERAND_OPMASK)
			return true;
	}
	return form->operation == ISAHP_OP_LDMXCSR ||
	       form->operation == ISAHP_OP_STMXCSR ||
	       form->operation == ISAHP_OP_VZEROALL ||
	       form->operation == ISAHP_OP_VZEROUPPER;
}

struct isahp_features isahp_emulate_features(bool simd)
{
	struct isahp_features all = isahp_features_none(), missing = all;
	const struct isahp_form *form;
	unsigned int i, size;
	bool executed;
	__u8 feature;

	for (i = 0; i < isahp_form_count; i++) {
		form = &isahp_forms[i];
		executed = isahp_emulate_executes(form->operation) &&
			   (simd || !isahp_emulate_needs_simd(form));
		for (size = 16; size <= 64; size *= 2) {
			feature = isahp_form_feature(form, size);
			if (feature == ISAHP_FEATURE_NONE)
				continue;
			isahp_features_add(executed ? &all : &missing, feature);
		}
	}
	return isahp_features_andnot(&all, &missing);
}

/* --- undefined flags ------------------------------------------------------ */

/* Of the count that is masked: CF, where it is not within the operand; OF but
 * for 1; AF of shifts; nothing for 0. */
static __u32 undefined_by_count(unsigned int operation, unsigned int size,
				__u64 count)
{
	unsigned int bits = 8 * size;
	__u32 flags = 0;

	count &= size == 8 ? 63 : 31;
	if (!count)
		return 0;
	if (count != 1)
		flags |= ISAHP_FLAG_OF;
	switch (operation) {
	case ISAHP_OP_SHL:
	case ISAHP_OP_SHR:
		if (count >= bits)
			flags |= ISAHP_FLAG_CF;
		return flags | ISAHP_FLAG_AF;
	case ISAHP_OP_SAR:
		return flags | ISAHP_FLAG_AF;
	case ISAHP_OP_SHLD:
	case ISAHP_OP_SHRD:
		if (count > bits)
			flags |= ISAHP_FLAGS_ARITHMETIC;
		return flags | ISAHP_FLAG_AF;
	default:
		return flags;
	}
}

__u32 isahp_emulate_undefined_flags(const struct isahp_instruction *in,
				    const struct isahp_registers *regs)
{
	const struct isahp_form *form = isahp_instruction_form(in);
	unsigned int n;

	switch (form->operation) {
	case ISAHP_OP_SHLD:
	case ISAHP_OP_SHRD:
		n = 2;
		break;
	case ISAHP_OP_SHL:
	case ISAHP_OP_SHR:
	case ISAHP_OP_SAR:
	case ISAHP_OP_ROL:
	case ISAHP_OP_ROR:
	case ISAHP_OP_RCL:
	case ISAHP_OP_RCR:
		n = 1;
		break;
	default:
		return undefined_flags[form->operation];
	}
	return undefined_by_count(form->operation, exec_size(in, 0),
				  form->operand[n] == ISAHP_KIND_CL ?
					  regs->gpr[ISAHP_REGISTER_RCX] :
				  form->operand[n] == ISAHP_KIND_ONE ?
					  1 : (__u64)in->immediate);
}

/* --- one instruction ------------------------------------------------------ */

enum isahp_emulated isahp_emulate_instruction(struct isahp_emulation *e,
					      const struct isahp_instruction *in)
{
	isahp_exec_fn function = isahp_exec_function(in);
	enum isahp_emulated r;

	if (!function)
		return ISAHP_EMULATE_FOREIGN;
	e->next = e->regs->rip + in->length;
	if (!exec_is_64(e))
		e->next = (__u32)e->next;
	r = function(e, in);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rip = e->next;
	return r;
}

static bool is_asked_for(const struct isahp_emulation *e)
{
	__u8 feature = isahp_instruction_feature(&e->instruction);

	return feature != ISAHP_FEATURE_NONE &&
	       isahp_features_has(&e->features, feature);
}

enum isahp_emulated isahp_emulate(struct isahp_emulation *e)
{
	switch (isahp_instruction_decode(e->bytes, e->count, e->mode,
					 &e->instruction)) {
	case ISAHP_DECODED:
		break;
	case ISAHP_DECODED_SHORT:
		e->address = e->regs->rip + e->count;
		if (!exec_is_64(e))
			e->address = (__u32)e->address;
		e->access = ISAHP_ACCESS_FETCH;
		return ISAHP_EMULATE_UNREACHED;
	default:
		return ISAHP_EMULATE_FOREIGN;
	}
	if (!is_asked_for(e))
		return ISAHP_EMULATE_FOREIGN;
	return isahp_emulate_instruction(e, &e->instruction);
}
