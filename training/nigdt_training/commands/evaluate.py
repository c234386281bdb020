"""`nigdt evaluate`: the paper's Table 1 and more for a bundle, beside other systems on the same holes."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from nigdt_training.commands.progress import progress_bar
from nigdt_training.data.errors import DataError
from nigdt_training.data.records import Record, read_records
from nigdt_training.evaluation.cases import HOLES, Case, CaseSettings, draw_cases
from nigdt_training.evaluation.features import FeatureExtractor
from nigdt_training.evaluation.report import sheet, swap_sheet, table
from nigdt_training.evaluation.retrieval import NetworkScorer
from nigdt_training.evaluation.run import Options, SystemResult
from nigdt_training.evaluation.run import evaluate as run_system
from nigdt_training.evaluation.systems import open_system


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
    "--size", default=256, show_default=True, type=click.IntRange(64, 1024), help="Side of the pictures."
)
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="Only photos of this split.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True),
    help="Only the share of photos that training with the same share left out.",
)
@click.option(
    "--around-object", is_flag=True, help="Cut squares around the objects, not the photos' centres."
)
@click.option(
    "--compare", default="", metavar="A,B,...", help="Further systems: telea, ns, harmonic, names of bundles."
)
@click.option("--obedience", is_flag=True, help="Swap colour words: does the object take the colour?")
@click.option(
    "--match",
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
    size: int,
    split: str | None,
    held_out: float | None,
    around_object: bool,
    compare: str,
    obedience: bool,
    match: Path | None,
    features: bool,
    pictures: int,
    device: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure BUNDLE (a name, a folder, or a baseline) on captioned photos.

    Example: nigdt evaluate default --data photos.tar --limit 200 --compare harmonic,telea --out figures
    """
    names = list(dict.fromkeys([bundle, *(name.strip() for name in compare.split(",") if name.strip())]))
    systems = [open_system(name, device, seed) for name in names]
    records = read_records(path)
    settings = CaseSettings(mask, size, limit, seed, split, held_out, around_object)
    cases = _draw(records, settings, path)
    options = Options(
        samples=samples,
        obedience=obedience,
        scorer=None if match is None else NetworkScorer(match, device or "cpu"),
        caption_pool=[(record.name, record.captions) for record in records if record.captions],
        features=FeatureExtractor(device or "cpu") if features else None,
        seed=seed,
        sheet=pictures,
    )
    results = []
    seconds = {}
    for system in systems:
        start = time.perf_counter()
        with progress_bar(system.name, silent=as_json) as progress:
            results.append(run_system(system, cases, options, progress))
        seconds[system.name] = round(time.perf_counter() - start, 2)
    text = table(results, samples)
    found: dict[str, Any] = {
        "data": str(path),
        "settings": asdict(settings),
        "samples": samples,
        "photos": [case.name for case in cases],
        "seconds": seconds,
        "systems": [result.to_json() for result in results],
    }
    if out is not None:
        write_results(out, text, found, cases, results)
    if as_json:
        for entry in found["systems"]:
            del entry["per_case"]
        click.echo(json.dumps(found, indent=1))
    else:
        click.echo(text)
        if out is not None:
            click.echo(f"Pictures and figures of every photo: {out}")


def _draw(records: list[Record], settings: CaseSettings, path: Path) -> list[Case]:
    cases = draw_cases(records, settings)
    if not cases:
        boxed = settings.mask in ("object", "outline") or settings.around_object
        what = "photos with objects' boxes" if boxed else "photos"
        raise DataError(
            f"{path} holds no captioned {what} that fit.", "Choose another --mask, --split or --held-out."
        )
    return cases


def write_results(
    folder: Path, text: str, found: dict[str, Any], cases: list[Case], results: list[SystemResult]
) -> None:
    """Writes table.md, results.json, sheet.png and, per guided system, swaps-NAME.png.

    Raises:
        DataError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "table.md").write_text(text + "\n", encoding="utf-8")
        (folder / "results.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        sheet(cases, results).save(folder / "sheet.png")
        for result in results:
            swaps = swap_sheet(cases, result)
            if swaps is not None:
                swaps.save(folder / f"swaps-{result.name}.png")
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{folder} cannot be written: {reason}.", "Choose another --out.") from error
