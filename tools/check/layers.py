#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that dependencies between the parts point one way.

A folder may include its own headers, the contracts (<isahp/features.h>, abi.h,
uapi.h) and what ALLOWED names. The three big parts never include each other.
What knows CPUs, hypervisor-shim/policy, knows nothing else of its part.
"""

import re
import subprocess
import sys
from pathlib import Path

CONTRACTS = {"isahp/features.h", "isahp/abi.h", "isahp/uapi.h",
             "isahp/kernel.h"}
PARTS = ["include", "isa-core", "guest-kmod", "libisahp", "hypervisor-shim", "examples"]
# part -> prefixes of <...> and "..." includes that belong to other parts
ALLOWED = {
    "include": set(),
    "isa-core": set(),
    "guest-kmod": {"isa-core"},
    "libisahp": {"isa-core"},
    "hypervisor-shim": {"isa-core"},
    "examples": {"libisahp"},
}
POLICY = Path("hypervisor-shim/policy")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')


def owner(header: str, part: str) -> str | None:
    """The part that a header belongs to; None for what is not the project's."""
    if header in CONTRACTS:
        return "include"
    if header.startswith("isahp/"):
        return "libisahp"
    head = header.replace("../", "").split("/")[0]
    if header.startswith("../") or head in PARTS:
        return head if head in PARTS else part
    return None


def leaves_policy(file: str, header: str, quoted: bool) -> bool:
    """It is of POLICY, and includes what is elsewhere in hypervisor-shim."""
    if not Path(file).is_relative_to(POLICY):
        return False
    if quoted:
        return "/" in header or not (POLICY / header).is_file()
    return header.startswith("hypervisor-shim/")


def main() -> int:
    files = subprocess.run(["git", "ls-files", *PARTS], capture_output=True, text=True,
                           check=True).stdout.split()
    bad = []
    for name in files:
        if not name.endswith((".c", ".h")):
            continue
        part = name.split("/")[0]
        with open(name, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                to = owner(match[1], part) if match else None
                if to and to != part and to != "include" and to not in ALLOWED[part]:
                    bad.append(f"{name}:{number}: {part} must not include {match[1]} of {to}")
                if match and leaves_policy(name, match[1], '"' in line):
                    bad.append(f"{name}:{number}: {POLICY} must not include {match[1]}")
                if part == "include" and match and not match[1].startswith(("linux/", "isahp/")):
                    bad.append(f"{name}:{number}: a contract includes {match[1]}")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
