// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
/*
 * The decoder against Zydis, another one by other people: over random bytes,
 * and over every byte offset of the code of libraries on this machine, the two
 * see the same instructions, of the same length, with the same operands.
 */
#include <Zydis/Zydis.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <isa-core/instruction.h>

#define ROUNDS 3000000
#define LIBRARY_BYTES (3u << 20) /* of one library, from a random place on */

static ZydisDecoder decoders[2];
static unsigned long agreed[2];

static void setup(void)
{
	const char *text = getenv("ISAHP_SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) :
				   (unsigned int)getpid();

	printf("ISAHP_SEED=%u\n", seed);
	srandom(seed);
	ZydisDecoderInit(&decoders[ISAHP_CODE_32], ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
			 ZYDIS_STACK_WIDTH_32);
	ZydisDecoderInit(&decoders[ISAHP_CODE_64], ZYDIS_MACHINE_MODE_LONG_64,
			 ZYDIS_STACK_WIDTH_64);
}

static const char *hex(const __u8 *bytes)
{
	static char text[4 * ISAHP_INSTRUCTION_MAX];

	for (int i = 0; i < ISAHP_INSTRUCTION_MAX; i++)
		sprintf(text + 3 * i, "%02x ", bytes[i]);
	return text;
}

static unsigned int number_of(ZydisRegister r)
{
	if (r == ZYDIS_REGISTER_NONE)
		return ISAHP_REGISTER_NONE;
	if (r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
		return ISAHP_REGISTER_RIP;
	return ZydisRegisterGetId(r);
}

static unsigned int segment_of(ZydisRegister r)
{
	return r - ZYDIS_REGISTER_ES;
}

/*
 * SIB.base 5 under ModRM.mod 0 is a displacement and no base, REX.B or not (SDM
 * vol. 2A, table 2-5). Zydis 4.0 takes it for R13 and loses the displacement;
 * unit/core_emulate has the CPU's word on it.
 */
static bool zydis_sees_r13(const ZydisDecodedOperand *op,
			   const struct isahp_instruction *in)
{
	return in->base == ISAHP_REGISTER_NONE && number_of(op->mem.base) == 13 &&
	       !op->mem.disp.has_displacement;
}

static void check_memory(const __u8 *b, const struct isahp_instruction *in,
			 const ZydisDecodedInstruction *z,
			 const ZydisDecodedOperand *op)
{
	cr_assert_eq(in->rm, ISAHP_REGISTER_NONE, "%s", hex(b));
	cr_assert_eq(in->address_size * 8, z->address_width, "%s", hex(b));
	cr_assert_eq(in->index, number_of(op->mem.index), "%s: index", hex(b));
	if (in->index != ISAHP_REGISTER_NONE)
		cr_assert_eq(1 << in->scale, op->mem.scale, "%s: scale", hex(b));
	if (zydis_sees_r13(op, in))
		return;
	cr_assert_eq(in->base, number_of(op->mem.base), "%s: base", hex(b));
	cr_assert_eq(in->displacement, (__s32)op->mem.disp.value,
		     "%s: displacement", hex(b));
	cr_assert_eq(in->segment, segment_of(op->mem.segment), "%s: segment %u",
		     hex(b), in->segment);
}

static void check_operand(const __u8 *b, const struct isahp_instruction *in,
			  const ZydisDecodedInstruction *z,
			  const ZydisDecodedOperand *op, bool is_rm)
{
	cr_assert_eq(op->size, in->operand_size * 8, "%s: size", hex(b));
	if (op->type == ZYDIS_OPERAND_TYPE_MEMORY)
		check_memory(b, in, z, op);
	else
		cr_assert_eq(number_of(op->reg.value), is_rm ? in->rm : in->reg,
			     "%s: register", hex(b));
}

static bool is_ours(ZydisMnemonic m)
{
	return m == ZYDIS_MNEMONIC_POPCNT || m == ZYDIS_MNEMONIC_MOVBE;
}

/* Returns whether it is an instruction of ours. */
static bool compare(const __u8 *b, size_t count, enum isahp_code_mode mode)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	struct isahp_instruction in;
	enum isahp_decoded got = isahp_instruction_decode(b, count, mode, &in);
	bool store;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders[mode], b, count, &z, ops)) ||
	    !is_ours(z.mnemonic)) {
		cr_assert_neq(got, ISAHP_DECODED, "%s: not ours (mode %d)",
			      hex(b), mode);
		return false;
	}
	cr_assert_eq(got, ISAHP_DECODED, "%s: overlooked (mode %d)", hex(b), mode);
	cr_assert_eq(in.length, z.length, "%s: length", hex(b));
	store = ops[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
	cr_assert_eq(in.feature, z.mnemonic == ZYDIS_MNEMONIC_POPCNT ?
					 ISAHP_FEATURE_POPCNT :
					 ISAHP_FEATURE_MOVBE, "%s", hex(b));
	cr_assert_eq(in.operation,
		     z.mnemonic == ZYDIS_MNEMONIC_POPCNT ? ISAHP_OPERATION_POPCNT :
		     store ? ISAHP_OPERATION_MOVBE_STORE :
			     ISAHP_OPERATION_MOVBE_LOAD, "%s", hex(b));
	check_operand(b, &in, &z, &ops[0], store);
	check_operand(b, &in, &z, &ops[1], !store);
	/* Nothing behind it is looked at, and nothing of it is superfluous. */
	cr_assert_eq(isahp_instruction_decode(b, in.length, mode, &in),
		     ISAHP_DECODED);
	cr_assert_eq(isahp_instruction_decode(b, in.length - 1, mode, &in),
		     ISAHP_DECODED_SHORT);
	agreed[mode]++;
	return true;
}

/* Random bytes, most of them around an opcode of ours. */
static void draw(__u8 *b)
{
	static const __u8 prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e,
					 0x36, 0x3e, 0x64, 0x65, 0x41, 0x48, 0x4f };
	size_t n = 0;

	for (int i = 0; i < ISAHP_INSTRUCTION_MAX; i++)
		b[i] = random();
	if (!(random() % 8))
		return;
	while (n < 10 && random() % 3)
		b[n++] = prefixes[random() % sizeof(prefixes)];
	if (random() % 2)
		b[n++] = 0xf3;
	if (random() % 2)
		b[n++] = 0x40 | random() % 16;
	b[n++] = 0x0f;
	if (random() % 2) {
		b[n++] = 0x38;
		b[n++] = 0xf0 | random() % 2;
	} else {
		b[n++] = 0xb8;
	}
}

Test(decoder, sees_in_random_bytes_what_zydis_sees, .init = setup)
{
	__u8 b[ISAHP_INSTRUCTION_MAX];

	for (int i = 0; i < ROUNDS; i++) {
		draw(b);
		compare(b, sizeof(b), i & 1);
	}
	printf("agreed on %lu in 64-bit and %lu in 32-bit code\n",
	       agreed[ISAHP_CODE_64], agreed[ISAHP_CODE_32]);
	cr_assert_geq(agreed[0], ROUNDS / 20);
	cr_assert_geq(agreed[1], ROUNDS / 20);
}

struct walk {
	const char *name;
	unsigned long bytes, ours;
};

/* Code as ld.so has mapped it, at each byte, instruction or not. */
static int walk_library(struct dl_phdr_info *info, size_t size, void *data)
{
	struct walk *w = data;

	(void)size;
	if (!strstr(info->dlpi_name, w->name))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const __u8 *code = (const __u8 *)(info->dlpi_addr + p->p_vaddr);
		size_t n = p->p_filesz, from = 0;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || n < 64)
			continue;
		n -= ISAHP_INSTRUCTION_MAX;
		if (n > LIBRARY_BYTES) {
			from = (size_t)random() % (n - LIBRARY_BYTES);
			n = from + LIBRARY_BYTES;
		}
		w->bytes += n - from;
		for (; from < n; from++)
			w->ours += compare(code + from, ISAHP_INSTRUCTION_MAX,
					   ISAHP_CODE_64);
	}
	return 0;
}

Test(decoder, sees_in_libraries_what_zydis_sees, .init = setup)
{
	static const char *const names[] = { "libc.so.6", "libcrypto.so.3",
					     "libm.so.6" };
	unsigned long all = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct walk w = { .name = names[i] };

		if (!dlopen(names[i], RTLD_LAZY)) {
			printf("%s: not on this machine\n", names[i]);
			continue;
		}
		dl_iterate_phdr(walk_library, &w);
		printf("%s: %lu bytes, %lu instructions of ours\n", w.name,
		       w.bytes, w.ours);
		all += w.bytes;
	}
	cr_assert_geq(all, 1u << 20);
}
