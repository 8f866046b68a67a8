// SPDX-License-Identifier: MIT
/* A library that owns an operation; loaded and unloaded by lib_process.c. */
#include <isahp/isahp.h>

static int plain(int (*inside)(void))
{
	return inside ? inside() : 0;
}

static int ssse3(int (*inside)(void))
{
	return inside ? inside() : 1;
}

ISAHP_OPERATION_DECLARE(plugged, int, (int (*inside)(void)), (inside))
ISAHP_OPERATION_DEFINE(plugged,
	ISAHP_VARIANT("ssse3", ssse3, 1, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", plain, 9, ISAHP_SET_NONE));

int plugin_call(int (*inside)(void));

__attribute__((visibility("default"))) int plugin_call(int (*inside)(void))
{
	return plugged(inside);
}
