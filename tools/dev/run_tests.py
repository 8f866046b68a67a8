#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run ctest in a build folder and close its output with one plain line.

ctest's own summary does not say how many tests were skipped and why; the line
printed here does: "N passed, N failed, N skipped", each skip with its reason
above it.
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def reason_of(case: ElementTree.Element) -> str:
    """The last line that a skipped test printed: by convention, its reason."""
    output = case.findtext("system-out") or ""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def main() -> int:
    build, *arguments = sys.argv[1:]
    if "-N" in arguments:
        return subprocess.call(["ctest", "--test-dir", build, *arguments])
    report = Path(build, "ctest.xml").resolve()
    report.unlink(missing_ok=True)
    status = subprocess.call(
        ["ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error",
         "--output-junit", str(report), *arguments])
    if not report.exists():
        return status or 1
    passed = failed = skipped = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        state = case.get("status")
        if state == "run":
            passed += 1
        elif state in ("notrun", "disabled"):
            skipped += 1
            name = re.sub(r"\s+", " ", case.get("name", "?"))
            print(f"skipped: {name}: {reason_of(case)}")
        else:
            failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or status else 0


if __name__ == "__main__":
    sys.exit(main())
