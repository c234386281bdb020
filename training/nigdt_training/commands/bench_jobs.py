"""`nigdt bench jobs`: editing jobs done by this program and others, measured and judged by eye."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nigdt_training.data.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nigdt_training.evaluation.jobs import PhotoJob

    Pixels = NDArray[np.uint8]

_OWN = "nigdt"


@click.command(name="jobs")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("bundle", default="default")
@click.option(
    "--against",
    multiple=True,
    metavar="NAME=FOLDER",
    help="Another program's results, named like the jobs; may be given several times.",
)
@click.option("--kind", "kinds", multiple=True, help="Only jobs of this kind: remove, recolour or describe.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("jobs"),
    show_default=True,
    help="Folder for results, figures, sheet and blind page.",
)
def jobs(
    folder: Path,
    bundle: str,
    against: tuple[str, ...],
    kinds: tuple[str, ...],
    out: Path,
) -> None:
    """Do the editing jobs in FOLDER, with BUNDLE, and set the results beside those of other programs.

    A job is a photo NAME.jpg, a selection NAME-mask.png (255 = selected) and NAME.json with its kind
    ("remove", "recolour" or "describe") and caption. Baselines always take part: harmonic
    continuation and OpenCV's Telea or, for recolouring, the named colour with the photo's lightness.

    A recolouring is done a second time with a box around its selection, to see what spills. At the end it
    prints how many jobs meet each threshold (`nigdt_training.evaluation.jobs_figures`).

    It writes every result as PNG, figures.json, sheet.png with all results at 100 %, and blind.html: one page
    that shows the results shuffled and without names, asks which ones you would keep and which one you
    prefer, remembers the answers and computes the score.

    Example: nigdt bench jobs photos/jobs --against heal=heal-results --out jobs
    """
    from PIL import Image

    from nigdt_training.evaluation.jobs import baselines, read_jobs, results_in, sheet
    from nigdt_training.evaluation.jobs_page import blind_page

    others = dict(_named(text) for text in against)
    if _OWN in others or len(others) < len(against):
        raise click.BadParameter("Every program needs a name of its own.", param_hint="--against")
    work = [job for job in read_jobs(folder) if not kinds or job.kind in kinds]
    if not work:
        raise DataError(f"{folder} holds no job of that kind.", "Leave --kind out.")
    made_here, seconds, spills = _do(work, _doer(bundle), out / _OWN)
    results: dict[str, dict[str, Pixels]] = {_OWN: made_here}
    for name, path in others.items():
        results[name] = results_in(path, work)
    for job in work:
        for name, method in baselines(job.kind).items():
            results.setdefault(name, {})[job.name] = method(job)
    rows = _measured(work, results, spills)
    bars = {}
    for kind in dict.fromkeys(job.kind for job in work):
        names = [job.name for job in work if job.kind == kind]
        for system, made_rows in rows.items():
            if any(name in made_rows for name in names):
                done = [made_rows[name] for name in names if name in made_rows]
                click.echo(_line(f"{kind} {system}", done))
        bars[kind] = _bars(kind, [rows[_OWN][name] for name in names])
        found = ", ".join(f"{name} {ok} of {of}" for name, (ok, of) in bars[kind].items())
        click.echo(f"{kind}: {found}")
    report = {"seconds": seconds, "figures": rows, "bars": bars}
    for system, made in results.items():
        if system != _OWN:
            for name, pixels in made.items():
                _save(out / system, name, pixels)
    try:
        Image.fromarray(sheet(work, results)).save(out / "sheet.png")
        (out / "figures.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
        (out / "blind.html").write_text(blind_page(work, results, seed=0), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{out} cannot be written: {error.strerror}.", "Choose another --out.") from error
    click.echo(f"Open {out / 'blind.html'} to judge, and {out / 'sheet.png'} to see who made what.")


def _do(
    work: Sequence[PhotoJob], own: Callable[[PhotoJob], Pixels], out: Path
) -> tuple[dict[str, Pixels], dict[str, float], dict[str, float]]:
    """Do every job; return results, seconds, and for recolourings what spilled, each by the job's name."""
    from nigdt_training.evaluation.jobs_figures import boxed, spilled

    results: dict[str, Pixels] = {}
    seconds: dict[str, float] = {}
    spills: dict[str, float] = {}
    for job in work:
        began = time.perf_counter()
        results[job.name] = own(job)
        _save(out, job.name, results[job.name])  # each at once: a long run may be stopped
        seconds[job.name] = time.perf_counter() - began
        click.echo(f"{job.name:16} {job.kind:9} {seconds[job.name]:6.1f} s")
        if job.kind == "recolour":
            spills[job.name] = spilled(job, own(boxed(job)))
    return results, seconds, spills


def _measured(
    work: Sequence[PhotoJob], results: dict[str, dict[str, Pixels]], spills: dict[str, float]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return figures by system and job."""
    from nigdt_training.evaluation.jobs_figures import figures_of, further

    rows: dict[str, dict[str, dict[str, float]]] = {}
    for system, made in results.items():
        rows[system] = {job.name: figures_of(job, made[job.name]) for job in work if job.name in made}
    for job in work:
        if job.kind == "recolour":
            rows[_OWN][job.name]["spilled"] = spills[job.name]
        else:
            for made_rows in rows.values():
                if job.name in made_rows:
                    made_rows[job.name]["further"] = further(made_rows[job.name], rows["harmonic"][job.name])
    return rows


def _save(folder: Path, name: str, pixels: Pixels) -> None:
    from PIL import Image

    try:
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}.", "Choose another --out.") from error


def _named(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not separator or not name or not Path(folder).is_dir():
        raise click.BadParameter(f"{text!r} is not NAME=FOLDER.", param_hint="--against")
    return name, Path(folder)


def _doer(bundle: str) -> Callable[[PhotoJob], Pixels]:
    """Do a job as this program does; the model is loaded when a job first needs it."""
    loaded: list[Any] = []

    def do(job: PhotoJob) -> Pixels:
        if not loaded:
            from nigdt.inpainter import Inpainter

            loaded.append(Inpainter.from_bundle(bundle))
        return loaded[0].fill(job.photo, job.selection, job.caption, job.kind)[0].result.rgb8

    return do


def _line(title: str, rows: list[dict[str, float]]) -> str:
    """Return the medians over the jobs."""
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    return f"{title:20} " + "  ".join(f"{name} {value:5.2f}" for name, value in middle.items())


def _bars(kind: str, rows: list[dict[str, float]]) -> dict[str, tuple[int, int]]:
    """Return by figure how many jobs meet its bar, and of how many."""
    from nigdt_training.evaluation.jobs_figures import met

    found = [met(kind, row) for row in rows]
    return {name: (sum(row[name] for row in found), len(found)) for name in found[0]}
