/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef ISAHP_CORE_CRC32C_H
#define ISAHP_CORE_CRC32C_H

#include "env.h"

/**
 * isahp_crc32c - CRC-32C (Castagnoli) of a block of memory
 * @data: @size bytes.
 * @size: may be 0.
 *
 * Reflected polynomial 0x82f63b78, initial value and final XOR all ones (RFC
 * 3720, B.4): the CRC of "123456789" is 0xe3069283.
 */
__u32 isahp_crc32c(const void *data, size_t size);

/**
 * isahp_crc32c_extend - a CRC-32C's register after some more bytes
 * @crc: the register, not inverted.
 * @data: @size bytes.
 * @size: may be 0.
 */
__u32 isahp_crc32c_extend(__u32 crc, const void *data, size_t size);

#endif /* ISAHP_CORE_CRC32C_H */
