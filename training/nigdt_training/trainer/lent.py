"""Training on a machine that is lent for a while: within a wall time, continued by the next call.

The data are unpacked; stage 1 has a fifth of the first call; a few steps of stage 2 and their export are run
and timed, and as many steps are planned as the time of all calls allows. Every call leaves the weights in
half precision in parts under 16 MiB, curves, the last sample sheet and the metrics in one folder.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import signal
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from PIL import Image, ImageDraw

from nigdt.bundle.bundle import verify_bundle
from nigdt.errors import NigdtError
from nigdt.runtime.devices import is_out_of_memory
from nigdt_training.bench.steps import timed, training_step
from nigdt_training.trainer.checkpoint import read_facts
from nigdt_training.trainer.match_stage import USEFUL_MATCH
from nigdt_training.trainer.run import Run, replacing, writing
from nigdt_training.trainer.session import Machine, Places, export_run, run_stages, start_run
from nigdt_training.trainer.settings import TrainSettings, with_changes

NAME = "nigdt-base"
PART_BYTES = 15 * 2**20
PROBE_STEPS = 24
_MATCH_SHARE = 0.2  # of the first call's time, for stage 1
_LEAVING = 10.0  # seconds that Python may take to end on a busy machine, after everything is written
_FIRST_CLOSING = 0.2  # of the first call's time, kept free at its end until closing has been timed
_MOST_CLOSING = 0.5  # of a call's time that is kept free for its end, however long that took before
_ADVERSARIES_FROM = 0.4  # share of the steps after which the discriminators begin: colours first
_LATER = 0.85  # share of the later calls' time that is left for steps: they load and export too

Say = Callable[..., None]


@dataclass(frozen=True)
class Loan:
    """One call on a lent machine.

    Attributes:
        work: Folder for data, caches and the run; kept between the calls on one machine.
        out: Folder for the results.
        minutes: Wall time of this call.
        total_minutes: Wall time of all calls together, which the learning rate's schedule is made for.
        parts: Results of another machine to begin with, or None.
        accelerator: "auto", "cpu" or "cuda".
        began: Moment of the monotonic clock that the call's time counts from.
    """

    work: Path
    out: Path
    minutes: float
    total_minutes: float
    parts: Path | None = None
    accelerator: str = "auto"
    began: float = field(default_factory=time.monotonic)

    @property
    def ends(self) -> float:
        """Moment of the monotonic clock at which everything has to be written."""
        return self.began + 60 * self.minutes - min(_LEAVING, 6 * self.minutes)

    @property
    def closing(self) -> Path:
        """What is known of how long the last checkpoint and the results take on this machine."""
        return self.work / "closing.json"


def train_on_loan(settings: TrainSettings, loan: Loan, say: Say) -> None:
    """Start the run in ``loan.work``, or go on with it, until the time is up; then leave the results.

    Args:
        settings: Of a new run; their ``steps`` are replaced by what the time allows. A run that is there
            keeps its own.
        loan: Where and how long.
        say: Told one line at a time what happens.

    Raises:
        NigdtError: Data, files or losses are at fault.
    """
    places = Places(loan.work / "data", loan.work / "runs", loan.work / "cache")
    fabric = Machine(loan.accelerator).fabric(settings.precision)
    runs = sorted(places.runs.glob(f"*-{NAME}"))
    # A run that is there goes on from its own checkpoint, or from what it was begun with if it has none yet.
    begun = bool(runs) and Run.open(runs[-1]).last.exists()
    start = join_parts(loan.parts) if loan.parts and not begun else None
    if runs:
        run = Run.open(runs[-1])
    else:
        with _ending_at(loan.ends - _FIRST_CLOSING * 60 * loan.minutes):
            run = _planned(settings, loan, places, fabric, start, say)
    deadline = loan.ends - _closing_seconds(loan)
    with _ending_at(deadline):
        run_stages(run, places, fabric, say, start_from=start)
    stopped = min(time.monotonic(), deadline)
    run.close()
    collect(run, loan.out)
    _remember_closing(loan, time.monotonic() - stopped)
    used = (time.monotonic() - loan.began) / 60
    say(f"results are in {loan.out}; {used:.1f} of {loan.minutes:g} minutes used")


def _planned(
    settings: TrainSettings,
    loan: Loan,
    places: Places,
    fabric: Fabric,
    start: Path | None,
    say: Say,
) -> Run:
    """Stage 1, a few steps of stage 2 and their export; then a run of as many steps as fit into the time."""
    _say_step_time(settings, fabric, say)
    changes = [f"steps={PROBE_STEPS}", f"validate_every={PROBE_STEPS}", f"log_every={PROBE_STEPS // 3}"]
    changes.append("loss.adversarial_start=0")
    probe = start_run(with_changes(settings, changes), places, "probe", fabric)
    run_stages(probe, places, fabric, say, start_from=start, match_seconds=_MATCH_SHARE * 60 * loan.minutes)
    probe.close()
    timed_steps = [line for line in probe.logged() if "seconds_per_step" in line]
    if read_facts(probe.last)["step"] < PROBE_STEPS:
        raise NigdtError("the time was up before the first steps", hint="give more --minutes")
    # The first third warms up.
    (early, until_early), (late, until_late) = (
        (line["step"], line["step"] * line["seconds_per_step"]) for line in (timed_steps[0], timed_steps[-1])
    )
    seconds = (until_late - until_early) / (late - early)
    # Writing the checkpoint takes about as long as reading it for the export does.
    _remember_closing(loan, 2 * timed(lambda: collect(probe, loan.out)) + 2 * seconds)
    closing = _closing_seconds(loan)
    left = loan.ends - closing - time.monotonic() + _LATER * 60 * (loan.total_minutes - loan.minutes)
    steps = max(1, int(left / seconds))
    say(
        f"{seconds:.3f} s a step, {settings.batch / seconds:.1f} pictures/s: {steps} steps in all; "
        f"{closing:.0f} s are kept free for the end of each call"
    )
    changes = [f"steps={steps}", f"loss.adversarial_start={round(_ADVERSARIES_FROM * steps)}"]
    match = probe.match_checkpoint if probe.match_checkpoint.exists() else None
    if match is not None and read_facts(match)["percentile"] < USEFUL_MATCH:
        say("the match networks tell captions apart hardly better than luck: going on without them")
        changes.append("loss.match=0")
    run = start_run(with_changes(settings, changes), places, NAME, fabric)
    if match is not None:
        shutil.copyfile(match, run.match_checkpoint)
    return run


def _say_step_time(settings: TrainSettings, fabric: Fabric, say: Say) -> None:
    """Time a step on made-up pictures, so that a machine that will not do shows before photos are decoded."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        step = training_step(settings, fabric)
        step()
        say(f"a step takes about {timed(step):.2f} s on this machine, match loss apart")
        del step
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        say("a step does not fit the memory at once: smaller micro-batches will be tried")
    if fabric.device.type == "cuda":
        torch.cuda.empty_cache()


def _closing_seconds(loan: Loan) -> float:
    """Time to keep free at the end of the call: half as much again as closing took before on this machine."""
    known = json.loads(loan.closing.read_text()) if loan.closing.exists() else {}
    return min(1.5 * float(known.get("seconds", math.inf)), _MOST_CLOSING * 60 * loan.minutes)


def _remember_closing(loan: Loan, seconds: float) -> None:
    with writing(loan.closing), replacing(loan.closing) as part:
        part.write_text(json.dumps({"seconds": round(seconds, 1)}))


def unpack(archive: Path, data: Path) -> bool:
    """Unpack a tar of captioned photos once; an interrupted unpacking is repeated.

    Returns:
        Whether there was anything to do.

    Raises:
        NigdtError: It is no tar, or a member would leave the folder.
    """
    mark = data / f".{archive.stem}.unpacked"
    if mark.exists():
        return False
    data.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(data, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise NigdtError(f"cannot unpack {archive}: {error}") from error
    mark.touch()
    return True


def collect(run: Run, out: Path) -> None:
    """Leave what is worth keeping in ``out``: parts of the bundle, metrics, curves, the last sample sheet."""
    with writing(out):
        _collect(run, out)


def _collect(run: Run, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        bundle = Path(temporary) / NAME
        export_run(run, bundle, title="NIGDT base, 256 px")
        archive = Path(temporary) / f"{NAME}.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(bundle, NAME)
        write_parts(archive, out)
    shutil.copyfile(run.folder / "metrics.jsonl", out / "metrics.jsonl")
    draw_curves(run.logged(), out / "curves.png")
    sheets = sorted((run.folder / "sheets").glob("*.png"))
    if sheets:
        shutil.copyfile(sheets[-1], out / "sheet.png")


def write_parts(archive: Path, out: Path) -> None:
    """Split a file into ``NAME.tar.000``, ..., each under 16 MiB; parts of an earlier call go."""
    for old in out.glob(f"{NAME}.tar.*"):
        old.unlink()
    with archive.open("rb") as file:
        for number, part in enumerate(iter(lambda: file.read(PART_BYTES), b"")):
            (out / f"{NAME}.tar.{number:03d}").write_bytes(part)


def join_parts(out: Path) -> Path:
    """Put the parts together; returns the bundle's folder in ``out``, its checksums verified.

    Raises:
        NigdtError: There are no parts, one is missing, or the bundle is damaged.
    """
    parts = sorted(out.glob(f"{NAME}.tar.*"))
    if not parts:
        raise NigdtError(f"{out} holds no {NAME}.tar.000", hint="name the folder of the results")
    data = io.BytesIO(b"".join(part.read_bytes() for part in parts))
    try:
        with tarfile.open(fileobj=data) as tar:
            tar.extractall(out, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise NigdtError(f"the parts in {out} are incomplete: {error}", hint="fetch all of them") from error
    return verify_bundle(out / NAME).folder


def draw_curves(logged: Iterable[dict[str, Any]], picture: Path) -> None:
    """Draw every logged value over the steps, one small plot each, as a PNG."""
    series: dict[str, list[tuple[int, float]]] = {}
    for line in logged:
        for key in line.keys() - {"time", "stage", "step"}:
            series.setdefault(f"{line['stage']} {key}", []).append((line["step"], line[key]))
    width, height, columns = 300, 150, 4
    rows = -(-len(series) // columns)
    image = Image.new("RGB", (columns * width, max(1, rows) * height), "white")
    pen = ImageDraw.Draw(image)
    for i, (name, points) in enumerate(sorted(series.items())):
        left, top = (i % columns) * width, (i // columns) * height
        steps, values = zip(*sorted(points), strict=True)
        low, high = min(values), max(values)
        pen.text((left + 6, top + 2), f"{name}  {low:.4g} to {high:.4g}, last {values[-1]:.4g}", fill="black")
        across = (width - 12) / max(1, steps[-1] - steps[0])
        up = (height - 32) / max(high - low, 1e-12)
        line_points = [
            (left + 6 + (step - steps[0]) * across, top + height - 8 - (value - low) * up)
            for step, value in zip(steps, values, strict=True)
        ]
        pen.line(line_points, fill="navy")
    image.save(picture)


@contextmanager
def _ending_at(deadline: float) -> Iterator[None]:
    """Ask the trainer to stop, with a checkpoint, at a moment of the monotonic clock."""

    def too_early(*_: object) -> None:
        raise NigdtError(
            "the time was up before stage 2",
            hint="photos decoded so far need not be decoded again: call again, or give more --minutes",
        )

    before = signal.signal(signal.SIGTERM, too_early)  # the trainer puts its own in place while it trains
    timer = threading.Timer(max(1.0, deadline - time.monotonic()), os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        signal.signal(signal.SIGTERM, before)
