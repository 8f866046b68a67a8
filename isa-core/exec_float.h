/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What vector instructions need beyond others if they are of floating point. */
#ifndef ISAHP_CORE_EXEC_FLOAT_H
#define ISAHP_CORE_EXEC_FLOAT_H

#include "exec.h"
#include "float.h"
#include "lanes.h"

/**
 * isahp_exec_float_operation - a row of lanes_float.def
 * @operation: enum isahp_form_operation.
 *
 * Return: NULL: it is none of floating point.
 */
const struct isahp_lanes_operation *isahp_exec_float_operation(unsigned int operation);

/**
 * isahp_exec_float_set - how long vectors are, and what is to be known beyond
 * @in: the instruction.
 * @operation: its row.
 * @ret: @bytes and @imm are set.
 */
void isahp_exec_float_set(const struct isahp_instruction *in,
			  const struct isahp_lanes_operation *operation,
			  struct isahp_lanes *ret);

/**
 * isahp_exec_float_begin - what it computes by: MXCSR and what EVEX says
 * @in: the instruction.
 * @mxcsr: the thread's.
 */
struct isahp_fp isahp_exec_float_begin(const struct isahp_instruction *in, __u32 mxcsr);

/**
 * isahp_exec_float_end - whether a result may be written
 * @in: the instruction.
 * @fp: after computing.
 * @mxcsr: the thread's; flags are added unless the instruction suppresses them.
 *
 * Return: false: it ends in #XM.
 */
bool isahp_exec_float_end(const struct isahp_instruction *in, const struct isahp_fp *fp,
			  __u32 *mxcsr);

#endif /* ISAHP_CORE_EXEC_FLOAT_H */
