"""Facts about the machine: system, rights, graphics driver, display, disk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.installation import Installation


def parse_os_release(text: str) -> dict[str, str]:
    """Return the `KEY=value` lines of an os-release file, unquoted."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def distribution_family(release: Mapping[str, str]) -> str:
    """Return whose packages a Linux uses: `debian`, `fedora`, `arch`, `suse` or `unknown`."""
    names = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    for family, members in {
        "debian": {"debian", "ubuntu"},
        "fedora": {"fedora", "rhel", "centos"},
        "arch": {"arch"},
        "suse": {"suse", "opensuse"},
    }.items():
        if any(name == member or name.startswith(f"{member}-") for name in names for member in members):
            return family
    return "unknown"


def linux_family() -> str:
    """Return the family of the Linux this runs on."""
    for path in (Path("/etc/os-release"), Path("/usr/lib/os-release")):
        if path.exists():
            return distribution_family(parse_os_release(path.read_text(encoding="utf-8")))
    return "unknown"


def root_prefix(installation: Installation) -> list[str] | None:
    """Return what to put before a command that needs root: nothing, sudo or pkexec; None if neither works.

    sudo only where it needs no password; pkexec asks for one in a window of the desktop.
    """
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and installation.output(["sudo", "-n", "true"], timeout=10) is not None:
        return ["sudo", "-n"]
    if shutil.which("pkexec") and has_display():
        return ["pkexec"]
    return None


@dataclass(frozen=True)
class Driver:
    """An NVIDIA driver.

    Attributes:
        version: as it names itself, like `580.65.06`.
        gpu: the first GPU's name.
    """

    version: str
    gpu: str

    @property
    def major(self) -> int:
        """The first number of the version; 0 when it has none."""
        head = self.version.split(".")[0]
        return int(head) if head.isdigit() else 0


def parse_driver(text: str) -> Driver | None:
    """Read the first line of `nvidia-smi --query-gpu=driver_version,name --format=csv,noheader`."""
    line = next(iter(text.strip().splitlines()), "")
    version, comma, gpu = line.partition(",")
    if not comma or not version.strip()[:1].isdigit():
        return None
    return Driver(version.strip(), gpu.strip())


def nvidia_driver(installation: Installation) -> Driver | None:
    """Return the NVIDIA driver of this machine, or None without a GPU that it can reach."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    text = installation.output(
        [program, "--query-gpu=driver_version,name", "--format=csv,noheader"], timeout=30
    )
    return parse_driver(text) if text else None


def has_display(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a window could be opened for someone to see."""
    if platform in ("win32", "darwin"):
        return "SSH_CONNECTION" not in environment
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def free_bytes(path: Path) -> int:
    """Return the free space where `path` lies or would lie, in bytes."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
