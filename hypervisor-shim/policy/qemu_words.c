// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu_words.h"

#include <errno.h>
#include <string.h>

#include "import_formats.h"

/* More than any QEMU has. */
#define WORDS_MAX 256

static const char *const names[] = {
#define NAME(sym, name) [ISAHP_QEMU_##sym] = name,
	ISAHP_QEMU_NUMBER_TABLE(NAME)
#undef NAME
};

const char *isahp_qemu_number_name(enum isahp_qemu_number number)
{
	return names[number];
}

static int register_of(const json_t *word)
{
	const char *name = json_string_value(json_object_get(word, "cpuid-register"));
	static const char *const registers[] = {
		[ISAHP_EAX] = "EAX", [ISAHP_EBX] = "EBX",
		[ISAHP_ECX] = "ECX", [ISAHP_EDX] = "EDX",
	};
	int i;

	for (i = ISAHP_EAX; name && i <= ISAHP_EDX; i++)
		if (!strcmp(registers[i], name))
			return i;
	return -ENOENT;
}

static bool is_word(const json_t *json)
{
	return json_is_integer(json) && json_integer_value(json) >= 0 &&
	       json_integer_value(json) <= 0xffffffff;
}

static int add_word(struct isahp_profile *profile, const json_t *word)
{
	const json_t *eax = json_object_get(word, "cpuid-input-eax");
	const json_t *ecx = json_object_get(word, "cpuid-input-ecx");
	const json_t *bits = json_object_get(word, "features");
	int reg = register_of(word);
	__u32 leaf;

	if (!is_word(eax) || !is_word(bits) || reg < 0 || (ecx && !is_word(ecx)))
		return -EPROTO;
	leaf = (__u32)json_integer_value(eax);
	if (leaf >= 0x40000000 && leaf < 0x80000000 &&
	    (leaf != ISAHP_QEMU_KVM_LEAF || reg != ISAHP_EAX))
		return 0;
	return isahp_profile_set(profile, leaf,
				 ecx ? (__u32)json_integer_value(ecx) : 0, reg, ~0U,
				 (__u32)json_integer_value(bits));
}

static int add_words(struct isahp_profile *profile, const json_t *words)
{
	const json_t *word;
	size_t i;
	int rc = 0;

	if (!json_is_array(words) || json_array_size(words) > WORDS_MAX)
		return -EPROTO;
	json_array_foreach(words, i, word) {
		rc = add_word(profile, word);
		if (rc)
			break;
	}
	return rc;
}

/* CPUID 7.0 ECX[16]: linear addresses have 57 bits, else 48 (SDM vol. 3A, 4.1.4) */
static __u32 linear_bits(const struct isahp_profile *profile)
{
	const struct isahp_cpuid_leaf *seven = isahp_profile_leaf(profile, 7, 0);

	return seven && seven->value[ISAHP_ECX] >> 16 & 1 ? 57 : 48;
}

static int add_numbers(struct isahp_profile *profile, const json_int_t *number)
{
	struct isahp_signature signature = {
		.family = (unsigned int)number[ISAHP_QEMU_FAMILY],
		.model = (unsigned int)number[ISAHP_QEMU_MODEL],
		.stepping = (unsigned int)number[ISAHP_QEMU_STEPPING],
	};
	int i, rc = 0;

	for (i = 0; i < ISAHP_QEMU_NUMBERS; i++)
		if (number[i] > 0xffffffff)
			return -EPROTO;
	if (number[ISAHP_QEMU_FAMILY] > 0 && number[ISAHP_QEMU_MODEL] >= 0 &&
	    number[ISAHP_QEMU_STEPPING] >= 0)
		rc = isahp_import_signature(profile, &signature);
	if (!rc && number[ISAHP_QEMU_PHYS_BITS] > 0)
		rc = number[ISAHP_QEMU_PHYS_BITS] > 64 ? -EPROTO :
		     isahp_profile_set(profile, 0x80000008, 0, ISAHP_EAX, 0xffff,
				       (__u32)number[ISAHP_QEMU_PHYS_BITS] |
				       linear_bits(profile) << 8);
	/* 0: it has not decided. */
	if (!rc && number[ISAHP_QEMU_LEVEL] > 0)
		rc = isahp_profile_set(profile, 0, 0, ISAHP_EAX, ~0U,
				       (__u32)number[ISAHP_QEMU_LEVEL]);
	if (!rc && number[ISAHP_QEMU_XLEVEL] > 0)
		rc = isahp_profile_set(profile, 0x80000000, 0, ISAHP_EAX, ~0U,
				       (__u32)number[ISAHP_QEMU_XLEVEL]);
	return rc;
}

int isahp_qemu_cpu_profile(const struct isahp_qemu_cpu *cpu,
			   struct isahp_profile *ret)
{
	struct isahp_profile profile = { 0 };
	int rc = add_words(&profile, cpu->words);

	if (!rc)
		rc = add_numbers(&profile, cpu->number);
	if (!rc && cpu->vendor)
		rc = isahp_import_vendor(&profile, cpu->vendor);
	if (rc) {
		isahp_profile_free(&profile);
		return rc == -ENOMEM ? rc : -EPROTO;
	}
	*ret = profile;
	return 0;
}
