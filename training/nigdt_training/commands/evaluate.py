"""`nigdt evaluate`: the paper's Table 1 and more for a bundle, beside other systems on the same holes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from nigdt.errors import NigdtError
from nigdt_training.commands import options
from nigdt_training.commands.places import check_out
from nigdt_training.commands.progress import progress_bar
from nigdt_training.evaluation.cases import HOLES, CaseSettings
from nigdt_training.evaluation.measures import NAMES, Measures
from nigdt_training.evaluation.report import seeds_table
from nigdt_training.evaluation.session import EvaluationRequest, evaluate_systems


def _kind_or_files(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value not in HOLES and not Path(value).exists():
        raise click.BadParameter(f"{value} is neither a kind of hole ({', '.join(HOLES)}) nor a path.")
    return value


def _measures(_context: click.Context, _option: click.Parameter, value: str) -> Measures:
    try:
        return Measures.named(_names(value))
    except NigdtError as error:
        raise click.BadParameter(str(error)) from None


def _names(text: str) -> list[str]:
    """Return what commas part."""
    return [name.strip() for name in text.split(",") if name.strip()]


@click.command()
@click.argument("bundle")
@click.option(
    "--data", "path", required=True, type=click.Path(path_type=Path), help="Captioned photos to measure on."
)
@click.option(
    "--mask",
    default="centre",
    show_default=True,
    callback=_kind_or_files,
    metavar="KIND|PATH",
    help=f"Kind of hole, one of {', '.join(HOLES)}; or folder or list of masks (white = hole).",
)
@click.option("--black-holes", is_flag=True, help="In files of masks black is the hole.")
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
    "seeds",
    multiple=True,
    default=[0],
    show_default=True,
    type=click.IntRange(0),
    help="Draws photos, captions, holes, samples; given several times, everything is measured with each.",
)
@click.option(
    "--size", type=click.IntRange(64, 1024), help="Side of the pictures.  [default: the model's own]"
)
@options.split
@options.held_out
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
@click.option(
    "--evaluator",
    type=click.Path(path_type=Path),
    help="Match networks for R-precision; not those that trained the bundle.",
)
@click.option(
    "--measure",
    default="",
    callback=_measures,
    metavar="A,B,...",
    help=f"Further figures: {', '.join(NAMES)} (docs/evaluation.md).",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for table, figures and sheets."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def evaluate(
    bundle: str,
    path: Path,
    mask: str,
    black_holes: bool,
    samples: int,
    limit: int | None,
    seeds: tuple[int, ...],
    size: int | None,
    split: str | None,
    held_out: float | None,
    around_object: bool,
    compare: str,
    evaluator: Path | None,
    measure: Measures,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure BUNDLE (a name, a folder, or any other system of --compare) on captioned photos.

    Example: nigdt evaluate default --data photos.tar --limit 200 --compare harmonic,telea --out figures

    Example: nigdt evaluate default --data photos.tar --compare no-text=models/7,runs/00005-picnet,harmonic
    """
    if out is not None:
        check_out(out)
    request = EvaluationRequest(
        systems=tuple(dict.fromkeys([bundle, *_names(compare)])),
        data=path,
        cases=CaseSettings(
            mask,
            size,
            limit,
            0,
            split,
            held_out,
            around_object,
            black_holes,
        ),
        samples=samples,
        evaluator=evaluator,
        measures=measure,
    )
    runs = []
    seeds = tuple(dict.fromkeys(seeds))
    for seed in seeds:
        drawn = replace(request, cases=replace(request.cases, seed=seed))
        evaluation = evaluate_systems(drawn, lambda name: progress_bar(name, silent=as_json))
        runs.append(evaluation)
        if out is not None:
            evaluation.write(out if len(seeds) == 1 else out / f"seed-{seed}")
    if as_json:
        for evaluation in runs:
            for entry in evaluation.found["systems"]:
                del entry["per_case"], entry["without"]
        found = [evaluation.found for evaluation in runs]
        click.echo(json.dumps(found[0] if len(seeds) == 1 else found, indent=1))
        return
    text = runs[0].table if len(seeds) == 1 else seeds_table([evaluation.results for evaluation in runs])
    click.echo(text)
    if out is not None:
        if len(seeds) > 1:
            (out / "seeds.md").write_text(text + "\n", encoding="utf-8")
        click.echo(f"Pictures and figures of every photo: {out}")
