"""`nigdt data`: looking at captioned photos before training on them."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from nigdt.bundle.bundle import BundleInfo, find_bundle, list_bundles
from nigdt.text import Vocabulary
from nigdt_training.commands.progress import progress_bar
from nigdt_training.data.cache import build_cache
from nigdt_training.data.check import Report, check_path, describe

MEASURE_SECONDS = 2.0


@click.group()
def data() -> None:
    """Look at captioned photos before training on them.

    Example: nigdt data check ~/garden
    """


@data.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--bundle", help="Model whose words the captions are held against.  [default: the default, if installed]"
)
@click.option("--speed", is_flag=True, help="Also measure how fast photos decode and load from the cache.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, every skipped photo listed.")
def check(path: Path, bundle: str | None, speed: bool, as_json: bool) -> None:
    """Tell what a folder (or .tar) of captioned photos holds and what would be skipped.

    Example: nigdt data check ~/garden-photos
    """
    model = _find_model(bundle)
    workers = os.cpu_count() or 1
    vocabulary, max_words = (model.vocabulary(), model.config.max_words) if model else (None, None)
    with progress_bar("Looking at the photos", silent=as_json) as progress:
        report = check_path(path, vocabulary, max_words, workers, progress)
    rates = measure(report, workers) if speed and report.usable else None
    if as_json:
        click.echo(json.dumps(to_json(report, rates), indent=1))
    else:
        click.echo(describe(report))
        if rates is not None:
            click.echo(
                f"Decoding and cutting out objects, once: {rates['decode']:.0f} photos/s, {workers} threads. "
                f"Drawing samples from the cache: {rates['load']:.0f} per second of 256 px in one thread."
            )
    if not report.usable:
        raise SystemExit(1)


def _find_model(bundle: str | None) -> BundleInfo | None:
    """Return the bundle asked for; without a wish the default, or none where none is installed."""
    if bundle is not None:
        return find_bundle(bundle)
    return find_bundle() if list_bundles() else None


def measure(report: Report, workers: int, size: int = 256, most: int = 300) -> dict[str, float]:
    """Measure photos per second decoded into a throw-away cache, and training samples per second drawn.

    Args:
        report: The usable photos.
        workers: Threads that decode; samples are drawn by one.
        size: Side of the samples in pixels.
        most: Photos decoded at most.
    """
    # Torch comes with the samples; a plain check does without.
    from nigdt_training.samples import Pool, SampleStream
    from nigdt_training.settings import AugmentationSettings, MaskSettings

    with tempfile.TemporaryDirectory(prefix="nigdt-speed-") as folder:
        start = time.perf_counter()
        cache = build_cache(report.usable[:most], Path(folder) / "cache", workers=workers)
        decode = len(cache) / (time.perf_counter() - start)
        stream = SampleStream(
            [Pool(cache, np.arange(len(cache)), 1, 0)],
            Vocabulary.from_captions(report.captions),
            size=size,
            max_words=32,
            latent_shape=(32, size // 32, size // 32),
            masks=MaskSettings(),
            augmentation=AugmentationSettings(recolour=0.5),
            seed=0,
        )
        start, drawn = time.perf_counter(), 0
        while time.perf_counter() - start < MEASURE_SECONDS:
            stream.batch(range(drawn, drawn + 8))
            drawn += 8
        return {"decode": decode, "load": drawn / (time.perf_counter() - start)}


def to_json(report: Report, rates: dict[str, float] | None = None) -> dict[str, object]:
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
        "photos_per_second": rates,
        "verdict": report.verdict(),
    }
