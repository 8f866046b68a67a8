/* SPDX-License-Identifier: MIT */
/* Single instructions with a name, so that a signal's address can be told. */
#ifdef __x86_64__
#define A %rdi
#define V %esi
#define VW %si
#define V64 %rsi
#define ARGS
#define ARGS2
#define BP %rbp
#define PUSH_BP push %rbp
#define POP_BP pop %rbp
#define PROBED probed_data(%rip)
#else
#define A %edx
#define V %ecx
#define VW %cx
#define ARGS mov 4(%esp), %edx;
#define ARGS2 mov 4(%esp), %edx; mov 8(%esp), %ecx;
#define BP %ebp
#define PUSH_BP push %ebp
#define POP_BP pop %ebp
#define PROBED probed_data
#endif

#define FUNCTION(name) .globl name, name##_at; .type name, @function; name:

	.text
FUNCTION(load32)
	ARGS
load32_at:
	movbe	(A), %eax
	ret
FUNCTION(load16)
	ARGS
	xor	%eax, %eax
load16_at:
	movbe	(A), %ax
	ret
FUNCTION(load_stack32)
	ARGS
	PUSH_BP
	mov	A, BP
load_stack32_at:
	movbe	(BP), %eax
	POP_BP
	ret
FUNCTION(store32)
	ARGS2
store32_at:
	movbe	V, (A)
	ret
FUNCTION(store16)
	ARGS2
store16_at:
	movbe	VW, (A)
	ret
FUNCTION(count32)
	ARGS
count32_at:
	popcnt	(A), %eax
	ret
#ifdef __x86_64__
FUNCTION(load64)
load64_at:
	movbe	(A), %rax
	ret
FUNCTION(store64)
store64_at:
	movbe	V64, (A)
	ret
#endif

	.globl	two_steps, two_steps_end
two_steps:
	ARGS
	nop
	movbe	(A), %eax
	movbe	%eax, (A)
	nop
	popcnt	%eax, %eax
	movbe	%ax, 4094(A)
	movbe	%eax, 4094(A)
	ret
two_steps_end:

FUNCTION(probed)
	nop
probed_at:
	movbe	PROBED, %eax
	ret

	.data
	.balign	8
	.globl	probed_data
probed_data:
	.long	0x11223344

	/* Each 16 bytes long; what does not trap returns. */
	.text
	.balign	16
	.globl	foreign_begin
foreign_begin:
	ud2
	ret
	.balign	16
	.byte	0x0f, 0xff, 0xc0	/* ud0 */
	ret
	.balign	16
	.byte	0x0f, 0xb9, 0xc0	/* ud1 */
	ret
	.balign	16
	.byte	0xf0, 0x0f, 0x38, 0xf0, 0x00	/* lock movbe */
	ret
	.balign	16
	.byte	0xf0, 0xf3, 0x0f, 0xb8, 0x00	/* lock popcnt */
	ret
	.balign	16
	.byte	0x0f, 0x38, 0xf0, 0xc0	/* movbe of a register */
	ret
	.balign	16
	.byte	0x0f, 0x38, 0xff, 0xc0	/* nothing */
	ret
	.balign	16
	.byte	0x0f, 0x04	/* nothing */
	ret
	.section .note.GNU-stack, "", @progbits
