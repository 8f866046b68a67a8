/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers that a signal interrupted, in its frame on the stack, as
 * isa-core wants them.
 */
#ifndef ISAHP_SIGNAL_FRAME_H
#define ISAHP_SIGNAL_FRAME_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>
#include <isa-core/emulate.h>
#include <isa-core/xsave_image.h>
#include "code_map.h"

/**
 * struct isahp_signal_frame - a frame that is open
 * @context: as the handler was given it.
 * @regs: general registers, and @simd once they are loaded.
 * @simd: vector registers, as many bytes of each as were asked for.
 * @room: bytes of each that the frame has: 16, 32, 64; 0: no vector state.
 * @end: address behind the vector state, as the kernel has put it there.
 * @xfeatures: components that it has; nothing where @room is not more than 16.
 * @layout: of the frame's XSAVE image; its size is 0 where there is but FXSAVE's,
 *	and AVX-512's places are asked for when they are needed.
 */
struct isahp_signal_frame {
	ucontext_t *context;
	struct isahp_registers regs;
	struct isahp_simd simd;
	unsigned int room;
	uint64_t end;
	uint64_t xfeatures;
	struct isahp_xsave_layout layout;
};

/** isahp_signal_frame_open - load general registers, see what else there is */
void isahp_signal_frame_open(struct isahp_signal_frame *frame, ucontext_t *context);

/**
 * isahp_signal_frame_load - have the vector registers that an instruction uses
 * @frame: open.
 * @in: the instruction.
 * @needs: its features.
 *
 * Return: false if the frame does not have them.
 */
bool isahp_signal_frame_load(struct isahp_signal_frame *frame,
			     const struct isahp_instruction *in,
			     const struct isahp_features *needs);

/** isahp_signal_frame_range - where on a stack the kernel has put it */
struct isahp_range isahp_signal_frame_range(const struct isahp_signal_frame *frame);

/** isahp_signal_frame_store - what was changed goes into the frame */
void isahp_signal_frame_store(struct isahp_signal_frame *frame);

#endif /* ISAHP_SIGNAL_FRAME_H */
