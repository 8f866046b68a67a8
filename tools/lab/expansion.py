# SPDX-License-Identifier: MIT
"""A host as QEMU tells of it: query-cpu-model-expansion, which isahpctl reads."""

import json
import os
import subprocess
from typing import Any

from .emulator import SYSTEM, Emulator


def expansion(cpu: str, emulator: Emulator = SYSTEM) -> Any:
    """Of a CPU as -cpu spells it, by a QEMU of its own: what -cpu says holds for
    expansions, too. Address bits are TCG's, which the expansion leaves open."""
    name, *more = cpu.split(",")
    props: dict[str, object] = {"phys-bits": 40}
    for item in more:
        key, _, value = item.lstrip("+-").partition("=")
        props[key] = int(value) if value else item.startswith("+")
    asked = [{"execute": "qmp_capabilities"},
             {"execute": "query-cpu-model-expansion", "id": "it",
              "arguments": {"type": "full", "model": {"name": name, "props": props}}},
             {"execute": "quit"}]
    done = subprocess.run([*emulator.argv(), "-M", "none", "-nodefaults", "-display",
                           "none", "-qmp", "stdio"], check=True, text=True,
                          capture_output=True, env={**os.environ, **emulator.env()},
                          input="\n".join(map(json.dumps, asked)))
    return next(answer["return"] for answer in map(json.loads, done.stdout.splitlines())
                if answer.get("id") == "it")
