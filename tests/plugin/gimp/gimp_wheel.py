"""pyzmq's wheel for GIMP's Python."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

from assemble import wheel_arguments
from gimp_chroot import ChrootUnavailableError, cache_folder


def pyzmq_wheel() -> Path:
    """Return the wheel, fetched once and kept beside the GIMP trees.

    Raises:
        ChrootUnavailableError: It cannot be fetched.
    """
    folder = cache_folder() / "wheel"
    found = sorted(folder.glob("pyzmq-*.whl"))
    if not found:
        arguments = wheel_arguments(sys.platform, platform.machine(), folder)
        done = subprocess.run(
            [sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False
        )
        found = sorted(folder.glob("pyzmq-*.whl"))
        if not found:
            why = done.stderr.strip().splitlines()[-1:]
            raise ChrootUnavailableError(f"pyzmq's wheel for GIMP cannot be fetched: {why}")
    return found[-1]
