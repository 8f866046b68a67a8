#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that each source file names the licence of its folder."""

import subprocess
import sys

EXPECTED = {
    "include/isahp/": "(GPL-2.0-only WITH Linux-syscall-note) OR MIT",
    "isa-core/": "GPL-2.0-only OR MIT",
    "guest-kmod/": "GPL-2.0-only",
    "libisahp/include/": "MIT",
    "libisahp/examples/": "MIT",
    "libisahp/bench/": "MIT",
    "libisahp/": "LGPL-2.1-or-later",
    "hypervisor-shim/": "GPL-2.0-or-later",
    "examples/": "MIT",
    "tests/": "MIT",
    "tools/": "MIT",
}
BUILD_FILES = ("CMakeLists.txt", ".cmake", ".cmake.in", ".pc.in")
EXEMPT = (".md", ".json", ".txt", "OBJECTS", ".gitignore", "dep5", ".svg", ".png", ".tsv", ".csv")


def main() -> int:
    bad = []
    for name in subprocess.run(["git", "ls-files"], capture_output=True, text=True,
                               check=True).stdout.split("\n"):
        if not name or name.startswith("LICENSES/"):
            continue
        build_file = name.endswith(BUILD_FILES)
        if name.endswith(EXEMPT) and not build_file:
            continue
        with open(name, encoding="utf-8", errors="replace") as file:
            head = "".join(file.readline() for _ in range(4))
        if "SPDX-License-Identifier:" not in head:
            bad.append(f"{name}: no SPDX-License-Identifier in its first lines")
            continue
        licence = head.split("SPDX-License-Identifier:")[1].split("\n")[0].replace("*/", "").strip()
        for prefix, expected in EXPECTED.items():
            if name.startswith(prefix) and not build_file:
                if name.endswith((".c", ".h", ".S")) and licence != expected:
                    bad.append(f"{name}: is {licence}; files of {prefix} are {expected}")
                break
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
