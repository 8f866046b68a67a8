// SPDX-License-Identifier: MIT
/*
 * Calls into the other shared object. Built twice: into the program, which is
 * linked with -z now as hardened packages are, and with CALLERS_LAZY into a
 * shared object linked with -z lazy.
 */
#include "library.h"
#include "other.h"

#ifdef CALLERS_LAZY
#define BY_IFUNC lazy_by_ifunc
#define BY_IFUNC_AGAIN lazy_by_ifunc_again
#define BY_OTHER lazy_by_other
#define BY_OTHER_AGAIN lazy_by_other_again
#else
#define BY_IFUNC now_by_ifunc
#define BY_IFUNC_AGAIN now_by_ifunc_again
#define BY_OTHER now_by_other
#define BY_OTHER_AGAIN now_by_other_again
#endif

BY(BY_IFUNC)
{
	while (calls--)
		other_ifunc(turns);
}

BY(BY_IFUNC_AGAIN)
{
	while (calls--)
		other_ifunc(turns);
}

BY(BY_OTHER)
{
	while (calls--)
		other(turns);
}

BY(BY_OTHER_AGAIN)
{
	while (calls--)
		other(turns);
}
