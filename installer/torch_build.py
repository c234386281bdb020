"""Which build of torch fits this machine, and whether torch and torchvision are a pair."""

from __future__ import annotations

import http.client
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installer.machine import Driver

INDEX = "https://download.pytorch.org/whl"
REACH_SECONDS = 4.0

# Oldest driver's major version -> PyTorch's index with builds for it. CUDA 12 builds run on drivers since 525
# (CUDA's minor version compatibility), CUDA 13 builds need 580.
CUDA_BUILDS: tuple[tuple[int, str], ...] = ((580, "cu130"), (570, "cu128"), (525, "cu126"))
REGISTRY_BUILD_MAJOR = 580
"""Oldest driver for the CUDA build that the general registry has for Linux."""


@dataclass(frozen=True)
class Build:
    """A choice of torch build.

    Attributes:
        name: `cpu`, `cuda` or `general` (whatever the configured registry has).
        index: pip index to take it from; None for the configured one.
        reason: why this one, for people.
        disk_gb: about how much disk space installing it takes, in GB.
    """

    name: str
    index: str | None
    reason: str
    disk_gb: float

    @property
    def pip_options(self) -> list[str]:
        """Options of `pip install`."""
        return ["--index-url", self.index] if self.index else []


def reachable(url: str, timeout: float = REACH_SECONDS) -> bool:
    """Return whether a web page answers within `timeout` seconds."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 - a constant https address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError, http.client.HTTPException):
        return False


def choose(
    *,
    cpu: bool,
    driver: Driver | None,
    platform: str = sys.platform,
    reaches: Callable[[str], bool] = reachable,
) -> Build:
    """Return the torch build for this machine.

    Args:
        cpu: the person asked for the CPU build.
        driver: the NVIDIA driver, if any.
        platform: `sys.platform`.
        reaches: tells whether an index answers.
    """
    if platform == "darwin":
        return Build("general", None, "macOS has one build, with Metal", 1.5)
    if driver is not None and not cpu:
        if platform == "linux" and driver.major >= REGISTRY_BUILD_MAJOR:
            return Build("cuda", None, f"{driver.gpu}, driver {driver.version}", 8.0)
        tag = next((tag for oldest, tag in CUDA_BUILDS if driver.major >= oldest), None)
        if tag is None:
            note = f"driver {driver.version} is too old: update it to 525 or newer to use the {driver.gpu}"
        elif reaches(f"{INDEX}/{tag}/torch/"):
            return Build("cuda", f"{INDEX}/{tag}", f"{driver.gpu}, driver {driver.version}", 8.0)
        else:
            note = f"the build for driver {driver.version} is out of reach: update the driver to 580 or newer"
    else:
        note = "asked for" if cpu else "no NVIDIA driver found"
    if platform == "win32":
        return Build("general", None, f"CPU ({note})", 1.5)
    if reaches(f"{INDEX}/cpu/torch/"):
        return Build("cpu", f"{INDEX}/cpu", f"CPU ({note})", 2.0)
    return Build(
        "general", None, f"CPU ({note}); PyTorch's own index is out of reach, so the general build", 8.0
    )


def requirements(pyproject: str) -> list[str]:
    """Return what pyproject.toml requires of torch and torchvision (tomllib came with Python 3.11)."""
    return re.findall(r'"(torch(?:vision)?[<>=!~][^"]*)"', pyproject)


def partner(torch_version: str) -> str | None:
    """Return the torchvision that belongs to a torch: 2.N goes with 0.(N + 15), local label kept out."""
    match = re.match(r"2\.(\d+)", torch_version)
    return f"torchvision==0.{int(match[1]) + 15}.*" if match else None


def index_of(torch_version: str) -> str | None:
    """Return the PyTorch index a version's local label (`+cpu`, `+cu126`) came from."""
    match = re.search(r"\+(cpu|cu\d+)$", torch_version)
    return f"{INDEX}/{match[1]}" if match else None


PAIR_CHECK = Path(__file__).parent / "inside" / "check_torch.py"
"""Run with the environment's own Python: imports the pair and runs a compiled operator."""
