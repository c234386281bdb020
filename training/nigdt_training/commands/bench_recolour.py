"""`nigdt bench recolour`: figures and sheets of a recolouring network on photos kept from its training."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt_training.commands.places import check_out

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command()
@click.argument("source", type=_FOLDER)
@click.argument("cutouts", type=_FOLDER)
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
def bench_recolour(
    source: Path,
    cutouts: Path,
    out: Path,
) -> None:
    """Measure the network of SOURCE, a bundle or the run of a training, on CUTOUTS, a folder of such a run.

    Each of 60 objects is asked for all eleven basic colours, each of 100 birds for one part; sheets in OUT
    show the first of them. `nigdt bench jobs` recolours photos of your own.

    Example: nigdt bench recolour runs/recolour runs/recolour/cutouts figures
    """
    import numpy as np
    from PIL import Image

    from nigdt.bundle.recolour import load_recolour
    from nigdt.recolourer import Recolourer
    from nigdt_training.recolour.batches import Store
    from nigdt_training.recolour.checking import check, sheet
    from nigdt_training.recolour.training import STATE, RecolourSettings, Training

    check_out(out)
    if (source / STATE).is_file():
        run = Training.open(source, RecolourSettings())
        recolourer = Recolourer(run.averaged(), run.vocabulary)
        click.echo(f"Step {run.step}, {run.seconds / 3600:.1f} h.")
    else:
        recolourer = Recolourer(*load_recolour(source))
    out.mkdir(parents=True, exist_ok=True)

    def save(picture: np.ndarray, name: str) -> None:
        Image.fromarray(picture).save(out / name)

    figures, answers = check(recolourer, Store(cutouts).held, objects=60, parts=100)
    split = figures.objects
    # Every third answer: another colour of another object each time, for there are eleven.
    save(sheet(answers[:split][::3][:36], 4, 170), "objects.png")
    if answers[split:]:
        save(sheet(answers[split:][:24], 4, 170), "parts.png")
    (out / "figures.json").write_text(figures.to_json() + "\n")
    click.echo(figures.to_json())
