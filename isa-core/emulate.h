/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Carrying out one instruction that the CPU at hand does not have.
 *
 * isahp_emulate() is the one function. It needs no allocation, no floating
 * point or SIMD register and nothing global; registers are a structure,
 * memory is reached through callbacks, and an instruction either happens as a
 * whole or not at all: registers and memory change on ISAHP_EMULATE_DONE alone,
 * except for MXCSR, which tells what #XM is for.
 * Of a repeated string instruction each turn is one, of a gather or scatter each
 * element, as on hardware: those before a fault have happened.
 *
 * exec.def says what can be carried out.
 */
#ifndef ISAHP_CORE_EMULATE_H
#define ISAHP_CORE_EMULATE_H

#include "env.h"
#include "flags.h"
#include "instruction.h"
#include "simd.h"

/* Exceptions that an instruction can end in (SDM vol. 3A, table 6-1). */
#define ISAHP_VECTOR_DE 0
#define ISAHP_VECTOR_SS 12
#define ISAHP_VECTOR_GP 13
#define ISAHP_VECTOR_AC 17
#define ISAHP_VECTOR_XM 19

/**
 * struct isahp_registers - the state of a thread in user mode
 * @gpr: by the number that instructions use: RAX RCX RDX RBX RSP RBP RSI RDI R8
 *	to R15.
 * @rip: of the instruction; behind it afterwards.
 * @rflags: AC counts as if CR0.AM were set.
 * @simd: vector registers; NULL: not at hand, who needs them is foreign.
 */
struct isahp_registers {
	__u64 gpr[16];
	__u64 rip;
	__u64 rflags;
	struct isahp_simd *simd;
};

/**
 * struct isahp_segment - a segment register's hidden part
 * @base: linear address.
 * @limit: last offset that may be accessed.
 * @writable: may be stored to.
 * @unusable: there is no byte that may be accessed: of a null selector.
 */
struct isahp_segment {
	__u64 base;
	__u32 limit;
	bool writable;
	bool unusable;
};

/**
 * struct isahp_emulate_ops - how an environment reaches memory
 * @load: copy @size bytes from a linear address to @buf, at most 256.
 * @fetch: as @load, of code: what may not be executed can not be reached. NULL:
 *	whatever can be loaded may be. isahp_run() alone asks.
 * @store: copy @size bytes of @buf to a linear address, at most 256; all or
 *	nothing. A load or store of 1, 2, 4 or 8 bytes within a page is one access.
 * @exchange: if @size bytes (1, 2, 4, 8 or 16, within a cache line) at a linear
 *	address are @old, replace them by @new, as one access and a full barrier;
 *	@old is then what was there. ISAHP_EXCHANGE_NONE where that can not be
 *	done: the instruction, of LOCK and XCHG, is foreign.
 *	All four return how many bytes from the beginning can be reached: @size
 *	when done; less when nothing was done since the byte behind them can not
 *	be.
 * @segment: fill in all of the hidden part of an enum isahp_segment_register. Asked
 *	in 64-bit mode for the base of FS and GS only. Returns false where it is
 *	not known: the instruction is then foreign.
 */
struct isahp_emulate_ops {
	size_t (*load)(void *env, __u64 address, void *buf, size_t size);
	size_t (*fetch)(void *env, __u64 address, void *buf, size_t size);
	size_t (*store)(void *env, __u64 address, const void *buf, size_t size);
	size_t (*exchange)(void *env, __u64 address, void *old, const void *new,
			   size_t size);
	bool (*segment)(void *env, unsigned int segment, struct isahp_segment *ret);
};

#define ISAHP_EXCHANGE_NONE ((size_t)-1)

/** enum isahp_access - what was to be done with memory */
enum isahp_access {
	ISAHP_ACCESS_LOAD,
	ISAHP_ACCESS_STORE,
	ISAHP_ACCESS_FETCH,
};

/**
 * enum isahp_emulated - what became of an instruction
 * @ISAHP_EMULATE_DONE: carried out; @rip is behind it. Or still at it, where it
 *	is to be continued: a string instruction of more than @turns turns, or a
 *	gather or scatter that has begun, and will fault if it goes on.
 * @ISAHP_EMULATE_FOREIGN: it is none that isahp knows, or its feature is not one
 *	of those asked for: none of our business.
 * @ISAHP_EMULATE_UNREACHED: @access to @address failed. The caller makes the
 *	page fault happen, and if it can be resolved, begins anew.
 * @ISAHP_EMULATE_FAULT: it ends in exception @vector, error code 0.
 */
enum isahp_emulated {
	ISAHP_EMULATE_DONE,
	ISAHP_EMULATE_FOREIGN,
	ISAHP_EMULATE_UNREACHED,
	ISAHP_EMULATE_FAULT,
};

/**
 * struct isahp_lazy_flags - of a run: arithmetic flags that nobody has asked for yet
 * @pending: RFLAGS' are old, and these are what they are made of:
 * @result: sign-extended.
 * @carries: bit 63 is CF, that XOR bit 62 is OF, bit 3 is AF.
 */
struct isahp_lazy_flags {
	bool pending;
	__u64 result;
	__u64 carries;
};

/**
 * struct isahp_emulation - an instruction, and where it is to happen
 * @mode: enum isahp_code_mode. 32-bit code has a flat CS.
 * @bytes: of the instruction; as many as there are, up to ISAHP_INSTRUCTION_MAX.
 * @count: number of @bytes.
 * @turns: of a repeated string instruction, at most; 0: as many as it takes.
 * @features: asked for. What every x86-64 has is foreign.
 * @address_bits: width of linear addresses in 64-bit mode, 48 or 57.
 * @untag_mask: what is left of a positive address in 64-bit mode (LAM); ~0.
 * @regs: changed on ISAHP_EMULATE_DONE.
 * @ops: how to reach memory, called with
 * @env: the caller's.
 * @instruction: filled in by the decoder; all but ISAHP_EMULATE_FOREIGN and
 *	ISAHP_ACCESS_FETCH have one.
 * @lazy: flags,
 * @next: where to go on,
 * @code: what instructions may be decoded from already,
 * @code_size: in bytes, and
 * @code_changed: whether one has stored there: the emulator's own.
 * @address: of ISAHP_EMULATE_UNREACHED: the first byte not reached, linear.
 * @access: of ISAHP_EMULATE_UNREACHED.
 * @vector: of ISAHP_EMULATE_FAULT.
 */
struct isahp_emulation {
	enum isahp_code_mode mode;
	__u8 bytes[ISAHP_INSTRUCTION_MAX];
	__u8 count;
	__u32 turns;
	struct isahp_features features;
	__u8 address_bits;
	__u64 untag_mask;
	struct isahp_registers *regs;
	const struct isahp_emulate_ops *ops;
	void *env;
	struct isahp_instruction instruction;
	struct isahp_lazy_flags lazy;
	__u64 next;
	__u64 code;
	__u32 code_size;
	bool code_changed;
	__u64 address;
	enum isahp_access access;
	__u8 vector;
};

/**
 * isahp_emulate - carry out one instruction
 * @emulation: see there.
 *
 * Context: whatever the callbacks allow.
 *
 * Return: enum isahp_emulated.
 */
enum isahp_emulated isahp_emulate(struct isahp_emulation *emulation);

/**
 * isahp_emulate_instruction - carry out one that is decoded, whatever it is of
 * @emulation: @features, @bytes and @count do not matter, nor does @instruction.
 * @in: may be any that isahp_instruction_decode() gave.
 *
 * Context: as above.
 *
 * Return: as above.
 */
enum isahp_emulated isahp_emulate_instruction(struct isahp_emulation *emulation,
					      const struct isahp_instruction *in);

/**
 * isahp_emulate_executes - whether an operation can be carried out
 * @operation: enum isahp_form_operation.
 */
bool isahp_emulate_executes(unsigned int operation);

/**
 * isahp_emulate_needs_simd - whether vector registers, opmasks or MXCSR are touched
 * @form: a row of forms.def.
 */
bool isahp_emulate_needs_simd(const struct isahp_form *form);

/**
 * isahp_emulate_features - those of which every form in forms.def is carried out
 * @simd: vector registers are at hand.
 */
struct isahp_features isahp_emulate_features(bool simd);

/**
 * isahp_emulate_undefined_flags - what the manual leaves open
 * @in: decoded, not carried out yet.
 * @regs: as they are before it.
 *
 * Return: ISAHP_FLAG_* whose values behind the instruction mean nothing (SDM vol.
 * 2, each instruction's "Flags Affected"; exec.def).
 */
__u32 isahp_emulate_undefined_flags(const struct isahp_instruction *in,
				    const struct isahp_registers *regs);

#endif /* ISAHP_CORE_EMULATE_H */
