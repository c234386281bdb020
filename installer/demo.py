"""`demo`: a described region of a photograph, filled by the daemon with the embedded default model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from installer.errors import InstallError
from installer.installation import Installation
from installer.machine import has_display
from installer.steps import Step

PHOTO = Path("nigdt/data/kingfisher.jpg")
SELECTION = (830, 240, 300, 330)
"""Left, top, width, height in the photo's pixels: a place on the branch beside the kingfisher."""
CAPTION = "a red bird with black wings"
VARIANTS = 3
PANEL_SECONDS = 4.0
"""How long to watch whether the panel opens."""
COMPOSE = Path(__file__).parent / "inside" / "compose_demo.py"
"""Run with the environment's own Python, which has Pillow."""


def fill_command(installation: Installation, output: Path) -> list[str]:
    """Return the command line that fills the region; anyone can repeat it by hand."""
    return [
        *(str(installation.script("nigdt")), "fill", str(PHOTO)),
        *("--select", ",".join(map(str, SELECTION))),
        *("--caption", CAPTION, "-n", str(VARIANTS), "-o", str(output), "--json"),
    ]


def steps(installation: Installation, output: Path) -> list[Step]:
    """Fill, then lay photo, selection, caption and variants out in one picture."""
    folder = installation.cache / "demo"

    def fill() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        installation.journal.say(f'    caption: "{CAPTION}"')
        command = fill_command(installation, folder / "fill.png")
        installation.journal.note(f"$ {' '.join(command)}")
        done = subprocess.run(
            command, cwd=installation.root, env=installation.child_environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        installation.journal.note(done.stdout + done.stderr)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"nigdt fill ended with status {done.returncode}"]
            raise InstallError(
                f"The fill failed: {lines[-1].rstrip('.')}.",
                f"The whole output is in {installation.journal.path}.",
            )
        (folder / "answer.json").write_text(done.stdout, encoding="utf-8")

    def compose() -> None:
        pictures = filled_files(json.loads((folder / "answer.json").read_text(encoding="utf-8")))
        selection = ",".join(map(str, SELECTION))
        installation.run(
            [
                installation.python,
                COMPOSE,
                installation.root / PHOTO,
                selection,
                CAPTION,
                mask_file(installation),
                output,
                *pictures,
            ],
            doing="lay out the picture",
        )

    return [
        Step(
            "Fill a described region of a photograph (starts the daemon when none runs)",
            fill,
            preview=lambda: [" ".join(fill_command(installation, folder / "fill.png"))],
        ),
        Step(f"Write {output.name}", compose, preview=lambda: [str(output)]),
    ]


def filled_files(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    """Return the files that `nigdt fill --json` says it wrote."""
    return [entry["file"] for entry in answer["fills"]]


def mask_file(installation: Installation) -> Path:
    """Return the selection as a mask, for the panel to begin with."""
    return installation.cache / "demo" / "selection.png"


def show(installation: Installation, output: Path, *, panel: bool) -> None:
    """Say where the picture is; open the panel on the photo where someone can see it."""
    if installation.dry_run:
        return
    journal = installation.journal
    journal.say(f"\nThe picture: {output}")
    journal.say("The daemon stays ready for the next fill and ends by itself when idle.")
    if not panel:
        return
    if not has_display():
        journal.say(f"No display here, so no panel. With one: {installation.script('nigdt')} panel {PHOTO}")
        return
    journal.say("Opening the panel on the photo ...")
    log_path = installation.cache / "panel.log"
    start = ["--mask", str(mask_file(installation)), "--caption", CAPTION]
    detached = {"creationflags": 0x00000008} if sys.platform == "win32" else {"start_new_session": True}
    with log_path.open("wb") as log:
        window = subprocess.Popen(
            [str(installation.script("nigdt")), "panel", str(installation.root / PHOTO), *start],
            cwd=installation.root, env=installation.child_environment(),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **detached,
        )  # fmt: skip
    try:
        status = window.wait(timeout=PANEL_SECONDS)
    except subprocess.TimeoutExpired:
        return
    if status != 0:
        journal.say(
            f"It did not open; what it said is in {log_path}, and `python3 installer doctor` may know why."
        )
