"""`nigdt evaluate`: the paper's Table 1 and more for a bundle, beside other systems on the same holes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import click

from nigdt import schema
from nigdt.errors import NigdtError
from nigdt.schema import Count
from nigdt_training.commands import options
from nigdt_training.commands.places import check_out
from nigdt_training.commands.progress import progress_bar
from nigdt_training.evaluation.cases import HOLES, CaseSettings
from nigdt_training.evaluation.measures import NAMES, Measures
from nigdt_training.evaluation.report import seeds_table
from nigdt_training.evaluation.session import EvaluationRequest, evaluate_systems


@dataclass(frozen=True)
class _Chosen(CaseSettings):
    """What `--set` may say."""

    samples: Count = 1


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
@options.changes(
    f"mask={'|'.join(HOLES)} or masks of files, limit, seed (or several: [0, 1, 2]), size, split, held-out, "
    "around-object, samples, black-holes (docs/evaluation.md)."
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
    changes: tuple[str, ...],
    compare: str,
    evaluator: Path | None,
    measure: Measures,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure BUNDLE (a name, a folder, or any other system of --compare) on captioned photos.

    Example: nigdt evaluate default --data photos.tar --set limit=200 --compare harmonic,telea --out figures

    Example: nigdt evaluate default --data photos.tar --compare no-text=models/7,runs/00005-picnet,harmonic
    """
    if out is not None:
        check_out(out)
    values = options.read_changes(changes)
    seeds = values.pop("seed", 0)
    cases = [
        schema.build(_Chosen, {**values, "seed": seed}, "--set")
        for seed in (list(dict.fromkeys(seeds)) if isinstance(seeds, list) and seeds else [seeds])
    ]
    mask = cases[0].mask
    if mask not in HOLES and not Path(mask).exists():
        raise click.UsageError(f"{mask} is neither a kind of hole ({', '.join(HOLES)}) nor a path.")
    request = EvaluationRequest(
        systems=tuple(dict.fromkeys([bundle, *_names(compare)])),
        data=path,
        samples=cases[0].samples,
        evaluator=evaluator,
        measures=measure,
    )
    runs = []
    for chosen in cases:
        drawn = replace(request, cases=chosen)
        evaluation = evaluate_systems(drawn, lambda name: progress_bar(name, silent=as_json))
        runs.append(evaluation)
        if out is not None:
            evaluation.write(out if len(cases) == 1 else out / f"seed-{chosen.seed}")
    if as_json:
        for evaluation in runs:
            for entry in evaluation.found["systems"]:
                del entry["per_case"], entry["without"]
        found = [evaluation.found for evaluation in runs]
        click.echo(json.dumps(found[0] if len(cases) == 1 else found, indent=1))
        return
    text = runs[0].table if len(cases) == 1 else seeds_table([evaluation.results for evaluation in runs])
    click.echo(text)
    if out is not None:
        if len(cases) > 1:
            (out / "seeds.md").write_text(text + "\n", encoding="utf-8")
        click.echo(f"Pictures and figures of every photo: {out}")
