"""Installing torch and the project with pip, in steps that can be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installer import environment, pip_settings, torch_build
from installer.errors import CommandError, InstallError
from installer.installation import Installation
from installer.machine import free_bytes, nvidia_driver
from installer.steps import Step

EXTRAS = ("model", "backend", "panel", "training", "photos", "docs", "dev")
NEEDS_TORCH = frozenset({"model", "backend", "training", "docs"})
GIGABYTE = 1e9
PAIR_SECONDS = 900.0
"""How long importing torch may take, on a loaded machine with a slow disk."""
REST_GB = 1.5
"""Disk space for everything but torch, in GB."""


@dataclass(frozen=True)
class Wanted:
    """What to install.

    Attributes:
        extras: the project's extras.
        cpu: take torch's CPU build whatever the machine has.
        offline: folder of wheels to install from instead of the network.
        locked: install exactly the versions and files of the lock file.
    """

    extras: tuple[str, ...]
    cpu: bool = False
    offline: Path | None = None
    locked: bool = False

    @property
    def torch(self) -> bool:
        """Whether any extra needs torch."""
        return bool(NEEDS_TORCH.intersection(self.extras))


def parse_extras(text: str) -> tuple[str, ...]:
    """Read extras from a comma-separated list.

    Raises:
        InstallError: one of them does not exist.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in EXTRAS]
    if unknown:
        raise InstallError(
            f"There is no extra called {', '.join(unknown)}.", f"Choose from {', '.join(EXTRAS)}."
        )
    return names


LOCKS = {"use": frozenset({"model", "backend", "panel"}), "training": frozenset({"training"})}
"""Lock file -> the extras whose packages it has, besides those of the files before it."""


def lock_file(root: Path, wanted: Wanted) -> Path | None:
    """Return the lock file to install from; None where none was asked for.

    Raises:
        InstallError: an extra is in no lock file, or another build of torch is asked for.
    """
    if not wanted.locked:
        return None
    known: frozenset[str] = frozenset()
    fitting = None
    for name, extras in LOCKS.items():
        known |= extras
        if fitting is None and {*wanted.extras} <= known:
            fitting = name
    if fitting is None:
        raise InstallError(
            f"The lock files have no packages of {', '.join(sorted({*wanted.extras} - known))}.",
            f"With --locked choose from {', '.join(sorted(known))}.",
        )
    if wanted.cpu:
        raise InstallError("The lock files have the general build of torch.", "Leave out --cpu or --locked.")
    path = root / "installer" / "locked" / f"{fitting}.txt"
    if not path.is_file():
        raise InstallError(f"{path} is missing.", "This folder is incomplete: get the whole project again.")
    return path


def project_key(root: Path, lock: Path | None = None) -> str:
    """Return the fingerprint of what the installed project depends on."""
    files = [root / "pyproject.toml", *([lock] if lock else [])]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


@contextmanager
def _writing(installation: Installation) -> Iterator[None]:
    """Mark the environment as being written to; the mark goes only when pip succeeded."""
    marker = environment.busy_path(installation)
    marker.write_text(
        "pip is writing here; python3 installer repairs it if it was stopped\n", encoding="utf-8"
    )
    yield
    marker.unlink(missing_ok=True)


def pip_install(installation: Installation, wanted: Wanted, arguments: Sequence[str], *, doing: str) -> None:
    """Run pip in the environment; an interrupted one is noticed and repaired by the next run.

    Nothing is compiled beforehand: Python does it for the few modules that are used, when they are.
    """
    if wanted.offline:
        # An address: pip takes blanks in a variable for the ends of paths.
        variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wanted.offline.absolute().as_uri()}
    else:
        variables = pip_settings.told(installation, "install")
    command: list[str | Path] = [
        installation.python,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
    ]
    with _writing(installation):
        installation.run(
            [*command, "--progress-bar", "off", "--no-compile", *arguments],
            doing=doing,
            environment={"PIP_ROOT_USER_ACTION": "ignore", **variables},
        )


def require_space(installation: Installation, needed_gb: float) -> None:
    """Stop before the download when the disk is too small.

    Raises:
        InstallError: less than `needed_gb` GB are free.
    """
    free = free_bytes(installation.venv) / GIGABYTE
    if free < needed_gb:
        raise InstallError(
            f"About {needed_gb:.0f} GB of disk space are needed,"
            f" {free:.1f} GB are free in {installation.root}.",
            "Free some space, or take the smaller CPU build with --cpu; then run the same command again.",
        )


def torch_step(installation: Installation, wanted: Wanted) -> Step:
    """Install the torch build that fits the machine."""
    requirements = torch_build.requirements(
        (installation.root / "pyproject.toml").read_text(encoding="utf-8")
    )

    def settled() -> str | None:
        installed = environment.distributions(installation)
        if not {"torch", "torchvision"} <= installed.keys() or environment.busy_path(installation).exists():
            return None
        kind = environment.read_stamp(installation).get("torch")
        if wanted.cpu and kind == "cuda":
            return None
        return f"torch {installed['torch']}, torchvision {installed['torchvision']}"

    def choice() -> torch_build.Build:
        if wanted.offline:
            return torch_build.Build("offline", None, f"from {wanted.offline}", 3.0)
        return torch_build.choose(cpu=wanted.cpu, driver=nvidia_driver(installation))

    def act() -> None:
        build = choice()
        installation.journal.say(f"    build: {build.reason}")
        require_space(installation, build.disk_gb + REST_GB)
        replacing = (
            ["--force-reinstall"] if environment.read_stamp(installation).get("torch") == "cuda" else []
        )
        pip_install(
            installation, wanted, [*build.pip_options, *replacing, *requirements], doing="install torch"
        )
        environment.update_stamp(installation, torch=build.name, pair=None)

    def preview() -> list[str]:
        build = choice()
        return [f"pip install {' '.join([*build.pip_options, *requirements])}", f"because: {build.reason}"]

    return Step("Install torch and torchvision (a large download)", act, settled, preview)


def project_step(installation: Installation, wanted: Wanted) -> Step:
    """Install the project, editable, with its extras; locked, no other file than the lock file's."""
    lock = lock_file(installation.root, wanted)

    def target() -> str:
        earlier = environment.read_stamp(installation).get("project", {}).get("extras", [])
        extras = sorted({*wanted.extras, *(name for name in earlier if name in EXTRAS)})
        # Commands run in the checkout: its own path may hold what pip takes for something else.
        return f".[{','.join(extras)}]" if extras else "."

    def settled() -> str | None:
        if environment.busy_path(installation).exists() or "nigdt" not in environment.distributions(
            installation
        ):
            return None
        project = environment.read_stamp(installation).get("project", {})
        if project.get("key") != project_key(installation.root, lock) or not {*wanted.extras} <= {
            *project.get("extras", [])
        }:
            return None
        return f"with {', '.join(project['extras']) or 'no extras'}"

    def act() -> None:
        require_space(installation, REST_GB)
        text = target()
        arguments = ["--editable", text]
        if lock:
            pip_install(
                installation,
                wanted,
                ["--require-hashes", "--requirement", lock.relative_to(installation.root).as_posix()],
                doing="install the packages of the lock file",
            )
            arguments = ["--no-deps", "--no-build-isolation", "--editable", "."]
        pip_install(installation, wanted, arguments, doing="install the project and its packages")
        extras = text.removeprefix(".").strip("[]")
        project = {"key": project_key(installation.root, lock), "extras": extras.split(",") if extras else []}
        environment.update_stamp(installation, project=project, pair=None)

    names = ", ".join(wanted.extras) or "no extras"
    return Step(
        f"Install NIGDT and its packages ({names})",
        act,
        settled,
        lambda: [
            *([f"pip install --require-hashes --requirement {lock}"] if lock else []),
            f"pip install --editable '{target()}'",
        ],
    )


def pair_step(installation: Installation, wanted: Wanted) -> Step:
    """Import torch and torchvision together, and mend a pair that does not match."""

    def versions() -> str:
        installed = environment.distributions(installation)
        return f"{installed.get('torch')}/{installed.get('torchvision')}"

    def settled() -> str | None:
        if environment.read_stamp(installation).get("pair") == versions():
            return f"torch and torchvision {versions()} were seen to work together"
        return None

    def check() -> str | None:
        return installation.output([installation.python, torch_build.PAIR_CHECK], timeout=PAIR_SECONDS)

    def act() -> None:
        report = check()
        if report is None:
            installation.journal.say("    they do not work together; mending")
            mend(installation, wanted)
            report = check()
        if report is None:
            raise InstallError(
                "torch and torchvision do not work together.",
                "Remove the folder .venv, then run the same command again.",
            )
        installation.journal.say(f"    {report.strip()}")
        environment.update_stamp(installation, pair=versions())

    return Step("Check that torch and torchvision match", act, settled, lambda: ["import torch, torchvision"])


def mend(installation: Installation, wanted: Wanted) -> None:
    """Bring in the torchvision that belongs to the installed torch; when that does not help, both anew."""
    installed = environment.distributions(installation)
    version = installed.get("torch", "")
    partner = torch_build.partner(version)
    index = torch_build.index_of(version)
    source = ["--index-url", index] if index and not wanted.offline else []
    if partner:
        try:
            pip_install(
                installation,
                wanted,
                [*source, "--force-reinstall", "--no-deps", partner],
                doing="replace torchvision",
            )
        except CommandError as error:
            installation.journal.note(f"{error.message} {error.remedy}")
        if (
            installation.output([installation.python, torch_build.PAIR_CHECK], timeout=PAIR_SECONDS)
            is not None
        ):
            return
    both = ["--force-reinstall", "torch", "torchvision"]
    pip_install(installation, wanted, [*source, *both], doing="reinstall torch and torchvision")


def install_steps(installation: Installation, wanted: Wanted) -> list[Step]:
    """Return the steps from an empty folder to a working environment, but for system libraries."""
    steps = [environment.venv_step(installation)]
    if wanted.torch and not wanted.locked:
        steps.append(torch_step(installation, wanted))
    steps.append(project_step(installation, wanted))
    if wanted.torch:
        steps.append(pair_step(installation, wanted))
    return steps
