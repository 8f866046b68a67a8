/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are written as a whole, or stay as they are. */
#ifndef ISAHP_SHIM_REPLACE_H
#define ISAHP_SHIM_REPLACE_H

#include <sys/types.h>

/**
 * isahp_write_whole - write all of a text
 * @fd: open for writing; need not be a file.
 * @text: to be written.
 *
 * Return: 0 or an errno.
 */
int isahp_write_whole(int fd, const char *text);

/**
 * isahp_replace - put a text into a file's place
 * @path: of the file, which need not be there. What is left of it by a crash, of
 *	the machine too, is the old text or the new one.
 * @mode: of the new file, whatever the umask.
 * @text: to be written.
 *
 * Return: 0 or an errno; nothing has changed then.
 */
int isahp_replace(const char *path, mode_t mode, const char *text);

#endif /* ISAHP_SHIM_REPLACE_H */
