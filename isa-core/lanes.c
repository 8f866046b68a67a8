// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "lanes.h"

const struct isahp_lanes_operation isahp_lanes_operations[] = {
#define LANES(name, function, element, sources, immediate, result) \
	[ISAHP_LANES_##name] = { \
		#name, isahp_lanes_##function, element, \
		ISAHP_LANES_##sources, ISAHP_LANES_##immediate, \
		ISAHP_LANES_TO_##result, \
	},
#include "lanes.def"
};
