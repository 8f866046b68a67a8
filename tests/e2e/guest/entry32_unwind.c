// SPDX-License-Identifier: MIT
/*
 * entry32_unwind - frames of the 32-bit entry, as an unwinder sees them
 *
 *	entry32_unwind [--hold] [--plant cfi|stack]
 *
 * Steps a 32-bit process (`entry32 walk`) through __kernel_vsyscall, one
 * instruction at a time, and at each of them asks elfutils for the caller by the
 * .eh_frame of the vDSO that the process has mapped: the CFA, the return address
 * and the caller's ebp, ecx and edx must be what they were before the call.
 * Prints a line for each place:
 *
 *	place=site+N form=FORM result=ok|wrong [what]
 *
 * and "unwind places=N wrong=N". With --hold it stops between the entry's two
 * instructions (or, in the INT 0x80 form, which nobody can be in the middle of,
 * at the site), prints "ready form=FORM", waits for SIGUSR1 while the entry
 * changes, and goes on. --plant makes it wrong on purpose: a frame one word too
 * large in a copy of the .eh_frame, or another ebp on the stack.
 *
 * Exit status 1 if one was wrong.
 */
#define _GNU_SOURCE
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* `call *absolute`, which entry32 walk makes. */
#define CALL_SIZE 6
#define PLACES_MAX 32
/* System V ABI, i386 supplement, table 2.14: DWARF register numbers. */
enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, EIP, REGISTERS };

static pid_t pid;
static const char *plant = "";
static struct {
	unsigned long start, size, site;
	char *bytes;
	Dwarf_CFI *cfi;
} vdso;
static uint32_t before[REGISTERS];
static char complaint[200];

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "entry32_unwind: %s failed\n", what);
	if (pid)
		kill(pid, SIGKILL);
	exit(2);
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	va_list args;

	if (complaint[0])
		return;
	va_start(args, format);
	vsnprintf(complaint, sizeof(complaint), format, args);
	va_end(args);
}

/* --- the process ------------------------------------------------------------ */

static void registers(uint32_t *ret)
{
	struct user_regs_struct r;

	must(!ptrace(PTRACE_GETREGS, pid, 0, &r), "PTRACE_GETREGS");
	memcpy(ret, (uint32_t[REGISTERS]){ r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp,
					   r.rsi, r.rdi, r.rip },
	       REGISTERS * sizeof(*ret));
}

static uint32_t word_at(uint32_t address)
{
	return ptrace(PTRACE_PEEKDATA, pid, (unsigned long)address, 0);
}

static void resume(int request)
{
	int status;

	must(!ptrace(request, pid, 0, 0), "ptrace");
	must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	     WSTOPSIG(status) == SIGTRAP, "a trap");
}

static void start(void)
{
	int status;

	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execlp("entry32", "entry32", "walk", NULL);
		_exit(2);
	}
	must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "exec");
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
	resume(PTRACE_CONT);
	registers(before);
}

/* --- its vDSO --------------------------------------------------------------- */

static void find_vdso(void)
{
	char path[64], line[256];
	unsigned long end = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	must(maps != NULL, path);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]"))
			sscanf(line, "%lx-%lx", &vdso.start, &end);
	fclose(maps);
	must(end > vdso.start, "finding the vDSO");
	vdso.size = end - vdso.start;
}

static void read_vdso(void)
{
	char path[64];
	int mem;

	free(vdso.bytes);
	vdso.bytes = malloc(vdso.size);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	must(vdso.bytes && mem >= 0 && pread(mem, vdso.bytes, vdso.size,
	     vdso.start) == (ssize_t)vdso.size, "reading the vDSO");
	close(mem);
}

/* INT 0x80 and the landing pad behind it stand in all forms. */
static void find_site(uint32_t entry)
{
	static const unsigned char pushes[] = { 0x51, 0x52, 0x55 };
	static const unsigned char landing[] = { 0xcd, 0x80, 0x5d, 0x5a, 0x59, 0xc3 };
	const char *p = vdso.bytes + (entry - vdso.start);
	int i;

	for (i = 0; i < 8 && !vdso.site; i++)
		if (!memcmp(p + i, pushes, 3) && !memcmp(p + i + 7, landing, 6))
			vdso.site = entry + i + 3;
	must(vdso.site, "finding the site");
}

static const char *form(void)
{
	const unsigned char *p;

	read_vdso();
	p = (unsigned char *)vdso.bytes + (vdso.site - vdso.start);
	switch (p[2] << 8 | p[3]) {
	case 0x0f34:
		return "sysenter";
	case 0x0f05:
		return "syscall";
	case 0x0f0b:
		return "int80";
	default:
		return "unknown";
	}
}

/* DW_CFA_def_cfa_offset 8 becomes 12. */
static void plant_in_cfi(Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	size_t names, i;

	must(!elf_getshdrstrndx(elf, &names), "section names");
	while ((scn = elf_nextscn(elf, scn))) {
		unsigned char *p;

		must(gelf_getshdr(scn, &header) != NULL, "a section");
		if (strcmp(elf_strptr(elf, names, header.sh_name), ".eh_frame"))
			continue;
		p = (unsigned char *)vdso.bytes + header.sh_offset;
		for (i = 0; i + 1 < header.sh_size; i++)
			if (p[i] == DW_CFA_def_cfa_offset && p[i + 1] == 8)
				p[i + 1] = 12;
	}
}

static void load_cfi(void)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	read_vdso();
	elf = elf_memory(vdso.bytes, vdso.size);
	must(elf != NULL, "elf_memory");
	if (!strcmp(plant, "cfi"))
		plant_in_cfi(elf);
	vdso.cfi = dwarf_getcfi_elf(elf);
	must(vdso.cfi != NULL, "dwarf_getcfi_elf");
	/* elf and its bytes stay for as long as the program does. */
	vdso.bytes = NULL;
}

/* --- its frames ------------------------------------------------------------- */

/* A DWARF expression of the few operations that frames are described by. */
static bool evaluate(const Dwarf_Op *ops, size_t n, const uint32_t *now,
		     uint32_t cfa, uint32_t *ret)
{
	uint32_t value = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned int atom = ops[i].atom;

		if (atom >= DW_OP_breg0 && atom < DW_OP_breg0 + REGISTERS)
			value = now[atom - DW_OP_breg0] + ops[i].number;
		else if (atom == DW_OP_bregx && ops[i].number < REGISTERS)
			value = now[ops[i].number] + ops[i].number2;
		else if (atom == DW_OP_call_frame_cfa)
			value = cfa;
		else if (atom == DW_OP_plus_uconst)
			value += ops[i].number;
		else
			return false;
	}
	*ret = value;
	return n > 0;
}

enum rule { RULE_NONE, RULE_SAME, RULE_SAVED, RULE_UNKNOWN };

/* The caller's register, by the frame. */
static enum rule caller_register(Dwarf_Frame *frame, int reg, const uint32_t *now,
				 uint32_t cfa, uint32_t *ret)
{
	Dwarf_Op memory[3], *ops;
	uint32_t address;
	size_t n;

	if (dwarf_frame_register(frame, reg, memory, &ops, &n))
		return RULE_UNKNOWN;
	if (!n && !ops) {
		*ret = now[reg];
		return RULE_SAME;
	}
	if (!n)
		return RULE_NONE;
	if (!evaluate(ops, n, now, cfa, &address))
		return RULE_UNKNOWN;
	*ret = word_at(address);
	return RULE_SAVED;
}

static void check_register(Dwarf_Frame *frame, const char *name, int reg,
			   const uint32_t *now, uint32_t cfa, uint32_t want,
			   bool is_pushed)
{
	uint32_t got = 0;
	enum rule rule = caller_register(frame, reg, now, cfa, &got);

	if (rule == RULE_UNKNOWN)
		complain("%s: a rule that is not understood", name);
	else if (is_pushed && rule != RULE_SAVED)
		complain("%s: no rule, and it is on the stack", name);
	else if (rule != RULE_NONE && got != want)
		complain("%s is %#x, not %#x", name, got, want);
}

static void check_frame(const uint32_t *now)
{
	const uint32_t return_to = before[EIP] + CALL_SIZE;
	uint32_t cfa = 0, used;
	Dwarf_Frame *frame;
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_cfi_addrframe(vdso.cfi, now[EIP] - vdso.start, &frame)) {
		complain("no frame: %s", dwarf_errmsg(-1));
		return;
	}
	if (dwarf_frame_cfa(frame, &ops, &n) || !evaluate(ops, n, now, 0, &cfa))
		complain("no CFA");
	if (cfa != before[ESP])
		complain("CFA is %#x, not %#x", cfa, before[ESP]);
	/* What has been pushed is known without the frame. */
	used = before[ESP] - now[ESP];
	check_register(frame, "return address", EIP, now, cfa, return_to, true);
	check_register(frame, "ecx", ECX, now, cfa, before[ECX], used >= 8);
	check_register(frame, "edx", EDX, now, cfa, before[EDX], used >= 12);
	check_register(frame, "ebp", EBP, now, cfa, before[EBP], used >= 16);
	check_register(frame, "ebx", EBX, now, cfa, before[EBX], false);
	check_register(frame, "esi", ESI, now, cfa, before[ESI], false);
	check_register(frame, "edi", EDI, now, cfa, before[EDI], false);
	free(frame);
}

/* --- the walk --------------------------------------------------------------- */

static void plant_on_stack(const uint32_t *now)
{
	unsigned long word;

	if (strcmp(plant, "stack") || before[ESP] - now[ESP] < 16)
		return;
	word = ptrace(PTRACE_PEEKDATA, pid, (unsigned long)now[ESP], 0);
	ptrace(PTRACE_POKEDATA, pid, (unsigned long)now[ESP], word ^ 0x100);
}

static bool look(void)
{
	uint32_t now[REGISTERS];

	registers(now);
	complaint[0] = 0;
	plant_on_stack(now);
	check_frame(now);
	printf("place=site%+d form=%s result=%s%s%s\n",
	       (int)(now[EIP] - vdso.site), form(), complaint[0] ? "wrong" : "ok",
	       complaint[0] ? " " : "", complaint);
	return !complaint[0];
}

static void hold(sigset_t *change)
{
	int number;

	printf("ready form=%s\n", form());
	fflush(stdout);
	sigwait(change, &number);
}

static bool is_held_at(uint32_t eip)
{
	return eip == vdso.site + (strcmp(form(), "int80") ? 2 : 0);
}

static int walk(bool holding, sigset_t *change)
{
	int places = 0, wrong = 0;
	uint32_t now[REGISTERS];
	bool held = false;

	resume(PTRACE_SINGLESTEP);
	registers(now);
	find_site(now[EIP]);
	while (now[EIP] != before[EIP] + CALL_SIZE && places < PLACES_MAX) {
		wrong += !look();
		places++;
		if (holding && !held && is_held_at(now[EIP])) {
			held = true;
			hold(change);
			wrong += !look();
			places++;
		}
		resume(PTRACE_SINGLESTEP);
		registers(now);
	}
	printf("unwind places=%d wrong=%d\n", places, wrong);
	must(now[EIP] == before[EIP] + CALL_SIZE, "the way back to the caller");
	must(holding == held, "holding");
	kill(pid, SIGKILL);
	return wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool holding = false;
	sigset_t change;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--hold")) {
			holding = true;
		} else if (!strcmp(argv[i], "--plant") && argv[i + 1]) {
			plant = argv[++i];
		} else {
			fprintf(stderr, "Usage: entry32_unwind [--hold] [--plant cfi|stack]\n");
			return 2;
		}
	}
	sigemptyset(&change);
	sigaddset(&change, SIGUSR1);
	sigprocmask(SIG_BLOCK, &change, NULL);
	start();
	find_vdso();
	load_cfi();
	read_vdso();
	return walk(holding, &change);
}
