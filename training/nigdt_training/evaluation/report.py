"""One table and one sheet of pictures from the figures of several systems."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nigdt_training.evaluation.cases import RATIO_BINS, Case
from nigdt_training.evaluation.differences import (
    comparable,
    difference,
    error_of,
    of_photos,
    of_seeds,
)
from nigdt_training.evaluation.features import SUBSTITUTE
from nigdt_training.evaluation.metrics import METRICS, SWAP_COLOURS, standard_error
from nigdt_training.evaluation.run import SystemResult
from nigdt_training.letters import font_for

_COLUMNS = (
    *((metric.key, metric.title, metric.style) for metric in METRICS),
    ("gradient_ratio", "gradient", ".2f"),
    ("lpips", "LPIPS", ".3f"),
    ("clip", "CLIP", ".2f"),
    ("r_precision", "R-prec.", ".1%"),
    ("percentile", "R-pct.", ".1%"),
    ("diversity", "diversity", ".2f"),
    ("best_l1", "best l1", ".2f"),
    ("best_psnr", "best PSNR", ".2f"),
    ("best_ssim", "best SSIM", ".3f"),
    ("fid", "FID", ".2f"),
    ("kid", "KID", ".4f"),
    ("u_ids", "U-IDS", ".1%"),
    ("p_ids", "P-IDS", ".1%"),
    (f"fid{SUBSTITUTE}", "FID*", ".2f"),
    (f"kid{SUBSTITUTE}", "KID*", ".4f"),
    (f"u_ids{SUBSTITUTE}", "U-IDS*", ".1%"),
    (f"p_ids{SUBSTITUTE}", "P-IDS*", ".1%"),
    ("obeyed", "colour swap", ".1%"),
    ("background", "background", ".2f"),
)
_BY_RATIO = (("l1", "l1", ".2f"), ("psnr", "PSNR", ".2f"), ("ssim", "SSIM", ".3f"))
_NOTES = {
    "gradient_ratio": "gradient: mean gradient magnitude inside the hole over the original's.",
    "r_precision": "R-prec.: the own caption scores above 99 of other photos (of other species where "
    "they are named); chance 1 %, standard error up to {error:.1%}. Row original: the photos themselves.",
    "percentile": "R-pct.: fraction of the other captions that the own one scored above (chance 50 %).",
    "diversity": "diversity: mean absolute difference in the hole between samples.",
    "best_psnr": "best: best of {samples} samples, chosen with the original in hand; not for comparison.",
    "psnr_hole": "hole: over the hole's pixels alone.",
    f"fid{SUBSTITUTE}": "FID*, KID*, U-IDS*, P-IDS*: on EfficientNet-lite0 features, not comparable with "
    "Inception's.",
    "obeyed": "colour swap: the object shows the swapped colour word, {asked} photos x "
    f"{len(SWAP_COLOURS)} colours (chance {1 / len(SWAP_COLOURS):.0%}). background: Lab distance to the "
    "original beside the object, swapped captions over the true one.",
}
TILE = 128


def table(results: Sequence[SystemResult], samples: int = 1) -> str:
    """Format the figures as Markdown: one row per system, and a line on each column that needs one.

    Args:
        results: Figures of the systems on the same cases.
        samples: How many answers best-of-N chose from.
    """
    shown = _shown(results)
    rows = [["system", *(title for _, title, _ in shown)]]
    for result in results:
        cells = [_cell(result.figures.get(name), form, error_of(result, name)) for name, _, form in shown]
        rows.append([result.name, *cells])
    error = max(standard_error(result.per_case.get("r_precision", [])) for result in results)
    asked = next((result.colour_swap.photos for result in results if result.colour_swap is not None), 0)
    notes = [
        _NOTES[metric].format(samples=samples, error=error, asked=asked)
        for metric, *_ in shown
        if metric in _NOTES
    ]
    notes.insert(
        0, "\u00b1: standard error over the photos; of FID and KID by a jackknife over groups of photos."
    )
    count = f"{results[0].cases} photo{'' if results[0].cases == 1 else 's'}"
    return "\n".join([*_grid(rows), "", f"{count}, one answer each (z = mu).", *notes])


def paired_table(results: Sequence[SystemResult]) -> str:
    """Format what each further system differs by from the first on the same photos.

    Args:
        results: Figures of at least two systems on the same cases.

    Returns:
        A Markdown table: difference, its standard error, and p.
    """
    first, *others = results
    shown = [
        column
        for column in _shown(results)
        if comparable(first, column[0]) and any(comparable(result, column[0]) for result in others)
    ]
    rows = [[f"minus {first.name}", *(title for _, title, _ in shown)]]
    for result in others:
        known = [comparable(result, metric) for metric, *_ in shown]
        cells = [
            difference(result, first, metric).written(form) if there else ""
            for there, (metric, _, form) in zip(known, shown, strict=True)
        ]
        rows.append([result.name, *cells])
    note = (
        "Differences on the same photos, with standard errors. p, two-sided: Wilcoxon's signed-rank test "
        "over the photos; of gradient, background, FID and KID Student's t."
    )
    return "\n".join([*_grid(rows), "", note])


def ratio_table(results: Sequence[SystemResult]) -> str:
    """Format l1, PSNR and SSIM by the hole's part of the picture, in the six bins of `RATIO_BINS`."""
    lines = []
    ends = list(itertools.pairwise(RATIO_BINS))
    ratio = np.asarray(results[0].per_case["ratio"])
    within = [(ratio > low) & (ratio <= high) for low, high in ends]
    for metric, title, form in _BY_RATIO:
        names = [
            f"{low:.0%}-{high:.0%} ({inside.sum()})" for (low, high), inside in zip(ends, within, strict=True)
        ]
        rows = [[title, *names]]
        per_system = [np.asarray(result.per_case[metric]) for result in results]
        for result, values in zip(results, per_system, strict=True):
            parts = [values[inside] for inside in within]
            rows.append([result.name, *(_cell(_mean(part), form, standard_error(part)) for part in parts)])
        for result, values in zip(results[1:], per_system[1:], strict=True):
            apart = [of_photos(values[inside], per_system[0][inside]) for inside in within]
            rows.append([f"{result.name} minus {results[0].name}", *(one.written(form) for one in apart)])
        lines += [*_grid(rows), ""]
    note = "By hole-to-picture ratio, with the number of photos; p of Wilcoxon's signed-rank test."
    return "\n".join([*lines, note])


def seeds_table(
    runs: Sequence[Sequence[SystemResult]], seeds_of: Literal["evaluations", "trainings"] = "evaluations"
) -> str:
    """Format mean and standard deviation over several seeds.

    Differences from the first system follow, with standard errors and p of Student's t over the seeds.

    Args:
        runs: For each seed the figures of the same systems, in the same order.
        seeds_of: What the seeds drew: photos, captions and holes of an evaluation, or a training's weights,
            samples and holes.
    """
    shown = _shown(runs[0])
    rows = [["system", *(title for _, title, _ in shown)]]
    same = list(zip(*runs, strict=True))
    found = [[[result.figures.get(metric, np.nan) for result in one] for metric, *_ in shown] for one in same]
    for one, figures in zip(same, found, strict=True):
        cells = [
            _cell(float(np.mean(values)), form, _spread(values))
            for values, (_, _, form) in zip(figures, shown, strict=True)
        ]
        rows.append([one[0].name, *cells])
    for one, figures in zip(same[1:], found[1:], strict=True):
        apart = [
            of_seeds(values, first).written(form)
            for values, first, (_, _, form) in zip(figures, found[0], shown, strict=True)
        ]
        rows.append([f"{one[0].name} minus {same[0][0].name}", *apart])
    note = (
        f"Mean \u00b1 standard deviation over {len(runs)} {seeds_of}, one for each seed. Differences: "
        "standard error, p of Student's t."
    )
    return "\n".join([*_grid(rows), "", note])


def _shown(results: Sequence[SystemResult]) -> list[tuple[str, str, str]]:
    """Return the columns for which a system has a figure."""
    return [
        column
        for column in _COLUMNS
        if any(not np.isnan(result.figures.get(column[0], np.nan)) for result in results)
    ]


def _grid(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write the lines of a Markdown table whose first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = "|".join("-" * (width + 1) + ("-" if not i else ":") for i, width in enumerate(widths))
    header, *body = (_line(row, widths) for row in rows)
    return [header, f"|{rule}|", *body]


def _spread(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if np.isfinite(values).all() else 0.0


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _cell(value: float | None, form: str, error: float = 0.0) -> str:
    if value is None or np.isnan(value):
        return ""
    return f"{value:{form}} \u00b1 {error:{form}}" if error else format(value, form)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    return "| " + " | ".join([first.strip().ljust(widths[0]), *others]) + " |"


def sheet(cases: Sequence[Case], results: Sequence[SystemResult]) -> Image.Image:
    """Draw side by side: original, hole, each system's answer, one row per case, the caption beneath.

    Args:
        cases: The evaluated cases, in order.
        results: Results on them; those that bring pictures of their first cases are shown.
    """
    rows = []
    results = [result for result in results if result.pictures]
    titles = ["original", "hole", *(result.name for result in results)]
    for number in range(min(len(result.pictures) for result in results)):
        case = cases[number]
        emptied = np.where(case.hole[..., None], np.uint8(128), case.photo)
        pictures = [case.photo, emptied, *(result.pictures[number] for result in results)]
        rows.append((pictures, case.caption))
    return draw_rows(rows, titles)


def swap_sheet(cases: Sequence[Case], result: SystemResult) -> Image.Image | None:
    """Draw a system's answers to the seven colours: original, true caption, then one column per colour."""
    rows = []
    for number, swapped in result.swaps:
        if number < len(result.pictures):
            pictures = [cases[number].photo, result.pictures[number], *swapped.values()]
            rows.append((pictures, cases[number].caption))
    return draw_rows(rows, ["original", "true caption", *SWAP_COLOURS]) if rows else None


def draw_rows(
    rows: Sequence[tuple[Sequence[np.ndarray], str]], titles: Sequence[str], tile: int = TILE
) -> Image.Image:
    """Return a sheet of equal tiles with a title over each column and a caption under each row.

    Args:
        rows: Pictures, (S, S, 3) uint8, and a caption for each row.
        titles: One per column.
        tile: Side of the tiles in pixels.
    """
    font = ImageFont.load_default(size=11)
    head, foot, gap = 18, 32, 4
    width = len(titles) * (tile + gap) + gap
    canvas = Image.new("RGB", (width, head + len(rows) * (tile + foot)), "white")
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(titles):
        draw.text((gap + column * (tile + gap), 3), title[:22], fill="black", font=font)
    for row, (pictures, caption) in enumerate(rows):
        top = head + row * (tile + foot)
        for column, picture in enumerate(pictures):
            shown = Image.fromarray(picture).resize((tile, tile), Image.Resampling.LANCZOS)
            canvas.paste(shown, (gap + column * (tile + gap), top))
        lines = textwrap.wrap(caption, max(20, width // 6))[:2]
        place, letters = (gap, top + tile + 2), font_for(caption, 11)
        draw.multiline_text(place, "\n".join(lines), fill="black", font=letters, spacing=1)
    return canvas
