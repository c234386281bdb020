"""A real GIMP 3 for the tests: a Debian tree of its own, built once, entered with a private mount table.

The system may carry GIMP 2.10 only, and GIMP cannot be installed from an index of Python packages, so the
tests build a minimal tree with `mmdebstrap` (about 90 s and 0.8 GB each) under `~/.cache/nigdt-gimp`, or in
the folder that the variable `NIGDT_GIMP_CACHE` names. The tree shares the network of the machine, so a daemon
that runs outside is reachable from inside on 127.0.0.1.

Run by itself it builds, and opens a shell or runs a command inside:
    python tests/plugin/gimp/gimp_chroot.py trixie [COMMAND ...]
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RELEASES = ("trixie", "forky")
"""Debian releases with GIMP 3: trixie has 3.0, forky 3.2."""

PACKAGES = (
    "gimp,xvfb,xdotool,openbox,scrot,fonts-dejavu-core,locales,"
    "libegl1,libgl1,libxcb-cursor0,libxcb-icccm4,libxcb-keysyms1,libxcb-render-util0,libxcb-shape0,"
    "libxkbcommon-x11-0"
)
"""Besides the minimum: GIMP; what draws, drives and photographs windows; what other languages are made of;
libraries for the panel's Qt."""

BUILD_SECONDS = 780

_PATIENT_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")
"""Waits for another one that is installing something."""

_APART = ("unshare", "--mount", "--propagation", "private", "--fork", "--pid", "--kill-child")

_ENTER = """
set -e
mount -t proc proc "$1/proc"
mkdir -p "$1/dev/pts" "$1/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
mount -t tmpfs tmpfs "$1/dev/shm"
mount -t tmpfs tmpfs "$1/mnt"
mount -t tmpfs tmpfs "$1/tmp"
root=$1; shift
while [ "$1" != -- ]; do
    mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2
done
shift
exec chroot "$root" /usr/bin/env -i "$@"
"""


class ChrootUnavailableError(Exception):
    """The tree can neither be found nor built here; the message says why, fit for a test's skip reason."""


@dataclass(frozen=True)
class Chroot:
    """A built tree. `folder` is its root; folders of the outside appear in it where `binds` says."""

    release: str
    folder: Path

    def command(
        self, arguments: Sequence[str], binds: Mapping[Path, str], env: Mapping[str, str] | None = None
    ) -> list[str]:
        """Return the command line that runs `arguments` inside.

        Args:
            arguments: Program and arguments, as seen from inside.
            binds: Outside folder -> absolute path inside, which should not be one that the tree has itself.
            env: The whole environment inside, beyond a usual PATH, HOME and locale.
        """
        inside = {"PATH": "/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8", **(env or {})}
        mounts = [part for outside, target in binds.items() for part in (str(outside), target)]
        return [
            *_APART,
            *("sh", "-c"),
            *(_ENTER, "enter", str(self.folder), *mounts, "--"),
            *(f"{name}={value}" for name, value in inside.items()),
            *arguments,
        ]


def cache_folder() -> Path:
    """Return the folder that holds the trees."""
    named = os.environ.get("NIGDT_GIMP_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "nigdt-gimp"


def find_or_build(release: str) -> Chroot:
    """Return the tree of `release`, built now if it is not there yet.

    Raises:
        ChrootUnavailableError: No right to build, or a tool, the network or the disk space for it is missing.
    """
    folder = cache_folder() / f"{release}-{zlib.crc32(PACKAGES.encode()):08x}"
    _check_rights()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.parent / f"{release}.lock"):
        if not folder.is_dir():
            _build(release, folder)
    return Chroot(release, folder)


def _check_rights() -> None:
    if not sys.platform.startswith("linux"):
        raise ChrootUnavailableError("a GIMP tree can only be built on Linux")
    if os.geteuid() != 0:
        raise ChrootUnavailableError("building and entering a GIMP tree needs root")
    trial = subprocess.run(
        [*_APART, "mount", "-t", "tmpfs", "trial", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if trial.returncode:
        raise ChrootUnavailableError(f"mounting is not allowed here: {trial.stderr.strip()}")


def _build(release: str, folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise ChrootUnavailableError("building a GIMP tree needs a Debian-like system with apt-get")
    if shutil.disk_usage(folder.parent).free < 2 << 30:
        raise ChrootUnavailableError(f"building a GIMP tree needs 2 GB free in {folder.parent}")
    if shutil.which("mmdebstrap") is None:
        _try(["apt-get", "update"])
        _try([*_PATIENT_APT, "install", "-y", "--no-install-recommends", "mmdebstrap"])
    sites = _try(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]).split()
    if not sites:
        raise ChrootUnavailableError("apt-get names no package mirror")
    partial = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    options = [
        *("--variant=minbase", "--quiet", '--aptopt=APT::Install-Recommends "false"'),
        *('--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Languages "none"'),
        *("--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*"),
        *("--dpkgopt=force-unsafe-io", f"--include={PACKAGES}"),
    ]
    try:
        # In namespaces of its own, so that nothing stays running or mounted when it is given up.
        _try(
            [
                *_APART,
                "mmdebstrap",
                "--mode=root",
                *options,
                release,
                str(partial),
                f"deb {sites[0]} {release} main",
            ]
        )
    except ChrootUnavailableError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    partial.rename(folder)


def _try(command: Sequence[str]) -> str:
    """Run a step of the build and return its output; its failure makes the tree unavailable."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_SECONDS,
            env=env,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ChrootUnavailableError(f"{command[0]}: {error}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise ChrootUnavailableError(f"{command[0]} failed: {' / '.join(last)}")
    return done.stdout


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    tree = find_or_build(sys.argv[1])
    os.execvp("unshare", tree.command(sys.argv[2:] or ["bash"], {Path.cwd(): "/mnt/here"}))
