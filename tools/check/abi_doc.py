#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keep the tables of docs/abi.md equal to the headers.

Usage: abi_doc.py [--check]

Between `<!-- tables: HEADER -->` and `<!-- end -->` the document holds one table
for each structure of that header: offset and size as a compiler sees them, the
description from the kernel-doc comment. Without --check the document is
rewritten; with it, a difference is an error.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs/abi.md"
STRUCT = re.compile(r"/\*\*\n \* struct (\w+) - (.*?)\n(.*?) \*/\nstruct \1 \{\n(.*?)\n\};", re.S)
MEMBER = re.compile(r"^\t+(?:struct )?(\w+) \*?(\w+)(?:\[\w+\])*;", re.M)
SECTION = re.compile(r"(<!-- tables: (\S+) -->\n).*?(<!-- end -->)", re.S)


class Struct(NamedTuple):
    name: str
    purpose: str
    notes: dict[str, str]
    members: list[tuple[str, str]]


def join(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\n *", " ")).strip()


def parse_notes(comment: str) -> dict[str, str]:
    """Field descriptions of a kernel-doc comment."""
    notes, name = {}, None
    for line in comment.split("\n"):
        line = line.removeprefix(" *")
        start = re.match(r" @(\w+):\s*(.*)", line)
        if start:
            name = start[1]
            notes[name] = start[2]
        elif name and line.startswith("\t"):
            notes[name] += " " + line.strip()
        elif not line.strip():
            name = None
    return {key: join(text).replace("@", "") for key, text in notes.items()}


def parse(header: Path) -> list[Struct]:
    structs = []
    for name, purpose, comment, body in STRUCT.findall(header.read_text()):
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
        members = [(m[1], m[0]) for m in MEMBER.findall(body)]
        structs.append(Struct(name, join(purpose), parse_notes(comment), members))
    return structs


def measure(header: str, structs: list[Struct]) -> dict[str, tuple[int, int]]:
    """"struct.member" -> (offset, size), and "struct" -> (0, size)."""
    lines = [f"#include <{header}>", "#include <stdio.h>", "int main(void) {"]
    for s in structs:
        lines.append(f'printf("{s.name} 0 %zu\\n", sizeof(struct {s.name}));')
        for member, _ in s.members:
            lines.append(f'printf("{s.name}.{member} %zu %zu\\n", '
                         f'__builtin_offsetof(struct {s.name}, {member}), '
                         f'sizeof(((struct {s.name} *)0)->{member}));')
    lines.append("}")
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch, "measure")
        subprocess.run(["gcc", "-x", "c", "-I", TOP / "include", "-o", program, "-"],
                       input="\n".join(lines), text=True, check=True)
        output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: (int(line.split()[1]), int(line.split()[2]))
            for line in output.splitlines()}


def tables(header: str) -> str:
    structs = parse(TOP / "include" / header)
    if not structs:
        raise ValueError(f"no documented structure found in {header}")
    sizes = measure(header, structs)
    out = []
    for s in structs:
        out += ["", f"#### struct {s.name}: {s.purpose}", "",
                "| offset | size | field | meaning |", "|---|---|---|---|"]
        for member, _ in s.members:
            offset, size = sizes[f"{s.name}.{member}"]
            note = s.notes.get(member, "zero" if member.startswith("reserved") else "")
            if not note:
                raise ValueError(f"{header}: struct {s.name}: {member} is not described")
            out.append(f"| {offset} | {size} | `{member}` | {note} |")
        out.append(f"| {sizes[s.name][1]} | | | end |")
    return "\n".join(out) + "\n\n"


def main() -> int:
    text = DOCUMENT.read_text()
    try:
        new = SECTION.sub(lambda m: m[1] + tables(m[2]) + m[3], text)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" in sys.argv:
        if new != text:
            print("docs/abi.md's tables differ from the headers: run tools/check/abi_doc.py",
                  file=sys.stderr)
            return 1
        return 0
    DOCUMENT.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
