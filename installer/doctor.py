"""`doctor`: what is there, what is missing, and the remedy for each."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from installer import environment, gimp, libraries, machine, packages, torch_build
from installer.desktop import DesktopFolders
from installer.errors import InstallError
from installer.installation import Installation


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at.

    Attributes:
        subject: what was looked at.
        state: what was found.
        remedy: what to do; empty when all is well.
    """

    subject: str
    state: str
    remedy: str = ""


AGAIN = "Run: python3 installer install"


def _environment(installation: Installation) -> Iterator[Diagnosis]:
    if not installation.venv.exists():
        yield Diagnosis("environment", "not made yet", AGAIN)
        return
    if environment.was_moved(installation):
        yield Diagnosis("environment", "this folder was moved after it was made", AGAIN)
        return
    if not environment.works(installation):
        yield Diagnosis("environment", "its Python does not start", AGAIN)
        return
    installed = environment.distributions(installation)
    version = (installation.output([installation.python, "-V"]) or "").strip()
    if environment.busy_path(installation).exists():
        yield Diagnosis("environment", f"{version}, an install was interrupted", AGAIN)
    elif "nigdt" not in installed:
        yield Diagnosis("environment", f"{version}, NIGDT is not in it", AGAIN)
    else:
        project = environment.read_stamp(installation).get("project", {})
        stale = project and project.get("key") != packages.project_key(installation.root)
        extras = ", ".join(project.get("extras", [])) or "extras unknown"
        state = f"{version}, nigdt {installed['nigdt']} ({extras})"
        yield Diagnosis("environment", state, AGAIN if stale else "")
    if "torch" in installed:
        report = installation.output(
            [installation.python, torch_build.PAIR_CHECK], timeout=packages.PAIR_SECONDS
        )
        broken = "torch and torchvision do not work together"
        yield Diagnosis("torch", (report or broken).strip(), "" if report else AGAIN)


def _machine(installation: Installation) -> Iterator[Diagnosis]:
    yield Diagnosis("system", f"{platform.platform()}, Python {platform.python_version()}")
    driver = machine.nvidia_driver(installation)
    if driver is None:
        yield Diagnosis("graphics", "no NVIDIA driver: fills run on the processor")
    else:
        old = driver.major < torch_build.CUDA_BUILDS[-1][0]
        remedy = "Update the NVIDIA driver to 525 or newer, then run: python3 installer update" if old else ""
        yield Diagnosis("graphics", f"{driver.gpu}, driver {driver.version}", remedy)
    free = machine.free_bytes(installation.venv) / packages.GIGABYTE
    yield Diagnosis("disk", f"{free:.0f} GB free", "Free some space." if free < packages.REST_GB else "")
    missing = libraries.missing_packages(qt=True)
    if missing:
        remedy = f"Run: {libraries.remedy(missing, machine.linux_family())}"
        yield Diagnosis("system libraries", f"missing: {', '.join(missing)}", remedy)
    else:
        yield Diagnosis("system libraries", "all there")


def _integration(installation: Installation) -> Iterator[Diagnosis]:
    found = gimp.profiles()
    if not found:
        yield Diagnosis("GIMP", "no GIMP 3 profile of this user")
    for profile in found:
        there = (profile.plugin / f"{gimp.PLUGIN}.py").exists()
        current = there and gimp.is_current(profile, installation)
        state = "there" if current else "damaged or of another version" if there else "missing"
        remedy = "" if current else "Run: python3 installer gimp"
        yield Diagnosis(f"GIMP {profile.folder.name}", f"plug-in {state}: {profile.plugin}", remedy)
    if sys.platform == "linux":
        there = DesktopFolders.of().entry.exists()
        yield Diagnosis("menu entry", "there" if there else "none (python3 installer desktop makes one)")


def findings(installation: Installation) -> list[Diagnosis]:
    """Look at everything; changes nothing."""
    return [*_machine(installation), *_environment(installation), *_integration(installation)]


def run(installation: Installation) -> None:
    """Print what was found, then what NIGDT's own doctor says.

    Raises:
        InstallError: something needs a remedy.
    """
    journal = installation.journal
    found = findings(installation)
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        journal.say(f"{'!!' if finding.remedy else 'ok'}  {finding.subject:<{width}}  {finding.state}")
        if finding.remedy:
            journal.say(f"    {'':<{width}}  -> {finding.remedy}")
    if installation.script("nigdt").exists():
        answer = installation.output([installation.script("nigdt"), "doctor"], timeout=120)
        if answer:
            journal.say("\nnigdt doctor\n" + answer.rstrip())
    bad = [finding for finding in found if finding.remedy]
    if bad:
        raise InstallError(
            f"These need attention: {', '.join(finding.subject for finding in bad)}.",
            "See the lines marked -> above.",
        )
