/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The feature table: every CPUID bit that isahp has a name for.
 *
 * There is one such table in the project. Kernel module, library, daemon and
 * tests expand the two X-macros below; nobody keeps a list of their own.
 *
 * A feature's number is ABI: it is the bit position in struct isahp_features,
 * which crosses from host to guest and from kernel to user space. Numbers are
 * never reused and never change; new rows are appended.
 *
 * Sources: Intel SDM vol. 2A CPUID, vol. 1 ch. 13 (XSAVE) and the ISA
 * extensions reference 319433; AMD APM vol. 3 app. D and E; Linux
 * arch/x86/include/asm/cpufeatures.h for the flag names; QEMU target/i386/cpu.c
 * and libvirt cpu_map/x86_features.xml for theirs.
 */
#ifndef ISAHP_FEATURES_H
#define ISAHP_FEATURES_H

#if defined(__KERNEL__) || defined(__linux__)
#include <linux/types.h>
#else /* libisahp's headers compile elsewhere, too */
typedef unsigned long long __u64;
#endif

/** ISAHP_FEATURE_WORDS - 64-bit words in a feature set (room for 256). */
#define ISAHP_FEATURE_WORDS 4
#define ISAHP_FEATURE_MAX (ISAHP_FEATURE_WORDS * 64)

/**
 * struct isahp_features - a set of features
 * @word: bit (n % 64) of word[n / 64] is feature number n. Little-endian, as
 *	everything in isahp: it is an x86 protocol.
 */
struct isahp_features {
	__u64 word[ISAHP_FEATURE_WORDS];
};

/**
 * enum isahp_feature_class - what may be done with a feature while a VM runs
 * @ISAHP_CLASS_REMOVABLE: may come and go. Its instructions raise #UD where
 *	they are missing, and the register state they use stays.
 * @ISAHP_CLASS_SILENT: without it some instruction does not trap but computes
 *	something else (LZCNT runs as BSR, TZCNT as BSF). Never removed by
 *	trapping.
 * @ISAHP_CLASS_STATE: owns one or more XSAVE components. Not announced to a
 *	guest whose XCR0 lacks them, not taken from one that has them.
 * @ISAHP_CLASS_SYSTEM: what the kernel builds on, or a hint, or something that
 *	needs the kernel's consent: never announced to applications, possibly
 *	pinned by a guest.
 */
enum isahp_feature_class {
	ISAHP_CLASS_REMOVABLE,
	ISAHP_CLASS_SILENT,
	ISAHP_CLASS_STATE,
	ISAHP_CLASS_SYSTEM,
};

/** enum isahp_cpuid_register - the register of a CPUID leaf that holds a bit */
enum isahp_cpuid_register {
	ISAHP_EAX,
	ISAHP_EBX,
	ISAHP_ECX,
	ISAHP_EDX,
};

/* XSAVE components (SDM vol. 1, 13.1; APM vol. 2, 11.5.2) as XCR0/XSS masks. */
#define ISAHP_XFEATURE_AVX	(1ULL << 2)
#define ISAHP_XFEATURE_MPX	(3ULL << 3)
#define ISAHP_XFEATURE_AVX512	(7ULL << 5)
#define ISAHP_XFEATURE_PKRU	(1ULL << 9)
#define ISAHP_XFEATURE_PASID	(1ULL << 10)
#define ISAHP_XFEATURE_CET_USER	(1ULL << 11)
#define ISAHP_XFEATURE_UINTR	(1ULL << 14)
#define ISAHP_XFEATURE_AMX	(3ULL << 17)
#define ISAHP_XFEATURE_APX	(1ULL << 19)
#define ISAHP_XFEATURE_LWP	(1ULL << 62)

/*
 * In the spelling columns NULL means "as the Linux flag", "" means that the
 * program has no name for it (QEMU as of 10.0, libvirt as of 9.0: newer ones
 * may).
 *
 * X(number, SYMBOL, linux_flag, leaf, subleaf, register, bit, qemu, libvirt,
 *   class, xfeatures)
 */
#define ISAHP_FEATURE_TABLE(X) \
/* leaf 1 */ \
X(0,  SSE3, "pni", 1, 0, ECX, 0, NULL, NULL, REMOVABLE, 0) \
X(1,  PCLMULQDQ, "pclmulqdq", 1, 0, ECX, 1, NULL, "pclmuldq", REMOVABLE, 0) \
X(2,  SSSE3, "ssse3", 1, 0, ECX, 9, NULL, NULL, REMOVABLE, 0) \
X(3,  FMA, "fma", 1, 0, ECX, 12, NULL, NULL, REMOVABLE, 0) \
X(4,  CX16, "cx16", 1, 0, ECX, 13, NULL, NULL, REMOVABLE, 0) \
X(5,  SSE4_1, "sse4_1", 1, 0, ECX, 19, "sse4.1", "sse4.1", REMOVABLE, 0) \
X(6,  SSE4_2, "sse4_2", 1, 0, ECX, 20, "sse4.2", "sse4.2", REMOVABLE, 0) \
X(7,  MOVBE, "movbe", 1, 0, ECX, 22, NULL, NULL, REMOVABLE, 0) \
X(8,  POPCNT, "popcnt", 1, 0, ECX, 23, NULL, NULL, REMOVABLE, 0) \
X(9,  AES, "aes", 1, 0, ECX, 25, NULL, NULL, REMOVABLE, 0) \
X(10, XSAVE, "xsave", 1, 0, ECX, 26, NULL, NULL, SYSTEM, 0) \
X(11, AVX, "avx", 1, 0, ECX, 28, NULL, NULL, STATE, ISAHP_XFEATURE_AVX) \
X(12, F16C, "f16c", 1, 0, ECX, 29, NULL, NULL, REMOVABLE, 0) \
X(13, RDRAND, "rdrand", 1, 0, ECX, 30, NULL, NULL, REMOVABLE, 0) \
/* leaf 8000_0001h */ \
X(14, SYSCALL, "syscall", 0x80000001, 0, EDX, 11, NULL, NULL, SYSTEM, 0) \
X(15, MMXEXT, "mmxext", 0x80000001, 0, EDX, 22, NULL, NULL, REMOVABLE, 0) \
X(16, RDTSCP, "rdtscp", 0x80000001, 0, EDX, 27, NULL, NULL, REMOVABLE, 0) \
X(17, 3DNOWEXT, "3dnowext", 0x80000001, 0, EDX, 30, NULL, NULL, REMOVABLE, 0) \
X(18, 3DNOW, "3dnow", 0x80000001, 0, EDX, 31, NULL, NULL, REMOVABLE, 0) \
X(19, LAHF_LM, "lahf_lm", 0x80000001, 0, ECX, 0, "lahf-lm", NULL, REMOVABLE, 0) \
X(20, ABM, "abm", 0x80000001, 0, ECX, 5, NULL, NULL, SILENT, 0) \
X(21, SSE4A, "sse4a", 0x80000001, 0, ECX, 6, NULL, NULL, REMOVABLE, 0) \
X(22, MISALIGNSSE, "misalignsse", 0x80000001, 0, ECX, 7, NULL, NULL, SYSTEM, 0) \
X(23, 3DNOWPREFETCH, "3dnowprefetch", 0x80000001, 0, ECX, 8, NULL, NULL, SYSTEM, 0) \
X(24, XOP, "xop", 0x80000001, 0, ECX, 11, NULL, NULL, REMOVABLE, 0) \
X(25, LWP, "lwp", 0x80000001, 0, ECX, 15, NULL, NULL, STATE, ISAHP_XFEATURE_LWP) \
X(26, FMA4, "fma4", 0x80000001, 0, ECX, 16, NULL, NULL, REMOVABLE, 0) \
X(27, TBM, "tbm", 0x80000001, 0, ECX, 21, NULL, NULL, REMOVABLE, 0) \
X(28, MWAITX, "mwaitx", 0x80000001, 0, ECX, 29, "", "", REMOVABLE, 0) \
/* leaf 7, subleaf 0, EBX */ \
X(29, FSGSBASE, "fsgsbase", 7, 0, EBX, 0, NULL, NULL, REMOVABLE, 0) \
X(30, BMI1, "bmi1", 7, 0, EBX, 3, NULL, NULL, SILENT, 0) \
X(31, HLE, "hle", 7, 0, EBX, 4, NULL, NULL, SYSTEM, 0) \
X(32, AVX2, "avx2", 7, 0, EBX, 5, NULL, NULL, REMOVABLE, 0) \
X(33, SMEP, "smep", 7, 0, EBX, 7, NULL, NULL, SYSTEM, 0) \
X(34, BMI2, "bmi2", 7, 0, EBX, 8, NULL, NULL, REMOVABLE, 0) \
X(35, ERMS, "erms", 7, 0, EBX, 9, NULL, NULL, SYSTEM, 0) \
X(36, RTM, "rtm", 7, 0, EBX, 11, NULL, NULL, REMOVABLE, 0) \
X(37, MPX, "mpx", 7, 0, EBX, 14, NULL, NULL, STATE, ISAHP_XFEATURE_MPX) \
X(38, AVX512F, "avx512f", 7, 0, EBX, 16, NULL, NULL, STATE, ISAHP_XFEATURE_AVX512) \
X(39, AVX512DQ, "avx512dq", 7, 0, EBX, 17, NULL, NULL, REMOVABLE, 0) \
X(40, RDSEED, "rdseed", 7, 0, EBX, 18, NULL, NULL, REMOVABLE, 0) \
X(41, ADX, "adx", 7, 0, EBX, 19, NULL, NULL, REMOVABLE, 0) \
X(42, SMAP, "smap", 7, 0, EBX, 20, NULL, NULL, SYSTEM, 0) \
X(43, AVX512IFMA, "avx512ifma", 7, 0, EBX, 21, NULL, NULL, REMOVABLE, 0) \
X(44, CLFLUSHOPT, "clflushopt", 7, 0, EBX, 23, NULL, NULL, SYSTEM, 0) \
X(45, CLWB, "clwb", 7, 0, EBX, 24, NULL, NULL, REMOVABLE, 0) \
X(46, AVX512PF, "avx512pf", 7, 0, EBX, 26, NULL, NULL, REMOVABLE, 0) \
X(47, AVX512ER, "avx512er", 7, 0, EBX, 27, NULL, NULL, REMOVABLE, 0) \
X(48, AVX512CD, "avx512cd", 7, 0, EBX, 28, NULL, NULL, REMOVABLE, 0) \
X(49, SHA_NI, "sha_ni", 7, 0, EBX, 29, "sha-ni", "sha-ni", REMOVABLE, 0) \
X(50, AVX512BW, "avx512bw", 7, 0, EBX, 30, NULL, NULL, REMOVABLE, 0) \
X(51, AVX512VL, "avx512vl", 7, 0, EBX, 31, NULL, NULL, REMOVABLE, 0) \
/* leaf 7, subleaf 0, ECX */ \
X(52, AVX512VBMI, "avx512vbmi", 7, 0, ECX, 1, NULL, NULL, REMOVABLE, 0) \
X(53, UMIP, "umip", 7, 0, ECX, 2, NULL, NULL, SYSTEM, 0) \
X(54, PKU, "pku", 7, 0, ECX, 3, NULL, NULL, STATE, ISAHP_XFEATURE_PKRU) \
X(55, WAITPKG, "waitpkg", 7, 0, ECX, 5, NULL, NULL, REMOVABLE, 0) \
X(56, AVX512_VBMI2, "avx512_vbmi2", 7, 0, ECX, 6, "avx512vbmi2", "avx512vbmi2", REMOVABLE, 0) \
X(57, SHSTK, "user_shstk", 7, 0, ECX, 7, "", "", STATE, ISAHP_XFEATURE_CET_USER) \
X(58, GFNI, "gfni", 7, 0, ECX, 8, NULL, NULL, REMOVABLE, 0) \
X(59, VAES, "vaes", 7, 0, ECX, 9, NULL, NULL, REMOVABLE, 0) \
X(60, VPCLMULQDQ, "vpclmulqdq", 7, 0, ECX, 10, NULL, NULL, REMOVABLE, 0) \
X(61, AVX512_VNNI, "avx512_vnni", 7, 0, ECX, 11, "avx512vnni", "avx512vnni", REMOVABLE, 0) \
X(62, AVX512_BITALG, "avx512_bitalg", 7, 0, ECX, 12, "avx512bitalg", "avx512bitalg", REMOVABLE, 0) \
X(63, AVX512_VPOPCNTDQ, "avx512_vpopcntdq", 7, 0, ECX, 14, "avx512-vpopcntdq", "avx512-vpopcntdq", REMOVABLE, 0) \
X(64, RDPID, "rdpid", 7, 0, ECX, 22, NULL, NULL, REMOVABLE, 0) \
X(65, KEYLOCKER, "kl", 7, 0, ECX, 23, "", "", SYSTEM, 0) \
X(66, CLDEMOTE, "cldemote", 7, 0, ECX, 25, NULL, NULL, SYSTEM, 0) \
X(67, MOVDIRI, "movdiri", 7, 0, ECX, 27, NULL, NULL, REMOVABLE, 0) \
X(68, MOVDIR64B, "movdir64b", 7, 0, ECX, 28, NULL, NULL, REMOVABLE, 0) \
X(69, ENQCMD, "enqcmd", 7, 0, ECX, 29, "", "", STATE, ISAHP_XFEATURE_PASID) \
/* leaf 7, subleaf 0, EDX */ \
X(70, AVX512_4VNNIW, "avx512_4vnniw", 7, 0, EDX, 2, "avx512-4vnniw", "avx512-4vnniw", REMOVABLE, 0) \
X(71, AVX512_4FMAPS, "avx512_4fmaps", 7, 0, EDX, 3, "avx512-4fmaps", "avx512-4fmaps", REMOVABLE, 0) \
X(72, FSRM, "fsrm", 7, 0, EDX, 4, NULL, NULL, SYSTEM, 0) \
X(73, UINTR, "uintr", 7, 0, EDX, 5, "", "", STATE, ISAHP_XFEATURE_UINTR) \
X(74, AVX512_VP2INTERSECT, "avx512_vp2intersect", 7, 0, EDX, 8, "avx512-vp2intersect", "avx512-vp2intersect", REMOVABLE, 0) \
X(75, SERIALIZE, "serialize", 7, 0, EDX, 14, NULL, NULL, REMOVABLE, 0) \
X(76, TSXLDTRK, "tsxldtrk", 7, 0, EDX, 16, "tsx-ldtrk", "tsx-ldtrk", REMOVABLE, 0) \
X(77, IBT, "ibt", 7, 0, EDX, 20, "", "", SYSTEM, 0) \
X(78, AMX_BF16, "amx_bf16", 7, 0, EDX, 22, "amx-bf16", "amx-bf16", REMOVABLE, 0) \
X(79, AVX512_FP16, "avx512_fp16", 7, 0, EDX, 23, "avx512-fp16", "avx512-fp16", REMOVABLE, 0) \
X(80, AMX_TILE, "amx_tile", 7, 0, EDX, 24, "amx-tile", "amx-tile", STATE, ISAHP_XFEATURE_AMX) \
X(81, AMX_INT8, "amx_int8", 7, 0, EDX, 25, "amx-int8", "amx-int8", REMOVABLE, 0) \
/* leaf 7, subleaf 1 */ \
X(82, SHA512, "sha512", 7, 1, EAX, 0, "", "", REMOVABLE, 0) \
X(83, SM3, "sm3", 7, 1, EAX, 1, "", "", REMOVABLE, 0) \
X(84, SM4, "sm4", 7, 1, EAX, 2, "", "", REMOVABLE, 0) \
X(85, RAO_INT, "rao_int", 7, 1, EAX, 3, "", "", REMOVABLE, 0) \
X(86, AVX_VNNI, "avx_vnni", 7, 1, EAX, 4, "avx-vnni", "avx-vnni", REMOVABLE, 0) \
X(87, AVX512_BF16, "avx512_bf16", 7, 1, EAX, 5, "avx512-bf16", "avx512-bf16", REMOVABLE, 0) \
X(88, CMPCCXADD, "cmpccxadd", 7, 1, EAX, 7, "cmpccxadd", "", REMOVABLE, 0) \
X(89, AMX_FP16, "amx_fp16", 7, 1, EAX, 21, "amx-fp16", "", REMOVABLE, 0) \
X(90, AVX_IFMA, "avx_ifma", 7, 1, EAX, 23, "avx-ifma", "", REMOVABLE, 0) \
X(91, MOVRS, "movrs", 7, 1, EAX, 31, "", "", REMOVABLE, 0) \
X(92, AVX_VNNI_INT8, "avx_vnni_int8", 7, 1, EDX, 4, "avx-vnni-int8", "", REMOVABLE, 0) \
X(93, AVX_NE_CONVERT, "avx_ne_convert", 7, 1, EDX, 5, "avx-ne-convert", "", REMOVABLE, 0) \
X(94, AMX_COMPLEX, "amx_complex", 7, 1, EDX, 8, "amx-complex", "", REMOVABLE, 0) \
X(95, AVX_VNNI_INT16, "avx_vnni_int16", 7, 1, EDX, 10, "avx-vnni-int16", "", REMOVABLE, 0) \
X(96, PREFETCHI, "prefetchi", 7, 1, EDX, 14, "prefetchiti", "", SYSTEM, 0) \
X(97, USER_MSR, "user_msr", 7, 1, EDX, 15, "", "", SYSTEM, 0) \
X(98, AVX10, "avx10", 7, 1, EDX, 19, "avx10", "", REMOVABLE, 0) \
X(99, APX_F, "apx", 7, 1, EDX, 21, "", "", STATE, ISAHP_XFEATURE_APX) \
/* leaf 0Dh, subleaf 1 */ \
X(100, XSAVEOPT, "xsaveopt", 0xd, 1, EAX, 0, NULL, NULL, SYSTEM, 0) \
X(101, XSAVEC, "xsavec", 0xd, 1, EAX, 1, NULL, NULL, SYSTEM, 0) \
X(102, XGETBV1, "xgetbv1", 0xd, 1, EAX, 2, NULL, NULL, SYSTEM, 0) \
X(103, XSAVES, "xsaves", 0xd, 1, EAX, 3, NULL, NULL, SYSTEM, 0) \
/* leaves 19h, 1Eh, 8000_0008h */ \
X(104, AESKLE, "aeskle", 0x19, 0, EBX, 0, "", "", SYSTEM, 0) \
X(105, WIDE_KL, "wide_kl", 0x19, 0, EBX, 2, "", "", SYSTEM, 0) \
X(106, AMX_FP8, "amx_fp8", 0x1e, 1, EAX, 4, "", "", REMOVABLE, 0) \
X(107, AMX_TRANSPOSE, "amx_transpose", 0x1e, 1, EAX, 5, "", "", REMOVABLE, 0) \
X(108, AMX_TF32, "amx_tf32", 0x1e, 1, EAX, 6, "", "", REMOVABLE, 0) \
X(109, AMX_AVX512, "amx_avx512", 0x1e, 1, EAX, 7, "", "", REMOVABLE, 0) \
X(110, AMX_MOVRS, "amx_movrs", 0x1e, 1, EAX, 8, "", "", REMOVABLE, 0) \
X(111, CLZERO, "clzero", 0x80000008, 0, EBX, 0, NULL, NULL, REMOVABLE, 0) \
X(112, RDPRU, "rdpru", 0x80000008, 0, EBX, 4, "", "", REMOVABLE, 0) \
X(113, WBNOINVD, "wbnoinvd", 0x80000008, 0, EBX, 9, NULL, NULL, SYSTEM, 0)

/*
 * X(FEATURE, name): what manuals and compilers call a feature, where Linux, QEMU
 * and libvirt all say something else. Understood in lists that people write,
 * never printed.
 */
#define ISAHP_ALIAS_TABLE(X) \
X(SSE3, "sse3") \
X(PCLMULQDQ, "pclmul") \
X(RDRAND, "rdrnd") \
X(ABM, "lzcnt") \
X(BMI1, "bmi") \
X(SHA_NI, "sha")

/*
 * X(FEATURE, NEEDS, reason): FEATURE is not usable, or not defined, without
 * NEEDS. SSE2 and below are x86-64 itself and are not in the table.
 */
#define ISAHP_DEPENDENCY_TABLE(X) \
X(SSSE3, SSE3, "each SSE generation contains the one before") \
X(SSE4_1, SSSE3, "each SSE generation contains the one before") \
X(SSE4_2, SSE4_1, "each SSE generation contains the one before") \
X(SSE4A, SSE3, "AMD added it on top of SSE3") \
X(3DNOW, MMXEXT, "AMD's 3DNow! processors all have the MMX extensions") \
X(3DNOWEXT, 3DNOW, "extends 3DNow!") \
X(POPCNT, SSE3, "introduced with SSE4, whose software checks it after SSE3") \
X(AES, SSE3, "operates on XMM state as SSE3 software sees it") \
X(PCLMULQDQ, SSE3, "operates on XMM state as SSE3 software sees it") \
X(SHA_NI, SSE3, "operates on XMM state as SSE3 software sees it") \
X(GFNI, SSE3, "operates on XMM state as SSE3 software sees it") \
X(XSAVEOPT, XSAVE, "variant of XSAVE") \
X(XSAVEC, XSAVE, "variant of XSAVE") \
X(XGETBV1, XSAVE, "variant of XGETBV, which comes with XSAVE") \
X(XSAVES, XSAVEC, "the compacted format comes with XSAVEC") \
X(AVX, XSAVE, "YMM state is enabled in XCR0") \
X(AVX, SSE4_2, "every processor with AVX has SSE4.2, and compilers' -mavx assumes it") \
X(LWP, XSAVE, "LWP state is enabled in XCR0") \
X(MPX, XSAVE, "BND state is enabled in XCR0") \
X(PKU, XSAVE, "PKRU is enabled in XCR0") \
X(SHSTK, XSAVES, "CET state is enabled in IA32_XSS") \
X(UINTR, XSAVES, "UINTR state is enabled in IA32_XSS") \
X(ENQCMD, XSAVES, "PASID state is enabled in IA32_XSS") \
X(F16C, AVX, "VEX-encoded on XMM and YMM") \
X(FMA, AVX, "VEX-encoded on XMM and YMM") \
X(FMA4, AVX, "VEX-encoded on XMM and YMM") \
X(XOP, AVX, "XOP-encoded on XMM and YMM") \
X(AVX2, AVX, "widens AVX's integer instructions") \
X(VAES, AVX, "VEX-encoded on YMM") \
X(VAES, AES, "widens AES") \
X(VAES, AVX2, "256-bit integer instructions; no processor has it without AVX2") \
X(VPCLMULQDQ, AVX, "VEX-encoded on YMM") \
X(VPCLMULQDQ, PCLMULQDQ, "widens PCLMULQDQ") \
X(VPCLMULQDQ, AVX2, "256-bit integer instructions; no processor has it without AVX2") \
X(AVX_VNNI, AVX2, "256-bit integer instructions") \
X(AVX_IFMA, AVX2, "256-bit integer instructions") \
X(AVX_VNNI_INT8, AVX2, "256-bit integer instructions") \
X(AVX_VNNI_INT16, AVX2, "256-bit integer instructions") \
X(AVX_NE_CONVERT, AVX2, "VEX-encoded on YMM") \
X(SHA512, AVX2, "VEX-encoded on YMM") \
X(SM3, AVX, "VEX-encoded on XMM") \
X(SM4, AVX2, "VEX-encoded on YMM") \
X(AVX512F, AVX2, "software for AVX-512 takes AVX2 for granted") \
X(AVX512F, FMA, "EVEX forms of FMA are part of the foundation") \
X(AVX512F, F16C, "EVEX forms of VCVTPH2PS are part of the foundation") \
X(AVX512CD, AVX512F, "AVX-512 subset") \
X(AVX512ER, AVX512F, "AVX-512 subset") \
X(AVX512PF, AVX512F, "AVX-512 subset") \
X(AVX512_4VNNIW, AVX512F, "AVX-512 subset") \
X(AVX512_4FMAPS, AVX512F, "AVX-512 subset") \
X(AVX512_VPOPCNTDQ, AVX512F, "AVX-512 subset") \
X(AVX512_VP2INTERSECT, AVX512F, "AVX-512 subset") \
X(AVX512DQ, AVX512F, "AVX-512 subset") \
X(AVX512BW, AVX512F, "AVX-512 subset") \
X(AVX512VL, AVX512F, "AVX-512 subset") \
X(AVX512IFMA, AVX512F, "AVX-512 subset") \
X(AVX512_VNNI, AVX512F, "AVX-512 subset") \
X(AVX512VBMI, AVX512BW, "byte granularity, 64-bit masks") \
X(AVX512_VBMI2, AVX512BW, "byte granularity, 64-bit masks") \
X(AVX512_BITALG, AVX512BW, "byte granularity, 64-bit masks") \
X(AVX512_BF16, AVX512BW, "16-bit elements, 32-bit masks") \
X(AVX512_FP16, AVX512BW, "16-bit elements, 32-bit masks") \
X(AVX512_FP16, AVX512DQ, "the SDM demands AVX512DQ with it") \
X(AVX512_FP16, AVX512VL, "defined for all three vector lengths") \
X(AVX10, AVX512VL, "converged form of AVX-512") \
X(AVX10, AVX512BW, "converged form of AVX-512") \
X(AVX10, AVX512DQ, "converged form of AVX-512") \
X(AMX_TILE, XSAVE, "tile state is enabled in XCR0") \
X(AMX_INT8, AMX_TILE, "operates on tiles") \
X(AMX_BF16, AMX_TILE, "operates on tiles") \
X(AMX_FP16, AMX_TILE, "operates on tiles") \
X(AMX_COMPLEX, AMX_TILE, "operates on tiles") \
X(AMX_FP8, AMX_TILE, "operates on tiles") \
X(AMX_TRANSPOSE, AMX_TILE, "operates on tiles") \
X(AMX_TF32, AMX_TILE, "operates on tiles") \
X(AMX_AVX512, AMX_TILE, "operates on tiles") \
X(AMX_AVX512, AVX512F, "moves tile rows into ZMM") \
X(AMX_MOVRS, AMX_TILE, "operates on tiles") \
X(AMX_MOVRS, MOVRS, "tile form of MOVRS") \
X(APX_F, XSAVE, "the extended GPRs are enabled in XCR0") \
X(HLE, RTM, "both halves of TSX are fused off together") \
X(TSXLDTRK, RTM, "extends RTM") \
X(AESKLE, KEYLOCKER, "Key Locker's AES instructions") \
X(WIDE_KL, AESKLE, "wide forms of Key Locker's AES instructions") \
X(FSRM, ERMS, "refines ERMS")

/**
 * enum isahp_feature - feature numbers, ISAHP_FEATURE_<SYMBOL>
 *
 * ISAHP_FEATURE_COUNT is one more than the highest number in use.
 */
#define ISAHP_FEATURE_ENUM(n, sym, ...) ISAHP_FEATURE_##sym = n,
enum isahp_feature {
	ISAHP_FEATURE_TABLE(ISAHP_FEATURE_ENUM)
	ISAHP_FEATURE_COUNT,
};
#undef ISAHP_FEATURE_ENUM

#endif /* ISAHP_FEATURES_H */
