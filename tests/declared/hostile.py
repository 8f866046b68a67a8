#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that are made to take the program's time and memory, or the terminal of
who runs it: an answer comes all the same, within what a file of its size may cost."""

import os
import resource
import struct
import subprocess
import unittest

from build import PROGRAM, Case

LIMIT_CPU_S = 20
LIMIT_BYTES = 1 << 30
SANITIZED = os.environ.get("ISAHP_SANITIZE", "") not in ("", "OFF")

PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA = 1, 2, 3, 4
DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_RELRSZ, DT_RELR = 5, 6, 7, 8, 35, 36
ET_REL, ET_DYN = 1, 3
R_X86_64_64 = 1
LZCNT = bytes.fromhex("f30fbdc0")
RET = b"\xc3"


class Elf:
    """A file that is one segment, mapped at address 0, whatever else it says."""

    def __init__(self, kind: int = ET_DYN) -> None:
        self.kind = kind
        self.body = bytearray(0x1000)
        self.programs: list[tuple[int, int, int]] = []  # type, at, size
        self.sections = [(0, 0, 0, 0, 0, 0, 0)]  # type, flags, at, size, link, info, entry

    def add(self, what: bytes, align: int = 16) -> int:
        self.body += bytes(-len(self.body) % align)
        at = len(self.body)
        self.body += what
        return at

    def section(self, kind: int, at: int, size: int, flags: int = 0, link: int = 0,
                info: int = 0, entry: int = 0) -> int:
        self.sections.append((kind, flags, at, size, link, info, entry))
        return len(self.sections) - 1

    def program(self, kind: int, at: int, size: int) -> None:
        self.programs.append((kind, at, size))

    def operation(self, variants: int, count: int, size: int, name: bytes = b"op") -> None:
        """A note; a variant is pointers to its name and its code, then its cost."""
        at = len(self.body) + -len(self.body) % 16
        descriptor = struct.pack("<IIqIIHHHHHH", 36, 0, variants - (at + 12 + 8 + 8), count, size,
                                 0, min(size - 8, 8), min(size - 8, 16), 0, 0, 0xffff)
        descriptor += name + b"\0"
        note = struct.pack("<III", 6, len(descriptor), 1) + b"isahp\0\0\0" + descriptor
        self.add(note)
        self.program(PT_NOTE, at, len(note))

    def bytes(self) -> bytes:
        sections = self.add(b"".join(
            struct.pack("<IIQQQQIIQQ", 0, kind, flags, at, at, size, link, info, 1, entry)
            for kind, flags, at, size, link, info, entry in self.sections))
        everything = [(PT_LOAD, 0, 0)] + self.programs if self.kind == ET_DYN else []
        programs = self.add(b"")
        size = len(self.body) + 56 * len(everything)
        for kind, at, length in everything:
            length = length or size
            self.body += struct.pack("<IIQQQQQQ", kind, 5, at, at, at, length, length, 16)
        head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
            "<HHIQQQIHHHHHH", self.kind, 62, 1, 0, programs if everything else 0, sections, 0,
            64, 56, len(everything), 64, len(self.sections), 0)
        self.body[:len(head)] = head
        return bytes(self.body)


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_CPU_S, LIMIT_CPU_S))
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


class Hostile(Case):
    def answer(self, elf: Elf, *statuses: int, command: str = "check") -> tuple[str, str]:
        path = self.dir / "hostile"
        path.write_bytes(elf.bytes())
        done = subprocess.run([str(PROGRAM), command, str(path)], capture_output=True, text=True,
                              errors="surrogateescape", preexec_fn=limit, check=False)
        self.assertIn(done.returncode, statuses, done.stderr[-400:])
        self.assertNotIn("memory", done.stderr)
        return done.stdout, done.stderr

    def two_variants(self, elf: Elf, name: bytes = b"op") -> None:
        """A good operation, whose code does nothing."""
        code = elf.add(RET)
        text = elf.add(b"v\0")
        variants = elf.add(struct.pack("<QQQ", text, code, 1) * 2)
        elf.operation(variants, 2, 24, name)

    def test_such_a_file_is_fine_when_it_is_not_hostile(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        out, _ = self.answer(elf, 0)
        self.assertIn("1 operations, 2 variants", out)

    def test_sections_of_an_object_that_lie_over_each_other(self) -> None:
        elf = Elf(ET_REL)
        at = elf.add(bytes(4 << 20))
        for _ in range(350):
            elf.section(SHT_PROGBITS, at, 4 << 20, flags=2)
        _, err = self.answer(elf, 2)
        self.assertIn("lie over each other", err)

    def test_many_symbol_tables_that_are_one(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        code = elf.add(RET)
        table = elf.add(b"\0" + struct.pack("<IBBHQQ", 1, 0x12, 0, 1, code, 1) * 80000) + 1
        names = elf.add(b"\0name\0")
        strings = elf.section(SHT_STRTAB, names, 6)
        for _ in range(2000):
            elf.section(SHT_SYMTAB, table, 24 * 80000, link=strings, entry=24)
        self.answer(elf, 0)

    def test_symbols_whose_names_are_long_and_alike(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        code = elf.add(RET)
        count = 200000
        table = elf.add(b"".join(struct.pack("<IBBHQQ", 1 + i, 0x12, 0, 1, code, 1)
                                 for i in range(count)))
        names = elf.add(b"\0" + b"a" * (8 << 20) + b"\0")
        strings = elf.section(SHT_STRTAB, names, (8 << 20) + 2)
        elf.section(SHT_SYMTAB, table, 24 * count, link=strings, entry=24)
        self.answer(elf, 0)

    def test_names_of_symbols_that_do_not_end(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        code = elf.add(RET)
        count = 100000
        table = elf.add(struct.pack("<IBBHQQ", 1, 0x12, 0, 1, code, 1) * count)
        names = elf.add(b"\0" + b"a" * (32 << 20))
        strings = elf.section(SHT_STRTAB, names, 32 << 20)
        elf.section(SHT_SYMTAB, table, 24 * count, link=strings, entry=24)
        self.answer(elf, 0)

    def relocated(self, *entries: tuple[int, int]) -> Elf:
        elf = Elf()
        self.two_variants(elf)
        return self.dynamic(elf, *entries)

    def dynamic(self, elf: Elf, *entries: tuple[int, int], times: int = 1) -> Elf:
        at = elf.add(b"".join(struct.pack("<QQ", *e) for e in (*entries, (0, 0))))
        for _ in range(times):
            elf.program(PT_DYNAMIC, at, 16 * len(entries) + 16)
        return elf

    def test_relative_relocations_of_one_place_again_and_again(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        words = 1 << 19
        at = elf.add(struct.pack("<QQ", 0x1000, (1 << 64) - 1) * (words // 2))
        self.dynamic(elf, (DT_RELR, at), (DT_RELRSZ, words * 8))
        self.answer(elf, 2)

    def test_names_of_relocations_that_are_long(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        count = 100000
        symbol = elf.add(struct.pack("<IBBHQQ", 0, 0x12, 0, 0, 0, 0))
        rela = elf.add(struct.pack("<QQq", 0x800, R_X86_64_64, 0) * count)
        names = elf.add(b"a" * (32 << 20) + b"\0")
        self.dynamic(elf, (DT_SYMTAB, symbol), (DT_STRTAB, names), (DT_RELA, rela),
                     (DT_RELASZ, 24 * count))
        self.answer(elf, 0)

    def test_many_dynamic_sections_that_are_one(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        entries = [(DT_RELA, 0)] * 3000000
        self.dynamic(elf, *entries, times=4000)
        self.answer(elf, 0)

    def test_sections_of_relocations_that_are_one(self) -> None:
        elf = Elf()
        self.two_variants(elf)
        count = 40000
        rela = elf.add(struct.pack("<QQq", 0x800, 8, 0) * count)
        for _ in range(2000):
            elf.section(SHT_RELA, rela, 24 * count, flags=2, entry=24)
        _, err = self.answer(elf, 2)
        self.assertIn("lie over each other", err)

    def test_findings_without_end(self) -> None:
        elf = Elf()
        code = elf.add(LZCNT * 2000 + RET)
        variants = elf.add(struct.pack("<Q", code) * 2500)
        elf.operation(variants, 2500, 8)
        out, _ = self.answer(elf, 1)
        self.assertLess(out.count("\n"), 10010)
        self.assertIn("more than 10000 are not listed", out[-400:])
        self.assertIn(f" {2000 * 2500} findings", out[-400:])

    def test_jump_tables_without_end(self) -> None:
        """Each target of the first jump is a jump through the same table."""
        elf = Elf()
        jumps = elf.add(b"\xff\xe0" * 4096)  # jmp *%rax
        table_at = elf.add(b"")
        elf.add(b"".join(struct.pack("<i", jumps + 2 * i - table_at) for i in range(4096)))
        #: cmp $4095, %eax; ja .; lea table(%rip), %rdx; movslq (%rdx,%rax,4), %rax;
        #: add %rdx, %rax; jmp *%rax
        code = elf.add(b"")
        lea = code + 5 + 6
        elf.add(bytes.fromhex("3dff0f0000") + bytes.fromhex("0f87") + struct.pack("<i", 20) +
                bytes.fromhex("488d15") + struct.pack("<i", table_at - (lea + 7)) +
                bytes.fromhex("48630482") + bytes.fromhex("4801d0") + bytes.fromhex("ffe0") + RET * 8)
        variants = elf.add(struct.pack("<QQQ", code, code, 1) * 60)
        elf.operation(variants, 60, 24)
        _, err = self.answer(elf, 2)
        self.assertIn("more code than can be looked at", err)

    def test_names_do_not_reach_the_terminal_as_they_are(self) -> None:
        elf = Elf()
        self.two_variants(elf, b"\x1b]0;owned\x07\xc2\x9b31m\n")
        for command in ("show", "check"):
            out, err = self.answer(elf, 0, command=command)
            for c in "\x1b\x07\x9b":
                self.assertNotIn(c, out + err)

    def test_what_is_no_file_is_not_waited_for(self) -> None:
        pipe = self.dir / "pipe"
        os.mkfifo(pipe)
        self.assertEqual(self.isahp("check", pipe)[0], 2)


if __name__ == "__main__":
    unittest.main()
