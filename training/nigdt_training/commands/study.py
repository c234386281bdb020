"""`nigdt study`: people rank shuffled answers, as in the paper's section 4.5."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from nigdt_training.commands import options
from nigdt_training.commands.progress import progress_bar
from nigdt_training.data.data_set import read_records
from nigdt_training.data.errors import DataError
from nigdt_training.evaluation.cases import HOLES, CaseSettings, draw_cases
from nigdt_training.evaluation.study import describe_score, make_study, score_study
from nigdt_training.evaluation.systems import open_system


@click.group()
def study() -> None:
    """Let people rank the answers of several systems, blind.

    Example: nigdt study make default --data photos.tar --compare harmonic,telea --out study
    """


@study.command()
@click.argument("bundle")
@click.option(
    "--data", "path", required=True, type=click.Path(path_type=Path), help="Captioned photos to ask about."
)
@click.option(
    "--compare", default="", metavar="A,B,...", help="Further systems: telea, ns, harmonic, names of bundles."
)
@click.option("--with-original", is_flag=True, help="The unharmed photo takes part as one more answer.")
@click.option("--mask", type=click.Choice(HOLES), default="centre", show_default=True, help="Kind of hole.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="How many photos.")
@options.split
@options.held_out
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Draws photos and shuffles answers."
)
@options.measuring_device
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the raters."
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The key.  [default: OUT-key.json beside OUT]",
)
def make(
    bundle: str,
    path: Path,
    compare: str,
    with_original: bool,
    mask: str,
    limit: int,
    split: str | None,
    held_out: float | None,
    seed: int,
    device: str | None,
    out: Path,
    key: Path | None,
) -> None:
    """Make a study of BUNDLE and the systems it is compared with.

    Example: nigdt study make default --data photos.tar --compare harmonic,telea,ns --out study
    """
    names = list(dict.fromkeys([bundle, *(name.strip() for name in compare.split(",") if name.strip())]))
    systems = [open_system(name, device, texture=True) for name in names]
    settings = CaseSettings(mask, limit=limit, seed=seed, split=split, held_out=held_out)
    cases = draw_cases(read_records(path), settings)
    if not cases:
        raise DataError(f"{path} holds no captioned photos that fit.", "Choose another --mask or --split.")
    key = key or out.with_name(f"{out.name}-key.json")
    with progress_bar("Filling", silent=False) as progress:
        identity = make_study(systems, cases, out, key, seed, with_original, progress)
    click.echo(
        f"Study {identity}: {len(cases)} photos. Raters open {out / 'index.html'} in a browser and save"
    )
    click.echo(f"their answers, or fill in {out / 'answers.csv'}. Keep {key} to yourself.")
    click.echo(f"Then: nigdt study score --key {key} ANSWERS...")


@study.command()
@click.argument("answers", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--key", required=True, type=click.Path(path_type=Path), help="The key that make wrote.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def score(answers: tuple[Path, ...], key: Path, as_json: bool) -> None:
    """Score the raters' ANSWERS (.json from the page, .csv filled in by hand).

    Example: nigdt study score --key study-key.json answers-*.json
    """
    outcome = score_study(key, answers)
    click.echo(json.dumps(asdict(outcome), indent=1) if as_json else describe_score(outcome))
