"""Run everything that is tested in a real GIMP 3.0 and 3.2: ``python run.py [pytest's options]``.

Looks first whether what it needs is there, and says what is missing, where pytest alone would skip the tests.
Screenshots go where `NIGDT_SCREENSHOTS` says.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
for folder in (HERE, ROOT / "plugin" / "gimp"):
    sys.path.insert(0, str(folder))

from gimp_chroot import RELEASES, ChrootUnavailableError, cache_folder, find_or_build  # noqa: E402
from gimp_wheel import pyzmq_wheel  # noqa: E402

NEEDS = f"""This needs:
- Linux, and root, which may mount and change its root folder
- a Debian-like system with apt-get, for mmdebstrap
- the first time, the network and 2 GB of disk: two Debian systems with GIMP 3.0 and 3.2 are put into
  {cache_folder()} (another folder: NIGDT_GIMP_CACHE)
- NIGDT with the extras backend, panel and dev in this Python"""

MODULES = ("nigdt_backend", "nigdt_plugin", "torch", "zmq", "PyQt6", "pytest", "pytest_timeout")


def missing() -> str:
    """Return what is missing, an empty text when all is there. The first time it takes some minutes."""
    absent = [name for name in MODULES if find_spec(name) is None]
    if absent:
        return f"This Python has no {', '.join(absent)}."
    try:
        for release in RELEASES:
            print(f"GIMP of Debian {release}: {find_or_build(release).folder}", flush=True)
        print(f"pyzmq for GIMP: {pyzmq_wheel().name}", flush=True)
    except ChrootUnavailableError as reason:
        return f"{reason}."
    return ""


def main(options: list[str]) -> int:
    """Look, then run the tests; returns the exit status, 2 when something is missing."""
    print(NEEDS, flush=True)
    why = missing()
    if why:
        print(f"It cannot run here: {why}", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "pytest", "-m", "slow or not slow", str(HERE), *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
