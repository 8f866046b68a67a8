#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the inputs that a list of seeds has into a folder, one file each.

Usage: core_seeds.py SEEDS FOLDER
"""

import sys
from pathlib import Path


def main() -> int:
    seeds, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for line in seeds.read_text(encoding="utf-8").splitlines():
        name, _, digits = line.partition(" ")
        if name and name != "#":
            (folder / name).write_bytes(bytes.fromhex(digits))
    return 0


if __name__ == "__main__":
    sys.exit(main())
