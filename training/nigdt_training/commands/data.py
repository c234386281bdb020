"""`nigdt data`: looking at captioned photos before training on them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from nigdt.bundle.bundle import BundleInfo, find_bundle, list_bundles
from nigdt_training.commands.progress import progress_bar
from nigdt_training.data.check import Report, check_path, describe


@click.group()
def data() -> None:
    """Look at captioned photos before training on them.

    Example: nigdt data check ~/garden
    """


@data.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--bundle",
    help="Model whose vocabulary the captions are compared with.  [default: the default, if installed]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, every skipped photo listed.")
def check(path: Path, bundle: str | None, as_json: bool) -> None:
    """Tell what a folder (or .tar) of captioned photos holds and what would be skipped.

    Example: nigdt data check ~/garden-photos
    """
    model = _find_model(bundle)
    workers = os.cpu_count() or 1
    vocabulary, max_words = (model.vocabulary(), model.config.max_words) if model else (None, None)
    with progress_bar("Looking at the photos", silent=as_json) as progress:
        report = check_path(path, vocabulary, max_words, workers, progress)
    if as_json:
        click.echo(json.dumps(to_json(report), indent=1))
    else:
        click.echo(describe(report))
    if not report.usable:
        raise SystemExit(1)


def _find_model(bundle: str | None) -> BundleInfo | None:
    """Return the bundle asked for; without a wish the default, or none where none is installed."""
    if bundle is not None:
        return find_bundle(bundle)
    return find_bundle() if list_bundles() else None


def to_json(report: Report) -> dict[str, object]:
    """Return the report as plain JSON values."""
    return {
        "path": str(report.path),
        "layout": report.layout,
        "found": report.found,
        "usable": len(report.usable),
        "captions": len(report.captions),
        "groups": report.groups,
        "with_object": sum(record.box is not None for record in report.usable),
        "skipped": [asdict(problem) for problem in report.problems],
        "unknown_words": None if report.unknown is None else dict(report.unknown.most_common()),
        "long_captions": report.long_captions,
        "verdict": report.verdict(),
    }
