// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "crc32c.h"

/* One nibble at a time: 64 bytes of table, and records are small and rare. */
static const __u32 nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

__u32 isahp_crc32c_extend(__u32 crc, const void *data, size_t size)
{
	const __u8 *p = data;

	while (size--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

__u32 isahp_crc32c(const void *data, size_t size)
{
	return ~isahp_crc32c_extend(~0u, data, size);
}
