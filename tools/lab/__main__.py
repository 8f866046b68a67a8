# SPDX-License-Identifier: MIT
"""The lab's commands."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from . import cpus, emulator, headers, image, kernel
from .errors import LabError
from .host import Host
from .qemu import CMDLINE, Machine, accel
from .vm import Vm


def _boot_files(args: argparse.Namespace) -> tuple[Path, Path]:
    fetched = kernel.fetch(args.kernel)
    extra = tuple(Path(p) for p in getattr(args, "add", []) or [])
    return fetched.vmlinux, image.build(fetched, extra)


def fetch(args: argparse.Namespace) -> int:
    fetched = kernel.fetch(args.kernel)
    if args.headers:
        headers.fetch(fetched)
    print(fetched.folder)
    return 0


def make_module(args: argparse.Namespace) -> int:
    """The module for another kernel than the one that CMake builds it for."""
    print(headers.build_module(kernel.fetch(args.kernel)))
    return 0


def make_image(args: argparse.Namespace) -> int:
    """And what boots it: tests that come then need not download it."""
    emulator.default()
    print(_boot_files(args)[1])
    return 0


def shell(args: argparse.Namespace) -> int:
    vmlinux, initrd = _boot_files(args)
    print(f"lab: {accel()}, -cpu {args.cpu}; Ctrl-A x ends it", flush=True)
    qemu = emulator.default()
    return subprocess.run(
        [*qemu.argv(), "-accel", accel(), "-M", "pc", "-nodefaults",
         "-no-user-config", "-display", "none", "-no-reboot",
         "-serial", "mon:stdio", "-cpu", args.cpu, "-m", "512",
         "-smp", str(args.smp), "-kernel", str(vmlinux), "-initrd",
         str(initrd), "-append", f"{CMDLINE} lab=shell"], check=False,
        env={**os.environ, **qemu.env()}
    ).returncode


def run(args: argparse.Namespace) -> int:
    if not args.command:
        raise LabError("run: no command: say lab run -- CMD [ARG ...]")
    machine = Machine(*_boot_files(args), smp=args.smp)
    with tempfile.TemporaryDirectory(prefix="isahp-lab-") as logs:
        with Vm(machine, Path(logs)) as vm:
            vm.boot(Host("host", args.cpu))
            result = vm.agent.run(args.command, args.timeout, check=False)
    sys.stdout.write(result.out)
    sys.stderr.write(result.err)
    if result.end.signal is not None:
        print(f"lab: {shlex.join(args.command)}: {result.end}",
              file=sys.stderr)
    return result.code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab", description="Guests under QEMU for isahp.")
    parser.add_argument("--kernel", metavar="VERSION",
                        default=os.environ.get("ISAHP_GUEST_KERNEL"),
                        help="6.1, 6.12, 7.2, debug, or an exact release; "
                        "default: $ISAHP_GUEST_KERNEL, or what "
                        "linux-headers-amd64 brings")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        return sub

    sub = command("fetch", fetch, "Download and unpack the guest's kernel.")
    sub.add_argument("--headers", action="store_true", help="its headers too")
    command("module", make_module, "Build isahp.ko for the kernel.")
    sub = command("image", make_image, "Build the guest's initramfs.")
    sub.add_argument("--add", action="append", metavar="PROGRAM",
                     help="a program to put into /bin, with its libraries")
    for name, function, text in (
            ("shell", shell, "Boot a guest with a shell on this terminal."),
            ("run", run, "Run one command in a fresh guest; its output and "
             "exit code are this command's.")):
        sub = command(name, function, text)
        sub.add_argument("--cpu", default=cpus.RICH, metavar="MODEL",
                         help="QEMU's CPU model (default: %(default)s)")
        sub.add_argument("--smp", type=int, default=2, metavar="N",
                         help="virtual CPUs (default: %(default)s)")
        sub.add_argument("--add", action="append", metavar="PROGRAM",
                         help="a program to put into /bin")
    sub.add_argument("--timeout", type=float, default=600, metavar="S",
                     help="seconds for the command (default: %(default)s)")
    sub.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD")
    return parser


def main() -> int:
    args = _parser().parse_args()
    if getattr(args, "command", None) and args.command[0] == "--":
        args.command.pop(0)
    try:
        return args.function(args)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
