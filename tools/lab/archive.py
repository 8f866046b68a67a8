# SPDX-License-Identifier: MIT
"""Packages of another Debian suite, without touching this system.

apt gets a folder of its own for each suite, build/guest/apt/SUITE, with its own
list of sources, indexes and cache; mirror, proxy and keyrings are those that
this system's apt uses. Nothing is installed: a package is downloaded, and
unpacked into a folder where somebody wants to look into it.
"""

import contextlib
import fcntl
import os
import platform
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from .errors import LabError
from .paths import guest_root

# This system's own sources, whatever they are.
OWN = ""
# What a suite is of no use without.
BASES = {
    "bookworm-backports": ("bookworm",),
    "trixie": (),
    "trixie-backports": ("trixie",),
    "sid": (),
}
# Debian's keys, by the package debian-archive-keyring; they are those of later
# suites as well.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DPKG_STATUS = Path("/var/lib/dpkg/status")
# An index is asked for anew after a download that has failed, and so once.
STALE = re.compile(r"404|Not Found|Hash Sum|Unable to locate|not found", re.I)
OFFLINE = re.compile(r"resolve|connect|fetch|network|temporary|timed? ?out",
                     re.I)
# name, name:arch, name=version: nothing that apt takes for an option.
NAME = re.compile(r"[a-z0-9][a-z0-9+.:-]*(=[\w.+:~-]+)?")

CONF = """\
Dir::State "{folder}/state";
Dir::State::lists "lists/";
Dir::State::status "{status}";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/suite.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Default-Release "{suite}";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Update::Error-Mode "any";
Debug::NoLocking "true";
// What this system does after its own updates and installations is not ours.
#clear APT::Update;
#clear DPkg;
APT::Update::Error-Mode "any";
"""


@dataclass(frozen=True)
class Suite:
    """A suite of the archive, and the folder of its apt."""
    name: str

    @property
    def folder(self) -> Path:
        return guest_root() / "apt" / self.name

    def conf(self, closure: str) -> Path:
        return self.folder / f"apt-{closure}.conf"

    def options(self, closure: str) -> list[str]:
        """What makes an apt program work on this suite."""
        if self.name == OWN:
            # As root apt would step down to _apt, which can not write here.
            return ["-o", "APT::Sandbox::User=root", "-o",
                    "Debug::NoLocking=true"]
        return ["-c", str(self.conf(closure))]

    @property
    def is_updated(self) -> bool:
        return (self.folder / "updated").is_file()


def _run(argv: Sequence[str], folder: Path | None = None
         ) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(argv, cwd=folder, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"}, check=False)
    except FileNotFoundError:
        raise LabError(f"missing program {argv[0]}: packages come from "
                       "Debian's archive, run this on Debian") from None


def _error(done: subprocess.CompletedProcess) -> str:
    """apt's first complaint: the later ones only sum up."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "Err"))]
    return (errors or lines or ["no reason given"])[0]


def _called(suite: str) -> str:
    return suite or "this system's archive (apt-get update?)"


def mirror() -> str:
    """Where this system's apt gets Debian itself from."""
    done = _run(["apt-get", "indextargets", "--format",
                 "$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(RELEASE)", "Created-By: Packages"])
    found = [line.split("|") for line in done.stdout.splitlines()]
    # Origin and label are known once an index was fetched.
    known = [uri for origin, label, uri, _ in found
             if (origin, label) == ("Debian", "Debian")]
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME")
    guess = [uri for _, _, uri, release in found if release == codename]
    if not (known or guess):
        raise LabError("apt knows no archive of Debian (apt-get indextargets)")
    return (known or guess)[0]


def _configure(suite: Suite) -> None:
    """Write apt's configuration; anew each time, for the folder may have been
    moved, and this system's mirror changed."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (suite.folder / name).mkdir(parents=True, exist_ok=True)
    signed = f"Signed-By: {KEYRING}\n" if KEYRING.is_file() else ""
    suites = " ".join((suite.name, *BASES[suite.name]))
    sources = (f"Types: deb\nURIs: {mirror()}\nSuites: {suites}\n"
               f"Components: main\nArchitectures: amd64\nTargets: Packages\n"
               f"{signed}")
    path = suite.folder / "suite.sources"
    if not path.is_file() or path.read_text() != sources:
        (suite.folder / "updated").unlink(missing_ok=True)
        path.write_text(sources)
    nothing = suite.folder / "state" / "status"
    nothing.touch()
    for closure, status in (("missing", DPKG_STATUS), ("whole", nothing)):
        suite.conf(closure).write_text(CONF.format(
            folder=suite.folder, suite=suite.name, status=status))


def _update(suite: Suite) -> None:
    print(f"lab: index of {suite.name}", flush=True)
    done = _run(["apt-get", "-q", "-c", str(suite.conf("missing")), "update"])
    if done.returncode:
        error = _error(done)
        if OFFLINE.search(error):
            raise LabError(f"no network for packages: {suite.name}: {error}")
        raise LabError(f"no index of {suite.name}: {error}")
    (suite.folder / "updated").touch()


@contextlib.contextmanager
def _locked(name: str) -> Iterator[Suite]:
    """A suite, configured and with an index, for one process at a time."""
    suite = Suite(name)
    if name == OWN:
        yield suite
        return
    if name not in BASES:
        raise LabError(f"no suite {name}: one of {', '.join(BASES)}")
    suite.folder.mkdir(parents=True, exist_ok=True)
    with open(suite.folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _configure(suite)
        if not suite.is_updated:
            _update(suite)
        yield suite


def _apt(suite: Suite, argv: Sequence[str], closure: str = "missing",
         folder: Path | None = None) -> subprocess.CompletedProcess:
    """Run an apt program; when what it lacks may be an index that has aged,
    once more with a new one. This system's own index is not ours to touch."""
    command = [argv[0], "-q", *suite.options(closure), *argv[1:]]
    done = _run(command, folder)
    if done.returncode and suite.name != OWN and STALE.search(done.stderr):
        _update(suite)
        done = _run(command, folder)
    return done


def depends(package: str, suite: str) -> list[str]:
    """Names that a package of the suite depends on, in the archive's order."""
    with _locked(suite) as at:
        done = _apt(at, ["apt-cache", "depends", "--no-recommends",
                         "--no-suggests", "--no-conflicts", "--no-breaks",
                         "--no-replaces", "--no-enhances", package])
    if done.returncode:
        raise LabError(f"no package {package} in {_called(suite)}: "
                       f"{_error(done)}")
    return re.findall(r"^ *\|?(?:Pre)?Depends: (\S+)", done.stdout, re.M)


def names(pattern: str, suite: str) -> list[str]:
    """Names of the suite's packages that match a regular expression."""
    with _locked(suite) as at:
        done = _apt(at, ["apt-cache", "search", "--names-only", pattern])
    if done.returncode:
        raise LabError(f"no search in {_called(suite)}: {_error(done)}")
    return sorted(line.split(" ")[0] for line in done.stdout.splitlines())


def download(packages: Sequence[str], suite: str, folder: Path,
             closure: str = "") -> list[Path]:
    """Download packages of a suite into a folder.

    packages: names, or name=version for one exact version.
    closure:  "" for these packages alone; "missing" for what they depend on
              as well, as far as this system does not have it installed in a
              fitting version; "whole" for all of it down to libc.

    Returns the paths of the .deb files. Raises LabError: no network, no such
    package or version, dependencies that can not be met.
    """
    for name in packages:
        if not NAME.fullmatch(name):
            raise LabError(f"not a package: {name!r}")
    if closure not in ("", "missing", "whole"):
        raise LabError(f"not a closure: {closure!r}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as work:
        (Path(work) / "partial").mkdir()
        if closure:
            # Nothing is installed, and so nothing can be harmed by what apt
            # would take away for it.
            argv = ["apt-get", "-o", f"Dir::Cache::archives={work}/",
                    "--download-only", "--reinstall", "--allow-downgrades",
                    "--allow-remove-essential", "--allow-change-held-packages",
                    "--yes", "install", *packages]
        else:
            argv = ["apt-get", "download", *packages]
        with _locked(suite) as at:
            done = _apt(at, argv, closure or "missing", Path(work))
        if done.returncode:
            error = _error(done)
            if OFFLINE.search(error) and not STALE.search(error):
                raise LabError(f"no network for packages: {error}")
            raise LabError(f"{_called(suite)}: {' '.join(packages)}: {error}")
        return [deb.rename(folder / deb.name)
                for deb in sorted(Path(work).glob("*.deb"))]


def unpack(debs: Sequence[Path], folder: Path) -> None:
    """Unpack packages over each other; no script of theirs is run."""
    folder.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        done = _run(["dpkg-deb", "-x", str(deb), str(folder)])
        if done.returncode:
            raise LabError(f"{deb.name}: {_error(done)}")
