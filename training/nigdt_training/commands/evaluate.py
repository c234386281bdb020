"""`nigdt evaluate`: the paper's Table 1 and more for a bundle, beside other systems on the same holes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nigdt_training.commands.progress import progress_bar
from nigdt_training.evaluation.cases import HOLES, CaseSettings
from nigdt_training.evaluation.session import EvaluationRequest, evaluate_systems


@click.command()
@click.argument("bundle")
@click.option(
    "--data", "path", required=True, type=click.Path(path_type=Path), help="Captioned photos to measure on."
)
@click.option("--mask", type=click.Choice(HOLES), default="centre", show_default=True, help="Kind of hole.")
@click.option(
    "--samples",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Answers; Table 1 takes the first.",
)
@click.option("--limit", type=click.IntRange(1), help="Measure so many photos, drawn by seed.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Draws photos, captions, holes, samples.",
)
@click.option(
    "--size", type=click.IntRange(64, 1024), help="Side of the pictures.  [default: the model's own]"
)
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Only photos of this split.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True),
    help="Only the fraction of photos that training with the same fraction left out.",
)
@click.option(
    "--around-object", is_flag=True, help="Cut squares around the objects, not the photos' centres."
)
@click.option(
    "--compare",
    default="",
    metavar="A,B,...",
    help="Further systems: telea, ns, harmonic, patchmatch, bundles, run folders of nigdt train comparison; "
    "NAME=PATH gives one another name.",
)
@click.option("--colour-swap", is_flag=True, help="Swap colour words: does the object take the colour?")
@click.option(
    "--evaluator",
    type=click.Path(path_type=Path),
    help="Match networks for R-precision; not those that trained the bundle.",
)
@click.option("--features", is_flag=True, help="FID and KID on EfficientNet-lite0 features.")
@click.option(
    "--pictures", default=8, show_default=True, type=click.IntRange(1), help="Rows of the sheets of pictures."
)
@click.option("--device", help="cpu, cuda, ...; by default what the model chooses.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for table, figures and sheets."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def evaluate(
    bundle: str,
    path: Path,
    mask: str,
    samples: int,
    limit: int | None,
    seed: int,
    size: int | None,
    split: str | None,
    held_out: float | None,
    around_object: bool,
    compare: str,
    colour_swap: bool,
    evaluator: Path | None,
    features: bool,
    pictures: int,
    device: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure BUNDLE (a name, a folder, or any other system of --compare) on captioned photos.

    Example: nigdt evaluate default --data photos.tar --limit 200 --compare harmonic,telea --out figures

    Example: nigdt evaluate default --data photos.tar --compare no-text=models/7,runs/00005-picnet,harmonic
    """
    names = [bundle, *(name.strip() for name in compare.split(",") if name.strip())]
    request = EvaluationRequest(
        systems=tuple(dict.fromkeys(names)),
        data=path,
        cases=CaseSettings(mask, size, limit, seed, split, held_out, around_object),
        samples=samples,
        colour_swap=colour_swap,
        evaluator=evaluator,
        features=features,
        pictures=pictures,
        device=device,
    )
    evaluation = evaluate_systems(request, lambda name: progress_bar(name, silent=as_json))
    if out is not None:
        evaluation.write(out)
    if as_json:
        for entry in evaluation.found["systems"]:
            del entry["per_case"]
        click.echo(json.dumps(evaluation.found, indent=1))
    else:
        click.echo(evaluation.table)
        if out is not None:
            click.echo(f"Pictures and figures of every photo: {out}")
