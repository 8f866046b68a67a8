// SPDX-License-Identifier: MIT
#include <isa-core/form.h>

#include "core_estimate.h"

bool estimate_is(unsigned int operation)
{
	switch (operation) {
	case ISAHP_OP_RCPPS:
	case ISAHP_OP_RCPSS:
	case ISAHP_OP_RSQRTPS:
	case ISAHP_OP_RSQRTSS:
	case ISAHP_OP_VRCP14PD:
	case ISAHP_OP_VRCP14PS:
	case ISAHP_OP_VRCP14SD:
	case ISAHP_OP_VRCP14SS:
	case ISAHP_OP_VRSQRT14PD:
	case ISAHP_OP_VRSQRT14PS:
	case ISAHP_OP_VRSQRT14SD:
	case ISAHP_OP_VRSQRT14SS:
		return true;
	default:
		return false;
	}
}
