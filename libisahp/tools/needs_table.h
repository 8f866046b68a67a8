/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which features an instruction needs, by the ISA set that Zydis says it is of.
 *
 * Zydis' sets are Intel XED's, named for where an instruction came from; ours
 * are CPUID's. A set without a row is one that isahp has no feature for (VIA's
 * Padlock, Knights Corner, PTWRITE...): nothing can declare it.
 *
 * X(SET, source, FEATURE, FEATURE, FEATURE): NONE where there are fewer. A row
 * of NONE alone is x86-64's base, a hint that is a NOP where it is not known,
 * or an instruction of the kernel's, which no feature makes usable.
 *
 * Sources name the instruction's page, whose column "CPUID feature flag" (SDM
 * vol. 2) or line "Instruction subset" (APM vol. 3) it is, or a section.
 */
#ifndef ISAHP_TOOL_NEEDS_TABLE_H
#define ISAHP_TOOL_NEEDS_TABLE_H

/* EVEX forms: 512 bits need the subset alone, 128 and 256 bits AVX512VL too. */
#define NEEDS_EVEX(X, SET, source, F, G)                                       \
	X(SET##_128, source, F, G, AVX512VL)                                   \
	X(SET##_256, source, F, G, AVX512VL)                                   \
	X(SET##_512, source, F, G, NONE)

#define NEEDS_TABLE(X)                                                         \
X(I86, "SDM vol. 1, 5.1: general purpose", NONE, NONE, NONE)                   \
X(I186, "SDM vol. 1, 5.1: general purpose", NONE, NONE, NONE)                  \
X(I286PROTECTED, "SDM vol. 1, 5.20: system", NONE, NONE, NONE)                 \
X(I286REAL, "SDM vol. 1, 5.20: system", NONE, NONE, NONE)                      \
X(I386, "SDM vol. 1, 5.1: general purpose", NONE, NONE, NONE)                  \
X(I486, "SDM vol. 1, 5.1: general purpose", NONE, NONE, NONE)                  \
X(I486REAL, "SDM vol. 1, 5.1: general purpose", NONE, NONE, NONE)              \
X(PENTIUMREAL, "SDM vol. 2, CMPXCHG8B, RDTSC: x86-64 has them", NONE, NONE, NONE) \
X(PPRO, "SDM vol. 2, UD2: x86-64 has it", NONE, NONE, NONE)                    \
X(CMOV, "APM vol. 1, 3.3: x86-64 has CMOVcc", NONE, NONE, NONE)                \
X(FCMOV, "APM vol. 1, 6.4: x86-64 has FCMOVcc", NONE, NONE, NONE)              \
X(X87, "SDM vol. 1, 5.2: x87", NONE, NONE, NONE)                               \
X(FAT_NOP, "SDM vol. 2, NOP: multi-byte", NONE, NONE, NONE)                    \
X(PAUSE, "SDM vol. 2, PAUSE: a NOP where not known", NONE, NONE, NONE)         \
X(LONGMODE, "SDM vol. 1, 5.21: 64-bit mode", NONE, NONE, NONE)                 \
X(PENTIUMMMX, "SDM vol. 1, 5.4, and SSE's MMX forms: x86-64 has them", NONE, NONE, NONE) \
X(SSE, "SDM vol. 1, 5.5: x86-64 has SSE", NONE, NONE, NONE)                    \
X(SSE2, "SDM vol. 1, 5.6: x86-64 has SSE2", NONE, NONE, NONE)                  \
X(SSE2MMX, "SDM vol. 1, 5.6.3: x86-64 has SSE2", NONE, NONE, NONE)             \
X(SSEMXCSR, "SDM vol. 2, LDMXCSR: x86-64 has SSE", NONE, NONE, NONE)           \
X(SSE_PREFETCH, "SDM vol. 2, PREFETCHh: a hint", NONE, NONE, NONE)             \
X(PREFETCH_NOP, "APM vol. 3, PREFETCH: a NOP in Intel's 64-bit mode", NONE, NONE, NONE) \
X(PREFETCHWT1, "SDM vol. 2, PREFETCHWT1: a hint in the same opcode", NONE, NONE, NONE) \
X(CLFSH, "SDM vol. 2, CLFLUSH: x86-64 has it", NONE, NONE, NONE)               \
X(CLDEMOTE, "SDM vol. 2, CLDEMOTE: a NOP where not known", NONE, NONE, NONE)   \
X(CET, "SDM vol. 2, ENDBR64, RDSSP: NOPs where not known; others: mnemonic", NONE, NONE, NONE) \
X(FXSAVE, "SDM vol. 2, FXSAVE: x86-64 has it", NONE, NONE, NONE)               \
X(FXSAVE64, "SDM vol. 2, FXSAVE64: x86-64 has it", NONE, NONE, NONE)           \
X(RDPMC, "SDM vol. 2, RDPMC: x86-64 has it", NONE, NONE, NONE)                 \
X(AMD, "APM vol. 3, ch. 4: system", NONE, NONE, NONE)                          \
X(INVPCID, "SDM vol. 2, INVPCID: system", NONE, NONE, NONE)                    \
X(SMAP, "SDM vol. 2, CLAC: system", NONE, NONE, NONE)                          \
X(MONITOR, "SDM vol. 2, MONITOR: system", NONE, NONE, NONE)                    \
X(SVM, "APM vol. 3, ch. 4: system", NONE, NONE, NONE)                          \
X(VTX, "SDM vol. 3, ch. 31: system", NONE, NONE, NONE)                         \
X(SMX, "SDM vol. 2, ch. 7: system", NONE, NONE, NONE)                          \
X(SSE3, "SDM vol. 1, 5.7", SSE3, NONE, NONE)                                   \
X(SSE3X87, "SDM vol. 2, FISTTP", SSE3, NONE, NONE)                             \
X(SSSE3, "SDM vol. 1, 5.8", SSSE3, NONE, NONE)                                 \
X(SSSE3MMX, "SDM vol. 1, 5.8", SSSE3, NONE, NONE)                              \
X(SSE4, "SDM vol. 1, 5.10", SSE4_1, NONE, NONE)                                \
X(SSE42, "SDM vol. 1, 5.11", SSE4_2, NONE, NONE)                               \
X(POPCNT, "SDM vol. 2, POPCNT", POPCNT, NONE, NONE)                            \
X(SSE4A, "APM vol. 4, EXTRQ, INSERTQ, MOVNTSS", SSE4A, NONE, NONE)             \
X(AMD3DNOW, "APM vol. 5; five of them: mnemonic", 3DNOW, NONE, NONE)           \
X(AES, "SDM vol. 2, AESENC", AES, NONE, NONE)                                  \
X(PCLMULQDQ, "SDM vol. 2, PCLMULQDQ", PCLMULQDQ, NONE, NONE)                   \
X(SHA, "SDM vol. 2, SHA1MSG1", SHA_NI, NONE, NONE)                             \
X(GFNI, "SDM vol. 2, GF2P8MULB", GFNI, NONE, NONE)                             \
X(CMPXCHG16B, "SDM vol. 2, CMPXCHG16B", CX16, NONE, NONE)                      \
X(LAHF, "SDM vol. 2, LAHF: in 64-bit mode", LAHF_LM, NONE, NONE)               \
X(MOVBE, "SDM vol. 2, MOVBE", MOVBE, NONE, NONE)                               \
X(LZCNT, "SDM vol. 2, LZCNT: REP BSR", ABM, NONE, NONE)                        \
X(BMI1, "SDM vol. 2, ANDN, BEXTR, BLSI, TZCNT: REP BSF", BMI1, NONE, NONE)     \
X(BMI2, "SDM vol. 2, BZHI, MULX, PDEP, RORX, SARX", BMI2, NONE, NONE)          \
X(TBM, "APM vol. 3, BLCFILL", TBM, NONE, NONE)                                 \
X(ADOX_ADCX, "SDM vol. 2, ADCX", ADX, NONE, NONE)                              \
X(RDRAND, "SDM vol. 2, RDRAND", RDRAND, NONE, NONE)                            \
X(RDSEED, "SDM vol. 2, RDSEED", RDSEED, NONE, NONE)                            \
X(RDTSCP, "SDM vol. 2, RDTSCP", RDTSCP, NONE, NONE)                            \
X(RDPID, "SDM vol. 2, RDPID", RDPID, NONE, NONE)                               \
X(RDPRU, "APM vol. 3, RDPRU", RDPRU, NONE, NONE)                               \
X(RDWRFSGS, "SDM vol. 2, RDFSBASE", FSGSBASE, NONE, NONE)                      \
X(CLFLUSHOPT, "SDM vol. 2, CLFLUSHOPT", CLFLUSHOPT, NONE, NONE)                \
X(CLWB, "SDM vol. 2, CLWB", CLWB, NONE, NONE)                                  \
X(CLZERO, "APM vol. 3, CLZERO", CLZERO, NONE, NONE)                            \
X(MONITORX, "APM vol. 3, MONITORX", MWAITX, NONE, NONE)                        \
X(WAITPKG, "SDM vol. 2, UMONITOR", WAITPKG, NONE, NONE)                        \
X(MOVDIR, "SDM vol. 2, MOVDIRI; MOVDIR64B: mnemonic", MOVDIRI, NONE, NONE)     \
X(ENQCMD, "SDM vol. 2, ENQCMD", ENQCMD, NONE, NONE)                            \
X(SERIALIZE, "SDM vol. 2, SERIALIZE", SERIALIZE, NONE, NONE)                   \
X(RTM, "SDM vol. 2, XBEGIN", RTM, NONE, NONE)                                  \
X(TSX_LDTRK, "SDM vol. 2, XSUSLDTRK", TSXLDTRK, NONE, NONE)                    \
X(PKU, "SDM vol. 2, WRPKRU", PKU, NONE, NONE)                                  \
X(MPX, "SDM vol. 2, BNDMK", MPX, NONE, NONE)                                   \
X(UINTR, "SDM vol. 2, SENDUIPI", UINTR, NONE, NONE)                            \
X(XSAVE, "SDM vol. 2, XSAVE", XSAVE, NONE, NONE)                               \
X(XSAVEC, "SDM vol. 2, XSAVEC", XSAVEC, NONE, NONE)                            \
X(XSAVEOPT, "SDM vol. 2, XSAVEOPT", XSAVEOPT, NONE, NONE)                      \
X(XSAVES, "SDM vol. 2, XSAVES", XSAVES, NONE, NONE)                            \
X(LWP, "APM vol. 3, LLWPCB", LWP, NONE, NONE)                                  \
X(KEYLOCKER, "SDM vol. 2, AESENC128KL", AESKLE, NONE, NONE)                    \
X(KEYLOCKER_WIDE, "SDM vol. 2, AESENCWIDE128KL", WIDE_KL, NONE, NONE)          \
X(AMX_TILE, "SDM vol. 2, TILELOADD", AMX_TILE, NONE, NONE)                     \
X(AMX_INT8, "SDM vol. 2, TDPBSSD", AMX_INT8, NONE, NONE)                       \
X(AMX_BF16, "SDM vol. 2, TDPBF16PS", AMX_BF16, NONE, NONE)                     \
X(AVX, "SDM vol. 1, 5.13; VPCLMULQDQ of 128 bits: mnemonic", AVX, NONE, NONE)  \
X(AVXAES, "SDM vol. 2, AESENC: VEX.128", AES, AVX, NONE)                       \
X(AVX_GFNI, "SDM vol. 2, GF2P8MULB: VEX", GFNI, AVX, NONE)                     \
X(F16C, "SDM vol. 2, VCVTPH2PS", F16C, NONE, NONE)                             \
X(FMA, "SDM vol. 1, 5.15", FMA, NONE, NONE)                                    \
X(FMA4, "APM vol. 4, VFMADDPD: four operands", FMA4, NONE, NONE)               \
X(XOP, "APM vol. 4, VPCMOV", XOP, NONE, NONE)                                  \
X(AVX2, "SDM vol. 1, 5.16", AVX2, NONE, NONE)                                  \
X(AVX2GATHER, "SDM vol. 2, VGATHERDPS: VEX", AVX2, NONE, NONE)                 \
X(VAES, "SDM vol. 2, AESENC: VEX.256", VAES, NONE, NONE)                       \
X(VPCLMULQDQ, "SDM vol. 2, PCLMULQDQ: VEX.256", VPCLMULQDQ, NONE, NONE)        \
X(AVX_VNNI, "SDM vol. 2, VPDPBUSD: VEX", AVX_VNNI, NONE, NONE)                 \
NEEDS_EVEX(X, AVX512F, "SDM vol. 1, 15.2 to 15.4", AVX512F, NONE)              \
X(AVX512F_128N, "SDM vol. 2, VMOVD: EVEX", AVX512F, NONE, NONE)                \
X(AVX512F_SCALAR, "SDM vol. 2, ADDSS: EVEX", AVX512F, NONE, NONE)              \
X(AVX512F_KOP, "SDM vol. 2, KMOVW", AVX512F, NONE, NONE)                       \
NEEDS_EVEX(X, AVX512BW, "SDM vol. 2, VPADDB: EVEX", AVX512BW, NONE)            \
X(AVX512BW_128N, "SDM vol. 2, PEXTRB: EVEX", AVX512BW, NONE, NONE)             \
X(AVX512BW_KOP, "SDM vol. 2, KMOVD, KMOVQ", AVX512BW, NONE, NONE)              \
NEEDS_EVEX(X, AVX512DQ, "SDM vol. 2, VPMULLQ", AVX512DQ, NONE)                 \
X(AVX512DQ_128N, "SDM vol. 2, PEXTRD: EVEX", AVX512DQ, NONE, NONE)             \
X(AVX512DQ_SCALAR, "SDM vol. 2, VRANGESS", AVX512DQ, NONE, NONE)               \
X(AVX512DQ_KOP, "SDM vol. 2, KMOVB", AVX512DQ, NONE, NONE)                     \
NEEDS_EVEX(X, AVX512CD, "SDM vol. 2, VPCONFLICTD", AVX512CD, NONE)             \
X(AVX512ER_512, "SDM vol. 2, VEXP2PS", AVX512ER, NONE, NONE)                   \
X(AVX512ER_SCALAR, "SDM vol. 2, VRCP28SS", AVX512ER, NONE, NONE)               \
X(AVX512PF_512, "SDM vol. 2, VGATHERPF0DPS", AVX512PF, NONE, NONE)             \
X(AVX512_4FMAPS_512, "SDM vol. 2, V4FMADDPS", AVX512_4FMAPS, NONE, NONE)       \
X(AVX512_4FMAPS_SCALAR, "SDM vol. 2, V4FMADDSS", AVX512_4FMAPS, NONE, NONE)    \
X(AVX512_4VNNIW_512, "SDM vol. 2, VP4DPWSSD", AVX512_4VNNIW, NONE, NONE)       \
NEEDS_EVEX(X, AVX512_BF16, "SDM vol. 2, VDPBF16PS", AVX512_BF16, NONE)         \
NEEDS_EVEX(X, AVX512_BITALG, "SDM vol. 2, VPOPCNT: of B and W", AVX512_BITALG, NONE) \
NEEDS_EVEX(X, AVX512_FP16, "SDM vol. 2, VADDPH", AVX512_FP16, NONE)            \
X(AVX512_FP16_128N, "SDM vol. 2, VMOVW", AVX512_FP16, NONE, NONE)              \
X(AVX512_FP16_SCALAR, "SDM vol. 2, VADDSH", AVX512_FP16, NONE, NONE)           \
NEEDS_EVEX(X, AVX512_GFNI, "SDM vol. 2, GF2P8MULB: EVEX", GFNI, AVX512F)       \
NEEDS_EVEX(X, AVX512_IFMA, "SDM vol. 2, VPMADD52LUQ", AVX512IFMA, NONE)        \
NEEDS_EVEX(X, AVX512_VAES, "SDM vol. 2, AESENC: EVEX", VAES, AVX512F)          \
NEEDS_EVEX(X, AVX512_VBMI, "SDM vol. 2, VPERMB", AVX512VBMI, NONE)             \
NEEDS_EVEX(X, AVX512_VBMI2, "SDM vol. 2, VPCOMPRESSB", AVX512_VBMI2, NONE)     \
NEEDS_EVEX(X, AVX512_VNNI, "SDM vol. 2, VPDPBUSD: EVEX", AVX512_VNNI, NONE)    \
NEEDS_EVEX(X, AVX512_VP2INTERSECT, "SDM vol. 2, VP2INTERSECTD", AVX512_VP2INTERSECT, NONE) \
NEEDS_EVEX(X, AVX512_VPCLMULQDQ, "SDM vol. 2, PCLMULQDQ: EVEX", VPCLMULQDQ, AVX512F) \
NEEDS_EVEX(X, AVX512_VPOPCNTDQ, "SDM vol. 2, VPOPCNT: of D and Q", AVX512_VPOPCNTDQ, NONE)

/*
 * X(SET, MNEMONIC, source, FEATURE, FEATURE): where a set is not fine enough;
 * instead of the set's row.
 */
#define NEEDS_MNEMONIC_TABLE(X)                                                \
X(AVX, VPCLMULQDQ, "SDM vol. 2, PCLMULQDQ: VEX.128 needs PCLMULQDQ and AVX", PCLMULQDQ, AVX) \
X(MOVDIR, MOVDIR64B, "SDM vol. 2, MOVDIR64B", MOVDIR64B, NONE) \
X(AMD3DNOW, PF2IW, "APM vol. 5, PF2IW", 3DNOWEXT, NONE) \
X(AMD3DNOW, PFNACC, "APM vol. 5, PFNACC", 3DNOWEXT, NONE) \
X(AMD3DNOW, PFPNACC, "APM vol. 5, PFPNACC", 3DNOWEXT, NONE) \
X(AMD3DNOW, PI2FW, "APM vol. 5, PI2FW", 3DNOWEXT, NONE) \
X(AMD3DNOW, PSWAPD, "APM vol. 5, PSWAPD", 3DNOWEXT, NONE) \
X(CET, INCSSPD, "SDM vol. 2, INCSSPD", SHSTK, NONE) \
X(CET, INCSSPQ, "SDM vol. 2, INCSSPQ", SHSTK, NONE) \
X(CET, SAVEPREVSSP, "SDM vol. 2, SAVEPREVSSP", SHSTK, NONE) \
X(CET, RSTORSSP, "SDM vol. 2, RSTORSSP", SHSTK, NONE) \
X(CET, WRSSD, "SDM vol. 2, WRSSD", SHSTK, NONE) \
X(CET, WRSSQ, "SDM vol. 2, WRSSQ", SHSTK, NONE) \
X(CET, CLRSSBSY, "SDM vol. 2, CLRSSBSY", SHSTK, NONE)

#endif /* ISAHP_TOOL_NEEDS_TABLE_H */
