// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <nmmintrin.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/crc32c.h>

Test(crc32c, matches_the_published_vectors)
{
	unsigned char block[32];

	/* RFC 3720, B.4. */
	cr_assert_eq(isahp_crc32c("123456789", 9), 0xe3069283);
	memset(block, 0, sizeof(block));
	cr_assert_eq(isahp_crc32c(block, 32), 0x8a9136aa);
	memset(block, 0xff, sizeof(block));
	cr_assert_eq(isahp_crc32c(block, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		block[i] = i;
	cr_assert_eq(isahp_crc32c(block, 32), 0x46dd794e);
	cr_assert_eq(isahp_crc32c("", 0), 0);
}

__attribute__((target("sse4.2"))) static unsigned int hardware(const unsigned char *p, size_t n)
{
	unsigned int crc = ~0u;

	while (n--)
		crc = _mm_crc32_u8(crc, *p++);
	return ~crc;
}

Test(crc32c, matches_the_instruction_on_every_length)
{
	unsigned char data[1024];

	if (!__builtin_cpu_supports("sse4.2"))
		cr_skip_test("this CPU has no CRC32 instruction");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = random();
	for (size_t n = 0; n <= sizeof(data); n++)
		cr_assert_eq(isahp_crc32c(data, n), hardware(data, n), "length %zu", n);
}
