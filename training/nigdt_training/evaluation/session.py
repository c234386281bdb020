"""An evaluation from names of systems to table, figures and sheets: what the commands call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nigdt_training.data.data_set import read_records
from nigdt_training.data.errors import DataError
from nigdt_training.data.records import Record
from nigdt_training.evaluation.cases import USUAL_SIZE, Case, CaseSettings, draw_cases
from nigdt_training.evaluation.features import FeatureExtractor
from nigdt_training.evaluation.measures import Measures
from nigdt_training.evaluation.perceptual import ClipScore, Perceptual
from nigdt_training.evaluation.report import paired_table, ratio_table, sheet, swap_sheet, table
from nigdt_training.evaluation.retrieval import NetworkScorer
from nigdt_training.evaluation.run import Options, SystemResult, evaluate
from nigdt_training.evaluation.systems import Original, System, open_system

SHEET_ROWS = 8

Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None] | None]]
"""Gives, for a system's name, a context with a function of (cases done, cases in all)."""


@dataclass(frozen=True)
class EvaluationRequest:
    """Which systems to measure on what.

    Attributes:
        systems: As `open_system` takes them; each a row of the table.
        data: Captioned photos.
        cases: How photos, captions and holes are drawn; its seed also draws samples and negative captions.
        samples: Answers per case; the first, the mean, is Table 1's.
        evaluator: Match networks for R-precision that took no part in training what they measure.
        measures: Further figures.
        device: Where models run; None lets them choose.
    """

    systems: tuple[str, ...]
    data: Path
    cases: CaseSettings = field(default_factory=CaseSettings)
    samples: int = 1
    evaluator: Path | None = None
    measures: Measures = field(default_factory=Measures)
    device: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """What came out: the table as Markdown, all figures as JSON values, cases and results for the sheets."""

    table: str
    found: dict[str, Any]
    cases: list[Case]
    results: list[SystemResult]

    def write(self, folder: Path) -> None:
        """Write table.md, results.json, sheet.png and, per guided system, swaps-NAME.png.

        The holes go into `masks/`, white = hole, with the list `masks.txt` that gives each photo its own, so
        that other programs can be measured on the same ones; `CaseSettings.mask` takes it.

        Raises:
            DataError: The folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "table.md").write_text(self.table + "\n", encoding="utf-8")
            (folder / "results.json").write_text(json.dumps(self.found, indent=1), encoding="utf-8")
            self._write_masks(folder)
            sheet(self.cases, self.results).save(folder / "sheet.png")
            for result in self.results:
                swaps = swap_sheet(self.cases, result)
                if swaps is not None:
                    swaps.save(folder / f"swaps-{result.name}.png")
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(f"{folder} cannot be written: {reason}.", "Choose another --out.") from error

    def _write_masks(self, folder: Path) -> None:
        (folder / "masks").mkdir(exist_ok=True)
        lines = []
        for number, case in enumerate(self.cases):
            name = f"masks/{number:05d}.png"
            Image.fromarray(case.hole.astype(np.uint8) * np.uint8(255)).save(folder / name)
            lines.append(f"{case.name}\t{name}\n")
        # Names of photos need not be UTF-8.
        (folder / "masks.txt").write_text("".join(lines), encoding="utf-8", errors="surrogateescape")


def evaluate_systems(request: EvaluationRequest, progress: Progress = lambda _: nullcontext()) -> Evaluation:
    """Put the same cases before every system and measure the answers.

    Raises:
        NigdtError: A system, the evaluator or the photos cannot be had; nothing has been measured then.
    """
    device, measures = request.device, request.measures
    systems = _open_all(request)
    sizes = [system.size for system in systems if system.size is not None]
    settings = replace(request.cases, size=request.cases.size or next(iter(sizes), USUAL_SIZE))
    records = read_records(request.data)
    cases = _draw(records, settings, request.data)
    options = Options(
        samples=request.samples,
        colour_swap=measures.colour_swap,
        scorer=None if request.evaluator is None else NetworkScorer(request.evaluator, device),
        caption_pool=[record for record in records if record.captions],
        features=None if measures.fid is None else FeatureExtractor(measures.fid, device),
        perceptual=Perceptual(device) if measures.lpips else None,
        clip=None if measures.clip is None else ClipScore(measures.clip, device),
        seed=settings.seed,
        sheet=SHEET_ROWS,
    )
    results = []
    seconds = {}
    for system in systems:
        start = time.perf_counter()
        with progress(system.name) as tell:
            results.append(evaluate(system, cases, options, tell))
        seconds[system.name] = round(time.perf_counter() - start, 2)
    compared = list(results)
    if request.evaluator is not None and not any(isinstance(system, Original) for system in systems):
        # What the evaluator finds in the photos themselves is the most that fills can reach.
        results.append(evaluate(Original(), cases, replace(options, samples=1, features=None, sheet=0)))
    found: dict[str, Any] = {
        "data": str(request.data),
        "settings": asdict(settings),
        "samples": request.samples,
        "evaluator": None if request.evaluator is None else str(request.evaluator),
        "photos": [case.name for case in cases],
        "seconds": seconds,
        "systems": [result.to_json() for result in results],
        "not_measured": _not_measured(request, len(cases), results),
    }
    lines = [f"Pictures of {settings.side} px.", "", table(results, request.samples), *found["not_measured"]]
    if len(compared) > 1 and len(cases) > 1:
        lines += ["", paired_table(compared)]
    if measures.by_ratio:
        lines += ["", ratio_table(compared)]
    return Evaluation("\n".join(lines), found, cases, results)


def _not_measured(request: EvaluationRequest, photos: int, results: Sequence[SystemResult]) -> list[str]:
    """Return why something that was asked for is not in the table."""
    reasons = []
    if request.measures.fid and photos < 2:
        reasons.append("No FID and KID: distances between sets need at least two photos.")
    if request.measures.colour_swap and not any(result.colour_swap for result in results):
        reasons.append(
            "No colour-swap accuracy: no system reads captions, or no photo has a known object in its hole "
            "and a colour word in its caption."
        )
    if request.evaluator is not None and not any(
        np.isfinite(result.figures.get("r_precision", np.nan)) for result in results
    ):
        reasons.append("No R-precision: no other photo has a caption that could compete.")
    return reasons


def _open_all(request: EvaluationRequest) -> list[System]:
    systems: dict[str, System] = {}
    for name in request.systems:
        system = open_system(name, request.device, request.cases.seed)
        if system.name in systems:
            place = name.rpartition("=")[2]
            raise DataError(
                f"Two systems are called {system.name}.", f"Name one of them: second-{system.name}={place}"
            )
        systems[system.name] = system
    return list(systems.values())


def _draw(records: list[Record], settings: CaseSettings, path: Path) -> list[Case]:
    cases = draw_cases(records, settings)
    if not cases:
        boxed = (settings.mask in ("object", "outline")) or settings.around_object
        what = "photos with objects' boxes" if boxed else "photos"
        raise DataError(
            f"{path} holds no captioned {what} that fit.", "Choose another mask, split or held-out."
        )
    return cases
