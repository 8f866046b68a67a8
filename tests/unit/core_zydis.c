// SPDX-License-Identifier: MIT
#include "core_zydis.h"

#include <Zydis/Zydis.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>
#include <needs.h>

/* --- the table's names, which isa-core itself has no use for --------------- */

static const struct {
	const char *mnemonic;
	const char *where;
	const char *operands[ISAHP_FORM_OPERANDS];
} names[] = {
#define FORM(mnemonic, operation, where, a, b, c, d, ...) \
	{ #mnemonic, #where, { #a, #b, #c, #d } },
#include <isa-core/forms.def>
};

#define ROWS (sizeof(names) / sizeof(names[0]))

static unsigned long seen[ROWS];
static ZydisMnemonic mnemonics[ROWS];
static bool claimed[ZYDIS_MNEMONIC_MAX_VALUE + 1];
static ZydisDecoder decoders[2];
static char difference[400];

const char *zydis_difference(void)
{
	return difference;
}

unsigned long zydis_form_seen(unsigned int form)
{
	return seen[form];
}

const char *zydis_form_name(unsigned int form)
{
	static char text[160];

	snprintf(text, sizeof(text), "%s (%s) %s,%s,%s,%s", names[form].mnemonic,
		 names[form].where, names[form].operands[0], names[form].operands[1],
		 names[form].operands[2], names[form].operands[3]);
	return text;
}

static ZydisMnemonic mnemonic_of(const char *name)
{
	char lower[32];
	size_t i;
	int m;

	for (i = 0; name[i]; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	lower[i] = 0;
	for (m = 0; m <= ZYDIS_MNEMONIC_MAX_VALUE; m++)
		if (!strcmp(ZydisMnemonicGetString((ZydisMnemonic)m), lower))
			return (ZydisMnemonic)m;
	return ZYDIS_MNEMONIC_INVALID;
}

void zydis_init(void)
{
	size_t i;

	ZydisDecoderInit(&decoders[ISAHP_CODE_32], ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
			 ZYDIS_STACK_WIDTH_32);
	ZydisDecoderInit(&decoders[ISAHP_CODE_64], ZYDIS_MACHINE_MODE_LONG_64,
			 ZYDIS_STACK_WIDTH_64);
	for (i = 0; i < ROWS; i++) {
		mnemonics[i] = i && !strcmp(names[i].mnemonic, names[i - 1].mnemonic) ?
				       mnemonics[i - 1] : mnemonic_of(names[i].mnemonic);
		if (mnemonics[i] == ZYDIS_MNEMONIC_INVALID) {
			fprintf(stderr, "no mnemonic %s\n", names[i].mnemonic);
			abort();
		}
		claimed[mnemonics[i]] = true;
	}
}

/* --- one pair of views ---------------------------------------------------- */

struct pair {
	const __u8 *bytes;
	enum isahp_code_mode mode;
	struct isahp_instruction in;
	const struct isahp_form *form;
	ZydisDecodedInstruction z;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
};

static bool differ(const struct pair *p, const char *what, long ours, long theirs)
{
	char text[4 * ISAHP_INSTRUCTION_MAX];
	int i;

	for (i = 0; i < ISAHP_INSTRUCTION_MAX; i++)
		sprintf(text + 3 * i, "%02x ", p->bytes[i]);
	snprintf(difference, sizeof(difference), "%s(%d-bit code): %s: %ld, not %ld; %s, %s",
		 text, p->mode == ISAHP_CODE_64 ? 64 : 32, what, ours, theirs,
		 p->form ? zydis_form_name(p->in.form) : "foreign",
		 ZydisMnemonicGetString(p->z.mnemonic));
	return false;
}

#define SAME(p, what, ours, theirs) \
	((long)(ours) == (long)(theirs) || \
	 differ(p, what, (long)(ours), (long)(theirs)))

/* --- registers ------------------------------------------------------------ */

static unsigned int address_register(ZydisRegister r)
{
	if (r == ZYDIS_REGISTER_NONE)
		return ISAHP_REGISTER_NONE;
	if (r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
		return ISAHP_REGISTER_RIP;
	return (unsigned int)ZydisRegisterGetId(r);
}

static unsigned int register_number(ZydisRegister r)
{
	unsigned int id = (unsigned int)ZydisRegisterGetId(r);

	/* AL CL DL BL AH CH DH BH SPL ... */
	if (ZydisRegisterGetClass(r) != ZYDIS_REGCLASS_GPR8 || id < 4)
		return id;
	return id < 8 ? id - 4 + ISAHP_REGISTER_AH : id - 4;
}

static unsigned int class_of(ZydisRegister r)
{
	switch (ZydisRegisterGetClass(r)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		return ISAHP_OPERAND_GPR;
	case ZYDIS_REGCLASS_XMM:
	case ZYDIS_REGCLASS_YMM:
	case ZYDIS_REGCLASS_ZMM:
		return ISAHP_OPERAND_VECTOR;
	case ZYDIS_REGCLASS_MASK:
		return ISAHP_OPERAND_OPMASK;
	default:
		return ISAHP_OPERAND_NONE;
	}
}

static bool same_register(const struct pair *p, const struct isahp_operand *ours,
			  const ZydisDecodedOperand *z)
{
	unsigned int bytes = ZydisRegisterGetWidth(p->z.machine_mode, z->reg.value) / 8;

	if (!SAME(p, "class of a register", ours->class, class_of(z->reg.value)) ||
	    !SAME(p, "register", ours->number, register_number(z->reg.value)))
		return false;
	switch (ours->class) {
	case ISAHP_OPERAND_GPR:
		return SAME(p, "size of a register", ours->size, bytes);
	case ISAHP_OPERAND_VECTOR:
		return SAME(p, "size of a vector",
			    ours->size < 16 ? 16 : ours->size, bytes);
	default:
		return true;
	}
}

/* --- memory ---------------------------------------------------------------- */

static bool is_absolute(const struct pair *p, unsigned int n)
{
	return isahp_form_kinds[p->form->operand[n]].place == ISAHP_PLACE_ABSOLUTE;
}

/*
 * SIB.base 5 under ModRM.mod 0 is a displacement and no base, REX.B or not (SDM
 * vol. 2A, table 2-5). Zydis 4.0 takes it for R13 and loses the displacement;
 * unit/core_emulate has the CPU's word on it.
 */
static bool zydis_sees_r13(const struct pair *p, const ZydisDecodedOperand *z)
{
	return p->in.base == ISAHP_REGISTER_NONE &&
	       address_register(z->mem.base) == 13 && !z->mem.disp.has_displacement;
}

static bool same_address(const struct pair *p, const ZydisDecodedOperand *z)
{
	if (!SAME(p, "index", p->in.index, address_register(z->mem.index)))
		return false;
	if (p->in.index != ISAHP_REGISTER_NONE &&
	    !SAME(p, "scale", 1 << p->in.scale, z->mem.scale))
		return false;
	if (zydis_sees_r13(p, z))
		return true;
	return SAME(p, "base", p->in.base, address_register(z->mem.base)) &&
	       SAME(p, "displacement", p->in.displacement, z->mem.disp.value);
}

static bool same_memory(const struct pair *p, const struct isahp_operand *ours,
			unsigned int n, const ZydisDecodedOperand *z)
{
	unsigned int size = z->size / 8;

	if (z->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
		return SAME(p, "address", ours->class, ISAHP_OPERAND_ADDRESS) &&
		       same_address(p, z);
	if (!SAME(p, "memory", ours->class, ISAHP_OPERAND_MEMORY))
		return false;
	if (p->in.flags & ISAHP_INSTRUCTION_BROADCAST)
		size = ours->size;
	if (!SAME(p, "size of memory", ours->size, size))
		return false;
	/* NOTRACK (SDM vol. 1, 17.3.4) is an override of DS as well. */
	if (!(p->z.attributes & ZYDIS_ATTRIB_HAS_NOTRACK) && !zydis_sees_r13(p, z) &&
	    !SAME(p, "segment", p->in.segment,
		  z->mem.segment - ZYDIS_REGISTER_ES))
		return false;
	if (is_absolute(p, n))
		return SAME(p, "absolute address", p->in.immediate,
			    p->in.address_size == 8 ? z->mem.disp.value :
			    p->in.address_size == 4 ?
				    (long)(__u32)z->mem.disp.value :
				    (long)(__u16)z->mem.disp.value);
	return same_address(p, z);
}

/* --- immediates ------------------------------------------------------------ */

static bool same_immediate(const struct pair *p, const struct isahp_operand *ours,
			   unsigned int n, const ZydisDecodedOperand *z)
{
	unsigned int bits = z->size;
	__u64 value = (__u64)p->in.immediate;
	__u64 mask = bits >= 64 ? ~0ULL : (1ULL << bits) - 1;

	if (z->imm.is_relative)
		return SAME(p, "branch", ours->class, ISAHP_OPERAND_RELATIVE) &&
		       SAME(p, "target", p->in.immediate, z->imm.value.s);
	if (!SAME(p, "immediate", ours->class, ISAHP_OPERAND_IMMEDIATE))
		return false;
	switch (isahp_form_kinds[p->form->operand[n]].place) {
	case ISAHP_PLACE_FIXED:
		value = 1;
		break;
	case ISAHP_PLACE_IMMEDIATE2:
		value >>= 32;
		break;
	default:
		if (p->form->flags & ISAHP_FORM_IMM8_2)
			value &= 0xffffffff;
		else if (z->imm.is_signed &&
			 !(p->form->flags & ISAHP_FORM_IMMV) &&
			 !SAME(p, "signed immediate", (__s64)value, z->imm.value.s))
			return false;
	}
	return SAME(p, "immediate", value & mask, z->imm.value.u & mask);
}

/* --- all of an instruction -------------------------------------------------- */

static unsigned int access_of(const ZydisDecodedOperand *z)
{
	return (z->actions & ZYDIS_OPERAND_ACTION_MASK_READ ? ISAHP_OPERAND_READ : 0) |
	       (z->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? ISAHP_OPERAND_WRITE : 0);
}

static bool same_operand(const struct pair *p, unsigned int n,
			 const ZydisDecodedOperand *z)
{
	struct isahp_operand ours = isahp_instruction_operand(&p->in, n);
	unsigned int access = access_of(z);

	/* LEA reads its address, as it were. */
	if (ours.class == ISAHP_OPERAND_ADDRESS)
		access = ISAHP_OPERAND_READ;
	/* Of a destination merged by mask Zydis says that it is read. */
	if (p->in.opmask && !n && ours.access & ISAHP_OPERAND_WRITE)
		access = ours.access;
	if (!SAME(p, "access", ours.access, access))
		return false;
	switch (z->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return same_register(p, &ours, z);
	case ZYDIS_OPERAND_TYPE_MEMORY:
		return same_memory(p, &ours, n, z);
	default:
		return same_immediate(p, &ours, n, z);
	}
}

static bool same_operands(const struct pair *p)
{
	unsigned int i, n = 0;

	for (i = 0; i < p->z.operand_count; i++) {
		const ZydisDecodedOperand *z = &p->ops[i];

		if (z->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN ||
		    z->encoding == ZYDIS_OPERAND_ENCODING_MASK)
			continue;
		if (n == ISAHP_FORM_OPERANDS)
			return differ(p, "number of operands", n, n + 1);
		if (!same_operand(p, n, z))
			return false;
		n++;
	}
	return n == ISAHP_FORM_OPERANDS ||
	       SAME(p, "number of operands",
		    isahp_instruction_operand(&p->in, n).class, ISAHP_OPERAND_NONE);
}

static unsigned int broadcast_of(const struct pair *p)
{
	return p->z.avx.broadcast.mode && !p->z.avx.broadcast.is_static;
}

static bool same_evex(const struct pair *p)
{
	const struct isahp_instruction *in = &p->in;
	unsigned int rounding = p->z.avx.rounding.mode;
	bool zeroing = p->z.avx.mask.mode == ZYDIS_MASK_MODE_ZEROING ||
		       p->z.avx.mask.mode == ZYDIS_MASK_MODE_CONTROL_ZEROING;

	if (p->z.encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX)
		return true;
	/* What an opmask leaves out of an opmask is 0, and Zydis calls it so. */
	if (p->form->operand[0] == ISAHP_KIND_KV)
		zeroing = false;
	if (!SAME(p, "opmask", in->opmask, p->z.raw.evex.aaa) ||
	    !SAME(p, "zeroing", !!(in->flags & ISAHP_INSTRUCTION_ZEROING), zeroing) ||
	    !SAME(p, "broadcast", !!(in->flags & ISAHP_INSTRUCTION_BROADCAST),
		  broadcast_of(p)) ||
	    !SAME(p, "rounding", !!(in->flags & ISAHP_INSTRUCTION_ROUNDING), !!rounding))
		return false;
	if (rounding)
		return SAME(p, "rounding", in->rounding, rounding - ZYDIS_ROUNDING_MODE_RN);
	return SAME(p, "SAE", !!(in->flags & ISAHP_INSTRUCTION_SAE), p->z.avx.has_sae);
}

/* With all that they depend on. */
static void close_features(struct isahp_features *set)
{
	struct isahp_features none = isahp_features_none(), more;

	more = isahp_features_missing(&none, set);
	*set = isahp_features_or(set, &more);
}

static bool same_features(const struct pair *p)
{
	struct isahp_features ours = isahp_instruction_features(&p->in), theirs;

	needs_of(&p->z, &theirs);
	close_features(&ours);
	close_features(&theirs);
	return !memcmp(&ours, &theirs, sizeof(ours)) ||
	       differ(p, "features", isahp_instruction_feature(&p->in), -1);
}

/* Rows have one name for what is called by the size of a counter. */
static ZydisMnemonic one_name(ZydisMnemonic m)
{
	return m == ZYDIS_MNEMONIC_JCXZ || m == ZYDIS_MNEMONIC_JECXZ ?
		       ZYDIS_MNEMONIC_JRCXZ : m;
}

/* F3 and REX.B before 90: XCHG, says unit/core_decoder_cpu. */
static bool zydis_sees_pause(const struct pair *p)
{
	return p->z.mnemonic == ZYDIS_MNEMONIC_PAUSE &&
	       isahp_instruction_operation(&p->in) == ISAHP_OP_XCHG;
}

static bool same(const struct pair *p)
{
	bool is_vex = p->z.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY;

	if (zydis_sees_pause(p))
		return true;
	return SAME(p, "mnemonic", mnemonics[p->in.form], one_name(p->z.mnemonic)) &&
	       SAME(p, "length", p->in.length, p->z.length) &&
	       SAME(p, "address size", p->in.address_size * 8, p->z.address_width) &&
	       SAME(p, "LOCK", !!(p->in.flags & ISAHP_INSTRUCTION_LOCK),
		    !!(p->z.attributes & ZYDIS_ATTRIB_HAS_LOCK)) &&
	       SAME(p, "VEX", !!(p->in.flags & ISAHP_INSTRUCTION_VEX), is_vex) &&
	       same_operands(p) && same_evex(p) && same_features(p);
}

/* --- what is ours ----------------------------------------------------------- */

static bool has_foreign_operand(const struct pair *p)
{
	unsigned int i;

	for (i = 0; i < p->z.operand_count; i++) {
		const ZydisDecodedOperand *z = &p->ops[i];

		if (z->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
			continue;
		if (z->type == ZYDIS_OPERAND_TYPE_POINTER)
			return true;
		/* MMX, x87, segment, control and debug registers. */
		if (z->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    class_of(z->reg.value) == ISAHP_OPERAND_NONE)
			return true;
	}
	return false;
}

static bool is_16_bit(const struct pair *p)
{
	unsigned int i;

	for (i = 0; i < p->z.raw.prefix_count; i++)
		if (p->z.raw.prefixes[i].value == 0x66)
			return !(p->z.attributes & ZYDIS_ATTRIB_HAS_REX) ||
			       !p->z.raw.rex.W;
	return false;
}

/*
 * What Zydis has a mnemonic of ours for, and is left alone: said in the head of
 * forms.def, or undefined by the manuals.
 */
static bool is_left_alone(const struct pair *p)
{
	if (p->z.encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
	    p->z.encoding == ZYDIS_INSTRUCTION_ENCODING_XOP ||
	    p->z.meta.isa_set == ZYDIS_ISA_SET_KNCV ||
	    has_foreign_operand(p))
		return true;
	switch (p->z.mnemonic) {
	case ZYDIS_MNEMONIC_CALL:
	case ZYDIS_MNEMONIC_JMP:
	case ZYDIS_MNEMONIC_RET:
		if (p->z.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
			return true;
		break;
	/* Of 16 bits undefined, or of memory of one or the other size. */
	case ZYDIS_MNEMONIC_BSWAP:
	case ZYDIS_MNEMONIC_MOVSXD:
		return is_16_bit(p);
	/* Of 32-bit code AMD's CPUs say that VEX.W1 is undefined. */
	case ZYDIS_MNEMONIC_VPEXTRD:
	case ZYDIS_MNEMONIC_VPINSRD:
		return p->mode == ISAHP_CODE_32 &&
		       p->z.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX &&
		       p->z.raw.vex.W;
	/* Hints with a meaning on some CPU, MPX and CET among them. */
	case ZYDIS_MNEMONIC_NOP:
		return p->z.opcode_map == ZYDIS_OPCODE_MAP_0F;
	default:
		break;
	}
	return p->mode == ISAHP_CODE_64 && is_16_bit(p) &&
	       p->z.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE;
}

/*
 * In 32-bit code CPUs ignore EVEX.V' (unit/core_decoder_cpu), Zydis takes it for
 * a register that is not there.
 */
static bool zydis_refuses(const struct pair *p)
{
	__u8 copy[ISAHP_INSTRUCTION_MAX];
	ZydisDecodedInstruction z;
	size_t i = 0;

	if (p->mode == ISAHP_CODE_64 || !(p->in.flags & ISAHP_INSTRUCTION_VEX))
		return false;
	memcpy(copy, p->bytes, sizeof(copy));
	while (copy[i] != 0x62 && copy[i] != 0xc4 && copy[i] != 0xc5)
		i++;
	if (copy[i] != 0x62 || copy[i + 3] & 8)
		return false;
	copy[i + 3] |= 8;
	return ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoders[p->mode], NULL,
							  copy, sizeof(copy), &z)) &&
	       z.mnemonic == mnemonics[p->in.form] && z.length == p->in.length;
}

enum zydis_verdict zydis_compare(const __u8 *bytes, enum isahp_code_mode mode)
{
	struct pair p = { .bytes = bytes, .mode = mode };
	bool ours, theirs;

	ours = isahp_instruction_decode(bytes, ISAHP_INSTRUCTION_MAX, mode, &p.in) ==
	       ISAHP_DECODED;
	theirs = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders[mode], bytes,
						     ISAHP_INSTRUCTION_MAX, &p.z,
						     p.ops));
	if (!theirs)
		p.z.mnemonic = ZYDIS_MNEMONIC_INVALID;
	if (ours)
		p.form = isahp_instruction_form(&p.in);
	if (!ours && (!theirs || !claimed[p.z.mnemonic] || is_left_alone(&p)))
		return ZYDIS_NOTHING;
	if (ours && !theirs && zydis_refuses(&p))
		return ZYDIS_AGREES;
	if (ours != theirs) {
		differ(&p, "decodes", ours, theirs);
		return ZYDIS_DIFFERS;
	}
	if (!same(&p))
		return ZYDIS_DIFFERS;
	seen[p.in.form]++;
	return ZYDIS_AGREES;
}
