"""Write the lock files in `installer/locked`, for `python3 installer install --locked`.

    pip install uv
    python installer/make_lock.py

Resolves pyproject.toml for every system and Python from 3.11 on, with the SHA-256 of every file that the
package registry has of each version. Run again after a change of pyproject.toml, or to take newer versions;
then run the tests in an environment made with `--locked`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "installer" / "locked"
SETS = {"use": ("backend", "panel"), "training": ("backend", "panel", "training")}
"""Lock file -> extras that it has the packages of."""
TESTED = ("torch<2.15", "torchvision<0.30")
"""Newest versions that the tests have run with, where newer ones exist."""
BUILD = ("editables",)
"""Besides the build system of pyproject.toml: what an editable install builds with."""
HEADER = """# Packages of the extras {extras}, with the SHA-256 of every file of each version.
# Made by installer/make_lock.py; do not edit.
"""


def main() -> int:
    """Write both files; 1 if uv is missing or cannot resolve."""
    uv = shutil.which("uv")
    if uv is None:
        sys.stderr.write("uv is missing: pip install uv\n")
        return 1
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    match = re.search(r"\[build-system\]\s*requires\s*=\s*\[([^\]]*)\]", pyproject)
    assert match is not None
    more = "\n".join([*re.findall(r'"([^"]+)"', match[1]), *BUILD, *TESTED])
    for name, extras in SETS.items():
        chosen = [part for extra in extras for part in ("--extra", extra)]
        command = [uv, "pip", "compile", "pyproject.toml", "-", *chosen, "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--upgrade"]
        done = subprocess.run(command, cwd=ROOT, input=more, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.stderr.write(done.stderr)
            return 1
        text = HEADER.format(extras=", ".join(extras)) + done.stdout
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
