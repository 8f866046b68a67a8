# SPDX-License-Identifier: MIT
"""The picture: each function's day, in a panel of its own. Drawn by gnuplot."""

import statistics
from pathlib import Path

from lab import gnuplot
from lab.gnuplot import quote

from bench.restored.day import AT, BEST, ISAHP, MASKED, Stay
from bench.restored.figures import Line

# Hosts from the richest down: the poorer, the darker.
SHADES = ["#ffffff", "#eef1f5", "#dde2ea"]
OURS, GAIN, OWN, MASK = "#14508c", "#cfe3f5", "#f0a830", "#b5322b"
CURVES = [(f"with filledcurves above fc rgb '{GAIN}'", "what following the host brings"),
          (f"with lines lw 5 lc rgb '{OWN}'", "best that the host allows"),
          (f"with lines lw 2 dt 2 lc rgb '{MASK}'", "masked for life: built for the poorest host"),
          (f"with lines lw 1.6 lc rgb '{OURS}'", "through isahp")]
ROUNDS_A_POINT = 9
COLUMNS, WIDTH, PANEL, HEAD, FOOT = 3, 1280, 200, 78, 58


def began_ns(stay: Stay) -> float:
    return stay.heard_ns if stay.arrived else stay.rounds[0][AT]


def isahp(stay: Stay) -> list[tuple[float, float]]:
    """When, and how long a call took: measured batch by batch around the event,
    and then medians of some rounds."""
    found = [(at, call) for at, call in stay.trace]
    for i in range(0, len(stay.rounds), ROUNDS_A_POINT):
        some = stay.rounds[i:i + ROUNDS_A_POINT]
        found.append((statistics.median(row[AT] for row in some),
                      statistics.median(row[ISAHP] for row in some)))
    return found


class Panel:
    """One function: shares of the native best, in percent, over seconds."""

    def __init__(self, line: Line, number: int):
        self._line = line
        self._names = {what: f"${what}{number}" for what in ("ours", "own")}
        self._stays = line.day.stays
        home = [s for s in self._stays if s.host == self._stays[0].host]
        self._best_ns = statistics.median(r[BEST] for s in home for r in s.rounds)
        self._masked = self._share(statistics.median(r[MASKED] for s in home for r in s.rounds))
        edges = [*map(began_ns, self._stays), self._stays[-1].rounds[-1][AT]]
        self._start_ns = edges[0]
        self._edges = [self._seconds(edge) for edge in edges]

    def _seconds(self, ns: float) -> float:
        return (ns - self._start_ns) / 1e9

    def _share(self, call_ns: float) -> float:
        return self._best_ns / call_ns * 100

    def _spans(self) -> list[tuple[Stay, float, float]]:
        return list(zip(self._stays, self._edges, self._edges[1:]))

    def data(self) -> list[str]:
        ours = [(self._seconds(at), self._share(call))
                for stay in self._stays for at, call in isahp(stay)]
        own = []
        for stay, begin, end in self._spans():
            share = self._share(statistics.median(row[BEST] for row in stay.rounds))
            own += [(begin, share), (end, share)]
        lines = []
        for what, rows in (("ours", ours), ("own", own)):
            lines += [f"{self._names[what]} << END", *(f"{x:.5f} {y:.3f}" for x, y in rows), "END"]
        return lines

    def _frame(self, shade: dict[str, str]) -> list[str]:
        figure = self._line.restored
        gain = 1 / self._line.masked.ratio
        title = (f"{{/:Bold {self._line.day.name.replace('_', ' ')}}}   "
                 f"{figure.peer_value:.3g} {figure.unit},  {gain:.1f} × the masked VM's")
        lines = [f"set title {quote(title)} offset 0,-0.6", "unset object", "unset label",
                 f"set xrange [0:{self._edges[-1]:.3f}]"]
        for stay, begin, end in self._spans():
            lines.append(f"set object rect from {begin:.3f},0 to {end:.3f},125 behind "
                         f"fc rgb '{shade[stay.host]}' fs solid noborder")
            lines.append(f"set label {quote(stay.host)} at {(begin + end) / 2:.3f},117 center "
                         "font ',7.5' tc rgb '#556070' noenhanced")
        return lines

    def plot(self, shade: dict[str, str]) -> list[str]:
        masked = f"{self._masked:.3f}"
        ours, own = self._names["ours"], self._names["own"]
        what = [f"{ours} using 1:2:({masked})", own, masked, ours]
        return [*self._frame(shade),
                "plot " + ", ".join(f"{w} {style} notitle" for w, (style, _) in zip(what, CURVES))]


def script(title: str, lines: list[Line]) -> tuple[list[str], int]:
    """What gnuplot is to do, and the picture's height."""
    rows = -(-len(lines) // COLUMNS)
    columns = min(COLUMNS, len(lines))
    height = HEAD + FOOT + rows * PANEL
    top, bottom = 1 - HEAD / height, FOOT / height
    panels = [Panel(line, i) for i, line in enumerate(lines)]
    hosts = list(dict.fromkeys(s.host for s in lines[0].day.stays))
    shade = dict(zip(hosts, SHADES))
    body = [text for panel in panels for text in panel.data()]
    heading = (f"A day of migrations among {', '.join(hosts)}: mathlib on {title}, "
               "share of the native best over seconds")
    body += [f"set multiplot layout {rows},{columns} margins 0.045,0.985,{bottom:.4f},{top:.4f} "
             f"spacing 0.04,{52 / height:.4f} title {quote(heading)} font ',15' offset 0,-0.2",
             "set yrange [0:125]", "set ytics 0,50,100 nomirror format '%g %%' font ',8'",
             "set xtics 1 nomirror font ',8' offset 0,0.4", "set tics scale 0.4",
             "set border 3 lc rgb '#8890a0'", "set grid ytics lc rgb '#c8ccd4' lw 0.5"]
    for panel in panels:
        body += panel.plot(shade)
    return [*body, *legend(height), "unset multiplot"], height


def legend(height: int) -> list[str]:
    """A plot of nothing, as wide as the page, below all others."""
    keys = ", ".join(f"NaN {style.replace('filledcurves above', 'boxes fs solid noborder')} "
                     f"title {quote(text)}" for style, text in CURVES)
    return ["unset title", "unset object", "unset label", "unset border", "unset tics",
            "unset grid", "set lmargin screen 0.02", "set rmargin screen 0.98",
            "set bmargin screen 0", f"set tmargin screen {FOOT * 0.6 / height:.4f}",
            "set xrange [0:1]", "set yrange [0:1]",
            "set key center center horizontal maxrows 1 font ',10' samplen 2.5 width 1 reverse "
            "Left", f"plot {keys}"]


def draw(title: str, lines: list[Line], folder: Path) -> list[Path]:
    """Draw restored.svg and restored.png into a folder. LabError: no gnuplot, or
    it can not."""
    body, height = script(title, lines)
    return gnuplot.draw(folder, "restored", (WIDTH, height), body)
