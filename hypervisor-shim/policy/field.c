// SPDX-License-Identifier: GPL-2.0-or-later
#include "field.h"

#include <isahp/features.h>

#define ALL 0xffffffffu
#define SDM(leaf) "SDM 2A, CPUID, " leaf
#define APM(function) "APM 3, E.3, " function	/* standard functions */
#define APMX(function) "APM 3, E.4, " function	/* extended ones */
#define MSRS(name) "SDM 4, " name
#define VMXCAP "SDM 3D, appendix A (VMX capability reporting)"

#define ROW(leaf_, first_, last_, reg_, shift_, width_, op_, choice_, name_, source_) \
	{                                                                     \
		.leaf = leaf_,                                                \
		.first = first_,                                              \
		.last = last_,                                                \
		.reg = reg_,                                                  \
		.shift = shift_,                                              \
		.width = width_,                                              \
		.operator = ISAHP_OPERATOR_##op_,                             \
		.choice = ISAHP_CHOICE_##choice_,                             \
		.name = name_,                                                \
		.source = source_,                                            \
	}
/* Of a leaf without subleaves; of a leaf with them; of an MSR; a choice. */
#define F(leaf, reg, shift, width, op, name, source) \
	ROW(leaf, 0, 0, ISAHP_##reg, shift, width, op, NONE, name, source)
#define S(leaf, first, last, reg, shift, width, op, name, source) \
	ROW(leaf, first, last, ISAHP_##reg, shift, width, op, NONE, name, source)
#define M(number, shift, width, op, name, source) \
	ROW(number, 0, 0, ISAHP_REGISTER_MSR, shift, width, op, NONE, name, source)
#define P(leaf, first, last, reg, shift, width, choice, name, source) \
	ROW(leaf, first, last, ISAHP_##reg, shift, width, POLICY, choice, name, source)
#define P4(leaf, first, last, choice, name, source)                           \
	P(leaf, first, last, EAX, 0, 32, choice, name, source),               \
	P(leaf, first, last, EBX, 0, 32, choice, name, source),               \
	P(leaf, first, last, ECX, 0, 32, choice, name, source),               \
	P(leaf, first, last, EDX, 0, 32, choice, name, source)

static const struct isahp_field table[] = {
	/* Vendor, signature. */
	F(0, EAX, 0, 32, MIN, "last basic leaf", SDM("00H")),
	P(0, 0, 0, EBX, 0, 32, IDENTITY, "vendor", SDM("00H")),
	P(0, 0, 0, ECX, 0, 32, IDENTITY, "vendor", SDM("00H")),
	P(0, 0, 0, EDX, 0, 32, IDENTITY, "vendor", SDM("00H")),
	P(1, 0, 0, EAX, 0, 32, IDENTITY, "family, model, stepping", SDM("01H")),
	P(1, 0, 0, EBX, 0, 8, IDENTITY, "brand index", SDM("01H")),
	/* A loop that flushes in larger steps than the line would leave lines out. */
	F(1, EBX, 8, 8, MIN, "CLFLUSH line", SDM("01H")),
	P(1, 0, 0, EBX, 16, 8, TOPOLOGY, "logical processors", SDM("01H")),
	P(1, 0, 0, EBX, 24, 8, TOPOLOGY, "initial APIC ID", SDM("01H")),
	F(1, ECX, 0, 32, AND, "features", SDM("01H")),
	P(1, 0, 0, ECX, 27, 1, LIVE, "OSXSAVE", SDM("01H")),
	P(1, 0, 0, ECX, 31, 1, LIVE, "hypervisor present", APM("0000_0001H")),
	F(1, EDX, 0, 32, AND, "features", SDM("01H")),
	/* Caches in the old form, serial number. */
	P4(2, 0, 0, CACHE, "cache descriptors", SDM("02H")),
	P4(3, 0, 0, HOST, "serial number", SDM("03H")),
	P4(4, 0, 31, CACHE, "caches", SDM("04H")),
	P(4, 0, 31, EAX, 14, 18, TOPOLOGY, "who shares the cache", SDM("04H")),
	/* MONITOR: armed for the least line, and data padded to the most. */
	F(5, EAX, 0, 16, MIN, "smallest MONITOR line", SDM("05H")),
	F(5, EBX, 0, 16, MAX, "largest MONITOR line", SDM("05H")),
	F(5, ECX, 0, 32, AND, "MWAIT extensions", SDM("05H")),
	P(5, 0, 0, EDX, 0, 32, HOST, "C-states", SDM("05H")),
	F(6, EAX, 0, 32, AND, "power features", SDM("06H")),
	F(6, EBX, 0, 4, MIN, "thermal thresholds", SDM("06H")),
	F(6, ECX, 0, 8, AND, "power features", SDM("06H")),
	F(6, ECX, 8, 8, MIN, "Thread Director classes", SDM("06H")),
	P(6, 0, 0, EDX, 0, 32, HOST, "hardware feedback", SDM("06H")),
	/* Structured extended features. */
	S(7, 0, 0, EAX, 0, 32, MIN, "last subleaf", SDM("07H")),
	S(7, 0, 0, EBX, 0, 32, AND, "features", SDM("07H")),
	S(7, 0, 0, EBX, 6, 1, OR, "FPU data pointer updated on exceptions only", SDM("07H")),
	S(7, 0, 0, EBX, 13, 1, OR, "FPU CS and DS deprecated", SDM("07H")),
	S(7, 0, 0, ECX, 0, 32, AND, "features", SDM("07H")),
	P(7, 0, 0, ECX, 4, 1, LIVE, "OSPKE", SDM("07H")),
	S(7, 0, 0, ECX, 17, 5, EQUAL, "MAWAU", SDM("07H")),
	S(7, 0, 0, EDX, 0, 32, AND, "features", SDM("07H")),
	S(7, 0, 0, EDX, 10, 1, OR, "MD_CLEAR", SDM("07H")),
	S(7, 0, 0, EDX, 11, 1, OR, "RTM_ALWAYS_ABORT", SDM("07H")),
	P(7, 0, 0, EDX, 15, 1, TOPOLOGY, "hybrid", SDM("07H")),
	S(7, 1, 2, EAX, 0, 32, AND, "features", SDM("07H")),
	S(7, 1, 2, EBX, 0, 32, AND, "features", SDM("07H")),
	S(7, 1, 2, ECX, 0, 32, AND, "features", SDM("07H")),
	S(7, 1, 2, EDX, 0, 32, AND, "features", SDM("07H")),
	/* Performance monitoring: EBX names the events that are missing. */
	F(0xa, EAX, 0, 8, MIN, "PMU version", SDM("0AH")),
	F(0xa, EAX, 8, 8, MIN, "counters", SDM("0AH")),
	F(0xa, EAX, 16, 8, MIN, "counter width", SDM("0AH")),
	F(0xa, EAX, 24, 8, MIN, "events enumerated", SDM("0AH")),
	F(0xa, EBX, 0, 32, OR, "events that are missing", SDM("0AH")),
	F(0xa, ECX, 0, 32, AND, "fixed counters", SDM("0AH")),
	F(0xa, EDX, 0, 5, MIN, "fixed counters", SDM("0AH")),
	F(0xa, EDX, 5, 8, MIN, "fixed counter width", SDM("0AH")),
	F(0xa, EDX, 15, 1, OR, "AnyThread deprecated", SDM("0AH")),
	P4(0xb, 0, 31, TOPOLOGY, "topology", SDM("0BH")),
	/* XSAVE: sizes follow from the components that are left. */
	S(0xd, 0, 0, EAX, 0, 32, AND, "XCR0 components", SDM("0DH")),
	S(0xd, 0, 0, EBX, 0, 32, RECOMPUTE, "XSAVE image, enabled", SDM("0DH")),
	S(0xd, 0, 0, ECX, 0, 32, RECOMPUTE, "XSAVE image, all", SDM("0DH")),
	S(0xd, 0, 0, EDX, 0, 32, AND, "XCR0 components", SDM("0DH")),
	S(0xd, 1, 1, EAX, 0, 32, AND, "features", SDM("0DH")),
	S(0xd, 1, 1, EBX, 0, 32, RECOMPUTE, "XSAVE image, compacted", SDM("0DH")),
	S(0xd, 1, 1, ECX, 0, 32, AND, "IA32_XSS components", SDM("0DH")),
	S(0xd, 1, 1, EDX, 0, 32, AND, "IA32_XSS components", SDM("0DH")),
	S(0xd, 2, 63, EAX, 0, 32, EQUAL, "component's size", SDM("0DH")),
	S(0xd, 2, 63, EBX, 0, 32, EQUAL, "component's offset", SDM("0DH")),
	S(0xd, 2, 63, ECX, 0, 2, EQUAL, "component's kind", SDM("0DH")),
	S(0xd, 2, 63, ECX, 2, 30, AND, "component's XFD", SDM("0DH")),
	P4(0xf, 0, 31, HOST, "resource monitoring", SDM("0FH")),
	P4(0x10, 0, 31, HOST, "resource allocation", SDM("10H")),
	/* SGX: the sections are physical addresses of the host. */
	S(0x12, 0, 0, EAX, 0, 32, AND, "SGX instructions", SDM("12H")),
	S(0x12, 0, 0, EBX, 0, 32, AND, "SGX MISCSELECT", SDM("12H")),
	S(0x12, 0, 0, EDX, 0, 8, MIN, "largest enclave, 32-bit", SDM("12H")),
	S(0x12, 0, 0, EDX, 8, 8, MIN, "largest enclave, 64-bit", SDM("12H")),
	S(0x12, 1, 1, EAX, 0, 32, AND, "SGX attributes", SDM("12H")),
	S(0x12, 1, 1, EBX, 0, 32, AND, "SGX attributes", SDM("12H")),
	S(0x12, 1, 1, ECX, 0, 32, AND, "SGX attributes", SDM("12H")),
	S(0x12, 1, 1, EDX, 0, 32, AND, "SGX attributes", SDM("12H")),
	P4(0x12, 2, 31, HOST, "EPC sections", SDM("12H")),
	/* Processor Trace: a guest writes what KVM can not filter (RTIT_CTL). */
	S(0x14, 0, 1, EAX, 0, 32, EQUAL, "Processor Trace", SDM("14H")),
	S(0x14, 0, 1, EBX, 0, 32, EQUAL, "Processor Trace", SDM("14H")),
	S(0x14, 0, 1, ECX, 0, 32, EQUAL, "Processor Trace", SDM("14H")),
	F(0x15, EAX, 0, 32, EQUAL, "TSC ratio", SDM("15H")),
	F(0x15, EBX, 0, 32, EQUAL, "TSC ratio", SDM("15H")),
	F(0x15, ECX, 0, 32, EQUAL, "crystal frequency", SDM("15H")),
	P4(0x16, 0, 0, HOST, "frequencies", SDM("16H")),
	P4(0x17, 0, 31, HOST, "SoC vendor", SDM("17H")),
	P4(0x18, 0, 31, CACHE, "TLBs", SDM("18H")),
	F(0x19, EAX, 0, 32, AND, "Key Locker restrictions", SDM("19H")),
	F(0x19, EBX, 0, 32, AND, "Key Locker", SDM("19H")),
	F(0x19, ECX, 0, 32, AND, "Key Locker", SDM("19H")),
	P4(0x1a, 0, 0, TOPOLOGY, "core type", SDM("1AH")),
	F(0x1c, EAX, 0, 32, AND, "LBR depths", SDM("1CH")),
	F(0x1c, EBX, 0, 32, AND, "LBR", SDM("1CH")),
	F(0x1c, ECX, 0, 32, AND, "LBR", SDM("1CH")),
	/* Tiles: code is written for one geometry. */
	S(0x1d, 0, 0, EAX, 0, 32, MIN, "last palette", SDM("1DH")),
	S(0x1d, 1, 31, EAX, 0, 32, EQUAL, "tile geometry", SDM("1DH")),
	S(0x1d, 1, 31, EBX, 0, 32, EQUAL, "tile geometry", SDM("1DH")),
	S(0x1d, 1, 31, ECX, 0, 32, EQUAL, "tile geometry", SDM("1DH")),
	S(0x1e, 0, 0, EAX, 0, 32, MIN, "last subleaf", SDM("1EH")),
	S(0x1e, 0, 0, EBX, 0, 8, EQUAL, "TMUL maxk", SDM("1EH")),
	S(0x1e, 0, 0, EBX, 8, 16, EQUAL, "TMUL maxn", SDM("1EH")),
	S(0x1e, 1, 1, EAX, 0, 32, AND, "features", SDM("1EH")),
	P4(0x1f, 0, 31, TOPOLOGY, "topology", SDM("1FH")),
	S(0x20, 0, 0, EBX, 0, 32, AND, "HRESET", SDM("20H")),
	S(0x24, 0, 0, EBX, 0, 8, MIN, "AVX10 version", "SDM 319433, CPUID, 24H"),
	S(0x24, 0, 0, EBX, 16, 3, AND, "AVX10 vector lengths", "SDM 319433, CPUID, 24H"),
	/* Extended: AMD's. */
	F(0x80000000, EAX, 0, 32, MIN, "last extended leaf", APMX("8000_0000H")),
	P(0x80000000, 0, 0, EBX, 0, 32, IDENTITY, "vendor", APMX("8000_0000H")),
	P(0x80000000, 0, 0, ECX, 0, 32, IDENTITY, "vendor", APMX("8000_0000H")),
	P(0x80000000, 0, 0, EDX, 0, 32, IDENTITY, "vendor", APMX("8000_0000H")),
	P(0x80000001, 0, 0, EAX, 0, 32, IDENTITY, "family, model, stepping", APMX("8000_0001H")),
	P(0x80000001, 0, 0, EBX, 0, 32, IDENTITY, "brand, package", APMX("8000_0001H")),
	F(0x80000001, ECX, 0, 32, AND, "features", APMX("8000_0001H")),
	F(0x80000001, EDX, 0, 32, AND, "features", APMX("8000_0001H")),
	P4(0x80000002, 0, 0, IDENTITY, "name", APMX("8000_0002H")),
	P4(0x80000003, 0, 0, IDENTITY, "name", APMX("8000_0003H")),
	P4(0x80000004, 0, 0, IDENTITY, "name", APMX("8000_0004H")),
	P4(0x80000005, 0, 0, CACHE, "L1 caches and TLBs", APMX("8000_0005H")),
	P4(0x80000006, 0, 0, CACHE, "L2, L3 caches and TLBs", APMX("8000_0006H")),
	F(0x80000007, EAX, 0, 32, EQUAL, "power feedback", APMX("8000_0007H")),
	F(0x80000007, EBX, 0, 32, AND, "RAS features", APMX("8000_0007H")),
	F(0x80000007, ECX, 0, 32, EQUAL, "power sample ratio", APMX("8000_0007H")),
	F(0x80000007, EDX, 0, 32, AND, "power features", APMX("8000_0007H")),
	F(0x80000008, EAX, 0, 8, MIN, "physical address bits", APMX("8000_0008H")),
	F(0x80000008, EAX, 8, 8, MIN, "linear address bits", APMX("8000_0008H")),
	/* 0 means: as the physical ones, so it can not be merged alone. */
	F(0x80000008, EAX, 16, 8, RECOMPUTE, "guest physical address bits", APMX("8000_0008H")),
	F(0x80000008, EBX, 0, 32, AND, "features", APMX("8000_0008H")),
	F(0x80000008, EBX, 20, 1, OR, "EFER.LMSLE unsupported", APMX("8000_0008H")),
	P(0x80000008, 0, 0, ECX, 0, 16, TOPOLOGY, "cores", APMX("8000_0008H")),
	F(0x80000008, ECX, 16, 2, MIN, "performance TSC size", APMX("8000_0008H")),
	F(0x80000008, EDX, 0, 16, MIN, "INVLPGB pages", APMX("8000_0008H")),
	F(0x80000008, EDX, 16, 16, MIN, "last RDPRU register", APMX("8000_0008H")),
	F(0x8000000a, EAX, 0, 8, MIN, "SVM revision", APMX("8000_000AH")),
	F(0x8000000a, EBX, 0, 32, MIN, "ASIDs", APMX("8000_000AH")),
	F(0x8000000a, EDX, 0, 32, AND, "SVM features", APMX("8000_000AH")),
	P4(0x80000019, 0, 0, CACHE, "1 GiB TLBs", APMX("8000_0019H")),
	F(0x8000001a, EAX, 0, 32, AND, "fast vector paths", APMX("8000_001AH")),
	F(0x8000001b, EAX, 0, 32, AND, "IBS", APMX("8000_001BH")),
	F(0x8000001c, EAX, 0, 32, AND, "LWP", APMX("8000_001CH")),
	F(0x8000001c, EBX, 0, 32, EQUAL, "LWP block", APMX("8000_001CH")),
	F(0x8000001c, ECX, 0, 32, EQUAL, "LWP", APMX("8000_001CH")),
	F(0x8000001c, EDX, 0, 32, AND, "LWP", APMX("8000_001CH")),
	P4(0x8000001d, 0, 31, CACHE, "caches", APMX("8000_001DH")),
	P(0x8000001d, 0, 31, EAX, 14, 18, TOPOLOGY, "who shares the cache", APMX("8000_001DH")),
	P4(0x8000001e, 0, 0, TOPOLOGY, "APIC ID, core, node", APMX("8000_001EH")),
	/* Memory encryption: a guest's page tables hold the bit. */
	F(0x8000001f, EAX, 0, 32, AND, "encrypted memory", APMX("8000_001FH")),
	F(0x8000001f, EBX, 0, 6, EQUAL, "C-bit", APMX("8000_001FH")),
	F(0x8000001f, EBX, 6, 6, MAX, "physical address bits lost", APMX("8000_001FH")),
	F(0x8000001f, EBX, 12, 4, MIN, "VMPLs", APMX("8000_001FH")),
	F(0x8000001f, ECX, 0, 32, MIN, "encrypted guests", APMX("8000_001FH")),
	F(0x8000001f, EDX, 0, 32, MAX, "least ASID without SEV-ES", APMX("8000_001FH")),
	P4(0x80000020, 0, 31, HOST, "resource allocation", APMX("8000_0020H")),
	F(0x80000021, EAX, 0, 32, AND, "features", APMX("8000_0021H")),
	F(0x80000021, EAX, 5, 1, OR, "VERW_CLEAR", APMX("8000_0021H")),
	F(0x80000021, EAX, 9, 1, OR, "SMM_CTL missing", APMX("8000_0021H")),
	P(0x80000021, 0, 0, EBX, 0, 32, HOST, "microcode patch size", APMX("8000_0021H")),
	F(0x80000021, ECX, 0, 32, AND, "features", APMX("8000_0021H")),
	F(0x80000022, EAX, 0, 32, AND, "PMU features", APMX("8000_0022H")),
	F(0x80000022, EBX, 0, 4, MIN, "core counters", APMX("8000_0022H")),
	F(0x80000022, EBX, 4, 6, MIN, "LBR entries", APMX("8000_0022H")),
	F(0x80000022, EBX, 10, 6, MIN, "northbridge counters", APMX("8000_0022H")),
	F(0x80000022, EBX, 16, 6, MIN, "memory controller counters", APMX("8000_0022H")),
	F(0x80000022, ECX, 0, 32, AND, "memory controllers", APMX("8000_0022H")),
	P4(0x80000026, 0, 31, TOPOLOGY, "topology", APMX("8000_0026H")),
	F(0xc0000000, EAX, 0, 32, MIN, "last Centaur leaf", "VIA, C000_0000H"),
	F(0xc0000001, EDX, 0, 32, AND, "features", "VIA, C000_0001H"),
	/* MSRs. Duties of a guest (OR) stand among promises (AND). */
	M(0x8b, 32, 32, MIN, "microcode revision", MSRS("IA32_BIOS_SIGN_ID")),
	M(0xcf, 0, 64, AND, "core capabilities", MSRS("IA32_CORE_CAPABILITIES")),
	M(0x10a, 0, 64, AND, "architectural capabilities", MSRS("IA32_ARCH_CAPABILITIES")),
	M(0x10a, 2, 1, OR, "RSBA", MSRS("IA32_ARCH_CAPABILITIES")),
	M(0x10a, 17, 1, OR, "FB_CLEAR", MSRS("IA32_ARCH_CAPABILITIES")),
	M(0x10a, 19, 1, OR, "RRSBA", MSRS("IA32_ARCH_CAPABILITIES")),
	M(0x10a, 28, 1, OR, "RFDS_CLEAR", MSRS("IA32_ARCH_CAPABILITIES")),
	M(0x345, 0, 64, AND, "PMU capabilities", MSRS("IA32_PERF_CAPABILITIES")),
	M(0x345, 0, 6, EQUAL, "LBR format", MSRS("IA32_PERF_CAPABILITIES")),
	M(0x345, 8, 4, EQUAL, "PEBS record format", MSRS("IA32_PERF_CAPABILITIES")),
	/* VMX controls: the low half must be 1, the high half may be. */
	ROW(0x480, 0, 0, ISAHP_REGISTER_MSR, 0, 31, POLICY, LIVE,
	    "VMCS revision: the hypervisor's", VMXCAP),
	M(0x480, 32, 13, MAX, "VMCS size", VMXCAP),
	M(0x480, 50, 4, EQUAL, "VMCS memory type", VMXCAP),
	M(0x480, 54, 2, AND, "VMX basic", VMXCAP),
#define CONTROLS(number, name)                                                \
	M(number, 0, 32, OR, name " that must be 1", VMXCAP),                 \
	M(number, 32, 32, AND, name " that may be 1", VMXCAP)
	CONTROLS(0x481, "pin-based controls"),
	CONTROLS(0x482, "processor-based controls"),
	CONTROLS(0x483, "exit controls"),
	CONTROLS(0x484, "entry controls"),
	M(0x485, 0, 5, EQUAL, "VMX timer rate", VMXCAP),
	M(0x485, 5, 11, AND, "VMX misc", VMXCAP),
	M(0x485, 16, 9, MIN, "CR3 targets", VMXCAP),
	M(0x485, 25, 3, MIN, "MSR list entries", VMXCAP),
	M(0x485, 28, 4, AND, "VMX misc", VMXCAP),
	M(0x485, 32, 32, EQUAL, "MSEG revision", VMXCAP),
	M(0x486, 0, 64, OR, "CR0 bits that must be 1", VMXCAP),
	M(0x487, 0, 64, AND, "CR0 bits that may be 1", VMXCAP),
	M(0x488, 0, 64, OR, "CR4 bits that must be 1", VMXCAP),
	M(0x489, 0, 64, AND, "CR4 bits that may be 1", VMXCAP),
	M(0x48a, 0, 64, MIN, "last VMCS field", VMXCAP),
	CONTROLS(0x48b, "secondary controls"),
	M(0x48c, 0, 64, AND, "EPT and VPID", VMXCAP),
	CONTROLS(0x48d, "true pin-based controls"),
	CONTROLS(0x48e, "true processor-based controls"),
	CONTROLS(0x48f, "true exit controls"),
	CONTROLS(0x490, "true entry controls"),
	M(0x491, 0, 64, AND, "VM functions", VMXCAP),
	M(0x492, 0, 64, AND, "tertiary controls", VMXCAP),
	/* Beyond the length a guest goes by family and model. */
	M(0xc0010140, 0, 16, MIN, "OSVW length", "AMD PPR, MSRC001_0140 (OSVW_ID_Length)"),
	M(0xc0010141, 0, 64, OR, "OSVW errata", "AMD PPR, MSRC001_0141 (OSVW_Status)"),
};

#define ROWS (sizeof(table) / sizeof(table[0]))

const struct isahp_field *isahp_field_table(size_t *ret_count)
{
	*ret_count = ROWS;
	return table;
}

/* Nobody knows the meaning: see isahp_field_find(). */
static const struct isahp_field unknown[] = {
#define UNKNOWN(reg) \
	F(ALL, reg, 0, 32, EQUAL, "not known here", "none")
	UNKNOWN(EAX), UNKNOWN(EBX), UNKNOWN(ECX), UNKNOWN(EDX),
	M(ALL, 0, 64, EQUAL, "not known here", "none"),
};

/* What hypervisors say of themselves (APM 3, E.3.10, 4000_0000H to 4000_00FFH). */
static const struct isahp_field hypervisor[] = {
#define HYPERVISOR(reg) \
	P(ALL, 0, 0, reg, 0, 32, LIVE, "hypervisor's own", APM("4000_0000H"))
	HYPERVISOR(EAX), HYPERVISOR(EBX), HYPERVISOR(ECX), HYPERVISOR(EDX),
};

/* The first row that may be of this leaf or MSR; table[] is sorted. */
static const struct isahp_field *first_row(__u32 leaf, bool msr)
{
	size_t low = 0, high = ROWS;

	while (low < high) {
		const struct isahp_field *f = &table[low + (high - low) / 2];
		bool is_msr = f->reg == ISAHP_REGISTER_MSR;

		if (is_msr != msr ? msr : f->leaf < leaf)
			low = (size_t)(f - table) + 1;
		else
			high = (size_t)(f - table);
	}
	return &table[low];
}

void isahp_field_map(__u32 leaf, __u32 subleaf, unsigned int reg,
		     const struct isahp_field *ret_map[64])
{
	bool msr = reg == ISAHP_REGISTER_MSR;
	unsigned int bits = msr ? 64 : 32, bit;
	const struct isahp_field *f;

	for (bit = 0; bit < bits; bit++)
		ret_map[bit] = !msr && leaf >> 28 == 4 ? &hypervisor[reg] :
							 &unknown[reg];
	for (f = first_row(leaf, msr); f < table + ROWS && f->leaf == leaf; f++) {
		if (f->reg != reg || subleaf < f->first || subleaf > f->last)
			continue;
		for (bit = f->shift; bit < (unsigned int)f->shift + f->width; bit++)
			if (ret_map[bit]->leaf == ALL || f->width < ret_map[bit]->width)
				ret_map[bit] = f;
	}
}

const struct isahp_field *isahp_field_find(__u32 leaf, __u32 subleaf,
					   unsigned int reg, unsigned int bit)
{
	const struct isahp_field *map[64];

	isahp_field_map(leaf, subleaf, reg, map);
	return map[bit];
}

__u64 isahp_field_mask(const struct isahp_field *field)
{
	return (~0ULL >> (64 - field->width)) << field->shift;
}

const char *isahp_operator_name(unsigned int operator)
{
	static const char *const names[] = {
		[ISAHP_OPERATOR_AND] = "AND",
		[ISAHP_OPERATOR_OR] = "OR",
		[ISAHP_OPERATOR_MIN] = "MIN",
		[ISAHP_OPERATOR_MAX] = "MAX",
		[ISAHP_OPERATOR_EQUAL] = "EQUAL",
		[ISAHP_OPERATOR_RECOMPUTE] = "RECOMPUTE",
		[ISAHP_OPERATOR_POLICY] = "POLICY",
	};

	return operator < sizeof(names) / sizeof(names[0]) ? names[operator] : "?";
}

#define BIT_OF(leaf_, subleaf_, reg_, bit_) \
	{ .leaf = leaf_, .subleaf = subleaf_, .reg = ISAHP_##reg_, .shift = bit_, .width = 1 }
#define GATE(bit_, leaf_, first_, last_, reg_, binding_, name_)               \
	{ .bit = bit_, .leaf = leaf_, .first = first_, .last = last_,         \
	  .reg = reg_, .binding = binding_, .name = name_ }
#define OPENS(leaf, last, binding, name, ...) \
	GATE(BIT_OF(__VA_ARGS__), leaf, 0, last, ISAHP_GATE_ALL, binding, name)
#define OPENS_MSRS(number, more, name, ...) \
	GATE(BIT_OF(__VA_ARGS__), number, 0, more, ISAHP_REGISTER_MSR, false, name)

static const struct isahp_gate gates[] = {
	OPENS(0x5, 0, false, "MONITOR", 1, 0, ECX, 3),
	OPENS(0xd, 63, false, "XSAVE", 1, 0, ECX, 26),
	OPENS(0x12, 31, false, "SGX", 7, 0, EBX, 2),
	OPENS(0x14, 1, true, "Processor Trace", 7, 0, EBX, 25),
	OPENS(0x19, 0, false, "Key Locker", 7, 0, ECX, 23),
	OPENS(0x1d, 31, true, "AMX", 7, 0, EDX, 24),
	OPENS(0x1e, 1, true, "AMX", 7, 0, EDX, 24),
	OPENS(0x1c, 0, false, "LBR", 7, 0, EDX, 19),
	OPENS(0x20, 0, false, "HRESET", 7, 1, EAX, 22),
	OPENS(0x24, 0, false, "AVX10", 7, 1, EDX, 19),
	OPENS(0x8000000a, 0, false, "SVM", 0x80000001, 0, ECX, 2),
	OPENS(0x8000001b, 0, false, "IBS", 0x80000001, 0, ECX, 10),
	OPENS(0x8000001c, 0, true, "LWP", 0x80000001, 0, ECX, 15),
	GATE(BIT_OF(0x8000001f, 0, EAX, 1), 0x8000001f, 0, 0, ISAHP_EBX, true, "SEV"),
	GATE(BIT_OF(0x8000001f, 0, EAX, 1), 0x8000001f, 0, 0, ISAHP_ECX, true, "SEV"),
	GATE(BIT_OF(0x8000001f, 0, EAX, 1), 0x8000001f, 0, 0, ISAHP_EDX, true, "SEV"),
	OPENS_MSRS(0xcf, 0, "IA32_CORE_CAPABILITIES", 7, 0, EDX, 30),
	OPENS_MSRS(0x10a, 0, "IA32_ARCH_CAPABILITIES", 7, 0, EDX, 29),
	OPENS_MSRS(0x345, 0, "IA32_PERF_CAPABILITIES", 1, 0, ECX, 15),
	OPENS_MSRS(0x480, 0x12, "VMX", 1, 0, ECX, 5),
	OPENS_MSRS(0xc0010140, 1, "OSVW", 0x80000001, 0, ECX, 9),
};

const struct isahp_gate *isahp_gate_table(size_t *ret_count)
{
	*ret_count = sizeof(gates) / sizeof(gates[0]);
	return gates;
}

bool isahp_gate_opens(const struct isahp_gate *gate, __u32 leaf, __u32 subleaf,
		      unsigned int reg)
{
	if (gate->reg == ISAHP_REGISTER_MSR)
		return reg == ISAHP_REGISTER_MSR && leaf >= gate->leaf &&
		       leaf - gate->leaf <= gate->last;
	return reg != ISAHP_REGISTER_MSR && leaf == gate->leaf &&
	       subleaf >= gate->first && subleaf <= gate->last &&
	       (gate->reg == ISAHP_GATE_ALL || gate->reg == reg);
}
