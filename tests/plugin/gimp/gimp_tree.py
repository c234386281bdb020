"""The GIMP tree of a release, or a skipped test that says why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from gimp_chroot import Chroot, ChrootUnavailableError, find_or_build

ROOT = Path(__file__).resolve().parents[3]


def tree(release: str) -> Chroot:
    """Return the tree, built now if need be; skips the test where that cannot be done."""
    try:
        return find_or_build(release)
    except ChrootUnavailableError as reason:
        pytest.skip(f"no GIMP 3 of Debian {release} to test in: {reason}")
