"""`nigdt bench recolour`: figures and sheets of a recolouring network on photos kept from its training."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command()
@click.argument("source", type=_FOLDER)
@click.option("--cutouts", required=True, type=_FOLDER, help="RUN/cutouts of a training.")
@click.option("--jobs", "jobs_folder", type=_FOLDER, help="NAME.jpg, NAME-mask.png, NAME.json.")
@click.option("--objects", default=60, show_default=True, type=click.IntRange(1), help="Held-out objects.")
@click.option(
    "--birds", default=100, show_default=True, type=click.IntRange(0), help="Held-out birds' parts."
)
@click.option("--hidden/--seen", default=None, help="Hide the selection's colour always, or never.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="For sheets.")
def bench_recolour(
    source: Path,
    cutouts: Path,
    jobs_folder: Path | None,
    objects: int,
    birds: int,
    hidden: bool | None,
    out: Path,
) -> None:
    """Measure the network of SOURCE, a bundle or the run of a training.

    Each object is asked for all eleven basic colours, each bird for one part; sheets show the first of them.

    Example: nigdt bench recolour runs/recolour --cutouts runs/recolour/cutouts --out figures
    """
    import numpy as np
    from PIL import Image

    from nigdt.bundle.recolour import load_recolour
    from nigdt.recolourer import Recolourer
    from nigdt_training.recolour.batches import Store
    from nigdt_training.recolour.checking import check, jobs, sheet
    from nigdt_training.recolour.training import STATE, RecolourSettings, Training

    if (source / STATE).is_file():
        run = Training.open(source, RecolourSettings())
        recolourer = Recolourer(run.averaged(), run.vocabulary)
        click.echo(f"Step {run.step}, {run.seconds / 3600:.1f} h.")
    else:
        recolourer = Recolourer(*load_recolour(source))
    out.mkdir(parents=True, exist_ok=True)

    def save(picture: np.ndarray, name: str) -> None:
        Image.fromarray(picture).save(out / name)

    if jobs_folder is not None:
        answers = [answer for _, answer in jobs(recolourer, jobs_folder, hidden)]
        save(sheet(answers, 2, 260), "jobs.png")
    figures, answers = check(recolourer, Store(cutouts).held, objects, birds, hidden)
    split = figures.objects
    # Every third answer: another colour of another object each time, for there are eleven.
    save(sheet(answers[:split][::3][:36], 4, 170), "objects.png")
    if answers[split:]:
        save(sheet(answers[split:][:24], 4, 170), "parts.png")
    (out / "figures.json").write_text(figures.to_json() + "\n")
    click.echo(figures.to_json())
