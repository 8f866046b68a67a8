# SPDX-License-Identifier: MIT
"""How commands that start others end: with a status, and nothing left running."""

import signal
import sys
from collections.abc import Callable

from .errors import LabError
from .proc import kill_all


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def run_to_end(who: str, work: Callable[[], int]) -> int:
    """work()'s exit status; 130 when interrupted or terminated; 1 for a LabError
    or OSError, which is said on stderr. All that was started is ended."""
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return work()
    except KeyboardInterrupt:
        print(f"\n{who}: interrupted", file=sys.stderr)
        return 130
    except (LabError, OSError) as error:
        print(f"{who}: {error}", file=sys.stderr)
        return 1
    finally:
        kill_all()
