# SPDX-License-Identifier: MIT
"""The picture: throughput over time, the events marked. Drawn by gnuplot."""

from pathlib import Path

from lab import gnuplot
from lab.gnuplot import quote

from demo.timeline import Leg

ENTRY_COLOURS = {"sysenter": "#d6e4f0", "syscall": "#d5ecd8", "int80": "#f6e0bf"}
COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"]


def write_data(leg: Leg, folder: Path) -> dict[str, Path]:
    """One file per variant, so that each gets its colour; gaps break the line."""
    files = {}
    for variant in dict.fromkeys(s.variant for s in leg.samples):
        path = folder / f"{leg.name}-{variant.replace('/', '-')}.dat"
        lines = []
        for sample in leg.samples:
            lines.append(f"{sample.at:.3f} {sample.ops_per_second:.1f}"
                         if sample.variant == variant else "")
        path.write_text("\n".join(lines) + "\n")
        files[variant] = path
    return files


def spans(first: str, changes: list[tuple[float, str]],
          end: float) -> list[tuple[float, float, str]]:
    """From when to when what held, given what held first, and each change."""
    changes = [(0.0, first), *changes, (end, "")]
    return [(at, until, what) for (at, what), (until, _) in zip(changes, changes[1:])
            if what and until > at]


def abroad(leg: Leg, top: float, end: float) -> list[str]:
    """Shade the stays at hosts of another vendor than the first one's."""
    home = leg.samples[0].vendor
    moves = [(e.at, e.vendor) for e in leg.events if e.vendor]
    lines = []
    for at, until, vendor in spans(home, moves, end):
        if vendor != home:
            lines.append(f"set object rect from {at:.3f},0 to {until:.3f},{top:.1f} "
                         "behind fc rgb '#eeeeee' fs solid noborder")
            lines.append(f"set label {quote(f'{vendor} host')} at {(at + until) / 2:.3f},"
                         f"{top * 0.04:.1f} center font ',8' tc rgb '#444444' noenhanced")
    return lines


def entries(leg: Leg, low: float, end: float) -> list[str]:
    """A strip below zero: how 32-bit programs enter the kernel."""
    changes = [(e.at, e.label) for e in leg.events if e.kind == "entry"]
    lines = []
    # Before the 32-bit program has spoken, the samples do not know.
    first = next((s.entry for s in leg.samples if s.entry), "")
    for at, until, entry in spans(first, changes, end):
        colour = ENTRY_COLOURS.get(entry, "#eeeeee")
        text = f"32-bit by {entry}" if until - at > end / 6 else entry
        lines.append(f"set object rect from {at:.3f},{low:.1f} to {until:.3f},0 "
                     f"back fc rgb '{colour}' fs solid noborder")
        lines.append(f"set label {quote(text)} at {(at + until) / 2:.3f},{low / 2:.1f} "
                     "center font ',8' tc rgb '#444444' noenhanced")
    return lines


def panel(leg: Leg, files: dict[str, Path], colours: dict[str, str]) -> list[str]:
    top = max((s.ops_per_second for s in leg.samples), default=1.0) * 1.25
    end = max((s.at for s in leg.samples), default=1.0) + 1
    low = -0.06 * top if any(s.entry for s in leg.samples) else 0.0
    lines = [f"set title {quote(leg.title)}", f"set xrange [0:{end:.1f}]",
             f"set yrange [{low:.1f}:{top:.1f}]", "unset arrow", "unset label",
             "unset object", *abroad(leg, top, end), *entries(leg, low, end)]
    for event in leg.events:
        if not event.label or event.kind == "entry":
            continue
        lines.append(f"set arrow from {event.at:.3f},0 to {event.at:.3f},{top:.1f} "
                     "nohead lc rgb '#888888' dt 2")
        lines.append(f"set label {quote(event.label)} at {event.at:.3f},{top * 0.97:.1f} "
                     "left offset 0.4,0 font ',8' tc rgb '#444444' noenhanced")
    plots = [f"{quote(str(path))} using 1:2 with linespoints pt 7 ps 0.4 lw 2 "
             f"lc rgb '{colours[variant]}' title {quote(variant)} noenhanced"
             for variant, path in files.items()]
    lines.append("plot " + ", ".join(plots))
    return lines


def draw(legs: list[Leg], folder: Path, stem: str) -> list[Path]:
    """Draw STEM.svg and STEM.png into a folder."""
    legs = [leg for leg in legs if leg.samples]
    if not legs:
        return []
    data = folder / "data"
    data.mkdir(exist_ok=True)
    variants = list(dict.fromkeys(s.variant for leg in legs for s in leg.samples))
    colours = {v: COLOURS[i % len(COLOURS)] for i, v in enumerate(variants)}
    body = ["set grid ytics lc rgb '#dddddd'", "set key outside right top", "set rmargin 22",
            "set xtics nomirror",
            "set xlabel 'seconds'", "set ylabel 'calls per second'",
            "set format y '%.0s%c'", f"set multiplot layout {len(legs)},1"]
    for leg in legs:
        body += panel(leg, write_data(leg, data), colours)
    body.append("unset multiplot")
    return gnuplot.draw(folder, stem, (1100, 420 * len(legs)), body)
