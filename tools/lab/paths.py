# SPDX-License-Identifier: MIT
"""Where things are: the source tree, the build folder, the guest's folder."""

import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


def build_root() -> Path:
    """Folder of all that is made: $ISAHP_BUILD_ROOT or SOURCE/build."""
    return Path(os.environ.get("ISAHP_BUILD_ROOT", SOURCE / "build")).resolve()


def build_dir() -> Path:
    """CMake's folder: $ISAHP_BUILD_DIR or build/dev."""
    return Path(os.environ.get("ISAHP_BUILD_DIR",
                               build_root() / "dev")).resolve()


def guest_root() -> Path:
    """Folder of kernels and images."""
    return build_root() / "guest"
