#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check text files for trailing blanks, conflict markers and long lines."""

import subprocess
import sys

WIDTH = 100
# The feature table is a table; its rows stay on one line each.
WIDE = {"include/isahp/features.h"}


def problems(name: str):
    with open(name, encoding="utf-8") as file:
        text = file.read()
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{name}:{number}"
        if line != line.rstrip():
            yield f"{where}: trailing blanks"
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            yield f"{where}: conflict marker"
        if name.endswith((".c", ".h", ".py")) and name not in WIDE:
            # A message is not broken: people search for it.
            if len(line.expandtabs(8)) > WIDTH and '"' not in line:
                yield f"{where}: {len(line.expandtabs(8))} columns, {WIDTH} are enough"


def main() -> int:
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    bad = []
    for name in names:
        if name and not name.startswith(("LICENSES/", "tests/fuzz/corpus/")) \
                and not name.endswith((".png", ".svg", ".bin")):
            bad += problems(name)
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
