/* SPDX-License-Identifier: MIT */
/* Work space: each thread's own, kept from call to call. */
#ifndef ML_WORK_H
#define ML_WORK_H

#include <stddef.h>

/**
 * ml_work_get - take the thread's work space
 * @size: bytes that are needed.
 *
 * Return: aligned to a page; NULL: there is no memory, or a call that this one
 * interrupted has it.
 */
void *ml_work_get(size_t size);

/**
 * ml_work_put - give it back to the thread
 * @work: of ml_work_get(), not NULL.
 */
void ml_work_put(void *work);

#endif /* ML_WORK_H */
