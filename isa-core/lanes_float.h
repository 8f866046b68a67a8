/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Floating-point operations on vectors, one for each row of lanes_float.def.
 *
 * They need struct isahp_lanes' @fp, and add flags to it for the active elements
 * alone. Where an instruction rounds as EVEX says, or suppresses exceptions, @fp
 * says so (isahp_fp_suppress()). What they compute is meant for masked
 * exceptions: whether it may be written, isahp_fp_end() says.
 */
#ifndef ISAHP_CORE_LANES_FLOAT_H
#define ISAHP_CORE_LANES_FLOAT_H

#include "float.h"
#include "vector.h"

#define LANES(name, function, element, sources, immediate, result) \
	void isahp_lanes_##function(const struct isahp_lanes *l, \
				    union isahp_vector *ret, \
				    const union isahp_vector *a, \
				    const union isahp_vector *b, \
				    const union isahp_vector *c);
#include "lanes_float.def"

#endif /* ISAHP_CORE_LANES_FLOAT_H */
