"""`offline-bundle`: a folder of wheels, with hashes, for a machine without network."""

from __future__ import annotations

import hashlib
import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from installer import gimp, pip_settings, torch_build
from installer.errors import InstallError
from installer.installation import Installation
from installer.machine import nvidia_driver
from installer.packages import Wanted, require_space
from installer.steps import Step

SUMS = "SHA256SUMS"
BUILD_TOOLS = ("editables",)
"""Besides the build system of pyproject.toml: what an editable install builds with."""

README = """NIGDT for a machine without network

1. Copy this folder and NIGDT's source folder to that machine.
   It must be of the same kind as the one this was made on: {kind}.
2. In the source folder run:

       python3 installer install --offline PATH/TO/THIS/FOLDER

Every file is checked against SHA256SUMS first.
"""


def sha256(path: Path) -> str:
    """Compute a file's SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_sums(folder: Path) -> None:
    """Write the hashes of everything in the folder, in the format of `sha256sum`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    lines = [f"{sha256(path)}  {path.name}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def check_sums(folder: Path) -> int:
    """Check a folder against its hashes.

    Returns:
        How many files were checked.

    Raises:
        InstallError: no such folder, a file is missing, differs, or is not listed.
    """
    sums = folder / SUMS
    if not sums.is_file():
        raise InstallError(
            f"{folder} is not an offline folder: it has no {SUMS}.",
            "Make one with `python3 installer offline-bundle FOLDER` on a machine with network access.",
        )
    listed: dict[str, str] = {}
    for line in sums.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  ([^/\\]+)", line)
        if match is None:
            raise InstallError(f"{sums} is damaged.", "Copy the folder again.")
        listed[match[2]] = match[1]
    there = {path.name for path in folder.iterdir() if path.is_file()} - {SUMS}
    wrong = sorted(
        {*(listed.keys() ^ there), *(n for n in listed.keys() & there if sha256(folder / n) != listed[n])}
    )
    if wrong:
        raise InstallError(
            f"Files of {folder} are missing or changed: {', '.join(wrong)}.", "Copy the folder again."
        )
    return len(listed)


def check_step(installation: Installation, folder: Path) -> Step:
    """Check an offline folder before anything is installed from it."""

    def act() -> None:
        installation.journal.say(f"    {check_sums(folder)} files are as they were made")

    return Step(f"Check the hashes of {folder}", act, preview=lambda: [f"sha256sum --check {folder / SUMS}"])


def build_requirements(pyproject: str) -> list[str]:
    """Return the build system's requirements as pyproject.toml states them."""
    match = re.search(r"\[build-system\]\s*requires\s*=\s*\[([^\]]*)\]", pyproject)
    return re.findall(r'"([^"]+)"', match[1]) if match else []


def _download(installation: Installation, folder: Path, arguments: Sequence[str]) -> None:
    pip = (installation.python, "-m", "pip", "--disable-pip-version-check", "--no-input", "download")
    installation.run(
        [*pip, "--progress-bar", "off", "--dest", folder, *arguments],
        doing="download the wheels",
        environment=pip_settings.told(installation, "download"),
    )


def steps(installation: Installation, wanted: Wanted, folder: Path) -> list[Step]:
    """Download everything `wanted` needs into `folder` and write its hashes.

    Args:
        installation: where to work, and with what.
        wanted: which extras, and whether torch's CPU build.
        folder: where the wheels go; may hold those of an interrupted run.
    """
    pyproject = (installation.root / "pyproject.toml").read_text(encoding="utf-8")
    extras = ",".join(wanted.extras)
    project = f".[{extras}]" if extras else "."

    def download() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SUMS).unlink(missing_ok=True)
        if wanted.torch:
            build = torch_build.choose(cpu=wanted.cpu, driver=nvidia_driver(installation))
            installation.journal.say(f"    build: {build.reason}")
            require_space(installation, build.disk_gb)
            _download(installation, folder, [*build.pip_options, *torch_build.requirements(pyproject)])
        # Pinned to what is there already: torch's chosen build must not be joined by another.
        pins = [f"{name}=={version}" for name, version in _wheels(folder) if name in ("torch", "torchvision")]
        tools = [*build_requirements(pyproject), *BUILD_TOOLS]
        _download(installation, folder, ["--find-links", str(folder), project, *pins, *tools])
        for own in (*folder.glob("nigdt-*.whl"), *folder.glob("nigdt-*.zip"), *folder.glob("nigdt-*.tar.gz")):
            own.unlink()  # the other machine installs its own copy of the source

    def plugin_wheel() -> None:
        wheel = gimp.fetch_wheel(installation, gimp.assembler(installation.root), None)
        (folder / wheel.name).write_bytes(wheel.read_bytes())

    def finish() -> None:
        kind = f"{sysconfig.get_platform()}, Python {sys.version_info.major}.{sys.version_info.minor}"
        (folder / "README.txt").write_text(README.format(kind=kind), encoding="utf-8")
        write_sums(folder)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        installation.journal.say(f"    {folder}: {size:,.0f} MB")

    return [
        Step("Download the wheels", download, preview=lambda: [f"pip download --dest {folder} '{project}'"]),
        Step("Fetch pyzmq for GIMP's Python", plugin_wheel),
        Step("Write the hashes", finish, preview=lambda: [str(folder / SUMS)]),
    ]


def _wheels(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and version of each wheel."""
    for wheel in folder.glob("*.whl"):
        name, version = wheel.name.split("-")[:2]
        yield name.lower(), version
