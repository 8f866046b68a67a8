# SPDX-License-Identifier: MIT
"""What the lab raises when something outside of it is wrong."""


class LabError(Exception):
    """One line for a person: names the thing and the fix."""


class GuestSplat(LabError):
    """The guest's kernel log shows a bug, a warning, an oops or a panic."""


class Silence(LabError):
    """A guest does not say in time what is waited for."""


class Skip(Exception):
    """A test can not run here; the text says why."""
