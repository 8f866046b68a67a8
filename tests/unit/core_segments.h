/* SPDX-License-Identifier: MIT */
/* Segments of 32-bit code, in a local descriptor table, and what is known of them. */
#ifndef CORE_SEGMENTS_H
#define CORE_SEGMENTS_H

#include <isa-core/emulate.h>

#include "core_native.h"

/**
 * struct case_segments - segment registers of a case
 * @used: they are not as usual: DS, ES and SS flat, GS null in 32-bit code.
 * @native: selectors.
 * @hidden: by enum isahp_segment_register; @expands_down: not as one can say there.
 */
struct case_segments {
	bool used;
	struct native_segments native;
	struct isahp_segment hidden[ISAHP_SEGMENTS];
	bool expands_down[ISAHP_SEGMENTS];
};

/**
 * segments_draw - DS, ES, SS and GS for 32-bit code
 * @s: filled in.
 * @target: linear addresses of operands, near which limits lie.
 *
 * Some have limits, some are read-only, expand down, wrap around at 4 GiB, or are
 * null selectors. A system without modify_ldt() leaves them as usual.
 */
void segments_draw(struct case_segments *s, const __u32 target[2]);

/** segments_get - what a case has: as isahp_emulate_ops.segment. @s may be NULL */
bool segments_get(const struct case_segments *s, enum isahp_code_mode mode,
		  unsigned int n, struct isahp_segment *ret);

#endif /* CORE_SEGMENTS_H */
