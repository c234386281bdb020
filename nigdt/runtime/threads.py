"""Settings of helper threads that must be made before the libraries that have them are imported."""

from __future__ import annotations

import os

__all__ = ["keep_openblas_calm", "keep_openmp_calm"]


def keep_openblas_calm() -> None:
    """Leave OpenBLAS one thread unless the environment says otherwise; before NumPy and OpenCV are imported.

    One small product a fill wakes its threads, which then yield in a loop for 50 ms, on a core that the next
    fill needs: with two cores that was 40 ms of a fill at the paper's size. For processes of our own only.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def keep_openmp_calm() -> None:
    """Let waiting OpenMP threads sleep unless the environment says otherwise; before torch is imported.

    Spinning ones cost a busy machine ten times the work they do (measured).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
