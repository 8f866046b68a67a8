// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "exec_fast.h"

void isahp_exec_fast_settle(struct isahp_emulation *e)
{
	__u64 result = e->lazy.result, carries = e->lazy.carries, flags;

	if (!e->lazy.pending)
		return;
	flags = exec_flags_of(result, 8) | carries >> 63 |
		(carries & 8) << 1 | ((carries ^ carries << 1) >> 63) << 11;
	fast_flags_set(e, flags);
}

enum isahp_emulated isahp_exec_fast_leave(struct isahp_emulation *e,
					  const struct isahp_instruction *in)
{
	isahp_exec_fast_settle(e);
	return fast_step(in)->general(e, in);
}

static isahp_exec_fn choose(struct isahp_run_step *step, enum isahp_code_mode mode)
{
	isahp_exec_fn fn = NULL;

	if (mode == ISAHP_CODE_64)
		fn = isahp_exec_fast_arithmetic(&step->in);
	if (!fn && mode == ISAHP_CODE_64)
		fn = isahp_exec_fast_bits(&step->in);
	if (!fn && mode == ISAHP_CODE_64)
		fn = isahp_exec_fast_move(&step->in);
	return fn ? fn : isahp_exec_fast_vector(step, mode);
}

bool isahp_exec_fast_set(struct isahp_run_step *step, enum isahp_code_mode mode)
{
	const struct isahp_instruction *in = &step->in;
	isahp_exec_fn fn;

	step->general = isahp_exec_function(in);
	if (!step->general)
		return false;
	fn = choose(step, mode);
	/* Of what is fast branches go elsewhere, and its first operand is stored. */
	step->stays = fn && !exec_is_memory(in, 0) &&
		      exec_kind(in, 0)->class != ISAHP_OPERAND_RELATIVE;
	step->function[ISAHP_RUN_ALONE] = fn ? fn : isahp_exec_fast_leave;
	step->function[ISAHP_RUN_WHOLE] = step->function[ISAHP_RUN_ALONE];
	return true;
}
