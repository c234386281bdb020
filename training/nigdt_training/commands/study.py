"""`nigdt study`: people rank shuffled answers, as in the paper's section 4.5."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt import schema
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
    "--compare",
    default="",
    metavar="A,B,...",
    help="Further systems: telea, ns, harmonic, names of bundles, original (the unharmed photo).",
)
@options.changes(f"mask={'|'.join(HOLES)}, limit (100), seed, split, held-out, around-object.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the raters."
)
def make(
    bundle: str,
    path: Path,
    compare: str,
    changes: tuple[str, ...],
    out: Path,
) -> None:
    """Make a study of BUNDLE and the systems it is compared with.

    Who made which answer stands in OUT-key.json, beside OUT.

    Example: nigdt study make default --data photos.tar --compare harmonic,telea,ns --out study
    """
    names = list(dict.fromkeys([bundle, *(name.strip() for name in compare.split(",") if name.strip())]))
    systems = [open_system(name, texture=True) for name in names]
    settings = schema.build(CaseSettings, {"limit": 100, **options.read_changes(changes)}, "--set")
    cases = draw_cases(read_records(path), settings)
    if not cases:
        raise DataError(f"{path} holds no captioned photos that fit.", "Choose another mask or split.")
    key = out.with_name(f"{out.name}-key.json")
    with progress_bar("Filling", silent=False) as progress:
        identity = make_study(systems, cases, out, key, progress=progress)
    click.echo(
        f"Study {identity}: {len(cases)} photos. Raters open {out / 'index.html'} in a browser and save"
    )
    click.echo(f"their answers, or fill in {out / 'answers.csv'}. Keep {key} to yourself.")
    click.echo(f"Then: nigdt study score {key} ANSWERS...")


@study.command()
@click.argument("key", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("answers", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def score(key: Path, answers: tuple[Path, ...]) -> None:
    """Score the raters' ANSWERS (.json from the page, .csv filled in by hand) by the KEY that make wrote.

    Example: nigdt study score study-key.json answers-*.json
    """
    click.echo(describe_score(score_study(key, answers)))
