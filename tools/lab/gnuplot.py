# SPDX-License-Identifier: MIT
"""Pictures, drawn by gnuplot."""

import shutil
import subprocess
from pathlib import Path

from .errors import LabError


def quote(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\n", " ") + "'"


def draw(folder: Path, stem: str, size: tuple[int, int], body: list[str]) -> list[Path]:
    """Draw STEM.svg and STEM.png into a folder. LabError: no gnuplot, or it can
    not."""
    if not shutil.which("gnuplot"):
        raise LabError("gnuplot is missing: install it (./dev setup)")
    width, height = size
    pictures = []
    for terminal, suffix in ((f"svg size {width},{height} background rgb 'white'", "svg"),
                             (f"pngcairo size {width},{height}", "png")):
        picture = folder / f"{stem}.{suffix}"
        text = "\n".join([f"set terminal {terminal} font 'Sans,10'",
                          f"set output {quote(str(picture))}", *body, "unset output", ""])
        done = subprocess.run(["gnuplot"], input=text, text=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise LabError(f"gnuplot: {done.stderr.strip()[-300:]}")
        pictures.append(picture)
    return pictures
