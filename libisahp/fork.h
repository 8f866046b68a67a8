/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_FORK_H
#define ISAHP_FORK_H

/**
 * isahp_fork_init - keep the library whole in a fork's child; once
 *
 * A registrant is one process: the child is none. Nobody would tell it of a
 * removal, so before fork() returns in it all operations are on variants that
 * need nothing. If the parent follows with a thread of the library's, the first
 * call of an operation in the child follows anew (not at the fork itself: most
 * children call exec); with ISAHP_START_NO_THREAD that is the application's to
 * do, by isahp_start().
 */
void isahp_fork_init(void);

#endif /* ISAHP_FORK_H */
