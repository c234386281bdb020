"""The GIMP tree of a release, or a skipped test that says why there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from gimp_chroot import Chroot, ChrootUnavailableError, find_or_build

ROOT = Path(__file__).resolve().parents[3]


def pythons_folders() -> list[Path]:
    """Return the folders that a GIMP in a tree of its own must see to run NIGDT with this Python."""
    packages = [Path(folder) for folder in sys.path if folder.endswith("site-packages")]
    return [ROOT, Path(sys.prefix), Path(sys.base_prefix), *packages]


def tree(release: str) -> Chroot:
    """Return the tree, built now if need be; skips the test where that cannot be done."""
    try:
        return find_or_build(release)
    except ChrootUnavailableError as reason:
        pytest.skip(f"no GIMP 3 of Debian {release} to test in: {reason}")
