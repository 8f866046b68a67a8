// SPDX-License-Identifier: LGPL-2.1-or-later
#include "callback.h"
#include "late.h"

void isahp_late_tell(const struct isahp_change *change,
		     const struct isahp_drain *drain)
{
	(void)drain;
	isahp_callbacks_tell(change, change);
}
